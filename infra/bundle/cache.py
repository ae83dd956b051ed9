"""The cache of bundles and of the packages in them.

In a checkout, it is `.cache`. For an installed package, it is `aws-job-watcher` in `$XDG_CACHE_HOME`, or in `~/.cache`
if that isn't set: https://specifications.freedesktop.org/basedir-spec/latest/
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from job_watcher import catalogue


def cache_folder(environment: Mapping[str, str], catalogue_folder: Path = catalogue.FOLDER) -> Path:
    """Return the cache's folder. A catalogue that isn't part of the package is that of a checkout."""
    if catalogue_folder.parent != catalogue.PACKAGE:
        return catalogue_folder.parents[1] / ".cache"
    configured = Path(environment.get("XDG_CACHE_HOME", ""))
    return (configured if configured.is_absolute() else Path.home() / ".cache") / "aws-job-watcher"


CACHE = cache_folder(os.environ)


def cached(folder: Path, fill: Callable[[Path], None]) -> Path:
    """Return the folder. If it doesn't exist, create it with `fill`, completely or not at all.

    Two processes can do so at the same time: one of them creates the folder, and both use it.
    """
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            created = Path(scratch, folder.name)
            created.mkdir()
            fill(created)
            _rename_unless_exists(created, folder)
    return folder


def content_hash(files: Mapping[str, Path], options: Any = None) -> str:
    """Return a hash of the files' names and contents, and of options that JSON can express.

    The names are the mapping's keys, so the hash doesn't depend on where the files are.
    """
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update(json.dumps(options, sort_keys=True).encode())
    return digest.hexdigest()[:16]


def _rename_unless_exists(created: Path, folder: Path) -> None:
    try:
        created.rename(folder)
    except OSError:
        if not folder.exists():
            raise
