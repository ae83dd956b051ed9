"""The load of emails, which the setting email-limit bounds, and of those that are left out."""

import inspect
import math
import re
from collections.abc import Mapping

from infra import settings

from . import costs

KINDS, OUTCOMES = 20, 4
PAIRS = KINDS * OUTCOMES
"""The pairs of kind and outcome. Jobs of each pair end equally often."""
LIMIT: int = inspect.signature(settings.validated).parameters["email_limit"].default
PERIOD = 600  # seconds in which emails are limited


def limited(load: Mapping[str, float]) -> Mapping[str, float]:
    """Return a load per second in which emails are limited. The given one has an email for each ended job.

    An email that is left out tries all places before it is counted and starts the digest, which most often exists.
    Each retry is a state transition: https://aws.amazon.com/step-functions/pricing/
    """
    ended = load["email"]
    left_out = max(0.0, ended - PAIRS * LIMIT / PERIOD)
    digests = min(left_out, PAIRS / PERIOD)
    pages = digests * _pages(ended)
    more = (LIMIT + 1) * left_out  # state transitions and calls of StartExecution
    return {
        **load,
        "email": ended - left_out + digests,
        "publish": load["publish"] - left_out + digests,
        "start": load["start"] + more,
        "transitions": load["transitions"] + more + 2 * digests + 2 * pages,
        "list": pages,
    }


def _pages(ended: float) -> int:
    """Return the number of pages with the names that a digest counts, if as many jobs end per second."""
    states = costs.definition("email_digest.asl.json")["States"]
    (page,) = re.findall(r"'MaxResults': (\d+)", states["CountEmails"]["Arguments"])
    seconds: int = states["WaitForEmails"]["Seconds"]
    return math.ceil(ended * seconds / int(page))
