"""A local HTTP server that answers the calls of the command line: CloudFormation, EventBridge and Step Functions."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

MACHINE = "arn:aws:states:eu-west-1:111122223333:stateMachine:Watch"
WATCH = "arn:aws:states:eu-west-1:111122223333:execution:Watch:w"
Answer = Callable[[Mapping[str, Any]], Any]


class FakeAws:
    """The stacks' outputs by the stacks' names, the answers of JSON services by operation, and the calls so far."""

    def __init__(self) -> None:
        self.stacks: dict[str, dict[str, str]] = {"JobWatcher": {"WatchArn": MACHINE}}
        self.answers: dict[str, Answer] = {}
        self.calls: list[tuple[str, Mapping[str, Any]]] = []

    def operations(self) -> Sequence[str]:
        """Return the names of the operations that were called."""
        return [operation for operation, _ in self.calls]

    def answer(self, target: str | None, body: bytes) -> str:
        """Return the body of the answer to a call: XML for CloudFormation, which has no target, else JSON."""
        if target is None:
            query = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            self.calls.append((query["Action"], query))
            return self._stacks(query) if query["Action"] == "DescribeStacks" else self._no_resources()
        operation, arguments = target.rpartition(".")[2], json.loads(body)
        self.calls.append((operation, arguments))
        return json.dumps(self.answers[operation](arguments))

    def _stacks(self, query: Mapping[str, str]) -> str:
        wanted = [query["StackName"]] if "StackName" in query else list(self.stacks)
        members = "".join(f"<member>{_stack(name, self.stacks[name])}</member>" for name in wanted)
        return f"<R><DescribeStacksResult><Stacks>{members}</Stacks></DescribeStacksResult></R>"

    def _no_resources(self) -> str:
        return "<R><ListStackResourcesResult><StackResourceSummaries/></ListStackResourcesResult></R>"


def _stack(name: str, outputs: Mapping[str, str]) -> str:
    members = "".join(
        f"<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"
        for key, value in outputs.items()
    )
    return f"<StackName>{name}</StackName><Outputs>{members}</Outputs>"


@contextmanager
def serve(aws: FakeAws) -> Iterator[str]:
    """Yield the URL at which the services answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = aws.answer(self.headers["X-Amz-Target"], body).encode()
            self.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n\r\n".encode() + answer)

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
