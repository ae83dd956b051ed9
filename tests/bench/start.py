"""Measure cold starts in new processes: import the handler, create the client, and make the first call over TLS."""

# ruff: noqa: RUF001 (the multiplication sign is meant)

import json
import os
import random
import subprocess
import sys
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from infra.bundle.build import THIS_PYTHON, bundle
from infra.trigger_rules import index
from tests.settings import from_context

from . import baselines
from .report import Goal, Part, Table
from .server import JOB, serve

RUNS = 41
CHILD = Path(__file__).parent / "handlers" / "first_call.py"
REQUEST = {member: JOB[member] for member in ("DomainId", "JobId")}
STATE = {"polls": 0, "waited": 0, "outcome": "running"}
WATCH = "arn:aws:states:us-east-1:123456789012:execution:Watch:x"
EVENT = {
    "input": {"kind": "voice-id/SpeakerEnrollmentJob", "request": REQUEST},
    "watch": WATCH,
    "state": STATE,
    "request": REQUEST,  # for the other handlers
}
JOB_WATCHER = "**Job Watcher**"
BOTO3, BOTO3_INVALID = "boto3 and Powertools, valid bytecode", "boto3 and Powertools, invalid bytecode"
STANDARD_LIBRARY = "standard library only"


@dataclass(frozen=True)
class Handler:
    """A handler to measure: the folder that is its sys.path entry, its module, and its name there."""

    name: str
    folder: Path
    module: str
    function: str = "handler"


@dataclass(frozen=True)
class ColdStart:
    """Milliseconds of the import and of the first call, and the peak memory in MB."""

    imports: float
    call: float
    memory: float

    @property
    def total(self) -> float:
        """Return the milliseconds of the import and of the first call together."""
        return self.imports + self.call


def run() -> Part:
    """Measure all handlers in interleaved runs, and return the medians."""
    load = os.getloadavg()[0]
    handlers = [job_watcher(), *other_handlers()]
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as (url, ca_bundle):
        environment = lambda_environment(url, ca_bundle, handlers[0].folder)
        measured = {handler.name: medians(runs) for handler, runs in measure(handlers, environment).items()}
        imports = import_times(handlers[0], environment)
    part = Part("start", "Cold start: import, client and first call", plot="start.png")
    part.tables = [_table(handlers, measured), _imports(imports)]
    part.goals = _goals(*(measured[name].total for name in (JOB_WATCHER, BOTO3, STANDARD_LIBRARY)))
    part.text = _text(load)
    part.measured = {
        handler.name: (measured[handler.name].imports, measured[handler.name].call) for handler in handlers
    }
    return part


def _text(load: float) -> str:
    return (
        f"Each run is a new Python {sys.version_info.major}.{sys.version_info.minor} process that can import only its "
        f"own folder and the standard library. The figures are medians of {RUNS} interleaved runs, without the start "
        "of the interpreter. The service is an HTTPS server on 127.0.0.1. All handlers load the same CA bundle. "
        "*boto3 and Powertools* is a typical handler with Powertools' Logger, Tracer, Metrics and Parser, as pip "
        "installs it. Its bytecode is invalid on Lambda, because the CDK sets the date of all files in a zip to "
        "1980-01-01. *Standard library only* uses http.client and signs the request itself. A Lambda function with "
        "512 MB has about 0.3 of a core, so the times on Lambda are longer. This machine has "
        f"{os.cpu_count()} cores. The load average was {load:.1f} at the start."
    )


def job_watcher() -> Handler:
    """Return Job Watcher's Describe function, in the bundle of the default settings."""
    settings = from_context({"runtime": THIS_PYTHON})
    kinds = settings.kinds.values()
    files = {"settings.json": settings.function_settings(), "triggers.json": json.dumps(index(kinds))}
    return Handler(JOB_WATCHER, bundle(kinds, files, settings.runtime), "job_watcher.handlers", "describe")


def other_handlers() -> list[Handler]:
    """Return the handlers that Job Watcher is compared with."""
    folder = baselines.boto3_powertools()
    return [
        Handler(BOTO3, folder, "boto3_powertools"),
        Handler(BOTO3_INVALID, baselines.with_invalid_bytecode(folder), "boto3_powertools"),
        Handler(STANDARD_LIBRARY, baselines.standard_library(), "standard_library"),
    ]


