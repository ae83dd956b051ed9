"""A handler that imports only the standard library: http.client, and its own Signature Version 4."""

import hashlib
import hmac
import http.client
import json
import os
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

REGION, SERVICE = os.environ["AWS_REGION"], "voiceid"
ENDPOINT = urlsplit(os.environ["AWS_ENDPOINT_URL_VOICE_ID"])
SSL_CONTEXT = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])


def handler(event: Any, context: Any) -> Any:
    """Return the Job dict."""
    body = json.dumps(event["request"])
    connection = http.client.HTTPSConnection(ENDPOINT.netloc, timeout=10, context=SSL_CONTEXT)
    connection.request("POST", "/", body, signed(body, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())))
    return json.load(connection.getresponse())["Job"]


def signed(body: str, now: str) -> dict[str, str]:
    """Return the headers with their signature.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "host": ENDPOINT.netloc,
        "x-amz-date": now,
        "x-amz-target": "VoiceID.DescribeSpeakerEnrollmentJob",
    }
    names, scope = ";".join(headers), f"{now[:8]}/{REGION}/{SERVICE}/aws4_request"
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body.encode()).hexdigest()}"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{os.environ['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return headers
