"""Amazon Connect Voice ID on this machine: its API from botocore's own model, its batch jobs really worked."""

from local.voice_id.service import VoiceId

__all__ = ["VoiceId"]
