"""The program's entry point. It imports the commands, so that Ctrl-C during the import is one sentence, too."""

import gc
import sys

from .exit_status import ExitStatus


def main() -> None:
    """Run the command that the arguments name, and exit with its status."""
    gc.set_threshold(100_000)  # The imports' objects stay. Searching them for garbage takes a sixth of the start.
    try:
        from .main import main
    except KeyboardInterrupt:
        sys.exit(ExitStatus.INTERRUPTED)
    main()
