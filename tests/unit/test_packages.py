"""The bundle has exactly the packages in lambda/requirements.txt, which are those that lambda/requirements.in needs."""

import re
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.bundle import packages as bundle_packages
from infra.bundle.packages import REQUIREMENTS, packages
from tests.unit.lock import CHOSEN, LOCK, pins


def installed() -> dict[str, Distribution]:
    return {canonicalize_name(package.metadata["Name"]): package for package in distributions(path=[str(packages())])}


def required(names: set[str]) -> set[str]:
    """Return these packages and their dependencies, according to the packages' metadata."""
    found: set[str] = set()
    queue = list(names)
    while queue:
        name = queue.pop()
        if name not in found:
            found.add(name)
            queue += [canonicalize_name(need.name) for need in requirements(name)]
    return found


def requirements(name: str) -> list[Requirement]:
    needs = [Requirement(text) for text in installed()[name].requires or ()]
    return [need for need in needs if not need.marker or need.marker.evaluate({"extra": ""})]


def test_each_chosen_package_is_locked_in_the_chosen_version() -> None:
    assert REQUIREMENTS.read_text() == LOCK
    assert len(pins(CHOSEN)) == len([line for line in CHOSEN.splitlines() if not line.startswith("#")])
    assert pins(CHOSEN).items() <= pins(LOCK).items()


def test_the_locked_packages_are_the_chosen_ones_and_their_dependencies() -> None:
    assert set(pins(LOCK)) == required(set(pins(CHOSEN)))
    for name in pins(LOCK):
        for need in requirements(name):
            assert need.specifier.contains(pins(LOCK)[canonicalize_name(need.name)]), (name, need)


def test_each_locked_package_has_a_version_and_hashes_but_no_index() -> None:
    entries = re.split(r"\n(?=[a-z])", re.sub(r"^ *#.*\n", "", LOCK, flags=re.MULTILINE).strip())
    assert len(entries) == len(pins(LOCK))
    for entry in entries:
        assert re.fullmatch(r"[a-z0-9-]+==[\w.]+( \\\n    --hash=sha256:[0-9a-f]{64})+", entry), entry
    assert "//" not in LOCK and "--index" not in LOCK and "--find-links" not in LOCK


def test_the_bundle_has_exactly_the_locked_versions() -> None:
    assert {name: one.version for name, one in installed().items()} == pins(LOCK)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("", "Hashes are required in --require-hashes mode"),
        (f" --hash=sha256:{'0' * 64}", "DO NOT MATCH THE HASHES"),
    ],
)
def test_a_package_without_a_hash_or_with_another_hash_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str, message: str
) -> None:
    lock, wheel = tmp_path / "requirements.txt", tmp_path / "six-1.17.0-py3-none-any.whl"
    wheel.write_bytes(b"not the wheel of the index")
    lock.write_text(f"six @ {wheel.as_uri()}{options}\n")
    monkeypatch.setattr(bundle_packages, "REQUIREMENTS", lock)
    monkeypatch.setattr(bundle_packages, "CACHE", tmp_path / "cache")
    with pytest.raises(RuntimeError, match=f"could not install (.|\n)*{message}"):
        packages()
    assert list((tmp_path / "cache" / "packages").iterdir()) == []
