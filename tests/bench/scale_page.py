"""`make scale`: write docs/scale.md, the load of 1, 10,000 and 1,000,000 open watches on each of AWS's quotas."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from infra.catalogue.markdown import table
from job_watcher.polling import LIMITS_WITH_EVENTS
from tests.unit.retries import delays

from . import costs
from .email_load import KINDS, LIMIT, OUTCOMES, PERIOD
from .fleet import BURST
from .fleet import QUOTAS as FLEET_QUOTAS
from .fleet import SIZES as FLEET_SIZES
from .jobs import HOUR, MINUTE
from .polling import PROGRESS
from .scale import MIX, SIZES, Loads, Quota, Share, load, loads, polls_of, polls_per_second, quotas
from .strategies import POLL_DURATION

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"
LARGE = "US East (N. Virginia), US West (Oregon) and Europe (Ireland)"
DESCRIBE_QUOTAS: Sequence[tuple[str, float, str]] = [
    (
        "Voice ID's `DescribeSpeakerEnrollmentJob` (until AWS ended the service)",
        2,
        "https://docs.aws.amazon.com/connect/latest/adminguide/amazon-connect-service-limits.html",
    ),
    ("Step Functions' `DescribeExecution`, other Regions", quotas()["describe"].other, quotas()["describe"].link),
    ("Step Functions' `DescribeExecution`, large Regions", quotas()["describe"].large, quotas()["describe"].link),
]
"""Examples of low quotas: the describe call, its calls per second, and the documentation. All of them are soft."""
Case = tuple[str, str, int, str]
CASES: Sequence[Case] = [
    (case, regions, index, limit)
    for case, index in (("steady", 0), ("burst", 1))
    for regions, limit in (("large Regions", "large"), ("other Regions", "other"))
]


def main() -> None:
    """Write docs/scale.md."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """Return the page as Markdown."""
    of_one = loads()
    sizes = [line for size in SIZES for line in _size(size, of_one)]
    return "\n".join([_head(), *_mix(), *_quotas(), *sizes, *_describe_quotas(), *_reactions(), *_omissions()]) + "\n"


def _head() -> str:
    sizes, minutes = f"{', '.join(f'{size:,}' for size in SIZES[:-1])} and {SIZES[-1]:,}", f"{BURST / MINUTE:g}"
    return f"""\
# Scale

This page compares the load of {sizes} open watches in one account with AWS's quotas.
`make scale` calculates it from Job Watcher's own code, its state machines and the quotas in `tests/bench/quotas.toml`.
It isn't a load test; `make load` [runs one](load.md).

- **Steady**: as many jobs start as end.
- **Burst**: all jobs start within {minutes} minutes, and all jobs of the same duration end within {minutes} minutes.
- **Large Regions**: {LARGE}. If their quotas differ, the lowest one is shown.
- **Other Regions**: the lowest quota of all other Regions. Yours may be higher.

A percentage in bold means that the load reaches the quota.

