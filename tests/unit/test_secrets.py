"""Reported jobs contain no plaintext credentials: members that may be credentials are omitted or accepted."""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache, reduce
from typing import Any

import pytest

from infra.catalogue.sample_answer import Leaf, sample
from infra.service_models import service_model
from job_watcher import catalogue, expressions
from tests.each_kind import each_kind

KINDS = catalogue.kinds()
CREDENTIAL = re.compile(
    r".*env(ironment)?(var(iable)?s?|overrides?)?|userdata.*|scriptbody|customheaders|headervalue"
    r"|.*(password|credentials?|secret(value|string)?)|activationcode|licen[cs]e"
    r"|.*(access|api|auth|jwt|licen[cs]e|private|secret|shared)key|statickeyvalue|connectionstring"
    r"|.*(?<!next)(?<!client)(?<!creation)(?<!idempotency)(?<!request)token(value)?|.*(signed|upload|download)ur[il]",
    re.IGNORECASE,
)
RESULT = "a link to the job's result; presigned links expire soon"
REFERENCE = "the name or ARN of a secret in Secrets Manager, not its value"
MASKED = "the service masks the password; the member only shows that it is about to change"
ACCEPTED = {
    ("amplifyuibuilder/CodegenJob", "asset.downloadUrl"): RESULT,
    ("bedrock-agent/KnowledgeBase", "*.pineconeConfiguration.connectionString"): "an endpoint's URL; its key is an ARN",
    ("codebuild/Build*", "environment.registryCredential.credential"): REFERENCE,
    ("dataexchange/Job", "Details.ExportAssetToSignedUrl.SignedUrl"): RESULT,
    ("datazone/NotebookExport", "outputLocation.s3.uri"): "a location in S3 that requires permissions",
    ("devicefarm/*", "insights.*DetailsUrl"): RESULT,
    ("discovery/ExportTask", "configurationsDownloadUrl"): RESULT,
    ("evs/Environment", "credentials"): REFERENCE,
    ("firehose/DeliveryStream", "Destinations.Snowflake*.AccountUrl"): "the URL of an account; its key is not returned",
    ("fsx/*", "*FsxAdminPassword"): "always redacted in the response",
    ("fsx/*", "*.DomainJoinServiceAccountSecret"): REFERENCE,
    ("kinesisanalyticsv2/Application", "ConditionalToken"): "guards against concurrent updates",
    ("lexv2-models/TestSetDiscrepancyReport", "testSetDiscrepancyRawOutputUrl"): RESULT,
    ("mediaconvert/Job", "*.CertificateSecret"): REFERENCE,
    ("qconnect/ImportJob", "failedRecordReport"): RESULT,
    ("quicksight/AssetBundleExportJob", "DownloadUrl"): RESULT,
    ("rds/DB*", "PendingModifiedValues.MasterUserPassword"): MASKED,
    ("redshift/Cluster", "PendingModifiedValues.MasterUserPassword"): MASKED,
    ("servicecatalog/PortfolioShare", "PortfolioShareToken"): "the share operation's identifier",
    ("sesv2/*portJob", "*S3Url"): RESULT,
    ("snowball/Job", "JobLogInfo.*URI"): RESULT,
}


@each_kind(KINDS)
def test_members_that_may_be_credentials_are_omitted_or_accepted_for_a_reason(name: str) -> None:
    assert [path for path in credentials(name) if not any(accepts(entry, name, path) for entry in ACCEPTED)] == []


@pytest.mark.parametrize("entry", ACCEPTED, ids=" ".join)
def test_every_accepted_member_exists(entry: tuple[str, str]) -> None:
    assert any(accepts(entry, name, path) for name in KINDS for path in credentials(name))


def accepts(entry: tuple[str, str], name: str, path: str) -> bool:
    return fnmatchcase(name, entry[0]) and fnmatchcase(path, entry[1])


@cache
def credentials(name: str) -> Sequence[str]:
    """Return the paths of the reported job's members that may be plaintext credentials by their name or model."""
    kind = KINDS[name]
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
    """Return whether a member may be a credential: by its name, or because it is a presigned or sensitive link."""
    name = path.rpartition(".")[2]
    if isinstance(value, Leaf):
        shape = value.shape
        link = any(word.lower().endswith(("url", "uri")) for word in (name, shape.name))
        presigned = re.search("pre-?signed", shape.documentation, re.IGNORECASE)
        protected = presigned or (link and shape.metadata.get("sensitive"))
        return not shape.metadata.get("enum") and bool(protected or CREDENTIAL.fullmatch(name))
    maps = [inner for inner in ([value, *value.values()] if isinstance(value, dict) else []) if is_map(inner)]
    return bool(maps or isinstance(value, list | bytes)) and bool(CREDENTIAL.fullmatch(name))


def is_map(value: Any) -> bool:
    """Return whether a sample value is a map. A structure has other member names."""
    return isinstance(value, dict) and set(value) == {"key"}
