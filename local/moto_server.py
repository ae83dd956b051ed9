"""moto's server on 127.0.0.1, which runs jobs of services that MiniStack doesn't emulate.

`python -m local.moto_server` prints the server's port and ends when its standard input is closed.
"""

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parent.parent
RUNNING_JOBS = (
    "athena::execution",
    "glue::job_run",
)  # moto's names of jobs that would otherwise end at their first poll
CALLS_PER_STATE = 2  # the describe calls after which such a job's state changes


class MotoServer:
    """moto's server in a separate process. `with MotoServer() as moto:` runs it at `moto.url`."""

    url: str

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local.moto_server"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # moto's log has a line for each request
            text=True,
            start_new_session=True,  # Ctrl-C goes to the parent process only, which then ends this one
        )
        assert self._process.stdout
        port = self._process.stdout.readline().strip()
        if not port:
            raise RuntimeError(f"moto did not start; run `{sys.executable} -m local.moto_server` to see why")
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate(timeout=300)  # closes its standard input, which ends it


def serve() -> None:
    """Run the server until standard input is closed, which also happens if the parent process is killed."""
    # imported here because moto patches botocore in every process that imports it
    from moto.moto_api import state_manager
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    for job in RUNNING_JOBS:
        state_manager.set_transition(job, {"progression": "manual", "times": CALLS_PER_STATE})
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    serve()
