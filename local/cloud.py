"""A local AWS account on 127.0.0.1: MiniStack and the Voice ID emulator. The real CDK CLI deploys the stack into it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config

from infra.bundle.build import THIS_PYTHON
from infra.runtimes import RUNTIMES
from local.default_bus import DefaultBus
from local.environment import CREDENTIALS, REGION, ROOT, TOOLS, environment
from local.voice_id import VoiceId

TIMEOUT = 300  # seconds; long enough for a busy machine
ACCOUNT = "000000000000"


class Cloud:
    """A local account. `with Cloud() as cloud:` starts it, and ends its processes and removes its files afterwards.

    `wait_scale` multiplies the duration of Step Functions' waits and retry delays: with 0.01, 60 s take 0.6 s.
    `endpoints` are the URLs of services that another emulator provides, by boto3's names; the local account's Lambda
    functions use these URLs too. All files are in `folder`; MiniStack's log is `log` there.
    """

    def __init__(self, *, wait_scale: float = 1.0, endpoints: Mapping[str, str] | None = None) -> None:
        parent = ROOT / ".cache" / "cloud"
        parent.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=parent))
        self.log = self.folder / "ministack.log"
        self.url = f"http://127.0.0.1:{_free_port()}"
        self._endpoints = dict(endpoints or {})
        self._clients: dict[str, Any] = {}
        self.default_bus = DefaultBus(self.client("events"))
        self.voice_id = VoiceId(s3=self.client("s3"), events=self.default_bus)
        self._endpoints["voice-id"] = self.voice_id.url
        self.environment = environment(self.folder, self.url, self._endpoints, wait_scale)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.voice_id.start()
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process:
            assert self._process.stdin
            self._process.stdin.close()  # ends MiniStack and its Lambda workers
            self._process.wait(TIMEOUT)
        self.voice_id.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The ID of MiniStack's process. Its Lambda workers are its child processes."""
        assert self._process
        return self._process.pid

    def client(self, service: str) -> Any:
        """Return a boto3 client for the local account. There is one for each service."""
        if service not in self._clients:
            self._clients[service] = self._new_client(service)
        return self._clients[service]

    def _new_client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._endpoints.get(service, self.url),
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}, read_timeout=TIMEOUT, s3={"addressing_style": "path"}),
        )

    def deploy(self, context: Mapping[str, str], app: Path = ROOT) -> dict[str, str]:
        """Bootstrap the account, deploy the stack with this CDK context, and return the stack's outputs.

        `app` is the folder of the CDK app. The default runtime is the Python version that runs this: MiniStack runs
        every function with it, and the bundle's bytecode is valid for one version only.
        """
        self.bootstrap()
        runtime = {"runtime": THIS_PYTHON} if THIS_PYTHON in RUNTIMES else {}
        pairs = [f"{name}={value}" for name, value in {**runtime, **context}.items()]
        outputs = self.folder / "outputs.json"
        options = [word for pair in pairs for word in ("--context", pair)]
        files = ["--output", str(self.folder / "cdk.out"), "--outputs-file", str(outputs)]
        # The result is the same without a change set and without a copy of the bundle, and takes less time.
        faster = ["--method", "direct", "--no-staging"]
        self._cdk("deploy", *faster, "--require-approval", "never", *files, *options, folder=app)
        stacks: dict[str, dict[str, str]] = json.loads(outputs.read_text())
        return {name: value for stack in stacks.values() for name, value in stack.items()}

    def restart(self, end_with: signal.Signals) -> None:
        """End MiniStack with a signal and start it again, with the state that it saved.

        MiniStack saves its state when it is terminated (SIGTERM), but not when it is killed (SIGKILL). Executions,
        resources and messages are saved. Emails and the objects in S3 aren't.
        """
        assert self._process and self._process.stdin
        self._process.send_signal(end_with)
        self._process.wait(TIMEOUT)
        self._process.stdin.close()
        self._start()

    def destroy(self, stack: str) -> None:
        """Delete a stack, and return when it is deleted."""
        cloudformation = self.client("cloudformation")
        cloudformation.delete_stack(StackName=stack)
        deleted = cloudformation.get_waiter("stack_delete_complete")
        deleted.wait(StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": TIMEOUT})

    def emails(self) -> list[dict[str, Any]]:
        """Return all emails that were sent: dicts with To, Subject and BodyText."""
        with urllib.request.urlopen(f"{self.url}/_ministack/ses/messages", timeout=TIMEOUT) as response:
            return [email for emails in json.load(response)["messages"].values() for email in emails]

    def configure(self, settings: Mapping[str, float]) -> None:
        """Change MiniStack's settings while it runs."""
        body = json.dumps(settings).encode()
        with urllib.request.urlopen(f"{self.url}/_ministack/config", data=body, timeout=TIMEOUT) as response:
            assert json.load(response)["applied"] == settings

    def scale_waits(self, scale: float) -> None:
        """Change `wait_scale` for the rest of waits, retry delays and time-outs, and for messages sent later."""
        self.configure({"stepfunctions._SFN_WAIT_SCALE": scale})

    def _start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local.ministack_patches"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C goes to the parent process only, which then ends this one
            )
        deadline = time.monotonic() + TIMEOUT
        while not self._is_healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"MiniStack did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)

    def _is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=5):
                return True
        except OSError:
            return False

    def bootstrap(self) -> None:
        """Bootstrap the account once, from an empty folder, so that the CDK CLI doesn't synthesize the app for it."""
        empty = self.folder / "empty"
        if not empty.exists():
            empty.mkdir()
            self._cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}", folder=empty)

    def _cdk(self, *arguments: str, folder: Path = ROOT) -> None:
        with subprocess.Popen(
            [str(TOOLS / "cdk"), *arguments, "--no-notices", "--ci"],
            cwd=folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # a process group, so that it can be ended together with its child processes
        ) as process:
            try:
                output, _ = process.communicate()
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        if process.returncode:
            raise RuntimeError(f"cdk {arguments[0]} failed:\n{output}")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
