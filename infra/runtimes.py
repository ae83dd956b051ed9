"""The runtimes of the functions. This module doesn't import the CDK, which takes seconds."""

# Runtimes that AWS lets customers create; python3.11 until 2027-07-31:
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
RUNTIMES = ("python3.11", "python3.12", "python3.13", "python3.14")
