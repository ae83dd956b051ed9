"""Escape a job's values for the email: one line, no invisible characters, and nothing that becomes a link."""

import re

from .top_level_domains import TOP_LEVEL_DOMAINS

# Characters that change the layout or the direction of text, or are invisible, which could hide what a value says.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u2800\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000110bd\U000110cd"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Top-level domains that are more often the extension of a file. They count only before a slash: `setup.sh/login`.
FILE_EXTENSIONS = {"cab", "cc", "data", "java", "map", "md", "pl", "ps", "pt", "py", "rs", "sh", "so", "tf", "zip"}
_DOMAINS = (TOP_LEVEL_DOMAINS | {"example"}) - FILE_EXTENSIONS  # example is reserved for documentation
_START = r"(?:(?:https?|ftps?|file|smb):(?=[/\\]{2})|(?<!\w)(?:mailto|tel|sms):(?=\S)|www\.)"
_LABEL = rf"\.(?!{_START})(?:xn--[\w-]+|[^\W\d_]{{2,}})"
# What mail programs turn into links.
_LINK = re.compile(
    rf"{_START}"
    rf"|(?<=[\w.+-])@(?=[\w-]+(?:\.[\w-]+)*{_LABEL})"
    # The labels match even if more follows. The lookahead prevents backtracking, so that the time is linear. Possessive
    # quantifiers are wrong before Python 3.11.5: https://github.com/python/cpython/issues/106052
    rf"|(?<=[\w-])(?=(?P<labels>(?:{_LABEL})+))(?P=labels)(?P<end>(?![\w-]|\.(?!{_START})\w)(?=(?P<slash>/)?))?",
    re.IGNORECASE,
)


def escape(value: str) -> str:
    """Return a value on one line, without invisible characters and links: `https[:]//`, `www[.]`, `evil[.]com`.

    The job's owner writes these values, and mustn't be able to add lines or links to the email. Mail programs also turn
    bare domains and email addresses into links. Only the dot before a top-level domain is escaped, so that file names,
    versions, IP addresses, class names, ARNs and URIs of S3 stay readable.
    """
    return _LINK.sub(_escape_link, one_line(value))


def one_line(value: str) -> str:
    """Return a value on one line, with invisible characters as escapes: `\\u202e`. Links stay as they are."""
    return _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", " ".join(value.split()))


def _escape_link(found: re.Match[str]) -> str:
    if found["labels"] and found["end"] is None:
        return found[0]
    if found["labels"]:
        return _escape_domain(found["labels"], before_slash=found["slash"] is not None)
    return f"{found[0][:-1]}[{found[0][-1]}]"


def _escape_domain(labels: str, before_slash: bool) -> str:
    """Return the last labels of a dotted name with each dot before a top-level domain escaped: `[.]co[.]uk`."""
    names = labels.split(".")[1:]
    first = len(names)
    while first and _is_domain(names[first - 1].lower(), before_slash and first == len(names)):
        first -= 1
    return "".join([*(f".{name}" for name in names[:first]), *(f"[.]{name}" for name in names[first:])])


def _is_domain(label: str, before_slash: bool) -> bool:
    """Whether the last label of a dotted name is a top-level domain. All internationalized labels count as one."""
    is_international = label.startswith("xn--") or not label.isascii()
    return is_international or label in _DOMAINS or (label in FILE_EXTENSIONS and before_slash)
