"""Turn errors into one sentence each."""

import re

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError


class CommandError(Exception):
    """A command can't do its work; the message says why."""


EXPECTED = (BotoCoreError, ClientError, CommandError)


def sentence(error: Exception) -> str:
    """Return what one of the EXPECTED errors means for the person who ran the command, on one line."""
    if isinstance(error, NoCredentialsError):
        return "No AWS credentials were found. Set AWS_PROFILE, or run `aws configure` or `aws sso login`."
    if isinstance(error, NoRegionError):
        return "No AWS region is set. Set AWS_DEFAULT_REGION, or run `aws configure`."
    if isinstance(error, ClientError) and re.match("Stack .*does not exist", error.response["Error"]["Message"]):
        return f"{error.response['Error']['Message']} in this account and region. --stack names another one."
    return " ".join(str(error).split())
