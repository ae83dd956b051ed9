"""The kinds of the setting custom-kinds-dir: a directory of TOML files, validated like the project's own catalogue."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from job_watcher.catalogue import Kind

from .. import service_models
from ..suggestion import suggestion
from . import validate


def problems(folder: Path) -> list[str]:
    """Return a sentence for each problem of the directory's files. Each names the file and, if possible, the table."""
    files = sorted(folder.glob("*.toml"))
    if not files:
        what = "contains no .toml file" if folder.is_dir() else "is not a directory"
        accepted = "accepted is a directory with files named after boto3's services, such as glue.toml."
        return [f"{folder} {what}; {accepted}"]
    return [problem for file in files for problem in _file_problems(file)]


def texts(folder: Path | None, kinds: Iterable[Kind]) -> dict[str, str]:
    """Return the texts of the directory's files for these kinds' services, by the files' paths in the bundle."""
    if folder is None:
        return {}
    files = (folder / f"{service}.toml" for service in sorted({kind.service for kind in kinds}))
    return {f"kinds/custom/{file.name}": file.read_text(encoding="utf-8") for file in files if file.is_file()}


def _file_problems(file: Path) -> Iterator[str]:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:  # from tomllib, with the line's number; or from decoding UTF-8
        yield f"{file} is not valid TOML: {str(error)[:1].lower()}{str(error)[1:]}."
        return
    if service_models.service_model(file.stem) is None:
        yield f"{file}: {file.stem!r} is not a boto3 service; {_closest_service(file.stem)}"
        return
    yield from _table_problems(file, tables)


def _table_problems(file: Path, tables: Mapping[str, Any]) -> Iterator[str]:
    for noun, table in tables.items():
        if not isinstance(table, dict):
            yield f"{file}: {noun!r} is outside of a table; accepted are keys in tables such as [JobRun]."
        elif not re.fullmatch(r"[A-Za-z0-9]+", noun):
            yield f"{file} [{noun}]: a kind's name can contain only letters and digits, such as JobRun."
        else:
            yield from (f"{file} [{noun}]: {problem}" for problem in validate.problems(f"{file.stem}/{noun}", table))


def _closest_service(name: str) -> str:
    services = service_models.session().get_available_services()
    return suggestion(name, services, "accepted are boto3's names, such as glue or voice-id.", like="{}.toml")
