"""Write the results of the load tests to docs/load.json, one entry for each polling engine, and to docs/load.md."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.bench.report import Table, seconds

DOCS = Path(__file__).parents[2] / "docs"
PAGE, RESULTS = DOCS / "load.md", DOCS / "load.json"
ENGINE = "Poll queue"  # how polls are scheduled; a new engine gets a new name, so that the page compares both
HEAD = """\
# Load test

`make load` writes this page. The CDK CLI deploys the stack into the [local cloud](demo.md): MiniStack, which runs the
state machines and functions, and the project's Voice ID emulator, which answers the describe calls and throttles those
above a quota. The figures are from one run on {system} with {cores} cores; the load average was {load_average} at the
start. The page is written only if every check below passes.

A load test on one machine shows whether watches stay correct when many run at the same time, and what they cost in
memory. It doesn't show how fast AWS is. [Scale](scale.md) compares the load with AWS's quotas.
"""
WATCHES = """\
## {jobs} watches at the same time

All jobs start at the same time as their watches. Their durations are evenly spread from {shortest} to {longest}. Half
of them report a percentage. A third of them complete, a third complete with errors, and a third fail.

Each job had exactly one event and one email, with the right outcome. Each watch succeeded, and the dead-letter queues
were empty.

All times except the last two are in scaled time, in which the waits between polls are shorter than on AWS. The quota
and the durations of the jobs are scaled in the same way: with a scale of {scale:g}, 2 calls per second are {real:g}
calls in a second of real time. What isn't scaled is the work: a poll takes as long as the machine needs for it. So the
delays contain the machine's own delay, divided by the scale. The emulator's token bucket holds the calls of one second
of real time.

*One round* is the time in which the quota allows one call for each watch. If all jobs run at the same time, no polling
strategy can have a delay much shorter than that.
"""
MEMORY = """\
## Memory

The figures are resident set sizes (RSS) at the time with the highest total. MiniStack runs each execution in a thread
and keeps its history in memory. Functions run in processes of their own. *Per watch* is the growth of MiniStack divided
by the number of watches.

With wait states, the history grows with the number of polls: there were 2.2 polls per watch with 2 calls per second,
and 18 with 50. With the poll queue, the memory of a watch doesn't depend on the polls. The functions need more memory,
because up to ten instances of the Poll function run at the same time, each in a process.
"""
TRIGGERS = """\
## {events} trigger events

CloudTrail records of the calls that started {jobs} jobs, each at least once, in random order. The other events are
duplicates. They are sent to the default bus as fast as it accepts them, 10 in a call of PutEvents. The jobs don't end,
and the waits are so long that each watch polls once.

Each job had exactly one watch, and the dead-letter queue was empty. The times are in real time, from the first event.
"""


def write(results: Mapping[str, Any]) -> None:
    """Write the results of this engine, and the page about the results of all engines."""
    earlier = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps({**earlier, ENGINE: results}, indent=2) + "\n", encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """Return the page as Markdown: the results of this engine, and the memory of all engines."""
    engines = json.loads(RESULTS.read_text(encoding="utf-8"))
    results = engines[ENGINE]
    watches, memory, triggers = ("\n".join(table.lines()) + "\n" for table in tables(results, engines))
    load = results["watches"][0]["load"]
    shortest, longest = map(seconds, load["seconds"])
    real = 2 / load["wait_scale"]
    texts = [
        HEAD.format(**results["machine"]),
        WATCHES.format(
            jobs=f"{load['jobs']:,}", shortest=shortest, longest=longest, scale=load["wait_scale"], real=real
        ),
        watches,
        MEMORY,
        memory,
        TRIGGERS.format(events=f"{results['triggers']['events']:,}", jobs=f"{results['triggers']['jobs']:,}"),
        triggers,
    ]
    return "\n".join(texts)


def tables(results: Mapping[str, Any], engines: Mapping[str, Any] | None = None) -> Iterator[Table]:
    """Yield the tables of one run: watches, memory and triggers. `engines` are the results in the table of memory."""
    runs = results["watches"]
    columns = ["", *(f"{run['load']['quota']:g} calls per second" for run in runs)]
    rows = zip(*(_watches(run) for run in runs), strict=True)
    yield Table("Watches", columns, [[cells[0][0], *(cell for _, cell in cells)] for cells in rows])
    columns = [
        "Polls scheduled by",
        "Calls per second",
        "MiniStack before",
        "MiniStack",
        "Functions",
        "Total",
        "Per watch",
    ]
    memory = [
        [name, *_memory(run)] for name, engine in (engines or {ENGINE: results}).items() for run in engine["watches"]
    ]
    yield Table("Memory", columns, memory)
    yield Table("Triggers", ["", "Result"], list(_triggers(results["triggers"])))


def _watches(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    load, delays = run["load"], run["delays"]
    return [
        ("Scale of the waits", f"{load['wait_scale']:g}"),
        ("Jobs notified once", f"{run['notified']:,} of {load['jobs']:,}"),
        ("Jobs lost", f"{run['lost']:,}"),
        ("Polls per watch, mean", f"{run['polls']:.1f}"),
        ("Polls per watch, most", f"{run['most_polls']}"),
        ("Describe calls", f"{run['calls']:,}"),
        ("Describe calls per second", f"{run['calls'] * load['wait_scale'] / run['took']:.1f}"),
        ("Throttled calls", f"{run['throttled'] / run['calls']:.0%}"),
        ("One round", seconds(load["jobs"] / load["quota"])),
        ("Delay from the job's end to its event, p50", seconds(delays["p50"])),
        ("Delay, p95", seconds(delays["p95"])),
        ("Delay, longest", seconds(delays["p100"])),
        ("Real time until all watches were started", seconds(run["starting"])),
        ("Real time until all jobs were notified", seconds(run["took"])),
    ]


def _memory(run: Mapping[str, Any]) -> list[str]:
    (_, before, _), (total, ministack, _) = run["before"], run["peak"]
    per_watch = (ministack - before) / run["load"]["jobs"]
    cells = [f"{megabytes:,} MB" for megabytes in (before, ministack, total - ministack, total)]
    return [f"{run['load']['quota']:g}", *cells, f"{1000 * per_watch:.0f} kB"]


def _triggers(run: Mapping[str, Any]) -> Iterator[list[str]]:
    yield ["Jobs with exactly one watch", f"{run['jobs']:,}"]
    yield ["Failed invocations of the Start function, retried", f"{run['failed']:,}"]
    yield ["All events were accepted after", seconds(run["sending"])]
    yield ["The last watch was started after", seconds(run["last_start"])]
    yield ["The last event was handled after", seconds(run["handled"])]
    yield ["Memory before, total", f"{run['before'][0]:,} MB"]
    yield ["Memory at the peak, total", f"{run['peak'][0]:,} MB"]