The quotas are AWS's defaults. New accounts can have lower
[transition](https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html) and
[concurrency](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html) quotas. Everything in the account
and Region shares them.
"""


def _mix() -> Iterator[str]:
    yield "## Jobs\n"
    yield (
        f"The watches are automatic and have the default settings. The jobs are of {KINDS} kinds and end with "
        f"{OUTCOMES} outcomes, equally often. Each row has the same number of open watches:\n"
    )
    yield from table(("Job", "Polls", "Messages", "Transitions"), map(_job, MIX))
    yield (
        f"\nA poll takes a message of the poll queue and {POLL_DURATION} s of a Lambda function, but no transitions. "
        "SQS doesn't limit the messages per second of a standard queue: "
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html. The setting "
        "`max-concurrency` limits how many batches of messages are processed at the same time, so that polls of many "
        "watches wait in the queue instead of exceeding the describe quotas.\n"
    )
    yield (
        f"The setting [`email-limit`](events.md#limit-of-emails) allows {LIMIT} emails per kind and outcome in ten "
        f"minutes, and one more with the number of the others. Each email that is left out takes {LIMIT + 1} calls of "
        f"`StartExecution` and {LIMIT + 1} transitions more than one that is sent, because it first tries to take each "
        "of the places.\n"
    )


def _job(share: Share) -> list[str]:
    polls = list(polls_of(share.job, share.service_event))
    transitions = sum(load["transitions"] for _, load in share.loads())
    progress = "no percentage, service event" if share.service_event else PROGRESS[share.job.shape]
    messages = sum(poll.messages for poll in polls)
    return [f"{share.job.duration / HOUR:g} h, {progress}", f"{len(polls)}", f"{messages}", f"{transitions}"]


def _quotas() -> Iterator[str]:
    yield "## Quotas\n"
    header = ("Quota", "Large Regions", "Other Regions", "Can be raised")
    yield from table(header, (_quota(quota) for quota in quotas().values()))
    yield ""


def _quota(quota: Quota) -> list[str]:
    limits = [f"{limit:,}{quota.unit}" for limit in (quota.large, quota.other)]
    return [f"[{quota.name}]({quota.link})", *limits, "yes" if quota.soft else "no"]


def _size(size: int, of_one: Loads) -> Iterator[str]:
    total = load(size, of_one)
    yield f"## {size:,} open watch{'es' if size > 1 else ''}\n"
    header = ("Quota", "Steady", "Burst", "Large Regions: steady, burst", "Other Regions: steady, burst")
    yield from table(header, (_row(quota, total[name]) for name, quota in quotas().items()))
    yield ""
    yield from _summary(size, of_one)
    yield ""


def _row(quota: Quota, load: tuple[float, float]) -> list[str]:
    used = [", ".join(_share(one / limit) for one in load) for limit in (quota.large, quota.other)]
    return [quota.name, *(f"{_number(one)}{quota.unit}" for one in load), *used]


def _number(value: float) -> str:
    """Return a load with about two significant digits: `0`, `< 0.01`, `0.42`, `8.3`, `16,000`."""
    if 0 < value < 0.01:
        return "< 0.01"
    digits = 0 if value >= 10 or value == int(value) else 1 if value >= 1 else 2
    return f"{float(f'{value:.2g}') if value < 100 else float(f'{value:.3g}'):,.{digits}f}"


def _share(used: float) -> str:
    """Return a share as a percentage, in bold if the quota is reached."""
    if used < 0.01:
        return "0 %" if used == 0 else "< 1 %"
    return f"**{100 * used:,.0f} %**" if used >= 1 else f"{100 * used:.0f} %"


def _summary(size: int, of_one: Loads) -> Iterator[str]:
    """Yield what throttles first in each case, what happens then, and what to raise."""
    total = load(size, of_one)
    used = {case: _used(total, case[2], case[3]) for case in CASES}
    reached = {case: _reached(size, of_one, case) for case in CASES}
    if any(reached.values()):
        yield "In brackets: the number of open watches at which the quota is reached.\n"
        yield from (
            f"- **{case[0].capitalize()}, {case[1]}**: {_in_order(watches)}" for case, watches in reached.items()
        )
        yield from _consequences(total, {next(iter(names)) for names in reached.values() if names}, reached)
    else:
        case = max(CASES, key=lambda case: next(iter(used[case].values())))
        name, share = next(iter(used[case].items()))
        yield f"Nothing throttles. The closest quota is {_name(name)}: {_share(share)} ({case[0]}, {case[1]})."
    yield f"\n{_describe_calls(size)}"


def _used(total: Loads, index: int, limit: str) -> Mapping[str, float]:
    """Return the used share of each quota, the largest first."""
    used = {name: total[name][index] / getattr(quota, limit) for name, quota in quotas().items()}
    return dict(sorted(used.items(), key=lambda item: -item[1]))


def _reached(size: int, of_one: Loads, case: Case) -> Mapping[str, int]:
    """Return the number of open watches, at most `size`, at which each quota is reached. The lowest one is first."""
    known = [(name, getattr(quota, case[3])) for name, quota in quotas().items()]

    def is_reached(name: str, quota: float, watches: int) -> bool:
        return load(watches, of_one)[name][case[2]] >= quota

    watches = {
        name: bisect_left(range(size), True, key=partial(is_reached, name, quota))
        for name, quota in known
        if is_reached(name, quota, size)
    }
    return dict(sorted(watches.items(), key=lambda item: item[1]))


def _in_order(watches: Mapping[str, int]) -> str:
    if not watches:
        return "nothing throttles."
    first, *later = (f"{_name(name)} ({_count(number)})" for name, number in watches.items())
    return f"first {first}" + (f", then {', '.join(later)}." if later else ".")


def _consequences(total: Loads, first: Iterable[str], reached: Mapping[Any, Iterable[str]]) -> Iterator[str]:
    """Yield what happens at the quotas that are reached first, and the values to which to raise all reached quotas."""
    known, exceeded = quotas(), {name for names in reached.values() for name in names}
    yield "\nWhat happens then:\n"
    yield from (f"- {quota.name}: {quota.then.format(**_values())}" for name, quota in known.items() if name in first)
    raised = [
        f"{_name(name)} to more than {_number(max(total[name]))}{quota.unit}"
        for name, quota in known.items()
        if quota.soft and name in exceeded
    ]
    yield f"\nWhat to raise, for the burst: {', '.join(raised)}."
    yield from (
        f"\n{quota.name}: {quota.remedy[0].lower()}{quota.remedy[1:]}"
        for name, quota in known.items()
        if name in exceeded and not quota.soft
    )


def _name(name: str) -> str:
    """Return a quota's name as part of a sentence."""
    text = quotas()[name].name
    return text if text.startswith(("`", "SNS", "Lambda", "EventBridge")) else text[0].lower() + text[1:]


