"""The bundle works like botocore itself, contains only what the functions use, and depends only on its inputs."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, Shape, StructureShape
from packaging.requirements import Requirement

from infra.bundle.build import THIS_PYTHON, bundle
from infra.bundle.cache import CACHE, cache_folder, content_hash
from infra.bundle.packages import packages
from infra.bundle.trimming import copy_service_data
from infra.trigger_rules import index
from job_watcher import catalogue, waiters
from tests.bench.start import zipped
from tests.settings import from_context

ROOT = Path(__file__).parents[2]
BOTOCORE_DATA = Path(botocore.session.__file__).parent / "data"
CALLS = {
    "voice-id": ["DescribeFraudsterRegistrationJob", "DescribeSpeakerEnrollmentJob"],
    "stepfunctions": ["DescribeExecution", "StartExecution"],
    "s3control": ["DescribeJob"],
    "iam": ["GetServiceLinkedRoleDeletionStatus"],
    "route53": ["GetChange"],
    "ec2": ["DescribeImages"],
}

FUNCTION_ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-west-2",
    "WATCH_ARN": "arn",
    "NOTIFY_ARN": "arn",
    "POLL_QUEUE_URL": "https://sqs.eu-west-2.amazonaws.com/1/Poll",
    "POWERTOOLS_METRICS_NAMESPACE": "JobWatcher",
    "POWERTOOLS_SERVICE_NAME": "job-watcher",
}
CHECKOUT_ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "lambda")))}


@pytest.fixture(scope="module")
def trimmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    copy_service_data(BOTOCORE_DATA, folder, CALLS, {})
    return folder


@pytest.mark.parametrize("service", CALLS)
def test_a_trimmed_service_has_the_same_endpoint_and_signature_in_every_partition(trimmed: Path, service: str) -> None:
    session, original = _session(trimmed), _session(BOTOCORE_DATA)
    partitions = original.get_available_partitions()
    regions = {original.get_available_regions("ec2", name)[0] for name in partitions} | {"us-east-1", "aws-global"}
    assert len(regions) > len(partitions) >= 5
    for region in sorted(regions):
        assert _endpoint(session, service, region) == _endpoint(original, service, region)


@pytest.mark.parametrize(("service", "operation"), [(s, o) for s, operations in CALLS.items() for o in operations])
def test_a_trimmed_operation_has_the_same_shapes(trimmed: Path, service: str, operation: str) -> None:
    small, original = (
        _session(data).get_service_model(service).operation_model(operation) for data in (trimmed, BOTOCORE_DATA)
    )
    assert _outline(small.input_shape) == _outline(original.input_shape)
    assert _outline(small.output_shape) == _outline(original.output_shape)
    assert [_outline(shape) for shape in small.error_shapes] == [_outline(shape) for shape in original.error_shapes]
    assert small.http == original.http


def test_the_bundle_works_without_any_other_package() -> None:
    folder = bundle(catalogue.kinds(["voice-id/*"]).values(), files("voice-id/*"), THIS_PYTHON)
    code = f"""
import sys; sys.path = [path for path in sys.path if 'site-packages' not in path]; sys.path.insert(0, {str(folder)!r})
from job_watcher.handlers import describe, start
import job_watcher.aws_call, job_watcher.start, gc
assert describe is job_watcher.describe.handler and start is job_watcher.start.handler and gc.isenabled()
print(job_watcher.aws_call.client('voice-id').meta.endpoint_url, job_watcher.start.step_functions().meta.region_name)
"""
    environment = {**FUNCTION_ENVIRONMENT, "LAMBDA_TASK_ROOT": str(folder)}
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["https://voiceid.eu-west-2.amazonaws.com", "eu-west-2"], done.stderr


def test_with_all_kinds_enabled_a_poll_reads_only_its_own_services_files() -> None:
    kinds = [*catalogue.kinds().values(), *waiters.kinds().values()]
    folder = bundle(kinds, files("*", "*/waiter/*"), THIS_PYTHON)
    code = f"""
