"""An HTTP server for the AWS JSON 1.0 protocol: one service on one port of 127.0.0.1, which can be closed and reopened.

https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
"""

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
"""Takes the operation, the request and the Region of its signature. Returns the response, or raises ServiceError,
NoResponse or RawResponse."""


class ServiceError(Exception):
    """An error response: `__type`, `Message`, and the other members of the error's shape."""

    def __init__(self, code: str, message: str, status: int = 400, **members: str) -> None:
        super().__init__(message)
        self.code, self.status = code, status
        self.response = {"__type": code, "Message": message, **members}


class NoResponse(Exception):
    """Close the connection without a response."""


class RawResponse(Exception):
    """Send this body as it is. If it is shorter than `length`, the connection breaks in the middle of the response."""

    def __init__(self, status: int, body: bytes, length: int) -> None:
        super().__init__(status)
        self.status, self.body, self.length = status, body, length


class Handler(BaseHTTPRequestHandler):
    """Handles the requests of one connection. The signature is used only to find the Region; it isn't verified."""

    server: "Server"
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # buffered: separate packets for headers and body would cost 40 ms because of delayed ACKs

    def do_POST(self) -> None:
        """Call the operation and send its response."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            self.respond(200, self.server.call(self.operation(), parse(body), self.region()))
        except ServiceError as error:
            self.respond(error.status, error.response)
        except NoResponse:
            self.close_connection = True
        except RawResponse as raw:
            self.send(raw.status, raw.body, raw.length)
            self.close_connection = True
        except ConnectionError:
            raise
        except Exception:
            # without a response, the client would see a connection error and retry
            traceback.print_exc()
            self.respond(500, {"__type": "InternalServerException", "Message": "The emulator failed; see its stderr"})

    def operation(self) -> str:
        """Return the operation that the X-Amz-Target header names."""
        target = self.headers.get("X-Amz-Target", "")
        prefix, _, operation = target.partition(".")
        if prefix != self.server.prefix:
            message = f"X-Amz-Target is {target!r}; it must start with {self.server.prefix}."
            raise ServiceError("UnknownOperationException", message, 404)
        return operation

    def region(self) -> str:
        """Return the Region of the request's signature, or us-east-1."""
        scope = re.search(r"Credential=[^/]*/\d+/([^/]+)/", self.headers.get("Authorization", ""))
        return scope[1] if scope else "us-east-1"

    def respond(self, status: int, members: Members) -> None:
        """Send a JSON response."""
        body = json.dumps(members).encode()
        self.send(status, body, len(body))

    def send(self, status: int, body: bytes, length: int) -> None:
        """Send a response whose header says that the body has `length` bytes."""
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(length))
        self.send_header("x-amzn-RequestId", str(uuid4()))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing, because requests can contain customer data."""


def parse(body: bytes) -> Members:
    """Return the request's members. Raise SerializationException if the body isn't a JSON object."""
    try:
        members = json.loads(body or b"{}")
    except ValueError as error:
        raise ServiceError("SerializationException", f"The body is not JSON: {error}") from error
    if not isinstance(members, dict):
        raise ServiceError("SerializationException", f"The body is a JSON {type(members).__name__}, not an object")
    return members


def lower_camel(name: str) -> str:
    """Return a member's name as the service writes it in messages and events: S3Uri becomes s3Uri."""
    return name[0].lower() + name[1:]


class Server(ThreadingTCPServer):
    """The listening socket and its connections.

    The base class isn't HTTPServer, which resolves its own host name: this takes seconds if DNS is slow.
    """

    allow_reuse_address = True
    request_queue_size = 128  # if a burst of clients exceeds the backlog, each waits a second to send its SYN again

    def __init__(self, prefix: str, call: Call, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler, bind_and_activate=False)
        self.prefix, self.call = prefix, call
        self.connections: dict[Any, Thread] = {}
        try:
            self.server_bind()
        except OSError:  # the port is in use
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
        if not isinstance(sys.exception(), ConnectionError):  # the client has disconnected
            super().handle_error(request, client_address)

    def disconnect(self, cancel_calls: Callable[[], object]) -> None:
        """Stop listening and break all connections; then cancel waiting calls, which can no longer send a response."""
        self.server_close()
        connections = list(self.connections.items())
        for connection, _ in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        cancel_calls()
        for _, thread in connections:
            thread.join(timeout=5)


class Endpoint:
    """The service's port. While closed, it stays bound but refuses connections, so no other process can take it.

    Calls that are delayed on purpose wait for `closing`, which is set once their connections are broken.
    """

    def __init__(self, prefix: str, call: Call, port: int = 0) -> None:
        self.closing = Event()
        self._prefix, self._call = prefix, call
        self._server = Server(prefix, call, port)
        self._thread: Thread | None = None
        self.port: int = self._server.server_address[1]

    def open(self) -> None:
        """Accept connections, unless it does so already."""
        if self._thread is None:
            self.closing.clear()
            self._server.server_activate()
            self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Break all connections and refuse new ones."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.disconnect(self.closing.set)
            self._thread = None
            self._server = Server(self._prefix, self._call, self.port)

    def release_port(self) -> None:
        """Close for good, so that another process can use the port."""
        self.close()
        self._server.server_close()
