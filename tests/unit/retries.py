"""A Retry block as Step Functions carries it out."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DEFINITION = Path(__file__).parents[2] / "infra" / "watch.asl.json"


def retrier(error: str) -> Mapping[str, Any]:
    """The first retrier of Describe that takes this error."""
    retriers = json.loads(DEFINITION.read_text())["States"]["Describe"]["Retry"]
    names = {error, "States.TaskFailed"}
    return next(one for one in retriers if names & set(one["ErrorEquals"]))


def delays(retrier: Mapping[str, Any]) -> list[float]:
    """Seconds before each retry, on average.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error
    """
    uncapped = (
        retrier["IntervalSeconds"] * retrier["BackoffRate"] ** number for number in range(retrier["MaxAttempts"])
    )
    share = 0.5 if retrier.get("JitterStrategy") == "FULL" else 1
    return [share * min(delay, retrier.get("MaxDelaySeconds", delay)) for delay in uncapped]
