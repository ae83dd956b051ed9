"""The main job, to watch on this machine: a Voice ID job runs, and its Job dict arrives as an event and as an email."""

import argparse
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.progress import follow
from job_watcher.job import plain
from local.cloud import PATIENCE, Cloud
from local.listener import Listener
from local.sample import ROLE, put_own, put_sample

SUBSCRIBER = "supervisor@example.com"
DOMAIN = "DemoDomain000000000022"
FASTER = 50  # so many times faster than on AWS do Step Functions' waits pass here

console = Console()


def main() -> int:
    """Exit status 0 only when event and email both arrived and agree with what describe says."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console.print("[bold]1[/] A local AWS account starts on 127.0.0.1, and the CDK deploys the stack into it …")
    with Cloud(wait_scale=1 / FASTER) as cloud:
        outputs = cloud.deploy({"email": SUBSCRIBER})
        listener = Listener(cloud.client("events"), cloud.client("sqs"), outputs["BusName"])
        job_id = _start_job(cloud, arguments.manifest)
        console.print("[bold]3[/] CloudTrail tells of the call, and a rule starts a watch: nobody else has to.")
        console.print(f"  Step Functions' waits pass {FASTER} times faster here than on AWS.")
        states = cloud.client("stepfunctions")
        follow(states, {_first_watch(states, outputs["WatchArn"]): ""}, every=0.2)
        agreed = _show(cloud, listener, {"DomainId": DOMAIN, "JobId": job_id})
        if arguments.keep:
            _keep(cloud, outputs)
    return 0 if agreed else 1


def _first_watch(states: Any, machine: str) -> str:
    deadline = time.monotonic() + PATIENCE
    while not (watches := states.list_executions(stateMachineArn=machine)["executions"]):
        if time.monotonic() > deadline:
            raise TimeoutError(f"no watch was started within {PATIENCE} s")
        time.sleep(0.1)
    return str(watches[-1]["executionArn"])


def _start_job(cloud: Cloud, manifest: Path | None) -> str:
    s3 = cloud.client("s3")
    uri = put_own(s3, manifest) if manifest else put_sample(s3)
    cloud.voice_id.seconds_per_request = 0.5
    job = cloud.client("voice-id").start_speaker_enrollment_job(
        DomainId=DOMAIN,
        JobName="new-callers",
        DataAccessRoleArn=ROLE,
        InputDataConfig={"S3Uri": uri},
        OutputDataConfig={"S3Uri": "s3://voice-samples/results"},
    )["Job"]
    console.print(f"[bold]2[/] boto3 starts a speaker enrollment job on {uri}: JobId {job['JobId']}")
    return str(job["JobId"])


def _show(cloud: Cloud, listener: Listener, request: dict[str, str]) -> bool:
    """Print the event and the email as their receivers have them; whether both agree with describe."""
    said = plain(cloud.client("voice-id").describe_speaker_enrollment_job(**request)["Job"])
    events, emails = listener.events(PATIENCE), _emails(cloud)
    for event in events:
        console.rule("The event, as a rule's SQS queue received it")
        console.print_json(json.dumps(event))
    for email in emails:
        console.rule("The email, as its subscriber reads it")
        head = f"To: {email['To'][0]}\nSubject: {email['Subject']}\n\n"
        console.print(head + email["BodyText"], markup=False, highlight=False, soft_wrap=True)
    agreed = (
        [event["detail"]["job"] for event in events] == [said]
        and len(emails) == 1
        and said["JobStatus"] in emails[0]["Subject"]
        and request["JobId"] in emails[0]["BodyText"]
    )
    verdict = "[green]Both agree[/]" if agreed else "[red]They do not agree[/]"
    console.print(f"{verdict} with what DescribeSpeakerEnrollmentJob says: {said['JobStatus']}.")
    return agreed


def _emails(cloud: Cloud) -> list[dict[str, Any]]:
    deadline = time.monotonic() + PATIENCE
    while not (sent := cloud.emails()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return sent


def _keep(cloud: Cloud, outputs: dict[str, str]) -> None:
    console.rule("It stays up until Ctrl-C; in another terminal")
    commands = (
        f"export AWS_ENDPOINT_URL={cloud.url} AWS_ENDPOINT_URL_VOICE_ID={cloud.voice_id.url}",
        "export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1",
        f"aws voice-id list-speaker-enrollment-jobs --domain-id {DOMAIN}",
        f"aws stepfunctions list-executions --state-machine-arn {outputs['WatchArn']}",
        ".venv/bin/python watch.py list",
    )
    console.print("\n".join(commands), markup=False, highlight=False, soft_wrap=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        console.print("Stopping.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, help="your own input manifest; .wav files beside it are uploaded too")
    parser.add_argument("--keep", action="store_true", help="leave it all up until Ctrl-C")
    arguments = parser.parse_args()
    if arguments.manifest and not arguments.manifest.is_file():
        parser.error(f"there is no manifest {arguments.manifest}")
    return arguments


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
