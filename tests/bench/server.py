"""Voice ID behind TLS on 127.0.0.1, as far as one describe call goes: a canned answer, at once."""

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


class Answer(BaseHTTPRequestHandler):
    """The same job to everybody."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # header and body in one packet
    disable_nagle_algorithm = True  # else the answer may wait 40 ms for the client to acknowledge TLS's tickets

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"Job": JOB}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def listening(folder: Path) -> Iterator[tuple[str, Path]]:
    """The server's URL, and a bundle of authorities to trust: botocore's own, as on AWS, and the server's."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-days", "2", *subject]
    subprocess.run([*command, "-out", certificate, "-keyout", key], check=True, capture_output=True)
    trust = folder / "trust.pem"
    trust.write_bytes(Path(botocore.__file__).with_name("cacert.pem").read_bytes() + certificate.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_port}", trust
    finally:
        server.shutdown()
        server.server_close()
