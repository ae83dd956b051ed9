"""Copy only the parts of botocore's data that the functions use.

Half of the time that botocore takes to make a client is for reading all its data.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

Names = Mapping[str, Collection[str]]
"""Names of operations or waiters by service."""
SHARED_FILES = ("partitions", "sdk-default-configuration", "_retry")


def copy_service_data(source: Path, target: Path, operations: Names, waiters: Names) -> None:
    """Copy botocore's data folder `source` to `target`, with only these operations and waiters."""
    loader = Loader(extra_search_paths=[str(source)], include_default_search_paths=False)
    for service, names in operations.items():
        _copy_service(loader, service, target, names, waiters.get(service, ()))
    prefixes = {loader.load_service_model(name, "service-2")["metadata"]["endpointPrefix"] for name in operations}
    _write(target / "endpoints.json", trimmed_endpoints(loader.load_data("endpoints"), prefixes))
    for name in SHARED_FILES:
        _write(target / f"{name}.json", loader.load_data(name))


def _copy_service(
    loader: Loader, service: str, target: Path, operations: Collection[str], waiters: Collection[str]
) -> None:
    folder = target / service / loader.determine_latest_version(service, "service-2")
    _write(folder / "service-2.json", trimmed_model(loader.load_service_model(service, "service-2"), operations))
    rules = loader.load_service_model(service, "endpoint-rule-set-1")
    _write(folder / "endpoint-rule-set-1.json", rules)
    if waiters:
        model = loader.load_service_model(service, "waiters-2")
        _write(folder / "waiters-2.json", trimmed_waiters(model, waiters))


def trimmed_model(model: Mapping[str, Any], operations: Collection[str]) -> dict[str, Any]:
    """Return a service model with these operations and the shapes that they use, without documentation."""
    kept = {name: model["operations"][name] for name in sorted(operations)}
    shapes: dict[str, Any] = {}
    names = list(_shape_names(kept))
    while names:
        name = names.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            names += _shape_names(shapes[name])
    others = {key: value for key, value in model.items() if key not in ("operations", "shapes", "documentation")}
    return {
        **others,
        "operations": _without_documentation(kept),
        "shapes": _without_documentation(dict(sorted(shapes.items()))),
    }


def trimmed_waiters(model: Mapping[str, Any], waiters: Collection[str]) -> dict[str, Any]:
    """Return a service's waiter model with these waiters."""
    return {**model, "waiters": {name: model["waiters"][name] for name in waiters}}


def trimmed_endpoints(endpoints: Mapping[str, Any], prefixes: Collection[str]) -> dict[str, Any]:
    """Return the content of endpoints.json with the services that have these endpoint prefixes."""
    partitions = [
        {**partition, "services": {name: data for name, data in partition["services"].items() if name in prefixes}}
        for partition in endpoints["partitions"]
    ]
    return {**endpoints, "partitions": partitions}


def _shape_names(value: Any) -> Iterator[str]:
    """Yield the names of the shapes that a part of a model refers to."""
    if isinstance(value, Mapping):
        if isinstance(value.get("shape"), str):
            yield value["shape"]
        for inner in value.values():
            yield from _shape_names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _shape_names(inner)


def _without_documentation(value: Any) -> Any:
    if isinstance(value, Mapping):
        members = value.items()
        return {k: _without_documentation(v) for k, v in members if not (k == "documentation" and isinstance(v, str))}
    return [_without_documentation(item) for item in value] if isinstance(value, list) else value


def _write(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, separators=(",", ":")), encoding="utf-8")