def lambda_environment(url: str, ca_bundle: Path, task_root: Path) -> dict[str, str]:
    """Return the environment variables of a function in Lambda, with this URL as Voice ID's endpoint."""
    return {
        "POWERTOOLS_SERVICE_NAME": "job-watcher",
        "POWERTOOLS_METRICS_NAMESPACE": "JobWatcher",
        "LAMBDA_TASK_ROOT": str(task_root),
        "AWS_LAMBDA_FUNCTION_NAME": "describe",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:9",
        "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
        "AWS_ENDPOINT_URL_VOICE_ID": url,
        "AWS_CA_BUNDLE": str(ca_bundle),
        "PATH": os.environ["PATH"],
        "TZ": "UTC",
    }


def measure(handlers: list[Handler], environment: Mapping[str, str]) -> dict[Handler, list[ColdStart]]:
    """Return RUNS cold starts of each handler, in random order, after one that fills the file cache."""
    order = random.Random(20_260_520)
    runs: dict[Handler, list[ColdStart]] = defaultdict(list)
    for number in range(RUNS + 1):
        for handler in order.sample(handlers, len(handlers)):
            start = _start(handler, environment)
            if number:
                runs[handler].append(start)
    return runs


def medians(runs: list[ColdStart]) -> ColdStart:
    """Return the median of each figure."""
    return ColdStart(*(median(getattr(run, name) for run in runs) for name in ("imports", "call", "memory")))


def _start(handler: Handler, environment: Mapping[str, str]) -> ColdStart:
    imports, call, memory = _child(handler, environment).stdout.splitlines()[-1].split()
    return ColdStart(float(imports) * 1_000, float(call) * 1_000, float(memory) / 1_024)


def _child(handler: Handler, environment: Mapping[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """Run one cold start. -I -S: only the standard library is importable. -B: no bytecode is written, as on Lambda."""
    python = [sys.executable, "-I", "-S", "-B", *options, str(CHILD)]
    arguments = [str(handler.folder), handler.module, handler.function, json.dumps(EVENT)]
    child = subprocess.run([*python, *arguments], env=dict(environment), capture_output=True, text=True, check=False)
    if child.returncode:
        raise RuntimeError(f"{handler.name} failed:\n{child.stdout}{child.stderr}")
    return child


def import_times(handler: Handler, environment: Mapping[str, str]) -> dict[str, float]:
    """Return the milliseconds that importing each package takes in one cold start, measured by -X importtime."""
    times: dict[str, float] = defaultdict(float)
    lines = _child(handler, environment, "-X", "importtime").stderr.splitlines()
    for line in (line.removeprefix("import time:") for line in lines if line.startswith("import time:")):
        microseconds, _, name = line.split("|")
        if microseconds.strip().isdigit():
            package = name.strip().partition(".")[0]
            package = "standard library" if package in sys.stdlib_module_names else package
            times[package] += int(microseconds) / 1_000
    return dict(sorted(times.items(), key=lambda item: -item[1]))


def zipped(folder: Path) -> float:
    """Return the size of the folder's zip file in MB."""
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            for path in sorted(folder.rglob("*")):
                archive.write(path, path.relative_to(folder))
        return file.tell() / 1e6


def _table(handlers: list[Handler], measured: Mapping[str, ColdStart]) -> Table:
    boto3, minimum = measured[BOTO3].total, measured[STANDARD_LIBRARY].total
    rows = []
    for handler in handlers:
        start = measured[handler.name]
        times = [f"{value:.0f}" for value in (start.imports, start.call, start.total)]
        ratios = [f"{start.total / boto3:.2f} ×", f"{start.total / minimum:.1f} ×"]
        rows.append([handler.name, *times, *ratios, f"{start.memory:.0f}", f"{zipped(handler.folder):.2f}"])
    columns = ["handler", "import ms", "first call ms", "total ms", "vs boto3", "vs standard library"]
    return Table("Cold start", [*columns, "peak memory MB", "zip MB"], rows)


def _imports(times: Mapping[str, float]) -> Table:
    rows = [[name, f"{milliseconds:.0f}"] for name, milliseconds in times.items() if milliseconds >= 1]
    return Table("Job Watcher's imports: the time of each package in one run", ["package", "ms"], rows)


def _goals(job_watcher: float, boto3: float, minimum: float) -> list[Goal]:
    return [
        Goal(
            "Cold start: at most 0.6 × that of boto3 and Powertools with valid bytecode",
            f"{job_watcher / boto3:.2f} × ({job_watcher:.0f} ms and {boto3:.0f} ms)",
            job_watcher <= 0.6 * boto3,
        ),
        Goal(
            "Cold start: at most 4 × that of the standard library only",
            f"{job_watcher / minimum:.1f} × ({job_watcher:.0f} ms and {minimum:.0f} ms)",
            job_watcher <= 4 * minimum,
        ),
    ]
