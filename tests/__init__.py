"""Tests, by what they may touch: unit nothing, infra the CDK, e2e the local cloud."""
