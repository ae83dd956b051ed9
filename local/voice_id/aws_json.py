"""AWS JSON 1.0 over HTTP: one service on one port of 127.0.0.1, which can play dead and come back."""

import json
import re
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from threading import Event, Thread
from typing import Any
from uuid import uuid4

Members = dict[str, Any]
Call = Callable[[str, Members, str], Members]
"""(operation, its input, the region the request was signed for) -> its output, or a Refusal, or NoAnswer."""


class Refusal(Exception):
    """A typed error, as the client gets it: `__type`, `Message` and what else the error's shape has."""

    def __init__(self, code: str, message: str, status: int = 400, **members: str) -> None:
        super().__init__(message)
        self.code, self.status = code, status
        self.answer = {"__type": code, "Message": message, **members}


class NoAnswer(Exception):
    """The connection shall be closed without an answer."""


class Handler(BaseHTTPRequestHandler):
    """One connection. The signature is not checked, only read for its region."""

    server: "Server"
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # unbuffered, headers and body leave apart and the second waits 40 ms for a delayed ACK

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            self.answer(200, self.server.call(self.operation(), parsed(body), self.region()))
        except Refusal as refusal:
            self.answer(refusal.status, refusal.answer)
        except NoAnswer:
            self.close_connection = True
        except ConnectionError:
            raise
        except Exception:
            # without an answer a client would see a dead socket, and retry, instead of an error
            traceback.print_exc()
            self.answer(500, {"__type": "InternalServerException", "Message": "The emulator failed: see its stderr"})

    def operation(self) -> str:
        target = self.headers.get("X-Amz-Target", "")
        prefix, _, operation = target.partition(".")
        if prefix != self.server.prefix:
            raise Refusal("UnknownOperationException", f"X-Amz-Target is {target!r}, not {self.server.prefix}.…", 404)
        return operation

    def region(self) -> str:
        scope = re.search(r"Credential=[^/]*/\d+/([^/]+)/", self.headers.get("Authorization", ""))
        return scope[1] if scope else "us-east-1"

    def answer(self, status: int, members: Members) -> None:
        body = json.dumps(members).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-RequestId", str(uuid4()))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: customers' data is never logged, and a line a call would drown the rest."""


def parsed(body: bytes) -> Members:
    """The request's members; SerializationException where the body is no JSON object."""
    try:
        members = json.loads(body or b"{}")
    except ValueError as error:
        raise Refusal("SerializationException", f"The body is not JSON: {error}") from error
    if not isinstance(members, dict):
        raise Refusal("SerializationException", f"The body is a JSON {type(members).__name__}, not an object")
    return members


def lower_camel(name: str) -> str:
    """A member's name as the service writes it in messages and events: S3Uri becomes s3Uri."""
    return name[0].lower() + name[1:]


class Server(ThreadingTCPServer):
    """The listening socket and its connections. (HTTPServer would look its own name up: seconds where DNS is slow.)"""

    allow_reuse_address = True
    request_queue_size = 128  # beyond its backlog a burst of clients waits a second for the next SYN

    def __init__(self, prefix: str, call: Call, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler, bind_and_activate=False)
        self.prefix, self.call = prefix, call
        self.connections: dict[Any, Thread] = {}
        try:
            self.server_bind()
        except OSError:  # the port is taken
            self.server_close()
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        self.connections[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.connections.pop(request, None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client that went away is no news
            super().handle_error(request, client_address)

    def hang_up(self, then: Callable[[], object]) -> None:
        """Stop listening, break all connections and, once nobody can be answered, `then` end the calls that wait."""
        self.server_close()
        connections = list(self.connections.items())
        for connection, _ in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        then()
        for _, thread in connections:
            thread.join(timeout=5)


class Endpoint:
    """The service's one port. Closed, it stays bound but does not listen: refused, and nobody else can take it.

    A call that takes its time on purpose waits for `closing`, which is set once its client is cut off.
    """

    def __init__(self, prefix: str, call: Call, port: int = 0) -> None:
        self.closing = Event()
        self._prefix, self._call = prefix, call
        self._server = Server(prefix, call, port)
        self._thread: Thread | None = None
        self.port: int = self._server.server_address[1]

    def open(self) -> None:
        if self._thread is None:
            self.closing.clear()
            self._server.server_activate()
            self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
            self._thread.start()

    def close(self) -> None:
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.hang_up(self.closing.set)
            self._thread = None
            self._server = Server(self._prefix, self._call, self.port)

    def give_up_port(self) -> None:
        self.close()
        self._server.server_close()
