"""What is reported of a job holds no plain credential: what may be one is left out, or here is why it is none."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import reduce
from typing import Any

import pytest

from infra.catalogue.sample_answer import Leaf, sample
from infra.service_models import service_model
from job_watcher import catalogue, expressions
from job_watcher.catalogue import Kind

KINDS = catalogue.kinds()
CREDENTIAL = re.compile(
    r".*env(ironment)?(var(iable)?s?|overrides?)?|userdata.*|scriptbody|customheaders|headervalue"
    r"|.*(password|credentials?|secret(value|string)?)|activationcode|licen[cs]e"
    r"|.*(access|api|auth|jwt|licen[cs]e|private|secret|shared)key|statickeyvalue|connectionstring"
    r"|.*(?<!next)(?<!client)(?<!creation)(?<!idempotency)(?<!request)token(value)?|.*(signed|upload|download)ur[il]",
    re.IGNORECASE,
)
RESULT = "a link to the job's result, which is what one waits for; if presigned, short-lived"
REFERENCE = "the name or the ARN of a secret of Secrets Manager's, not its value"
NEVER = "the service never returns the password: masked, it says that one is about to change"
ACCEPTED = {
    ("amplifyuibuilder/CodegenJob", "asset.downloadUrl"): RESULT,
    ("bedrock-agent/KnowledgeBase", "*.pineconeConfiguration.connectionString"): "an endpoint's URL; its key is an ARN",
    ("codebuild/Build*", "environment.registryCredential.credential"): REFERENCE,
    ("dataexchange/Job", "Details.ExportAssetToSignedUrl.SignedUrl"): RESULT,
    ("datazone/NotebookExport", "outputLocation.s3.uri"): "a place in S3, which takes permissions to read",
    ("devicefarm/*", "insights.*DetailsUrl"): RESULT,
    ("discovery/ExportTask", "configurationsDownloadUrl"): RESULT,
    ("evs/Environment", "credentials"): REFERENCE,
    ("firehose/DeliveryStream", "Destinations.Snowflake*.AccountUrl"): "an account's address; its key is not returned",
    ("fsx/*", "*FsxAdminPassword"): "always redacted in the response",
    ("fsx/*", "*.DomainJoinServiceAccountSecret"): REFERENCE,
    ("kinesisanalyticsv2/Application", "ConditionalToken"): "guards against concurrent updates",
    ("lexv2-models/TestSetDiscrepancyReport", "testSetDiscrepancyRawOutputUrl"): RESULT,
    ("mediaconvert/Job", "*.CertificateSecret"): REFERENCE,
    ("qconnect/ImportJob", "failedRecordReport"): RESULT,
    ("quicksight/AssetBundleExportJob", "DownloadUrl"): RESULT,
    ("rds/DB*", "PendingModifiedValues.MasterUserPassword"): NEVER,
    ("redshift/Cluster", "PendingModifiedValues.MasterUserPassword"): NEVER,
    ("servicecatalog/PortfolioShare", "PortfolioShareToken"): "the share operation's identifier",
    ("sesv2/*portJob", "*S3Url"): RESULT,
    ("snowball/Job", "JobLogInfo.*URI"): RESULT,
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_may_be_a_credential_is_left_out_or_accepted_with_a_reason(kind: Kind) -> None:
    assert [path for path in credentials(kind) if not any(accepts(entry, kind, path) for entry in ACCEPTED)] == []


@pytest.mark.parametrize("entry", ACCEPTED, ids=" ".join)
def test_what_is_accepted_is_there(entry: tuple[str, str]) -> None:
    assert any(accepts(entry, kind, path) for kind in KINDS.values() for path in credentials(kind))


def accepts(entry: tuple[str, str], kind: Kind, path: str) -> bool:
    return fnmatchcase(kind.name, entry[0]) and fnmatchcase(path, entry[1])


def credentials(kind: Kind) -> list[str]:
    """The paths of those members of the reported job that by their name or the model may be plain credentials."""
    model = service_model(kind.service)
    assert model is not None
    job = expressions.search(kind.job, sample(model.operation_model(kind.describe).output_shape))
    return [path for path, value in members(reduce(expressions.without, kind.omit, job)) if is_credential(path, value)]


def members(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from members(item, path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield path + name, inner
            yield from members(inner, f"{path}{name}.")


def is_credential(path: str, value: Any) -> bool:
    """Texts, bytes, lists, maps and structures of maps may be, by their name; links that are presigned or sensitive."""
    name = path.rpartition(".")[2]
    if isinstance(value, Leaf):
        shape = value.shape
        link = any(word.lower().endswith(("url", "uri")) for word in (name, shape.name))
        presigned = re.search("pre-?signed", shape.documentation, re.IGNORECASE)
        told = presigned or (link and shape.metadata.get("sensitive"))
        return not shape.metadata.get("enum") and bool(told or CREDENTIAL.fullmatch(name))
    maps = [inner for inner in ([value, *value.values()] if isinstance(value, dict) else []) if is_map(inner)]
    return bool(maps or isinstance(value, list | bytes)) and bool(CREDENTIAL.fullmatch(name))


def is_map(value: Any) -> bool:
    """As opposed to a structure, whose members have names of their own."""
    return isinstance(value, dict) and set(value) == {"key"}
