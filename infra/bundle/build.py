"""The Lambda asset, made at synth by pip, without Docker, and cached by the hash of what goes into it."""

import compileall
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any

from job_watcher.catalogue import WAITER, Kind

from . import trimming
from .trimming import trim

ROOT = Path(__file__).parents[2]
LAMBDA = ROOT / "lambda"
CACHE = ROOT / ".cache"
HOW = (Path(__file__), Path(trimming.__file__))
DATA = Path("botocore", "data")
# pip's options for wheels of pure Python that suit the oldest runtime (config.RUNTIMES), and so all of them
PURE = ("--only-binary=:all:", "--python-version=3.11", "--implementation=py", "--abi=none", "--platform=any")
THIS_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
# botocore's data is trimmed; of the others the largest parts that no function imports
UNUSED = ("bin", "__pycache__", str(DATA), "aws_lambda_powertools/event_handler")


def bundle(kinds: Iterable[Kind], extra: Mapping[str, str], runtime: str) -> Path:
    """The folder that is the Lambda asset for these kinds, with the `extra` files: texts by name.

    It has bytecode only if `runtime`, such as `python3.13`, is the Python that runs this; otherwise stderr says so.
    """
    operations: dict[str, set[str]] = {"stepfunctions": {"StartExecution", "DescribeExecution"}}  # what Start calls
    waiters: dict[str, set[str]] = {}
    for kind in kinds:
        operations.setdefault(kind.service, set()).add(kind.describe)
        if WAITER in kind.name:
            waiters.setdefault(kind.service, set()).add(kind.noun)
    catalogue = (LAMBDA / "kinds" / f"{service}.toml" for service in operations)
    sources = [*LAMBDA.glob("job_watcher/*.py"), *filter(Path.is_file, catalogue)]
    calls, waits = _sorted(operations), _sorted(waiters)
    compiled = runtime == THIS_PYTHON
    if not compiled:
        print(f"No bytecode in the bundle: this is {THIS_PYTHON}, and the runtime is {runtime}.", file=sys.stderr)
    choices = [calls, waits, extra, compiled and runtime]
    key = _hash(*HOW, LAMBDA / "requirements.txt", *sources, choices=choices)
    return _once(CACHE / "bundle" / key, lambda folder: _fill(folder, calls, waits, sources, extra, compiled))


def _sorted(names: Mapping[str, Collection[str]]) -> Mapping[str, list[str]]:
    """In one order everywhere: files are written in it, and AWS's asset is named after their content."""
    return {service: sorted(its) for service, its in sorted(names.items())}


def packages() -> Path:
    """What pip installs from lambda/requirements.txt: pure Python, and so the same for every runtime and processor."""
    return _once(CACHE / "packages" / _hash(LAMBDA / "requirements.txt"), _install)


def _install(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", *PURE, "--target", str(folder)]
    done = subprocess.run(
        [*command, "--requirement", str(LAMBDA / "requirements.txt")], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"pip could not install lambda/requirements.txt: {done.stderr.strip()}")


def _fill(
    folder: Path,
    operations: Mapping[str, Collection[str]],
    waiters: Mapping[str, Collection[str]],
    sources: Iterable[Path],
    extra: Mapping[str, str],
    compiled: bool,
) -> None:
    shutil.copytree(packages(), folder, dirs_exist_ok=True, ignore=_unused)
    trim(packages() / DATA, folder / DATA, operations, waiters)
    for source in sources:
        target = folder / source.relative_to(LAMBDA)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
    for name, text in extra.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    if compiled:
        _compile(folder)


def _compile(folder: Path) -> None:
    """Add bytecode that is checked by hash: the CDK's zip dates every file 1980, so by time it would never be valid."""
    compileall.compile_dir(
        folder, quiet=1, workers=1, stripdir=str(folder), invalidation_mode=PycInvalidationMode.CHECKED_HASH
    )


def _unused(path: str, names: list[str]) -> set[str]:
    here = Path(path).relative_to(packages())
    return {name for name in names if name in UNUSED or str(here / name) in UNUSED or name.endswith(".dist-info")}


def _once(target: Path, make: Callable[[Path], None]) -> Path:
    """The folder `target`, made if it is missing: whole or not at all, also when two make it at once."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            made = Path(scratch, "made")
            made.mkdir()
            make(made)
            try:
                made.rename(target)
            except OSError:
                if not target.exists():
                    raise
    return target


def _hash(*files: Path, choices: Any = None) -> str:
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(os.fsencode(file.relative_to(ROOT)) + b"\0" + file.read_bytes() + b"\0")
    digest.update(json.dumps(choices, sort_keys=True).encode())
    return digest.hexdigest()[:16]
