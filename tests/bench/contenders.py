"""The folders of those that start beside ours: installed by pip once, and kept."""

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
LONG_AGO = 315_532_800  # 1980-01-01: what a zip without dates says


def plain() -> Path:
    """boto3 and Powertools with all that the handler uses, of ours' versions, as pip leaves them, and the handler."""
    pinned = REQUIREMENTS.read_text().replace("powertools==", "powertools[parser,tracer]==")
    pinned += next(line for line in (ROOT / "requirements.txt").open() if line.startswith("boto3=="))
    key = hashlib.sha256(f"{sys.version} {pinned}".encode()).hexdigest()[:16]
    folder = CACHE / "bench" / f"plain-{key}"
    if not folder.exists():
        scratch = folder.with_suffix(f".{os.getpid()}")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(scratch)]
        environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
        packages = [line for line in pinned.splitlines() if line and not line.startswith("#")]
        subprocess.run([*command, *packages], check=True, env=environment)
        shutil.copy2(HANDLERS / "plain.py", scratch)
        scratch.rename(folder)
    _handler(folder, "plain")
    return folder


def dated_1980(folder: Path) -> Path:
    """The same with every source dated as the CDK's zip dates it, so that no bytecode is valid."""
    copy = folder.with_name(f"{folder.name}-1980")
    if not copy.exists():
        scratch = copy.with_suffix(f".{os.getpid()}")
        shutil.copytree(folder, scratch)
        scratch.rename(copy)
    _handler(copy, "plain")
    for path in copy.rglob("*.py"):
        os.utime(path, (LONG_AGO, LONG_AGO))
    return copy


def floor() -> Path:
    """The one module."""
    folder = CACHE / "bench" / "floor"
    folder.mkdir(parents=True, exist_ok=True)
    _handler(folder, "floor")
    return folder


def _handler(folder: Path, name: str) -> None:
    """The handler as it is now, with valid bytecode."""
    shutil.copy2(HANDLERS / f"{name}.py", folder)
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(folder / f"{name}.py")], check=True)
