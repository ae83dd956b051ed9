"""A second local cloud, written by others than the first: moto's server, for jobs that MiniStack does not run.

Run as a process it prints its port, and ends when its standard input does.
"""

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parent.parent
SLOW = ("athena::execution", "glue::job_run")  # moto's names of jobs that would end at their first describe call
DESCRIBE_CALLS = 2  # for which each state of such a job lasts


class SecondCloud:
    """moto on 127.0.0.1, from nothing to nothing, at `url` once it has been entered."""

    url: str

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local.second_cloud"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a line for each request
            text=True,
            start_new_session=True,  # Ctrl-C is for the one who started it, who then ends this
        )
        assert self._process.stdout
        port = self._process.stdout.readline().strip()
        if not port:
            raise RuntimeError(f"moto did not start; `{sys.executable} -m local.second_cloud` says why")
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate(timeout=60)  # closes its input, which ends it


def serve() -> None:
    """Serve until standard input ends, however the process that started this one ended."""
    # here, because moto hooks itself into botocore wherever it is imported
    from moto.moto_api import state_manager
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    for job in SLOW:
        state_manager.set_transition(job, {"progression": "manual", "times": DESCRIBE_CALLS})
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    serve()
