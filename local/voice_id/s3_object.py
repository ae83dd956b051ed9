"""S3 objects by URI, read and written whole; what goes wrong becomes a sentence and an HTTP status."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError


class Unusable(Exception):
    """Something that cannot be read, written or understood: why, and the HTTP status that says so."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def read(s3: Any, uri: str, at_most: int | None = None) -> bytes:
    """The object's content; Unusable where there is none, S3 says no, or it has more than `at_most` bytes."""
    where = located(uri)
    with s3_errors(f"{uri} could not be read"):
        answer = s3.get_object(**where)
        with closing(answer["Body"]) as body:
            if at_most is not None and answer["ContentLength"] > at_most:
                raise Unusable(f"{uri} has {answer['ContentLength']} bytes: at most {at_most} are accepted")
            return bytes(body.read())


def write(s3: Any, uri: str, content: bytes, kms_key: str | None) -> None:
    """A new JSON object, encrypted with the key where there is one; Unusable where S3 says no."""
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
    where = located(uri)
    with s3_errors(f"{uri} could not be written"):
        s3.put_object(**where, Body=content, ContentType="application/json", **encryption)


def located(uri: str) -> dict[str, str]:
    """Bucket and Key of an object's URI."""
    scheme, _, path = uri.partition("://")
    bucket, _, key = path.partition("/")
    if scheme != "s3" or not bucket or not key:
        raise Unusable(f"{uri} is not the URI of an S3 object: s3://bucket/key is accepted")
    return {"Bucket": bucket, "Key": key}


@contextmanager
def s3_errors(what: str) -> Iterator[None]:
    """S3's errors as Unusable: with S3's own status where it answered, 500 where it did not."""
    try:
        yield
    except ClientError as error:
        answer: Mapping[str, Any] = error.response
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        raise Unusable(f"{what}: {answer['Error']['Code']}: {answer['Error']['Message']}", status) from error
    except BotoCoreError as error:
        raise Unusable(f"{what}: {error}", 500) from error
