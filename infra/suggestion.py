"""Suggest what somebody may have meant by a name that isn't accepted."""

import difflib
from collections.abc import Iterable


def suggestion(name: str, accepted: Iterable[str], otherwise: str, like: str = "{!r}") -> str:
    """Return `did you mean …?` with the closest name, formatted with `like`; `otherwise` if none is close."""
    close = difflib.get_close_matches(name, list(accepted), n=1)
    return f"did you mean {like.format(close[0])}?" if close else otherwise


def suggest(name: str, accepted: Iterable[str]) -> str:
    """Return the closest name, or else a list of accepted ones."""
    accepted = list(accepted)
    listed = ", ".join(accepted[:12]) + (", …" if len(accepted) > 12 else "")
    return suggestion(name, accepted, f"accepted are {listed}.")
