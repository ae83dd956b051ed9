"""A small enrollment to try things with: a manifest, and audio that fits it but for one request."""

import io
import json
import math
import struct
import wave
from pathlib import Path
from typing import Any

BUCKET = "voice-samples"
REQUESTS = 12
ROLE = "arn:aws:iam::000000000000:role/voice-id-reads-the-samples"


def put_sample(s3: Any, requests: int = REQUESTS, bad: int = 1) -> str:
    """Put a manifest and its audio into S3, the last `bad` of it at a rate Voice ID refuses. The manifest's URI."""
    s3.create_bucket(Bucket=BUCKET)
    entries = []
    for number in range(1, requests + 1):
        key = f"audio/speaker-{number}.wav"
        s3.put_object(Bucket=BUCKET, Key=key, Body=tone(rate=16_000 if number > requests - bad else 8_000))
        entries.append(request(number, f"s3://{BUCKET}/{key}"))
    manifest = {"Version": "1.0", "SpeakerEnrollmentRequests": entries}
    s3.put_object(Bucket=BUCKET, Key="input-file.json", Body=json.dumps(manifest).encode())
    return f"s3://{BUCKET}/input-file.json"


def put_call(s3: Any) -> str:
    """Put the recording of a call into S3. Its URI."""
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="calls/greeting.wav", Body=tone())
    return f"s3://{BUCKET}/calls/greeting.wav"


def put_own(s3: Any, manifest: Path) -> str:
    """Put a person's own manifest into S3 as it is, and the audio it names as far as it lies beside it. Its URI."""
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=manifest.name, Body=manifest.read_bytes())
    for audio in manifest.parent.glob("*.wav"):
        s3.put_object(Bucket=BUCKET, Key=f"audio/{audio.name}", Body=audio.read_bytes())
    return f"s3://{BUCKET}/{manifest.name}"


def request(number: int, audio: str) -> dict[str, Any]:
    """One entry of a manifest."""
    return {
        "RequestId": f"request-{number}",
        "SpeakerId": f"speaker-{number}",
        "AudioSpecifications": [{"S3Uri": audio, "ChannelId": 0}],
    }


def tone(rate: int = 8_000, seconds: float = 0.1) -> bytes:
    """A .wav of one channel, 16-bit PCM."""
    samples = (round(9_000 * math.sin(440 * math.tau * step / rate)) for step in range(round(rate * seconds)))
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(rate)
        wav.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return file.getvalue()
