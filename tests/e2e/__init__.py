"""End-to-end tests: the CDK CLI deploys the stack into the local cloud, and the tests use the deployed stack."""
