"""What somebody may have meant by a word that is not accepted."""

import difflib
from collections.abc import Iterable


def suggestion(word: str, accepted: Iterable[str], otherwise: str, like: str = "{!r}") -> str:
    """`did you mean …?`, the closest word shown as `like` says; `otherwise` where nothing is close."""
    close = difflib.get_close_matches(word, list(accepted), n=1)
    return f"did you mean {like.format(close[0])}?" if close else otherwise
