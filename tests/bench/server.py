"""An HTTPS server on 127.0.0.1 that returns the same Voice ID job for every request."""

import json
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import botocore

JOB = {
    "DomainId": "a" * 22,
    "JobId": "b" * 22,
    "JobStatus": "IN_PROGRESS",
    "JobProgress": {"PercentComplete": 40},
    "CreatedAt": 1_767_225_600.0,
}


class JobHandler(BaseHTTPRequestHandler):
    """Returns JOB for every request."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # buffered, so that headers and body are in one packet
    disable_nagle_algorithm = (
        True  # otherwise, the response can wait 40 ms until the client acknowledges the TLS session tickets
    )

    def do_POST(self) -> None:
        """Return the job."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"Job": JOB}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing."""


@contextmanager
def serve(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the server's URL, and a CA bundle with botocore's certificates and the server's own."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-days", "2", *subject]
    subprocess.run([*command, "-out", certificate, "-keyout", key], check=True, capture_output=True)
    ca_bundle = folder / "ca-bundle.pem"
    ca_bundle.write_bytes(Path(botocore.__file__).with_name("cacert.pem").read_bytes() + certificate.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), JobHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_port}", ca_bundle
    finally:
        server.shutdown()
        server.server_close()
