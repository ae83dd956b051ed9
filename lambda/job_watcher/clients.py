"""Clients for the services that run Job Watcher itself: Step Functions and SQS."""

from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config

CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})


@cache
def client(service: str) -> Any:
    """Return a botocore client. boto3 would only add import time."""
    return botocore.session.get_session().create_client(service, config=CONFIG)
