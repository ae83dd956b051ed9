"""Tests by what they need: unit only Python, infra the CDK, e2e the local cloud. interpreters runs the ASL files."""