import os, sys
sys.path = [{str(folder)!r}, *(path for path in sys.path if 'site-packages' not in path)]
read = []
sys.addaudithook(lambda event, args: event == 'open' and read.append(str(args[0])))
import job_watcher.aws_call as aws_call, job_watcher.describe as describe, job_watcher.watched_kinds as watched_kinds
for name in ('glue/JobRun', 'rds/waiter/DBSnapshotCompleted'):
    aws_call.operation(watched_kinds.find_watched_kind(name, describe.KINDS))
print(*(os.path.relpath(one, {str(folder)!r}) for one in read if one.endswith(('.toml', '.json'))), sep='\\n')
"""
    environment = {**FUNCTION_ENVIRONMENT, "LAMBDA_TASK_ROOT": str(folder)}
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    services = {Path(line).parts[2] for line in done.stdout.splitlines() if line.startswith("botocore/data/")}
    assert {service for service in services if not service.endswith(".json")} == {"glue", "rds"}, done.stderr
    tables = {line for line in done.stdout.splitlines() if line.endswith(".toml")}
    assert tables == {"kinds/glue.toml", "kinds/rds.toml"}


def test_the_bundles_are_smaller_than_5_and_8_mb() -> None:
    assert zipped(bundle(catalogue.kinds(["voice-id/*"]).values(), {}, THIS_PYTHON)) < 5
    everything = [*catalogue.kinds().values(), *waiters.kinds().values()]
    assert zipped(bundle(everything, files("*", "*/waiter/*"), THIS_PYTHON)) < 8


def test_the_bundle_contains_only_the_enabled_waiters() -> None:
    folder = bundle(waiters.kinds(["rds/waiter/DBSnapshotC*"]).values(), {}, THIS_PYTHON)
    code = f"""
