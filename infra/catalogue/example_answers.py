"""Read the example answers that the AWS CLI and botocore ship, for the describe calls of the catalogue."""

import json
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from botocore import xform_name
from botocore.exceptions import DataNotFoundError

from job_watcher.catalogue import Kind

from ..service_models import session

# Services whose names in the AWS CLI differ from boto3's:
# https://github.com/aws/aws-cli/blob/develop/awscli/customizations/codedeploy/codedeploy.py and configservice/
FOLDERS = {"codedeploy": "deploy", "config": "configservice"}
MAX_MISSING_COMMAS = 25  # in one example
# Patterns of mistakes, and what replaces them.
CORRECTIONS = (
    (r": *\.\.\.[^\"\n]*$", ": null,"),  # "Settings": ...output omitted...
    (r",?\s*\.\.\.[^\"\n]*$", ""),
    (r"\\\[", "["),
    (r",(\s*[}\]])", r"\1"),
)


class Example(NamedTuple):
    """An answer, and the name of the file that contains it."""

    source: str
    answer: Mapping[str, Any]


def answers(kinds: Iterable[Kind]) -> Iterator[tuple[Kind, Example]]:
    """Yield every example answer of each kind's describe call, in the order of the kinds."""
    for kind in kinds:
        yield from ((kind, example) for example in (*_of_cli(kind), *_of_botocore(kind)))


def _of_cli(kind: Kind) -> Iterator[Example]:
    """Yield the indented blocks of JSON in the CLI's page about the call. Times in them are strings or numbers."""
    service = FOLDERS.get(kind.service, kind.service)
    page = _pages() / service / f"{xform_name(kind.describe, '-')}.rst"
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    for block in re.findall(r"(?:^[ \t]*\n|^[ \t]+.*\n?)+", text, re.MULTILINE):
        answer = parse(textwrap.dedent(block).strip())
        if answer is not None:
            yield Example(f"{service}/{page.name}", answer)


def _pages() -> Path:
    """Return the folder of the AWS CLI's examples. Raise FileNotFoundError if the AWS CLI isn't installed."""
    pattern = "aws-cli/lib/python3*/site-packages/awscli/examples"
    found = next(Path(sys.prefix).glob(pattern), None)
    if found is None:
        raise FileNotFoundError(f"{sys.prefix} contains no {pattern}. Run `make install`.")
    return found


def _of_botocore(kind: Kind) -> Iterator[Example]:
    try:
        examples = session().get_component("data_loader").load_service_model(kind.service, "examples-1")["examples"]
    except DataNotFoundError:
        return
    for example in examples.get(kind.describe, ()):
        if "output" in example:
            yield Example(f"{kind.service}/examples-1.json", example["output"])


def parse(block: str) -> Mapping[str, Any] | None:
    """Return the object in a block of handwritten JSON; None for other text, and if braces or quotes are wrong.

    Ellipses, strings with line breaks, and missing or superfluous commas are corrected.
    """
    if not block.startswith("{"):
        return None
    for mistake, correction in CORRECTIONS:
        block = re.sub(mistake, correction, block, flags=re.MULTILINE)
    for _ in range(MAX_MISSING_COMMAS):
        try:
            found: Mapping[str, Any] = json.loads(block, strict=False)
        except json.JSONDecodeError as error:
            if error.msg != "Expecting ',' delimiter":
                return None
            block = f"{block[: error.pos]},{block[error.pos :]}"
        else:
            return found
    return None
