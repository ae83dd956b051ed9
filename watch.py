"""Watch a job from the command line: start a watch, follow it with a progress bar, list watches."""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


def main() -> int:
    """Exit status 0 when the job succeeded, 1 when it ended otherwise or the watch was lost, 2 for a wrong call."""
    arguments = _arguments()
    try:
        states = boto3.client("stepfunctions")
        machine = watch_machine(boto3.client("cloudformation"), arguments.stack)
        if arguments.list:
            return _list(states, machine)
        watch = start(states, machine, arguments.kind, dict(arguments.request))
        print(f"watch: {watch}")
        end = follow(states, watch)
    except (BotoCoreError, ClientError, LookupError) as error:
        sys.exit(f"watch.py: {error}")
    print(end["output"] if "output" in end else f"{end['error']}: {end['cause']}")
    return 0 if json.loads(end.get("output", "{}")).get("outcome") == "succeeded" else 1


def watch_machine(cloudformation: Any, stack: str) -> str:
    """The ARN of a deployed stack's Watch state machine; LookupError when the stack has none."""
    (described,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    for output in described.get("Outputs", []):
        if output["OutputKey"] == "WatchArn":
            return str(output["OutputValue"])
    raise LookupError(f"the stack {stack} has no output WatchArn; is it a Job Watcher?")


def start(states: Any, machine: str, kind: str, request: dict[str, Any]) -> str:
    """Start a watch; its execution's ARN."""
    watch_input = json.dumps({"kind": kind, "request": request})
    return str(states.start_execution(stateMachineArn=machine, input=watch_input)["executionArn"])


def polls(states: Any, watch: str, every: float) -> Iterator[dict[str, Any]]:
    """What each poll of a watch remembered (status, percent, wait, …), as it happens, until the watch ends."""
    seen = 0
    while True:
        running = states.describe_execution(executionArn=watch)["status"] == "RUNNING"
        history = states.get_execution_history(executionArn=watch, reverseOrder=True, maxResults=25)["events"]
        exits = [event["stateExitedEventDetails"] for event in history if event["type"] == "TaskStateExited"]
        memories = [json.loads(exit_["output"]) for exit_ in exits if exit_["name"] == "Describe"]
        if memories and memories[0].get("polls", 0) > seen:
            seen = memories[0]["polls"]
            yield memories[0]
        if not running:
            return
        time.sleep(every)


def follow(states: Any, watch: str, every: float = 2) -> dict[str, Any]:
    """Show a watch's progress until it ends, as a bar or, without a terminal, as lines; the execution as it ended."""
    console = Console()
    if console.is_terminal:
        _bar(console, polls(states, watch, every))
    else:
        for memory in polls(states, watch, every):
            print(_line(memory))
    ended: dict[str, Any] = states.describe_execution(executionArn=watch)
    return ended


def _bar(console: Console, memories: Iterator[dict[str, Any]]) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[line]}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("asking", total=None, line="")
        for memory in memories:
            percent = memory.get("percent")
            total = None if percent is None else 100
            status = memory.get("status", "no answer")
            progress.update(task, description=status, completed=percent or 0, total=total, line=_line(memory))
        progress.update(task, description="ended", total=100, completed=100)


def _line(memory: dict[str, Any]) -> str:
    percent = "" if memory.get("percent") is None else f" {memory['percent']:.0f} %"
    return f"poll {memory['polls']}: {memory.get('status', 'no answer')}{percent}, next in {memory['wait']} s"


def _list(states: Any, machine: str) -> int:
    for execution in states.list_executions(stateMachineArn=machine, maxResults=50)["executions"]:
        print(f"{execution['startDate']:%Y-%m-%d %H:%M} {execution['status']:9} {execution['executionArn']}")
    return 0


def _pair(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is neither Member=value nor Member:=JSON")
    if not name.endswith(":"):
        return name, value
    try:
        return name[:-1], json.loads(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} has no JSON after the :=, but {error}") from error


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", nargs="?", help="such as voice-id/SpeakerEnrollmentJob")
    parser.add_argument(
        "request",
        nargs="*",
        type=_pair,
        metavar="Member=value",
        help="such as JobId=…, or jobs:=JSON for values that aren't strings",
    )
    parser.add_argument("--list", action="store_true", help="list the newest watches instead")
    parser.add_argument("--stack", default="JobWatcher", help="the deployed stack (default: JobWatcher)")
    arguments = parser.parse_args()
    if not arguments.list and not arguments.kind:
        parser.error("name a kind and its request, or use --list")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
