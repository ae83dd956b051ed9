"""Validate the audio files of one request, and return a fingerprint that represents the speaker's voice."""

import wave
from collections.abc import Sequence
from hashlib import sha256
from io import BytesIO
from typing import Any

from local.voice_id.s3_object import JobError, read

MAX_FILES = 10
MAX_BYTES = 20 * 1024 * 1024


def fingerprint(s3: Any, specifications: Sequence[dict[str, Any]]) -> str:
    """Return a hash of the audio that a request's AudioSpecifications name: the same audio has the same fingerprint.

    The emulator can't recognize voices, so only identical audio counts as the same voice. Raise JobError if a file
    can't be read or isn't valid.
    """
    if len(specifications) > MAX_FILES:
        raise JobError(f"{len(specifications)} audio files; the maximum is {MAX_FILES}")
    digest = sha256()
    for audio in specifications:
        digest.update(pcm_data(audio["S3Uri"], read(s3, audio["S3Uri"], MAX_BYTES), audio["ChannelId"]))
    return digest.hexdigest()


def pcm_data(uri: str, content: bytes, channel: int) -> bytes:
    """Return a .wav file's PCM data. Raise JobError unless it is 8 kHz, 16-bit, mono or stereo, and has `channel`.

    Channels count from 0. https://docs.aws.amazon.com/connect/latest/adminguide/speaker-enrollment-job-schema.html
    """
    try:
        with wave.open(BytesIO(content)) as audio:
            params = audio.getparams()
            data: bytes = audio.readframes(params.nframes)
    except (wave.Error, EOFError) as error:
        raise JobError(f"{uri} is not a PCM .wav file: {str(error) or 'it ends too early'}") from error
    for problem, found in problems(params, data, channel).items():
        if found:
            raise JobError(f"{uri} {problem}")
    return data


def problems(params: Any, data: bytes, channel: int) -> dict[str, bool]:
    """Return every problem that the audio could have, and whether it has it."""
    bits, rate, channels = 8 * params.sampwidth, params.framerate, params.nchannels
    channel_ids = ", ".join(map(str, range(channels)))
    return {
        f"has a sample rate of {rate} Hz; it must be 8000 Hz": rate != 8000,
        f"has {bits} bits per sample; it must have 16": bits != 16,
        f"has {channels} channels; it must have 1 or 2": channels not in (1, 2),
        f"has no channel {channel}; its channels are {channel_ids}": not 0 <= channel < channels,
        "has no speech": params.nframes == 0,
        "is truncated": len(data) != params.nframes * params.sampwidth * channels,
    }
