"""Read the Lambda functions' packages from lambda/requirements.in and the lock file lambda/requirements.txt."""

import re
from pathlib import Path

from packaging.utils import canonicalize_name

LAMBDA = Path(__file__).parents[2] / "lambda"
LOCK = (LAMBDA / "requirements.txt").read_text()
CHOSEN = (LAMBDA / "requirements.in").read_text()


def pins(text: str) -> dict[str, str]:
    """Return the pinned versions in a requirements file, by the packages' normalized names."""
    found = re.findall(r"^([\w.-]+)==([\w.]+)", text, flags=re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}
