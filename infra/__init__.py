"""The stack that puts a watcher into an AWS account."""