import sys; sys.path = [path for path in sys.path if 'site-packages' not in path]; sys.path.insert(0, {str(folder)!r})
from job_watcher import waiters
print(*waiters.kinds(), waiters.load('rds')['rds/waiter/DBSnapshotCompleted'].request[0])
"""
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["rds/waiter/DBSnapshotCompleted", "DBInstanceIdentifier"], done.stderr


def test_the_same_kinds_result_in_the_same_bundle_and_other_kinds_in_another() -> None:
    both, one = catalogue.kinds(["voice-id/*"]).values(), catalogue.kinds(["voice-id/S*"]).values()
    made = bundle(both, {}, THIS_PYTHON)
    assert bundle(both, {}, THIS_PYTHON) == made
    assert bundle(one, {}, THIS_PYTHON) != made
    assert bundle(both, {"settings.json": "{}"}, THIS_PYTHON) != made


def test_the_cache_is_in_the_checkout_or_if_installed_in_the_users_cache_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/home/me"))
    assert cache_folder({"XDG_CACHE_HOME": str(tmp_path)}) == CACHE == ROOT / ".cache"
    installed = catalogue.PACKAGE / "kinds"
    assert cache_folder({"XDG_CACHE_HOME": str(tmp_path)}, installed) == tmp_path / "aws-job-watcher"
    for unusable in (
        {},
        {"XDG_CACHE_HOME": ""},
        {"XDG_CACHE_HOME": "relative"},
    ):  # the XDG specification ignores relative paths
        assert cache_folder(unusable, installed) == Path("/home/me/.cache/aws-job-watcher")


def test_a_hash_depends_on_names_contents_and_options_but_not_on_the_location_of_the_files(tmp_path: Path) -> None:
    texts = {"here": "a", "there": "a", "changed": "b"}
    here, there, changed = (tmp_path / name for name in texts)
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    same = content_hash({"name": here}, {"option": 1})
    assert content_hash({"name": there}, {"option": 1}) == same
    assert same not in {
        content_hash({"other": here}, {"option": 1}),
        content_hash({"name": changed}, {"option": 1}),
        content_hash({"name": here}, {"option": 2}),
    }


def test_the_package_exports_the_construct_but_imports_the_cdk_only_when_it_is_used() -> None:
    code = "import sys, infra; assert 'aws_cdk' not in sys.modules; from infra import JobWatcher, InvalidSetting"
    done = subprocess.run(
        [sys.executable, "-c", code], env=CHECKOUT_ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_python_checks_the_bytecode_by_hash_and_not_by_time() -> None:
    folder = bundle(catalogue.kinds(["voice-id/*"]).values(), {}, THIS_PYTHON)
    compiled = [path for path in folder.rglob("*.py") if path.stat().st_size]
    assert len(compiled) > 300
    for source in compiled:
        flags = Path(importlib.util.cache_from_source(str(source))).read_bytes()[4:8]
        assert flags == b"\x03\0\0\0", source  # PEP 552: hash-based, and checked


def test_a_bundle_for_another_runtime_has_no_bytecode_and_prints_a_notice(capsys: pytest.CaptureFixture[str]) -> None:
    folder = bundle(catalogue.kinds(["voice-id/*"]).values(), {}, "python3.99")
    assert (
        capsys.readouterr().err == f"No bytecode in the bundle: this is {THIS_PYTHON}, and the runtime is python3.99.\n"
    )
    assert list(folder.rglob("*.py")) and not list(folder.rglob("*.pyc"))


def test_a_bundle_for_this_runtime_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    bundle(catalogue.kinds(["voice-id/*"]).values(), {}, THIS_PYTHON)
    assert capsys.readouterr() == ("", "")


def test_the_packages_are_the_same_for_every_runtime_and_processor() -> None:
    names = [file.parent.name for file in packages().glob("*.dist-info/WHEEL")]
    assert len(names) >= 5
    for one in distributions(path=[str(packages())]):
        wheel, name = one.read_text("WHEEL") or "", one.metadata["Name"]
        assert "Root-Is-Purelib: true" in wheel and re.search(r"^Tag: py\d-none-any$", wheel, re.MULTILINE), name
        # pip evaluates markers for the Python that runs it
        needed = [Requirement(text) for text in one.requires or ()]
        assert not [need for need in needed if need.marker and "extra" not in str(need.marker)], name
    assert not [*packages().rglob("*.so"), *packages().rglob("*.dylib")]


def files(*patterns: str) -> dict[str, str]:
    """Return the files that the construct adds to a bundle for these kinds."""
    chosen = from_context({"kinds": list(patterns)})
    return {"settings.json": chosen.function_settings(), "triggers.json": json.dumps(index(chosen.kinds.values()))}


def _session(data: Path) -> botocore.session.Session:
    session = botocore.session.Session()
    session.register_component("data_loader", Loader([str(data)], include_default_search_paths=False))
    return session


def _endpoint(session: botocore.session.Session, service: str, region: str) -> tuple[Any, ...]:
    client: Any = session.create_client(service, region, aws_access_key_id="a", aws_secret_access_key="b")
    meta, signer = client.meta, client._request_signer
    return (
        meta.endpoint_url,
        signer.signing_name,
        signer.region_name,
        meta.config.signature_version,
    )


def _outline(shape: Shape | None, above: tuple[str, ...] = ()) -> Any:
    """Return everything in a shape except its documentation."""
    if shape is None or shape.name in above:
        return shape and shape.name
    inside = (*above, shape.name)
    own = shape.name, shape.type_name, shape.metadata, shape.serialization
    if isinstance(shape, StructureShape):
        return *own, {name: _outline(member, inside) for name, member in shape.members.items()}
    if isinstance(shape, ListShape):
        return *own, _outline(shape.member, inside)
    if isinstance(shape, MapShape):
        return *own, _outline(shape.key, inside), _outline(shape.value, inside)
    return own
