"""A deployment's own kinds: a folder of TOML files, held against botocore's models as ours are."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from job_watcher.catalogue import Kind

from .. import service_models
from ..suggestion import suggestion
from . import validate


def problems(folder: Path) -> list[str]:
    """Everything wrong with the files of the folder, a sentence each that names the file and the table."""
    files = sorted(folder.glob("*.toml"))
    if not files:
        what = "has no .toml file" if folder.is_dir() else "is no folder"
        return [f"{folder} {what}; accepted is a folder with files named after boto3's services, such as glue.toml."]
    return [problem for file in files for problem in _problems(file)]


def texts(folder: Path | None, kinds: Iterable[Kind]) -> dict[str, str]:
    """What the bundle holds of the folder: the texts of the files of these kinds' services, by their names there."""
    if folder is None:
        return {}
    files = (folder / f"{service}.toml" for service in sorted({kind.service for kind in kinds}))
    return {f"kinds/custom/{file.name}": file.read_text(encoding="utf-8") for file in files if file.is_file()}


def _problems(file: Path) -> Iterator[str]:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:  # tomllib's own, which says the line, or a text that is no UTF-8
        yield f"{file}: no TOML: {str(error)[:1].lower()}{str(error)[1:]}."
        return
    if service_models.service_model(file.stem) is None:
        yield f"{file}: {file.stem} is no service of boto3's; {_suggestion(file.stem)}"
        return
    for noun, table in tables.items():
        if not isinstance(table, dict):
            yield f"{file}: {noun} stands outside any table; accepted are tables such as [JobRun]."
        elif not re.fullmatch(r"[A-Za-z0-9]+", noun):
            yield f"{file} [{noun}]: a kind's name is of letters and digits, such as JobRun."
        else:
            yield from (f"{file} [{noun}]: {problem}" for problem in validate.problems(f"{file.stem}/{noun}", table))


def _suggestion(service: str) -> str:
    services = service_models.session().get_available_services()
    return suggestion(service, services, "accepted are boto3's names, such as glue or voice-id.", like="{}.toml")
