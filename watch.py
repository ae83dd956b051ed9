"""Run the command line from a checkout, without installing it: .venv/bin/python watch.py --help."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lambda"))  # the command line reads the same catalogue as the functions

from cli.entry import main

if __name__ == "__main__":
    main()
