"""A local AWS account on 127.0.0.1: MiniStack and our Voice ID emulator; the real CDK deploys the real stack there."""

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
import botocore.session
from botocore.config import Config

from infra.bundle.build import THIS_PYTHON
from infra.settings import RUNTIMES
from local.default_bus import DefaultBus
from local.voice_id import VoiceId

ROOT = Path(__file__).parent.parent
TOOLS = Path(sys.executable).parent  # of the virtual environment: cdk, and node for it
PATIENCE = 300  # seconds: a busy machine takes its time
ACCOUNT, REGION = "000000000000", "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class Cloud:
    """One local account, from nothing to nothing. `wait_scale` shortens Step Functions' waits: 0.01 makes 60 s 0.6 s.

    `elsewhere` has the URLs of services that are not MiniStack's, by boto3's names; its functions call them there too.
    Everything it writes is in `folder`, which it removes in the end; `log` in it is MiniStack's.
    """

    def __init__(self, *, wait_scale: float = 1.0, elsewhere: Mapping[str, str] | None = None) -> None:
        scratch = ROOT / ".cache" / "cloud"
        scratch.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(dir=scratch))
        self.log = self.folder / "ministack.log"
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._elsewhere = dict(elsewhere or {})
        self.default_bus = DefaultBus(self.client("events"))
        self.voice_id = VoiceId(s3=self.client("s3"), events=self.default_bus)
        self._elsewhere["voice-id"] = self.voice_id.url
        self.environment = self._environment(wait_scale)
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
            self._process.stdin.close()  # which ends it, and its workers
            self._process.wait(PATIENCE)
        self.voice_id.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def client(self, service: str) -> Any:
        """A boto3 client of the local account."""
        return boto3.client(
            service,
            endpoint_url=self._elsewhere.get(service, self.url),
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=PATIENCE, s3={"addressing_style": "path"}),
        )

    def deploy(self, context: Mapping[str, str]) -> dict[str, str]:
        """Bootstrap the account and deploy the stack with these settings; the stack's outputs.

        The runtime is the Python that runs this, as it is MiniStack's for all functions, so that bytecode is valid.
        """
        empty, outputs = self.folder / "empty", self.folder / "outputs.json"
        if not empty.exists():
            empty.mkdir()
            self._cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}", folder=empty)
        chosen = {**({"runtime": THIS_PYTHON} if THIS_PYTHON in RUNTIMES else {}), **context}
        settings = [word for name, value in chosen.items() for word in ("--context", f"{name}={value}")]
        synthesised = str(self.folder / "cdk.out")
        self._cdk("synth", "--quiet", "--output", synthesised, *settings)
        self._cdk(
            "deploy", "--all", "--app", synthesised, "--require-approval", "never", "--outputs-file", str(outputs)
        )
        stacks: dict[str, dict[str, str]] = json.loads(outputs.read_text())
        return {name: value for stack in stacks.values() for name, value in stack.items()}

    def destroy(self, stack: str) -> None:
        """Delete a stack that was deployed here."""
        formation = self.client("cloudformation")
        formation.delete_stack(StackName=stack)
        formation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})

    def emails(self) -> list[dict[str, Any]]:
        """What subscribers were sent: To, Subject, BodyText."""
        with urllib.request.urlopen(f"{self.url}/_ministack/ses/messages", timeout=PATIENCE) as answer:
            return [email for sent in json.load(answer)["messages"].values() for email in sent]

    def scale_waits(self, scale: float) -> None:
        """Change how long the waits of Step Functions take from now on."""
        setting = json.dumps({"stepfunctions._SFN_WAIT_SCALE": scale}).encode()
        with urllib.request.urlopen(f"{self.url}/_ministack/config", data=setting, timeout=PATIENCE) as answer:
            assert json.load(answer)["applied"]

    def _start(self) -> None:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local.ministack_patches"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the one who started it, who then ends this
            )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"MiniStack did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=5):
                return True
        except OSError:
            return False

    def _cdk(self, *arguments: str, folder: Path = ROOT) -> None:
        command = [str(TOOLS / "cdk"), *arguments, "--no-notices", "--ci"]
        with subprocess.Popen(
            command,
            cwd=folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # so that it can be ended together with the processes that it starts
        ) as process:
            try:
                output, _ = process.communicate()
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        if process.returncode:
            raise RuntimeError(f"cdk {arguments[0]} failed:\n{output}")

    def _environment(self, wait_scale: float) -> dict[str, str]:
        """The caller's environment without AWS's variables, so that nothing here can reach a real account."""
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "CDK_", "LAMBDA_", "PYTHONPATH"))
        }
        return {
            **clean,
            **CREDENTIALS,
            "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "STATE_DIR": str(self.folder / "state"),  # MiniStack's; /tmp/ministack-state otherwise
            "TZ": "UTC",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            **{_endpoint_variable(service): url for service, url in self._elsewhere.items()},
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_HOME": str(self.folder),
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(ROOT / ".cache" / "jsii"),
            "PIP_CACHE_DIR": str(ROOT / ".cache" / "pip"),
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",
            "SFN_WAIT_SCALE": str(wait_scale),
        }


def _endpoint_variable(service: str) -> str:
    """Where boto3 looks for a service's URL, by the service's id in its model: that of `voice-id` is `Voice ID`."""
    service_id = botocore.session.get_session().get_service_model(service).service_id
    return f"AWS_ENDPOINT_URL_{service_id.replace(' ', '_').upper()}"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
