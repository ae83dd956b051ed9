"""Remove members that may contain secrets: sensitive in botocore's model, named like a secret, or a presigned URL."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

_NAMES = re.compile(
    r"environment(_?variables)?|env_?vars?|user_?data|script_?body|connection_?string|credentials?|token|salt"
    r"|(presigned|download)_?ur[il]|\w*password|\w*secret(_?(access_?key|key|value|string))?"
    r"|\w*(auth|access|session|api|bearer|activation|license|private|static)_?(key|token)(_?value)?",
    re.IGNORECASE,
)


# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html, and the signatures of older URLs
_SIGNED = re.compile(
    r"X-Amz-(Signature|Security-Token|Credential)|[?&]AWSAccessKeyId=|[?&]Key-Pair-Id=|[?&]Signature=", re.IGNORECASE
)

MASK = "[a signed URL was removed]"


def remove_signed_urls(value: Any) -> tuple[Any, list[str]]:
    """Return the value in JSON's types without texts that contain a signature, and the paths of the removed members.

    A name that contains a signature is cut.
    """
    items = value.items() if isinstance(value, dict) else [("", item) for item in value]
    kept, removed = [], dict[str, None]()
    for name, inner in items:
        if isinstance(inner, str) and _find_signature(inner):
            removed[name] = None
            continue
        if isinstance(inner, dict | list):
            inner, inner_paths = remove_signed_urls(inner)
            removed |= dict.fromkeys(f"{name}.{path}".strip(".") for path in inner_paths)
        kept.append((mask_signatures(name), inner))
    return dict(kept) if isinstance(value, dict) else [item for _, item in kept], list(removed)


def mask_signatures(value: Any) -> Any:
    """Return the value with each text cut before the first word that contains a signature. Names are texts too."""
    if isinstance(value, dict):
        return {mask_signatures(name): mask_signatures(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [mask_signatures(item) for item in value]
    found = _find_signature(value) if isinstance(value, str) else None
    if found is None:
        return value
    before = value[: found.start()]
    return before[: 1 + max(map(before.rfind, " \t\r\n"))] + MASK


def _find_signature(value: str) -> re.Match[str] | None:
    """Return the first match of `_SIGNED`. Most texts have neither of its two characters, which are found faster."""
    return _SIGNED.search(value) if "-" in value or "=" in value else None


def redact(value: Any, shape: Shape | None, path: str = "") -> tuple[Any, list[str]]:
    """Return the value without members that may contain secrets, and the paths of the removed members.

    Members that the model doesn't know are checked by their names.
    """
    if isinstance(value, list):
        item_shape = shape.member if isinstance(shape, ListShape) else None
        results = [redact(item, item_shape, path) for item in value]
        paths = dict.fromkeys(omitted_path for _, omitted in results for omitted_path in omitted)
        return [item for item, _ in results], list(paths)
    if isinstance(value, Mapping):
        return _redact_members(value, shape, path)
    return value, []


def _redact_members(value: Mapping[str, Any], shape: Shape | None, path: str) -> tuple[dict[str, Any], list[str]]:
    members: dict[str, Any] = {}
    omitted: list[str] = []
    for name, inner in value.items():
        member = _member_shape(shape, name)
        member_path = f"{path}.{name}".lstrip(".")
        if _is_secret(name) or is_sensitive(member):
            omitted.append(member_path)
        else:
            members[name], inner_omitted = redact(inner, member, member_path)
            omitted += inner_omitted
    return members, omitted


def _is_secret(name: str) -> bool:
    """Whether a member is named like a secret. The results of short names are kept, because lists repeat them."""
    return _matches(name) if len(name) <= 128 else _matches.__wrapped__(name)


@lru_cache(maxsize=4_096)
def _matches(name: str) -> bool:
    return _NAMES.fullmatch(name) is not None


def _member_shape(shape: Shape | None, name: str) -> Shape | None:
    """Return the shape of a member; None if the model doesn't know it."""
    if isinstance(shape, MapShape):
        return shape.value
    return shape.members.get(name) if isinstance(shape, StructureShape) else None


def is_sensitive(shape: Shape | None) -> bool:
    """Whether the model marks the shape, or its items, as sensitive."""
    inner = shape.member if isinstance(shape, ListShape) else shape.value if isinstance(shape, MapShape) else None
    return shape is not None and (bool(shape.metadata.get("sensitive")) or is_sensitive(inner))
