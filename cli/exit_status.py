"""The command line's exit statuses."""

from enum import IntEnum


class ExitStatus(IntEnum):
    """What an exit status means. FOUND is only for `before-destroy` and `doctor`, INTERRUPTED for Ctrl-C."""

    SUCCEEDED = 0
    FOUND = 1
    USAGE = 2
    PARTIAL = 3
    FAILED = 4
    STOPPED = 5
    LOST = 6
    UNDETERMINED = 7
    """The result isn't known: for example, access is denied, or there is no stack or no network."""
    INTERRUPTED = 130


def of_outcome(outcome: str) -> ExitStatus:
    """Return the exit status for a job's outcome; UNDETERMINED if its watch was stopped or timed out."""
    return ExitStatus.__members__.get(outcome.upper(), ExitStatus.UNDETERMINED)