def _describe_calls(size: int) -> str:
    steady, burst = (size * rate for rate in polls_per_second())
    calls = f"The watches make {_number(steady)} describe calls a second, and {_number(burst)} in a burst."
    lowest = min(rate for _, rate, _ in DESCRIBE_QUOTAS)
    if burst < lowest:
        return f"{calls} This is below the [describe quotas](#describe-quotas)."
    return (
        f"{calls} If all jobs are those of one service with a lower describe quota, this quota throttles first. "
        "Then [the watches back off](#describe-quotas), and you can raise the service's quota."
    )


def _describe_quotas() -> Iterator[str]:
    yield "## Describe quotas\n"
    yield (
        "Each service limits the rate of its describe calls, and many jobs of one service reach this quota first. "
        "These examples are low quotas. The last two columns are the numbers of open watches that reach them:\n"
    )
    steady, burst = polls_per_second()
    rows = [
        [f"[{call}]({link})", f"{rate}/s", _count(rate / steady), _count(rate / burst)]
        for call, rate, link in DESCRIBE_QUOTAS
    ]
    yield from table(("Describe call", "Quota", "Steady", "Burst"), rows)
    yield (
        "\nA watch whose call is throttled waits one to two times its usual interval, and keeps polling until it "
        "gives up (`give-up-after-days`). Jobs without a percentage then take turns, at about the rate at which the "
        "service answers. Notifications are late, but no watch is lost. "
        "[The benchmark](bench/README.md#fleet-many-watches-and-one-quota) simulates up to "
        f"{max(FLEET_SIZES):,} jobs with {min(FLEET_QUOTAS):g} calls a second. The metric `DescribeErrors` counts the "
        "throttled calls. Raise the service's quota, or set `polling` in [the kind's table](catalogue.md#keys).\n"
    )


def _count(watches: float) -> str:
    return f"{float(f'{watches:.2g}'):,.0f}"


def _reactions() -> Iterator[str]:
    yield "## What happens at each quota\n"
    yield "After all retries, a failure raises an alarm or is reported as a lost watch. Emails are the exception.\n"
    values = _values()
    yield from table(
        ("Quota", "What happens then", "What to raise"),
        ([quota.name, quota.then.format(**values), quota.remedy.format(**values)] for quota in quotas().values()),
    )
    yield ""


def _values() -> Mapping[str, str]:
    """Return the values in quotas.toml's texts: retry times from the state machines, in hours and minutes."""
    states = costs.definition("watch.asl.json")["States"]
    describe = states["Describe"]["Retry"][0]
    notify = costs.definition("notify.asl.json")["States"]
    digest = costs.definition("email_digest.asl.json")["States"]["CountEmails"]
    branches, progress = notify["Notify"]["Branches"], notify["PutProgressEvent"]["Retry"][0]
    (put_event,) = (branch["States"]["PutEvent"]["Retry"][0] for branch in branches if "PutEvent" in branch["States"])
    return {
        "describe_hours": _hours(describe),
        "describe_minutes": f"{describe['MaxDelaySeconds'] / MINUTE:g}",
        "notify_hours": _hours(states["Notify"]["Retry"][1]),
        "publish_hours": _hours(put_event),
        "event_minutes": f"{LIMITS_WITH_EVENTS.max_interval / MINUTE:g}",
        "progress_minutes": f"{sum(delays(progress)) / MINUTE:.0f}",
        "pairs": f"{quotas()['email'].large * PERIOD / (LIMIT + 1):,.0f}",
        "digest_attempts": f"{digest['Retry'][0]['MaxAttempts'] + 1}",
    }


def _hours(retrier: Mapping[str, Any]) -> str:
    return f"{sum(delays(retrier)) / HOUR:.0f}"


def _omissions() -> Iterator[str]:
    yield "## What the calculation leaves out\n"
    yield from (
        "- The capacity of token buckets, which allows short peaks, such as 1,300 calls of `StartExecution`.",
        "- Retries, which add load while a quota is exceeded, and cold starts.",
        "- Your own rules and subscriptions, and the quotas of CloudWatch Logs and X-Ray.",
        "- Events that AWS doesn't deliver. CloudTrail and many services deliver events on a "
        "[best-effort basis](https://docs.aws.amazon.com/eventbridge/latest/ref/event-delivery-level.html). If a "
        "service event is lost, the watch itself detects the end, up to "
        f"{LIMITS_WITH_EVENTS.max_interval / MINUTE:g} minutes later. If the event that would start a watch is "
        "lost, there is no watch; [start it yourself](watches.md).",
    )


if __name__ == "__main__":
    main()
