"""An emulator for Amazon Connect Voice ID's batch jobs. The API follows botocore's model; jobs process real files."""

from local.voice_id.service import VoiceId

__all__ = ["VoiceId"]
