"""Check the arguments of commands with the AWS CLI."""

import json
import os
import shlex
import subprocess
from collections.abc import Sequence

from local.environment import ROOT

ACCEPTED = "Could not connect to the endpoint URL"
# Starting the AWS CLI takes longer than a command, so one process runs all of them.
RUN = """
import contextlib, io, json, sys
from awscli.clidriver import main

def run(words):
    sys.argv[1:] = words
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as error:
        with contextlib.suppress(SystemExit):
            main()
    return error.getvalue()

json.dump([run(words) for words in json.load(sys.stdin)], sys.stdout)
"""


def errors(commands: Sequence[str]) -> dict[str, str]:
    """Run commands such as `aws sqs list-queues` at an endpoint that doesn't exist, and return each command's error.

    The AWS CLI validates the arguments before it connects, so the error contains ACCEPTED if they are valid.
    """
    environment = {**os.environ, "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    given = json.dumps([shlex.split(command)[1:] for command in commands])
    python = ROOT / ".venv" / "aws-cli" / "bin" / "python"
    run = subprocess.run([python, "-c", RUN], input=given, env=environment, capture_output=True, text=True, check=True)
    return dict(zip(commands, json.loads(run.stdout), strict=True))
