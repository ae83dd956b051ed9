"""Turn a function into a command: add the options that all commands have, and report errors in one sentence."""

import inspect
import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Annotated, Any

import boto3
import typer
from botocore.config import Config

from . import deployment, errors, program, stack_resources
from .deployment import Deployment
from .exit_status import ExitStatus
from .output import Output

KEYWORD_ONLY = inspect.Parameter.KEYWORD_ONLY
ATTEMPTS = 3  # of each call, including the first
INTERRUPTED = "Interrupted."
CLOSED_PIPE = "The output was closed before everything was written."


@dataclass(frozen=True)
class Context:
    """What the common options select: the account and Region, the stack, and how results are printed."""

    output: Output
    profile: str | None = None
    region: str | None = None
    stack: str | None = None
    _clients: dict[tuple[str, int], Any] = field(default_factory=dict)

    @cached_property
    def session(self) -> Any:
        """The boto3 session. Credentials, Regions and endpoints are found as the AWS CLI finds them."""
        return boto3.Session(profile_name=self.profile, region_name=self.region)

    def client(self, service: str, attempts: int = ATTEMPTS) -> Any:
        """Return a boto3 client that makes each call up to this many times. It is created once."""
        if (service, attempts) not in self._clients:
            retries: Any = {"mode": "standard", "total_max_attempts": attempts}
            config = Config(connect_timeout=5, read_timeout=30, retries=retries)
            try:
                self._clients[service, attempts] = self.session.client(service, config=config)
            except ValueError as error:
                raise errors.CommandError(f"The AWS configuration is invalid. {error}") from error
        return self._clients[service, attempts]

    def command_line(self, *words: str) -> str:
        """Return a command for the same account, Region and stack, as people can type it."""
        options = {"--stack": self.stack, "--profile": self.profile, "--region": self.region}
        own = [word for name, value in options.items() if value for word in (name, value)]
        return f"{program.COMMAND} {shlex.join([*words, *own])}"

    @cached_property
    def deployment(self) -> Deployment:
        """The stack that --stack names, or the only deployment of Job Watcher. Raise CommandError if there is none."""
        return deployment.find(self.client("cloudformation"), self.stack)

    @cached_property
    def resources(self) -> Mapping[str, str]:
        """The physical ids of the stack's resources by their logical ids."""
        return stack_resources.physical_ids(self.client("cloudformation"), self.deployment.stack)


def _option(name: str, type_: Any, default: Any, help: str, **options: Any) -> inspect.Parameter:
    annotation = Annotated[type_, typer.Option(f"--{name}", help=help, show_default=False, **options)]
    return inspect.Parameter(name.replace("-", "_"), KEYWORD_ONLY, default=default, annotation=annotation)


COMMON = (
    _option("json", bool, False, "Print JSON: one object, or one on each line. Other output goes to stderr."),
    _option("profile", str | None, None, "A profile of the AWS CLI.", metavar="NAME"),
    _option("region", str | None, None, "An AWS Region.", metavar="NAME", envvar="AWS_REGION"),
    _option("stack", str | None, None, "The deployed stack. The default is the only one.", metavar="NAME"),
    _option("no-color", bool, False, "Don't use colors. The variable NO_COLOR does the same."),
    inspect.Parameter("version", KEYWORD_ONLY, default=False, annotation=program.Version),
)


def command(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with the common options, whose first argument is replaced by the Context they select."""
    signature = inspect.signature(function)
    own = list(signature.parameters.values())[1:]

    @wraps(function)
    def run(
        *,
        json: bool,
        no_color: bool,
        profile: str | None,
        region: str | None,
        stack: str | None,
        version: bool,
        **own: Any,
    ) -> None:
        context = Context(Output(json, no_color), profile, region, stack)
        _run_and_report(lambda: function(context, **own))

    parameters = [*(one.replace(kind=KEYWORD_ONLY) for one in own), *COMMON]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _run_and_report(function: Callable[[], Any]) -> None:
    """Run a command. Report an expected error on standard error, and exit with its status."""
    try:
        function()
    except KeyboardInterrupt:
        _fail(INTERRUPTED, ExitStatus.INTERRUPTED)
    except BrokenPipeError:
        _fail(CLOSED_PIPE, ExitStatus.UNDETERMINED)
    except (*errors.EXPECTED, OSError, EOFError) as error:  # a profile can name files, and ask for an MFA code
        _fail(errors.sentence(error), ExitStatus.UNDETERMINED)


def _fail(sentence: str, status: ExitStatus) -> None:
    with suppress(BrokenPipeError):
        typer.echo(f"{program.NAME}: {sentence}", err=True)
    raise typer.Exit(status)
