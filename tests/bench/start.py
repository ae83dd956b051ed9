"""A Lambda function's cold start, in fresh processes: import, client, and the first describe call over TLS."""

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

from . import contenders
from .report import Goal, Part, Table
from .server import JOB, listening

RUNS = 41
CHILD = Path(__file__).parent / "handlers" / "first_call.py"
REQUEST = {member: JOB[member] for member in ("DomainId", "JobId")}
STATE = {"polls": 0, "waited": 0, "outcome": "running"}
WATCH = "arn:aws:states:us-east-1:123456789012:execution:Watch:x"
EVENT = {
    "input": {"kind": "voice-id/SpeakerEnrollmentJob", "request": REQUEST},
    "watch": WATCH,
    "memory": STATE,
    "request": REQUEST,  # where the others look for it
}


@dataclass(frozen=True)
class Contender:
    """A folder to import from, the handler's module in it, and what is measured beside the time."""

    name: str
    folder: Path
    module: str
    handler: str = "handler"


@dataclass(frozen=True)
class Start:
    """Milliseconds to import and of the first call, and MB at most."""

    imports: float
    call: float
    memory: float

    @property
    def whole(self) -> float:
        return self.imports + self.call


def run() -> Part:
    """Interleaved runs of all; medians."""
    load = os.getloadavg()[0]
    ours, plain = Contender("**ours**", asset(), "job_watcher.handlers", "describe"), contenders.plain()
    everybody = [
        ours,
        Contender("plain, valid bytecode", plain, "plain"),
        Contender("plain, as the CDK zips it", contenders.dated_1980(plain), "plain"),
        Contender("floor", contenders.floor(), "floor"),
    ]
    with tempfile.TemporaryDirectory() as scratch, listening(Path(scratch)) as (url, trust):
        environment = lambda_environment(url, trust, ours.folder)
        measured = {one.name: medians(runs) for one, runs in measure(everybody, environment).items()}
        costly = imports(ours, environment)
    part = Part("start", "Start: import, client and first call", plot="start.png")
    part.tables = [_table(everybody, measured), _imports(costly)]
    part.goals = _goals(*(measured[one.name].whole for one in (everybody[0], everybody[1], everybody[3])))
    part.text = (
        f"Each in a fresh Python {sys.version_info.major}.{sys.version_info.minor} process that sees its own folder "
        f"and the standard library, medians of {RUNS} "
        "interleaved runs, the interpreter's own start left out; the service is a canned answer behind TLS on "
        "127.0.0.1, and everybody "
        "trusts the authorities that botocore trusts, which takes everybody the same time. *Plain* is boto3 with "
        "Powertools' Logger, Tracer, Metrics and "
        "Parser, as pip installs it; the CDK's zip dates its files 1980, so its bytecode is not valid. *Floor* is "
        "http.client with a signature made by hand. "
        "Lambda at 512 MB has about 0.3 of a core: multiply. "
        f"{os.cpu_count()} cores here, with a load of {load:.1f} from others when this began."
    )
    part.measured = {one.name: (measured[one.name].imports, measured[one.name].call) for one in everybody}
    return part


def asset() -> Path:
    """The Lambda asset of the default settings, as the stack makes it."""
    chosen = from_context({"runtime": THIS_PYTHON})
    kinds = chosen.kinds.values()
    files = {"settings.json": chosen.function_settings(), "triggers.json": json.dumps(index(kinds))}
    return bundle(kinds, files, chosen.runtime)


def lambda_environment(url: str, trust: Path, task_root: Path) -> dict[str, str]:
    """The variables of a function that runs in Lambda."""
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
        "AWS_CA_BUNDLE": str(trust),
        "PATH": os.environ["PATH"],
        "TZ": "UTC",
    }


def measure(everybody: list[Contender], environment: Mapping[str, str]) -> dict[Contender, list[Start]]:
    """All runs of all, shuffled in each round; one round before, for the file cache, does not count."""
    order = random.Random(20_260_520)
    runs: dict[Contender, list[Start]] = defaultdict(list)
    for number in range(RUNS + 1):
        for one in order.sample(everybody, len(everybody)):
            start = _start(one, environment)
            if number:
                runs[one].append(start)
    return runs


def medians(runs: list[Start]) -> Start:
    """The median of each figure; of memory too."""
    return Start(*(median(getattr(run, name) for run in runs) for name in ("imports", "call", "memory")))


def _start(one: Contender, environment: Mapping[str, str]) -> Start:
    imports, call, memory = _child(one, environment).stdout.splitlines()[-1].split()
    return Start(float(imports) * 1_000, float(call) * 1_000, float(memory) / 1_024)


def _child(one: Contender, environment: Mapping[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """-I -S: nothing but the standard library on the path; -B: as on Lambda, no bytecode can be written."""
    command = [sys.executable, "-I", "-S", "-B", *options, str(CHILD), str(one.folder), one.module, one.handler]
    done = subprocess.run(
        [*command, json.dumps(EVENT)], env=dict(environment), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{one.name} failed:\n{done.stdout}{done.stderr}")
    return done


def imports(one: Contender, environment: Mapping[str, str]) -> dict[str, float]:
    """Milliseconds that one start spends in the modules of each package, by -X importtime."""
    spent: dict[str, float] = defaultdict(float)
    told = _child(one, environment, "-X", "importtime").stderr.splitlines()
    for line in (line.removeprefix("import time:") for line in told if line.startswith("import time:")):
        own, _, name = line.split("|")
        if own.strip().isdigit():
            package = name.strip().partition(".")[0]
            spent["standard library" if package in sys.stdlib_module_names else package] += int(own) / 1_000
    return dict(sorted(spent.items(), key=lambda item: -item[1]))


def zipped(folder: Path) -> float:
    """MB of the folder as a zip."""
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            for path in sorted(folder.rglob("*")):
                archive.write(path, path.relative_to(folder))
        return file.tell() / 1e6


def _table(everybody: list[Contender], measured: Mapping[str, Start]) -> Table:
    floor, valid = measured["floor"].whole, measured["plain, valid bytecode"].whole
    rows = []
    for one in everybody:
        start = measured[one.name]
        times = [f"{value:.0f}" for value in (start.imports, start.call, start.whole)]
        ratios = [f"{start.whole / valid:.2f} ×", f"{start.whole / floor:.1f} ×"]
        rows.append([one.name, *times, *ratios, f"{start.memory:.0f}", f"{zipped(one.folder):.2f}"])
    columns = ["", "import ms", "first call ms", "together ms", "of plain", "of the floor", "peak MB", "zip MB"]
    return Table("Cold start", columns, rows)


def _imports(spent: Mapping[str, float]) -> Table:
    rows = [[name, f"{milliseconds:.0f}"] for name, milliseconds in spent.items() if milliseconds >= 1]
    return Table(
        "Where ours imports: each package's own time, in one start under -X importtime", ["package", "ms"], rows
    )


def _goals(ours: float, plain: float, floor: float) -> list[Goal]:
    return [
        Goal(
            "start: at most 0.6 × the plain handler with valid bytecode",
            f"{ours / plain:.2f} × ({ours:.0f} : {plain:.0f} ms)",
            ours <= 0.6 * plain,
        ),
        Goal("start: at most 4 × the floor", f"{ours / floor:.1f} × ({ours:.0f} : {floor:.0f} ms)", ours <= 4 * floor),
    ]
