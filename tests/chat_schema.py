"""Check chat messages against the format of custom notifications of Amazon Q Developer in chat applications.

The members, their types, the required ones, and the lengths of steps and keywords are those that AWS documents. It
accepts a longer title and description than Slack, so their lengths are Slack's.
https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
"""

import json
from typing import Any

from jsonschema import Draft202012Validator

MAX_TEXT = 3_000  # characters of a text in Slack: https://docs.slack.dev/reference/block-kit/blocks/section-block


def _text(length: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": length}


def _texts(length: int, count: int) -> dict[str, Any]:
    return {"type": "array", "items": _text(length), "maxItems": count}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


SCHEMA = _object(
    {
        "version": {"const": "1.0"},
        "source": {"const": "custom"},
        "id": _text(100),
        "content": _object(
            {
                "textType": {"const": "client-markdown"},
                "title": _text(150),
                "description": _text(MAX_TEXT),
                "nextSteps": _texts(350, 5),
                "keywords": _texts(75, 4),
            },
            "description",
        ),
        "metadata": _object(
            {
                "threadId": _text(80),
                "summary": _text(150),
                "eventType": {"type": "string", "pattern": "^[A-Za-z0-9-]{1,100}$"},
                "relatedResources": _texts(256, 1),
                "additionalContext": {"type": "object", "additionalProperties": _text(300)},
            }
        ),
    },
    "version",
    "source",
    "content",
)
VALIDATOR = Draft202012Validator(SCHEMA)


def read_chat_message(text: str) -> dict[str, Any]:
    """Return the message; raise jsonschema.ValidationError unless it is a valid one."""
    message: dict[str, Any] = json.loads(text)
    VALIDATOR.validate(message)
    return message
