"""The packages in the bundle: pip installs them once, and they are kept in the cache."""

import subprocess
import sys
from pathlib import Path

from job_watcher import catalogue

from .cache import CACHE, cached, content_hash

REQUIREMENTS = catalogue.FOLDER.with_name("requirements.txt")
# pip's options for pure Python that works on the oldest runtime in settings.RUNTIMES, and so on all of them.
ANY_RUNTIME = ("--only-binary=:all:", "--python-version=3.11", "--implementation=py", "--abi=none", "--platform=any")


def packages() -> Path:
    """Return the folder with what lambda/requirements.txt lists: pure Python for every runtime and architecture.

    Raise RuntimeError, with pip's message, if pip fails, for example because a file doesn't have the expected hash.
    """
    return cached(CACHE / "packages" / content_hash({REQUIREMENTS.name: REQUIREMENTS}), _install)


def _install(folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--require-hashes", *ANY_RUNTIME]
    command = [*pip, "--target", str(folder), "--requirement", str(REQUIREMENTS)]
    installed = subprocess.run(command, capture_output=True, text=True, check=False)
    if installed.returncode:
        raise RuntimeError(f"pip could not install the Lambda functions' packages: {installed.stderr.strip()}")
