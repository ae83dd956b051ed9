"""Run a Node script of the tests with the npm packages that `make install` installs into .venv."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PREFIX = Path(sys.prefix)


def run_script(script: Path, data: Any) -> Any:
    """Return the JSON that a script prints for JSON on its standard input. Raise RuntimeError if the script fails.

    The script's argument is the folder of the npm packages.
    """
    command = [str(PREFIX / "bin" / "node"), str(script), str(PREFIX / "lib" / "node_modules")]
    result = subprocess.run(command, input=json.dumps(data), capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"{script.name}: {result.stderr}")
    return json.loads(result.stdout)
