"""botocore's data without what the functions never call: half of a client's creation is reading the rest."""

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from botocore.loaders import Loader


def trim(
    data: Path,
    folder: Path,
    operations: Mapping[str, Collection[str]],
    waiters: Mapping[str, Collection[str]],
) -> None:
    """Copy botocore's `data` to `folder`, but of each service only these operations and waiters, of others nothing."""
    loader = Loader(extra_search_paths=[str(data)], include_default_search_paths=False)
    for service, names in operations.items():
        version = loader.determine_latest_version(service, "service-2")
        kept = folder / service / version
        _write(kept / "service-2.json", model(loader.load_service_model(service, "service-2"), names))
        rules = loader.load_service_model(service, "endpoint-rule-set-1")
        _write(kept / "endpoint-rule-set-1.json", rules)
        if service in waiters:
            whole = loader.load_service_model(service, "waiters-2")
            chosen = {name: whole["waiters"][name] for name in waiters[service]}
            _write(kept / "waiters-2.json", {**whole, "waiters": chosen})
    prefixes = {loader.load_service_model(service, "service-2")["metadata"]["endpointPrefix"] for service in operations}
    _write(folder / "endpoints.json", endpoints(loader.load_data("endpoints"), prefixes))
    for name in ("partitions", "sdk-default-configuration", "_retry"):
        _write(folder / f"{name}.json", loader.load_data(name))


def model(whole: Mapping[str, Any], operations: Collection[str]) -> dict[str, Any]:
    """A service model with these operations, the shapes they reach, and no documentation."""
    kept = {name: whole["operations"][name] for name in sorted(operations)}
    shapes: dict[str, Any] = {}
    found = list(_references(kept))
    while found:
        name = found.pop()
        if name not in shapes:
            shapes[name] = whole["shapes"][name]
            found += _references(shapes[name])
    rest = {key: value for key, value in whole.items() if key not in ("operations", "shapes", "documentation")}
    return {**rest, "operations": _undocumented(kept), "shapes": _undocumented(dict(sorted(shapes.items())))}


def endpoints(whole: Mapping[str, Any], prefixes: Collection[str]) -> dict[str, Any]:
    """endpoints.json with these services alone, by their endpoint prefixes."""
    partitions = [
        {**partition, "services": {name: one for name, one in partition["services"].items() if name in prefixes}}
        for partition in whole["partitions"]
    ]
    return {**whole, "partitions": partitions}


def _references(value: Any) -> Iterator[str]:
    """The names of shapes that a part of a model refers to."""
    if isinstance(value, Mapping):
        if isinstance(value.get("shape"), str):
            yield value["shape"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _undocumented(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _undocumented(v) for k, v in value.items() if not (k == "documentation" and isinstance(v, str))}
    return [_undocumented(item) for item in value] if isinstance(value, list) else value


def _write(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, separators=(",", ":")))
