"""The program's entry point. It imports the commands, so that Ctrl-C during the import is one sentence, too."""

import sys

from .exit_status import ExitStatus


def main() -> None:
    """Run the command that the arguments name, and exit with its status."""
    try:
        from .main import main
    except KeyboardInterrupt:
        sys.exit(ExitStatus.INTERRUPTED)
    main()
