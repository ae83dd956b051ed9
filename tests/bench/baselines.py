"""The handlers that Job Watcher's cold start is compared with. pip installs their packages once into the cache."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from infra.bundle.cache import CACHE
from infra.bundle.packages import REQUIREMENTS

HANDLERS = Path(__file__).parent / "handlers"
ROOT = Path(__file__).parents[2]
ZIP_DATE = 315_532_800  # 1980-01-01, the date of all files in the CDK's zip files, in seconds since 1970


def boto3_powertools() -> Path:
    """Return a folder with boto3, Powertools and the handler, as pip installs them, in Job Watcher's versions."""
    requirements = _requirements()
    key = hashlib.sha256(f"{sys.version} {requirements}".encode()).hexdigest()[:16]
    folder = CACHE / "bench" / f"boto3-powertools-{key}"
    if not folder.exists():
        temporary = folder.with_suffix(f".{os.getpid()}")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(temporary)]
        environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
        subprocess.run([*command, *requirements], check=True, env=environment)
        temporary.rename(folder)
    _copy_handler("boto3_powertools", folder)
    return folder


def with_invalid_bytecode(folder: Path) -> Path:
    """Return a copy of the folder whose source files have the date of the CDK's zip, so that no bytecode is valid."""
    copy = folder.with_name(f"{folder.name}-1980")
    if not copy.exists():
        temporary = copy.with_suffix(f".{os.getpid()}")
        shutil.copytree(folder, temporary)
        temporary.rename(copy)
    _copy_handler("boto3_powertools", copy)
    for path in copy.rglob("*.py"):
        os.utime(path, (ZIP_DATE, ZIP_DATE))
    return copy


def standard_library() -> Path:
    """Return a folder with the handler that imports only the standard library."""
    folder = CACHE / "bench" / "standard-library"
    folder.mkdir(parents=True, exist_ok=True)
    _copy_handler("standard_library", folder)
    return folder


def _requirements() -> list[str]:
    pinned = REQUIREMENTS.with_suffix(".in").read_text().replace("powertools==", "powertools[parser,tracer]==")
    pinned += next(line for line in (ROOT / "requirements.txt").open() if line.startswith("boto3=="))
    return [line for line in pinned.splitlines() if line and not line.startswith("#")]


def _copy_handler(name: str, folder: Path) -> None:
    """Copy the current handler into the folder and compile it."""
    shutil.copy2(HANDLERS / f"{name}.py", folder)
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(folder / f"{name}.py")], check=True)
