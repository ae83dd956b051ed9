"""Tests of the synthesized stack: its properties, and the findings of cdk-nag, cfn-lint and an IAM evaluator."""
