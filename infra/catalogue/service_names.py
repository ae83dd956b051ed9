"""Product names of services: those in botocore's models, with the corrections in service_names.toml."""

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from job_watcher.catalogue import Kind

from ..service_models import full_name

AnyKind = TypeVar("AnyKind", bound=Kind)
CORRECTIONS: Mapping[str, str] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def product_name(service: str) -> str:
    """Return the product name of a service that boto3 calls `service`, such as `AWS Glue` for `glue`."""
    return CORRECTIONS.get(service) or full_name(service) or service


def short_name(service: str) -> str:
    """Return the product name without `Amazon` or `AWS` in front of it."""
    return product_name(service).removeprefix("Amazon ").removeprefix("AWS ")


def by_service(kinds: Iterable[AnyKind]) -> Mapping[str, Sequence[AnyKind]]:
    """Return the kinds of each service; the services are in the alphabetical order of their short product names."""
    services: dict[str, list[AnyKind]] = defaultdict(list)
    for kind in kinds:
        services[kind.service].append(kind)
    return {service: services[service] for service in sorted(services, key=lambda name: short_name(name).casefold())}
