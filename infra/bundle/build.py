"""Build the Lambda asset at synth, without Docker. Its name in the cache is a hash of everything that goes into it."""

import compileall
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from py_compile import PycInvalidationMode

from job_watcher import catalogue
from job_watcher.catalogue import WAITER, Kind

from .cache import CACHE, cached, content_hash
from .packages import REQUIREMENTS, packages
from .trimming import Names, copy_service_data

THIS_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
BUILD_CODE = {path.name: path for path in Path(__file__).parent.glob("*.py")}
DATA = Path("botocore", "data")
# copy_service_data copies botocore's data. The functions import nothing from the others.
EXCLUDED = ("bin", "__pycache__", str(DATA), "aws_lambda_powertools/event_handler")
OWN_OPERATIONS = {
    "sqs": {"SendMessage"},
    "stepfunctions": {"DescribeExecution", "SendTaskHeartbeat", "SendTaskSuccess", "StartExecution"},
}
"""What the functions call apart from describe operations."""


def bundle(kinds: Iterable[Kind], generated: Mapping[str, str], runtime: str) -> Path:
    """Return the folder that is the Lambda asset for these kinds, with the `generated` files: texts by name.

    It contains bytecode only if `runtime`, such as `python3.13`, is this Python. Otherwise, stderr says so.
    """
    operations, waiters = _called(kinds)
    sources = _sources(operations)
    compiled = runtime == THIS_PYTHON
    if not compiled:
        print(f"No bytecode in the bundle: this is {THIS_PYTHON}, and the runtime is {runtime}.", file=sys.stderr)
    options = [operations, waiters, generated, runtime if compiled else None]
    key = content_hash({**BUILD_CODE, REQUIREMENTS.name: REQUIREMENTS, **sources}, options)

    def fill(folder: Path) -> None:
        shutil.copytree(_packages_in_every_bundle(compiled), folder, dirs_exist_ok=True)
        copy_service_data(packages() / DATA, folder / DATA, operations, waiters)
        _write(folder, {name: path.read_text(encoding="utf-8") for name, path in sources.items()})
        _write(folder, generated)
        if compiled:
            _compile(folder / catalogue.PACKAGE.name, folder)

    return cached(CACHE / "bundle" / key, fill)


def _packages_in_every_bundle(compiled: bool) -> Path:
    """Return the folder with the packages' files that don't depend on the kinds, with or without bytecode."""
    key = content_hash({**BUILD_CODE, REQUIREMENTS.name: REQUIREMENTS}, THIS_PYTHON if compiled else None)

    def fill(folder: Path) -> None:
        shutil.copytree(packages(), folder, dirs_exist_ok=True, ignore=_excluded)
        if compiled:
            _compile(folder, folder)

    return cached(CACHE / "packages-in-bundles" / key, fill)


def _called(kinds: Iterable[Kind]) -> tuple[Names, Names]:
    """Return the operations that the functions call, and the waiters that they read, by service.

    Both are sorted, because the asset's hash depends on the order in which names are written to its files.
    """
    operations = {service: set(names) for service, names in OWN_OPERATIONS.items()}
    waiters = dict[str, set[str]]()
    for kind in kinds:
        operations.setdefault(kind.service, set()).add(kind.describe)
        if WAITER in kind.name:
            waiters.setdefault(kind.service, set()).add(kind.noun)
    return _sorted(operations), _sorted(waiters)


def _sorted(names: Mapping[str, set[str]]) -> Names:
    return {service: sorted(chosen) for service, chosen in sorted(names.items())}


def _sources(services: Iterable[str]) -> dict[str, Path]:
    """Return the functions' code and the services' catalogue files, by their names in the bundle."""
    code = {f"job_watcher/{path.name}": path for path in catalogue.PACKAGE.glob("*.py")}
    tables = (catalogue.FOLDER / f"{service}.toml" for service in services)
    return {**code, **{f"kinds/{path.name}": path for path in tables if path.is_file()}}


def _excluded(path: str, names: list[str]) -> set[str]:
    folder = Path(path).relative_to(packages())
    return {name for name in names if {name, str(folder / name)} & set(EXCLUDED) or name.endswith(".dist-info")}


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def _compile(part: Path, folder: Path) -> None:
    """Add bytecode to a part of the bundle in `folder`.

    Python checks it by hash. The CDK's zip dates every file 1980, so a check by time would fail.
    """
    compileall.compile_dir(
        part, quiet=1, workers=1, stripdir=str(folder), invalidation_mode=PycInvalidationMode.CHECKED_HASH
    )
