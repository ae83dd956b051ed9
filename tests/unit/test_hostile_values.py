"""The owner of a job, who chooses its names and messages, can't change what the email says about it."""

import re
import time
import timeit
from importlib import resources
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.provisional import domains

from job_watcher import catalogue
from job_watcher.detail import Detail
from job_watcher.email_message import body, subject
from job_watcher.escape import FILE_EXTENSIONS, escape
from job_watcher.facts import describe_job, job_facts, place, summarize
from job_watcher.links import job_links
from job_watcher.top_level_domains import TOP_LEVEL_DOMAINS

SPEAKER = catalogue.load("voice-id")["voice-id/SpeakerEnrollmentJob"]
WATCH = "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch"
CONSOLE = "https://eu-west-1.console.aws.amazon.com/"


def detail(value: str) -> Detail:
    """Return the detail of a failed job with the value in each place that the job's owner chooses."""
    found: dict[str, Any] = {
        "kind": SPEAKER.name,
        "request": {"DomainId": value, "JobId": value},
        "status": "FAILED",
        "outcome": "failed",
        "job": {
            "JobName": value,
            "JobStatus": "FAILED",
            "FailureDetails": {"Message": value, "StatusCode": 400},
            "OutputDataConfig": {"S3Uri": value},
            "Tags": {value or "-": value},
        },
        "watch": WATCH,
        "polls": 1,
    }
    found |= job_facts(SPEAKER, found["request"], found["job"], "failed") | place(WATCH)
    found["links"] = job_links(SPEAKER, found["request"], found["job"], WATCH)
    return cast(Detail, found | {"summary": summarize(describe_job("Voice ID", SPEAKER, found), found)})


@given(st.text())
def test_no_value_adds_a_line_or_a_character_that_changes_the_layout(value: str) -> None:
    text = body(SPEAKER, detail(value))
    if len(value.split()) == 1 and value not in ("0", "FAILED", "400"):  # facts that are empty or known have no line
        assert text.count("\n") == body(SPEAKER, detail("value")).count("\n")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]", text)
    assert text.startswith("Voice ID speaker enrollment job ")
    assert re.fullmatch(r"[\x20-\x7e]{1,99}", subject(describe_job("Voice ID", SPEAKER, detail(value)), detail(value)))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("done\n\nRecommended action: sign in at our page", "done Recommended action: sign in at our page"),
        ("done\u2028Outcome  succeeded", "done Outcome succeeded"),
        ("report\u202efdp.exe", "report\\u202efdp.exe"),
        ("see https://example.com/a", "see https[:]//example[.]com/a"),
        ("see HTTP://example.com", "see HTTP[:]//example[.]com"),
        ("see www.example.com", "see www[.]example[.]com"),
        ("https://console.aws.amazon.com.example.com/", "https[:]//console[.]aws[.]amazon[.]com[.]example[.]com/"),
        ("https://console.aws.amazon.com@example.com/", "https[:]//console[.]aws[.]amazon[.]com[@]example[.]com/"),
        ("https://example.com/console.aws.amazon.com", "https[:]//example[.]com/console[.]aws[.]amazon[.]com"),
        (f"{CONSOLE}glue", "https[:]//eu-west-1.console[.]aws[.]amazon[.]com/glue"),
        ("see example.com, EXAMPLE.ORG or a.b.co.uk/x.", "see example[.]com, EXAMPLE[.]ORG or a.b[.]co[.]uk/x."),
        ("setup.sh/login", "setup[.]sh/login"),
        ("пример.рф xn--e1afmkfd.xn--p1ai", "пример[.]рф xn--e1afmkfd[.]xn--p1ai"),
        ("ask a.b+c@example.com", "ask a.b+c[@]example[.]com"),
        ("mailto:root@host tel:+4912345", "mailto[:]root@host tel[:]+4912345"),
    ],
)
def test_the_email_escapes_a_value_on_its_line(value: str, shown: str) -> None:
    lines = body(SPEAKER, detail(value)).splitlines()
    assert f"DomainId: {shown}" in lines
    assert lines[0] == f"Voice ID speaker enrollment job {shown} failed: {shown} (400)"


@pytest.mark.parametrize(
    "value",
    [
        "s3://our-calls/march/data.json",
        "part-0000.snappy.parquet train.tar.gz setup.py run.sh README.md job.py:12",
        "1.2.3, v2.0.1-rc.1, python3.11, numpy==1.26.4 and lodash@4.17.21 on 10.0.0.1:8080",
        "java.lang.NullPointerException at org.apache.spark.sql.Dataset.collect(Dataset.scala:12)",
        "arn:aws:glue:eu-west-1:123456789012:job/nightly.orders",
        "ip-10-0-0-1.ec2.internal db_1.local image@sha256:0a1b 99.5 % e.g. this. Then…",
    ],
)
def test_names_of_files_classes_and_hosts_versions_and_addresses_stay_readable(value: str) -> None:
    assert escape(value) == value


@given(domains())
def test_no_domain_becomes_a_link(domain: str) -> None:
    escaped = escape(f"See {domain}/x or {domain.upper()}/x.")
    assert escaped.replace("[.]", ".") == f"See {domain}/x or {domain.upper()}/x."
    left = [name.rpartition(".") for name in re.split(r"\[\.\]|[ /]", escaped.removesuffix("/x."))]
    assert not [name for name, dot, last in left if dot and last.lower() in TOP_LEVEL_DOMAINS - FILE_EXTENSIONS]


@pytest.mark.parametrize(
    "repeated", [".ba", "a.b", ".xn--a", "a@", "x@a.ba", "http://", "//a.console.", "語.a", "www."]
)
def test_the_time_to_escape_a_value_is_linear_in_its_length(repeated: str) -> None:
    """The time is quadratic if each dotted name is searched from each of its dots."""

    def seconds(length: int) -> float:
        value = "a" + repeated * (length // len(repeated)) + "_"
        return min(timeit.repeat(lambda: escape(value), timer=time.process_time, number=1, repeat=3))

    assert seconds(40_000) <= 12 * max(seconds(10_000), 0.001)


def test_the_top_level_domains_are_those_of_iana() -> None:
    """Hypothesis contains a copy of IANA's list."""
    list_of_iana = resources.files("hypothesis").joinpath("vendor", "tlds-alpha-by-domain.txt").read_text()
    labels = [line.lower() for line in list_of_iana.splitlines() if not line.startswith("#")]
    assert {label for label in labels if not label.startswith("xn--")} == TOP_LEVEL_DOMAINS


def test_the_only_links_in_an_email_lead_to_awss_consoles() -> None:
    text = body(SPEAKER, detail("https://example.com ftp://example.com http://www.example.com www.example.com"))
    assert re.findall(r"(?:https?|ftp)://\S+", text) == [
        line.split()[-1] for line in text.splitlines() if CONSOLE in line
    ]
