"""Suggest what the author of a name that isn't accepted probably meant."""

import difflib
from collections.abc import Iterable, Iterator

MAX_LISTED = 40


def suggestion(name: str, accepted: Iterable[str], otherwise: str, like: str = "{!r}") -> str:
    """Return `did you mean …?` with the closest name, formatted with `like`. Return `otherwise` if none is close."""
    close = difflib.get_close_matches(name, list(accepted), n=1)
    return f"did you mean {like.format(close[0])}?" if close else otherwise


def suggest(name: str, accepted: Iterable[str]) -> str:
    """Return `did you mean …?` with the closest name, or else a list of accepted names."""
    accepted = list(accepted)
    listed = ", ".join(accepted[:12]) + (", …" if len(accepted) > 12 else "")
    return suggestion(name, accepted, f"accepted are {listed}.")


def unaccepted(names: Iterable[str], accepted: Iterable[str], what: str) -> Iterator[str]:
    """Yield `'statsu' is not a key; did you mean 'status'?` for each name that isn't accepted. `what` is `a key`."""
    accepted = sorted(accepted)
    listed = ", ".join(accepted[:MAX_LISTED]) + (", …" if len(accepted) > MAX_LISTED else "")
    for name in sorted(set(names) - set(accepted)):
        hint = suggestion(name, accepted, f"accepted are {listed}." if listed else "none is accepted.")
        yield f"{name!r} is not {what}; {hint}"
