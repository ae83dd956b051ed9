"""The Lambda functions' environment, which is set before they are imported; a Lambda context; and a fake service."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer
from threading import Thread
from typing import Any, cast

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from tests import examples  # noqa: F401 - loads Hypothesis's profile
from tests.event_schema import check_detail

ENVIRONMENT = {
    "LAMBDA_TASK_ROOT": str(Path(__file__).parent / "task_root"),
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "POWERTOOLS_METRICS_NAMESPACE": "JobWatcher",
    "POWERTOOLS_SERVICE_NAME": "job-watcher",
    "WATCH_ARN": "arn:aws:states:eu-west-1:123456789012:stateMachine:Watch",
    "POLL_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/Poll",
    "NOTIFY_ARN": "arn:aws:states:eu-west-1:123456789012:stateMachine:Notify",
}
os.environ |= ENVIRONMENT


@pytest.fixture(scope="session", autouse=True)
def check_details() -> Iterator[None]:
    """Check each detail that is built in a test against docs/events.schema.json, when its size is measured."""
    from job_watcher import detail

    def serialize(result: Mapping[str, Any]) -> dict[str, Any]:
        serialized = original(result)
        if "message" in serialized:
            check_message(serialized["detail_type"], serialized["message"])
        return serialized

    @lru_cache(maxsize=8)
    def check_message(detail_type: str, message: str) -> None:
        check_detail(detail_type, json.loads(message))

    original = detail.serialize
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(detail, "serialize", serialize)
        yield


@dataclass(frozen=True)
class Invocation:
    """The attributes of a Lambda context that the handlers and Powertools read."""

    function_name: str = "Describe"
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:Describe"
    aws_request_id: str = "3f1c9a52-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def session() -> boto3.Session:
    """One session for all tests of a file, because each session reads the services' models again."""
    return boto3.Session()


@pytest.fixture
def context() -> LambdaContext:
    return cast(LambdaContext, Invocation())


@contextmanager
def serve(body: bytes, status: int) -> Iterator[str]:
    """Yield the URL of an HTTP service that gives every call the same answer."""

    class FixedAnswer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            head = f"HTTP/1.1 {status} .\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            self.wfile.write(head.encode() + body)

        do_GET = do_POST

    with ThreadingTCPServer(("127.0.0.1", 0), FixedAnswer) as http_server:
        thread = Thread(target=http_server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{http_server.server_address[1]}"
        http_server.shutdown()
        thread.join()


@pytest.fixture
def fake_service() -> Iterator[Callable[[bytes, int], str]]:
    """Yield a function that starts a service with this answer (body, HTTP status) and returns the service's URL."""
    with ExitStack() as servers:
        yield lambda body, status: servers.enter_context(serve(body, status))


@pytest.fixture
def use_voice_id_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Yield a function that makes Describe's own client call Voice ID at a URL."""
    from job_watcher import aws_call

    def use(url: str) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_VOICE_ID", url)
        aws_call.client.cache_clear()

    yield use
    aws_call.client("voice-id").close()
    aws_call.client.cache_clear()
