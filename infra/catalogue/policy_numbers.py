"""`make actions`: write infra/policy_numbers.json, the managed policy of each service.

A service keeps its number, so that a new version moves no action to another policy. A new service gets the first policy
that has room. If none has, the inline policy allows its actions.
"""

import json
from collections.abc import Iterable, Mapping

from job_watcher import catalogue, waiters
from job_watcher.catalogue import Kind

from ..permissions import MAX_POLICIES, MAX_POLICY_LENGTH, POLICY_NUMBERS, describe_actions, length, statements

FIRST = "voiceid"  # the service of the first kind; policy 0 is the only one of a default deployment
OVERHEAD = 60  # characters of the statement whose resource is `*`, without its actions


def main() -> None:
    """Write infra/policy_numbers.json."""
    kinds = (*catalogue.kinds().values(), *waiters.kinds().values())
    known = json.loads(POLICY_NUMBERS.read_text(encoding="utf-8")) if POLICY_NUMBERS.exists() else {FIRST: 0}
    POLICY_NUMBERS.write_text(json.dumps(numbers(kinds, known), indent=0, sort_keys=True) + "\n", encoding="utf-8")


def numbers(kinds: Iterable[Kind], known: Mapping[str, int]) -> dict[str, int]:
    """Return a policy number for each service of the kinds that fits into a policy; `known` numbers stay."""
    sizes = service_sizes(kinds)
    found = {service: number for service, number in known.items() if service in sizes}
    free = [MAX_POLICY_LENGTH - OVERHEAD] * MAX_POLICIES
    for service, number in found.items():
        free[number] -= sizes[service]
    for service in sorted(sizes.keys() - found.keys(), key=lambda service: (-sizes[service], service)):
        policy = next((policy for policy, left in enumerate(free) if sizes[service] <= left), None)
        if policy is not None:
            found[service] = policy
            free[policy] -= sizes[service]
    return found


def service_sizes(kinds: Iterable[Kind]) -> dict[str, int]:
    """Return the characters that each service's actions add to a policy."""
    by_service: dict[str, list[Kind]] = {}
    for kind in kinds:
        for action in describe_actions(kind):
            by_service.setdefault(action.partition(":")[0], []).append(kind)
    return {service: _size(service, its_kinds) for service, its_kinds in by_service.items()}


def _size(service: str, kinds: Iterable[Kind]) -> int:
    own = [
        ([action for action in actions if action.startswith(f"{service}:")], arns)
        for actions, arns in statements(kinds)
    ]
    limited = [statement for statement in own if statement[0] and statement[1] != ["*"]]
    unlimited = [action for actions, arns in own if arns == ["*"] for action in actions]
    return length(limited) + sum(len(action) + 3 for action in unlimited)


if __name__ == "__main__":
    main()
