"""If a service throttles the calls of many watches, each watch gets an answer in turn."""

import heapq
import random
from collections.abc import Iterator

from job_watcher.call_rate import MIN_RATE, THROTTLED_PERIOD, CallRate

WATCHES, QUOTA, INTERVAL = 1_000, 4, 30  # the watches want to make 33 calls per second, but only 4 are answered
ROUND = WATCHES / QUOTA  # seconds in which each watch can get an answer
DURATION = 12 * ROUND


def longest_gaps(rates: list[CallRate]) -> list[float]:
    """Return the longest time between two answers to each watch, in the second half of a simulation.

    If `rates` is empty, each watch waits the interval after an answer and up to twice as long after a throttled call.
    """
    chance = random.Random(1)
    answered, gaps = dict.fromkeys(range(WATCHES), DURATION / 2), dict.fromkeys(range(WATCHES), 0.0)
    for now, watch, is_answered, queue in calls(chance):
        if is_answered and now > DURATION / 2:
            gaps[watch] = max(gaps[watch], now - answered[watch])
            answered[watch] = now
        spread = chance.choice(rates).add_call(now, answered=is_answered) if rates else 0
        wait = max(INTERVAL, spread) if is_answered else INTERVAL * (1 + chance.random())
        heapq.heappush(queue, (now + wait, watch))
    return [max(gaps[watch], DURATION - answered[watch]) for watch in range(WATCHES)]


def calls(chance: random.Random) -> Iterator[tuple[float, int, bool, list[tuple[float, int]]]]:
    """Yield each call: its time, its watch, whether it is answered, and the queue for the watch's next call."""
    queue = [(chance.uniform(0, INTERVAL), watch) for watch in range(WATCHES)]
    heapq.heapify(queue)
    tokens, counted_at = 0.0, 0.0
    while queue[0][0] < DURATION:
        now, watch = heapq.heappop(queue)
        tokens, counted_at = min(QUOTA, tokens + (now - counted_at) * QUOTA), now
        is_answered = tokens >= 1
        tokens -= is_answered
        yield now, watch, is_answered, queue


def test_every_watch_gets_an_answer_within_about_a_round() -> None:
    gaps = sorted(longest_gaps([CallRate() for _ in range(10)]))
    assert gaps[WATCHES // 2] <= 2 * ROUND and gaps[int(0.95 * WATCHES)] <= 2.5 * ROUND


def test_without_it_some_watches_wait_for_many_rounds() -> None:
    assert sorted(longest_gaps([]))[int(0.95 * WATCHES)] > 3.5 * ROUND


def test_polls_are_not_spread_if_no_call_was_throttled_lately() -> None:
    rate = CallRate()
    assert {rate.add_call(now, answered=True) for now in range(100)} == {0}
    assert rate.add_call(100, answered=False) > 0
    assert rate.add_call(100 + THROTTLED_PERIOD, answered=True) > 0
    assert rate.add_call(101 + THROTTLED_PERIOD, answered=True) == 0


def test_the_polls_of_few_watches_are_not_spread_even_if_most_calls_are_throttled() -> None:
    rate = CallRate()
    spreads = [rate.add_call(now, answered=now % 3 == 0) for now in range(0, 36_000, 20)]
    assert max(spreads) <= 1 / MIN_RATE


def test_a_clock_that_is_set_back_only_delays_the_next_calls() -> None:
    rate = CallRate()
    rate.add_call(1_000, answered=False)
    assert 0 < rate.add_call(900, answered=True) <= 100 + 2 / MIN_RATE
