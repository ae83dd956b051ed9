"""Read and write whole S3 objects by URI. Errors become a message and an HTTP status."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError


class JobError(Exception):
    """Why a job, or one of its requests, fails: the message and the HTTP status that the service reports."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def read(s3: Any, uri: str, max_bytes: int | None = None) -> bytes:
    """Return the object's content. Raise JobError if S3 returns an error, or the object exceeds `max_bytes`."""
    location = bucket_and_key(uri)
    with s3_errors(f"{uri} could not be read"):
        response = s3.get_object(**location)
        with closing(response["Body"]) as body:
            size = response["ContentLength"]
            if max_bytes is not None and size > max_bytes:
                raise JobError(f"{uri} has {size} bytes; the maximum is {max_bytes}")
            return bytes(body.read())


def write(s3: Any, uri: str, content: bytes, kms_key: str | None) -> None:
    """Create a JSON object, encrypted with the KMS key if there is one. Raise JobError if S3 returns an error."""
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
    location = bucket_and_key(uri)
    with s3_errors(f"{uri} could not be written"):
        s3.put_object(**location, Body=content, ContentType="application/json", **encryption)


def bucket_and_key(uri: str) -> dict[str, str]:
    """Return `Bucket` and `Key` of an object's URI. Raise JobError if it isn't s3://bucket/key."""
    scheme, _, path = uri.partition("://")
    bucket, _, key = path.partition("/")
    if scheme != "s3" or not bucket or not key:
        raise JobError(f"{uri} is not the URI of an S3 object; the format is s3://bucket/key")
    return {"Bucket": bucket, "Key": key}


@contextmanager
def s3_errors(failure: str) -> Iterator[None]:
    """Raise S3's errors as JobError, with S3's HTTP status, or with 500 if S3 didn't respond."""
    try:
        yield
    except ClientError as error:
        response: Mapping[str, Any] = error.response
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        raise JobError(f"{failure}: {response['Error']['Code']}: {response['Error']['Message']}", status) from error
    except BotoCoreError as error:
        raise JobError(f"{failure}: {error}", 500) from error
