"""A local HTTP server that answers the calls of the command line in the protocols that botocore uses."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from threading import Thread
from typing import Any, NoReturn
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

from infra.service_models import require_service_model

MACHINE = "arn:aws:states:eu-west-1:111122223333:stateMachine:Watch"
WATCH = "arn:aws:states:eu-west-1:111122223333:execution:Watch:w"
Answer = Callable[[Mapping[str, Any]], Any]


class AwsError(Exception):
    """An error that an answer raises: its code and its message."""


def refuse(code: str, message: str = "No.") -> Answer:
    """Return an answer that is an error."""

    def raise_error(_: Mapping[str, Any]) -> NoReturn:
        raise AwsError(code, message)

    return raise_error


class FakeAws:
    """The outputs of the stacks, the resources of each stack, the answers by operation, and the calls so far.

    Operations without an answer are denied.
    """

    def __init__(self) -> None:
        self.stacks: dict[str, dict[str, str]] = {"JobWatcher": {"WatchArn": MACHINE}}
        self.stack_status = "CREATE_COMPLETE"
        self.resources: dict[str, str] = {}
        """Physical ids by logical ids."""
        self.answers: dict[str, Answer] = {"DescribeStacks": self._stacks, "ListStackResources": self._resources}
        self.calls: list[tuple[str, Mapping[str, Any]]] = []

    def operations(self) -> Sequence[str]:
        """Return the names of the operations that were called."""
        return [operation for operation, _ in self.calls]

    def answer(self, operation: str, arguments: Mapping[str, Any]) -> Any:
        """Return the answer to a call, or raise AwsError."""
        self.calls.append((operation, arguments))
        if operation not in self.answers:
            raise AwsError("AccessDenied", f"User: me is not authorized to perform: service:{operation}")
        return self.answers[operation](arguments)

    def _stacks(self, query: Mapping[str, str]) -> Any:
        wanted = [query["StackName"]] if "StackName" in query else list(self.stacks)
        return {"Stacks": [{**_stack(name, self.stacks[name]), "StackStatus": self.stack_status} for name in wanted]}

    def _resources(self, _: Mapping[str, str]) -> Any:
        ids = self.resources.items()
        return {
            "StackResourceSummaries": [{"LogicalResourceId": logical, "PhysicalResourceId": id} for logical, id in ids]
        }


def _stack(name: str, outputs: Mapping[str, str]) -> dict[str, Any]:
    pairs = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
    return {"StackName": name, "Outputs": pairs}


def _read(method: str, path: str, headers: Message, body: bytes) -> tuple[str, Mapping[str, Any]]:
    """Return the operation and the arguments of a request in the protocol json, query or rest-json."""
    if target := headers["X-Amz-Target"]:
        return target.rpartition(".")[2], json.loads(body)
    if "form" in headers.get("Content-Type", ""):
        query = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        return query["Action"], query
    model = require_service_model("lambda")
    for operation in map(model.operation_model, model.operation_names):
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(operation.http["requestUri"]))
        if operation.http["method"] == method and (found := re.fullmatch(pattern, path.partition("?")[0])):
            return operation.name, {
                **{name: unquote(id) for name, id in found.groupdict().items()},
                "Payload": body.decode(),
            }
    raise NotImplementedError(f"{method} {path}")


def _xml(name: str, value: Any) -> str:
    """Return an answer in the query protocol."""
    if isinstance(value, Mapping):
        text = "".join(_xml(key, item) for key, item in value.items())
    else:
        text = "".join(_xml("member", item) for item in value) if isinstance(value, list) else escape(str(value))
    return f"<{name}>{text}</{name}>"


def _respond(aws: FakeAws, operation: str, arguments: Mapping[str, Any]) -> tuple[int, str]:
    """Return the status and the body of the answer. Requests in the query protocol have an Action."""
    is_query = "Action" in arguments
    try:
        answer = aws.answer(operation, arguments)
        return 200, _xml("R", {f"{operation}Result": answer}) if is_query else json.dumps(answer)
    except AwsError as error:
        code, message = error.args
        if is_query:
            return 400, _xml("R", {"Error": {"Code": code, "Message": message}})
        return 400, json.dumps({"__type": code, "message": message})


@contextmanager
def serve(aws: FakeAws) -> Iterator[str]:
    """Yield the URL at which the services answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            operation, arguments = _read(self.command, self.path, self.headers, body)
            status, answer = _respond(aws, operation, arguments)
            error = "X-Amz-Function-Error: Unhandled\r\n" if '"errorMessage"' in answer else ""  # of Invoke
            head = f"HTTP/1.1 {status} OK\r\n{error}Content-Length: {len(answer.encode())}\r\n"
            head += "Connection: close\r\n\r\n"
            self.wfile.write((head + answer).encode())

        do_GET = do_POST

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
