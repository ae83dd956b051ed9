"""`python -m infra.sbom FILE` writes the bill of materials of the Lambda bundle, in CycloneDX's JSON format."""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, License
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from job_watcher import __version__

from .bundle.packages import REQUIREMENTS, packages

PROJECT = "aws-job-watcher"
VERSION = SchemaVersion.V1_6


def main() -> None:
    """Write the file that the only argument names. Its folder is created if it doesn't exist."""
    path = Path(sys.argv[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(make_outputter(bill_of_materials(), OutputFormat.JSON, VERSION).output_as_string(indent=2) + "\n")


def bill_of_materials() -> Bom:
    """Return the project and the packages in the bundle: versions, licences, hashes, and what requires what."""
    installed = {canonicalize_name(one.metadata["Name"]): one for one in distributions(path=[str(packages())])}
    hashes = dict(_locked_hashes(REQUIREMENTS.read_text(encoding="utf-8")))
    components = {name: _component(name, one, hashes[name]) for name, one in sorted(installed.items())}
    bom = Bom(components=components.values())
    bom.metadata.component = project = _project()
    imported = REQUIREMENTS.with_suffix(".in").read_text(encoding="utf-8").splitlines()
    bom.register_dependency(project, _required(components, (line for line in imported if not line.startswith("#"))))
    for name, component in components.items():
        bom.register_dependency(component, _required(components, installed[name].requires or ()))
    return bom


def _project() -> Component:
    return Component(
        name=PROJECT,
        version=__version__,
        type=ComponentType.APPLICATION,
        bom_ref=PROJECT,
        purl=PackageURL("pypi", name=PROJECT, version=__version__),
        licenses=[LicenseFactory().make_with_id("Apache-2.0")],
    )


def _component(name: str, distribution: Distribution, hashes: Iterable[str]) -> Component:
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(f"pkg:pypi/{name}@{distribution.version}"),
        comment="the wheel and the sdist",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=value) for value in hashes],
    )
    return Component(
        name=name,
        version=distribution.version,
        type=ComponentType.LIBRARY,
        bom_ref=name,
        purl=PackageURL("pypi", name=name, version=distribution.version),
        licenses=_licenses(distribution),
        external_references=[files],
    )


def _licenses(distribution: Distribution) -> list[License]:
    """Return the licence as an SPDX id or expression if the metadata has one; otherwise the classifiers' names."""
    metadata = distribution.metadata
    factory = LicenseFactory()
    declared = factory.make_from_string(metadata["License-Expression"] or metadata["License"] or "unknown")
    if not isinstance(declared, DisjunctiveLicense) or declared.id:
        return [declared]
    classifiers = metadata.get_all("Classifier") or []
    names = [text.rpartition(" :: ")[2] for text in classifiers if text.startswith("License ::")]
    return [factory.make_with_name(name) for name in names] or [declared]


def _locked_hashes(text: str) -> Iterator[tuple[NormalizedName, list[str]]]:
    """Yield each package's name and the hashes of its files."""
    for name, hashes in re.findall(r"^([\w.-]+)==\S+((?: \\\n +--hash=\S+)+)", text, flags=re.MULTILINE):
        yield canonicalize_name(name), re.findall(r"sha256:(\w+)", hashes)


def _required(components: Mapping[NormalizedName, Component], requirements: Iterable[str]) -> list[Component]:
    """Return the components that are required, without those of optional extras."""
    needed = [one for one in map(Requirement, requirements) if not one.marker or one.marker.evaluate({"extra": ""})]
    return [components[canonicalize_name(one.name)] for one in needed]


if __name__ == "__main__":
    main()
