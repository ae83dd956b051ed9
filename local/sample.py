"""Input files for the demo and the tests: manifests, and audio that Voice ID accepts or rejects."""

import io
import json
import math
import struct
import wave
from pathlib import Path
from typing import Any

BUCKET = "voice-samples"
REQUESTS = 12
VALID_RATE, INVALID_RATE = 8_000, 16_000  # samples per second
ROLE = "arn:aws:iam::000000000000:role/voice-id-reads-the-samples"


def put_sample(s3: Any, requests: int = REQUESTS, invalid: int = 1) -> str:
    """Put a manifest and its audio files into S3, and return the manifest's URI.

    The audio of the last `invalid` requests has a sample rate that Voice ID rejects.
    """
    s3.create_bucket(Bucket=BUCKET)
    entries = []
    for number in range(1, requests + 1):
        key = f"audio/speaker-{number}.wav"
        rate = INVALID_RATE if number > requests - invalid else VALID_RATE
        s3.put_object(Bucket=BUCKET, Key=key, Body=tone(rate=rate))
        entries.append(request(number, f"s3://{BUCKET}/{key}"))
    manifest = {"Version": "1.0", "SpeakerEnrollmentRequests": entries}
    s3.put_object(Bucket=BUCKET, Key="input-file.json", Body=json.dumps(manifest).encode())
    return f"s3://{BUCKET}/input-file.json"


def put_recording(s3: Any) -> str:
    """Put an audio file for a transcription job into S3, and return its URI."""
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="calls/greeting.wav", Body=tone())
    return f"s3://{BUCKET}/calls/greeting.wav"


def put_manifest(s3: Any, manifest: Path) -> str:
    """Put a user's manifest and the .wav files in its folder into S3, and return the manifest's URI."""
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=manifest.name, Body=manifest.read_bytes())
    for audio in manifest.parent.glob("*.wav"):
        s3.put_object(Bucket=BUCKET, Key=f"audio/{audio.name}", Body=audio.read_bytes())
    return f"s3://{BUCKET}/{manifest.name}"


def request(number: int, audio: str) -> dict[str, Any]:
    """Return one request of a manifest, with the URI of its audio file."""
    return {
        "RequestId": f"request-{number}",
        "SpeakerId": f"speaker-{number}",
        "AudioSpecifications": [{"S3Uri": audio, "ChannelId": 0}],
    }


def tone(rate: int = VALID_RATE, seconds: float = 0.1) -> bytes:
    """Return a .wav file with a tone: mono, 16-bit PCM, `rate` samples per second."""
    samples = (round(9_000 * math.sin(440 * math.tau * step / rate)) for step in range(round(rate * seconds)))
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(rate)
        wav.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return file.getvalue()
