"""The audio of one request: that Voice ID would accept it, and whose voice it is."""

import wave
from collections.abc import Sequence
from hashlib import sha256
from io import BytesIO
from typing import Any

from local.voice_id.s3_object import Unusable, read

MAX_FILES = 10
MAX_BYTES = 20 * 1024 * 1024


def voice(s3: Any, specifications: Sequence[dict[str, Any]]) -> str:
    """A fingerprint: equal for equal audio, which is as much as an emulator knows of voices."""
    if len(specifications) > MAX_FILES:
        raise Unusable(f"{len(specifications)} audio files: at most {MAX_FILES} are accepted")
    fingerprint = sha256()
    for audio in specifications:
        fingerprint.update(samples(audio["S3Uri"], read(s3, audio["S3Uri"], MAX_BYTES), audio["ChannelId"]))
    return fingerprint.hexdigest()


def samples(uri: str, content: bytes, channel: int) -> bytes:
    """The file's PCM data; Unusable unless it is 8 kHz PCM-16 with one or two channels, `channel` (from 0) among them.

    https://docs.aws.amazon.com/connect/latest/adminguide/speaker-enrollment-job-schema.html
    """
    try:
        with wave.open(BytesIO(content)) as audio:
            form = audio.getparams()
            data: bytes = audio.readframes(form.nframes)
    except (wave.Error, EOFError) as error:
        raise Unusable(f"{uri} is not a PCM .wav file: {str(error) or 'it ends too early'}") from error
    bits, rate, channels = 8 * form.sampwidth, form.framerate, form.nchannels
    demands = {
        f"has a sample rate of {rate} Hz: 8000 is accepted": rate == 8000,
        f"has {bits} bits a sample: 16 are accepted": bits == 16,
        f"has {channels} channels: 1 or 2 are accepted": channels in (1, 2),
        f"has no channel {channel}: its channels are {', '.join(map(str, range(channels)))}": 0 <= channel < channels,
        "has no speech": form.nframes > 0,
        "is cut off": len(data) == form.nframes * form.sampwidth * channels,
    }
    for complaint, fine in demands.items():
        if not fine:
            raise Unusable(f"{uri} {complaint}")
    return data
