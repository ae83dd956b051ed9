"""Strings that try to inject something reach the event unchanged, and the email shows each one on its own line."""

import json
import random
import re
import sys
import unicodedata
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from job_watcher import catalogue, evaluate, notification
from job_watcher.catalogue import Kind, Observation
from job_watcher.detail import serialize
from job_watcher.escape import escape
from job_watcher.expressions import search
from job_watcher.links import job_links
from job_watcher.poll_state import PollState
from job_watcher.watch import Rules, Watch
from tests.each_kind import each_kind
from tests.unit.example import answer_of

KINDS = catalogue.kinds()
SPEAKER = KINDS["voice-id/SpeakerEnrollmentJob"]
SAMPLE = ["voice-id/SpeakerEnrollmentJob", *random.Random(20_260_520).sample(sorted(KINDS), 25)]
ARN = "arn:aws:states:eu-west-1:123456789012:execution:Watch:the-watch"
NEW: PollState = {"polls": 0, "waited": 0, "outcome": "running"}
NOW = 1_767_225_600
INJECTIONS = {
    "JSONata": "{% $states.context.Execution.Input %}",
    "JSONata, unbalanced": "%} & $eval('1') & {%",
    "JSONPath": "$.job.status",
    "context object": "$$.Execution.Id",
    "intrinsic function": "States.Format('{}', $.x)",
    "CloudFormation": "${describe} ${AWS::AccountId} {{resolve:ssm:/x}}",
    "JMESPath": '`{"a": 1}` || @ | [*]',
    "format string": "{job} {0.__class__} {detail[request]} %s %n %(x)s",
    "template": "{{7*7}} <%= 1 %> #{1}",
    "HTML": '<script>alert(1)</script><a href="https://evil.example">AWS</a><!--',
    "JSON": '", "outcome": "succeeded", "x": "',
    "line breaks": "x\r\nSubject: fake\r\n\r\nOutcome  succeeded\nRecommended action: Call us.",
    "other line breaks": "x\x0bfake\x0cfake\x1cfake\x85fake\u2028fake\u2029fake",
    "terminal": "\x1b[2J\x1b]8;;https://evil.example\x07AWS\x1b]8;;\x07\b\b\x00\x7f\x9b31m",
    "bidirectional": "\u202etxt.exe \u2066\u2067\u2068\u2069 \u200e\u200f\u061c \u202a\u202b\u202c\u202d",
    "invisible": "a\u200bb\u00adc\ufeffd\u2060e\u180ef\U000e0041\u034f\ufff9\u206a\ufffe",
    "links": "https://evil.example http://evil.example ftp://evil.example www.evil.example HTTPS://EVIL.EXAMPLE",
    "links inside words": "_https://evil.example xhttp://evil.example _www.evil.example sftp://evil.example",
    "link with backslashes": r"https:\\evil.example http:/\evil.example",
    "link with userinfo": "https://console.aws.amazon.com@evil.example/ https://console.aws.amazon.com:x@evil.example",
    "link to a longer domain": "https://console.aws.amazon.com.evil.example https://console.aws.amazon.comevil.example",
    "link with another dot": "https://console.aws.amazon.com\u3002evil.example https://console.aws.amazon.com\uff0eevil.example",
    "link with an escaped dot": "https://console.aws.amazon.com%2eevil.example https://console.aws.amazon.com\u00ad.evil.example",
    "link with a backslash": r"https://console.aws.amazon.com\@evil.example https://console.aws.amazon.com\.evil.example",
    "link to a similar domain": "https://evilconsole.aws.amazon.com https://console.aws.amazon.co https://console.aws.amazon.com-x.example",
    "split link": "ht\u200btps://evil.example https\u200b://evil.example w\u00adww.evil.example https:\n//evil.example",
    "repeated link": "http://" * 50 + "evil.example",
    "link to a domain": "evil.example (EVIL.COM) evil.co.uk:8080 'evil.org/login' evil.sh/login evil.io, _evil.com.",
    "link to an international domain": "пример.рф xn--e1afmkfd.xn--p1ai",
    "link after a console": 'https://console.aws.amazon.com/ evil.com https://console.aws.amazon.com/x"evil.com',
    "link to an email address": "a@evil.com a.b+c@mail.evil.internal mailto:a@evil.example",
}
LINK = re.compile(r"(?:https?|ftps?):[/\\]{2}[^\s\"]*|www\.\w\S*", re.IGNORECASE)
DOMAIN = re.compile(r"\w@[\w.-]+\.\w{2}|\w\.(?:com|example|io|org|uk|рф|xn--p1ai|sh/)(?![\w-]|\.\w)", re.IGNORECASE)
CONSOLES = ("console.aws.amazon.com", "console.amazonaws.cn", "console.amazonaws-us-gov.com")
# Controls, and marks that change the direction of text. BN: boundary-neutral, which includes the invisible ones.
LAYOUT_CLASSES = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "BN", "B", "S"}
FORMATS = {"Cc", "Cf", "Zl", "Zp"}  # controls, formats, and separators of lines and paragraphs
MARKS = {"\u200e", "\u200f", "\u061c"}


def is_plain(character: str) -> bool:
    """Whether a character is neither a control character nor one that changes the direction of text."""
    bidirectional = unicodedata.bidirectional(character) in LAYOUT_CLASSES or character in MARKS
    return not bidirectional and unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")


def links(text: str) -> list[str]:
    """Return the links in a text that may lead elsewhere than to a console of AWS."""
    found = []
    for link in LINK.findall(text):
        url = urlsplit(re.sub(r":[/\\]{2}", "://", unquote(link), count=1))
        host = unicodedata.normalize("NFKC", url.netloc).replace("\u3002", ".").lower()
        if not any(host == console or host.endswith(f".{console}") for console in CONSOLES):
            found.append(link)
    return found + DOMAIN.findall(LINK.sub(" ", text))


def check_email(result: dict[str, Any]) -> None:
    assert [character for character in result["text"].replace("\n", "") if not is_plain(character)] == []
    assert links(result["text"]) == [] and links(result["subject"]) == []
    assert re.fullmatch(r"[\x20-\x7e]{1,99}", result["subject"])


def report(kind: Kind, job: Any, request: Any, status: str = "FAILED") -> dict[str, Any]:
    """Return what the state machine receives about a failed job."""
    watch_input = {"kind": kind.name, "request": request, "fail_on": ["failed"]}
    observation = Observation(job, status, "failed", True, None, NOW)
    return serialize(evaluate.after_answer(Watch(watch_input, ARN, NEW, Rules(), kind), observation, NOW))


def job_of(kind: Kind, text: str) -> Any:
    """Return a job whose strings are all this text."""
    answer = answer_of(kind, text)
    job = search(kind.job, answer)
    return job if isinstance(job, dict) else answer


def labels(result: dict[str, Any]) -> list[str]:
    """Return the beginning of each line of the email after the summary, up to the value."""
    return [line.partition(": ")[0] for line in result["text"].splitlines()[1:]]


@each_kind((name, injection) for name in SAMPLE for injection in INJECTIONS)
def test_a_string_in_any_member_reaches_the_event_unchanged(name: str, injection: str) -> None:
    kind, text = KINDS[name], INJECTIONS[injection]
    job, request = job_of(kind, text), dict.fromkeys(kind.request, text)
    result = report(kind, job, request, status=text)
    sent = json.loads(result["message"])
    assert (sent["job"], sent["request"], sent["kind"], sent["outcome"]) == (job, request, name, "failed")
    assert sent["status"] == text[:200].replace("\ufffe", "\ufffd")  # the message to the poll queue contains it
    assert not result["cause"].startswith("{%")
    check_email(result)


@pytest.mark.parametrize("injection", INJECTIONS)
def test_each_value_in_the_email_stays_on_its_own_line(injection: str) -> None:
    request = dict.fromkeys(SPEAKER.request, INJECTIONS[injection])
    result = report(SPEAKER, job_of(SPEAKER, INJECTIONS[injection]), request)
    text = "harmless".ljust(len(INJECTIONS[injection]), "s")  # the email shows a long reason differently
    harmless = report(SPEAKER, job_of(SPEAKER, text), dict.fromkeys(SPEAKER.request, text))
    assert labels(result) == labels(harmless)


@pytest.mark.parametrize("injection", INJECTIONS)
def test_the_names_of_members_cannot_add_lines_or_links_to_the_email(injection: str) -> None:
    name = INJECTIONS[injection]
    result = report(SPEAKER, {name: {name: name}, "JobStatus": "FAILED"}, {name: "x", "JobId": name})
    assert json.loads(result["message"])["job"] == {name: {name: name}, "JobStatus": "FAILED"}
    check_email(result)
    assert len(result["text"].splitlines()) == len(
        report(SPEAKER, {"a": {"a": "a"}, "JobStatus": "FAILED"}, {"a": "x", "JobId": "a"})["text"].splitlines()
    )


@pytest.mark.parametrize("injection", INJECTIONS)
def test_a_rejected_input_and_an_error_of_the_service_are_shown_escaped(injection: str) -> None:
    text = INJECTIONS[injection]
    for kind in (SPEAKER, None):
        watch_input = {"kind": text, "request": {text: text}}
        watch = Watch(watch_input, ARN, {**NEW, "status": text}, Rules(), kind)
        result = serialize(notification.build_watch_lost(watch, text, f"DescribeX: {text}"))
        sent = json.loads(result["message"])
        assert (sent["kind"], sent["request"]) == (text, {text: text})
        assert (sent["error"], sent["reason"], result["cause"]) == (
            text[:200],
            f"DescribeX: {text}",
            f"DescribeX: {text}",
        )
        check_email(result)


@given(st.text(max_size=200), st.text(max_size=200))
@example("http", "://evil.example")
@example("\u200b" * 1_500, "\U000e0001" * 1_500)
def test_any_text_is_shown_without_control_characters_and_links(first: str, second: str) -> None:
    result = report(
        SPEAKER, {"JobName": first + second, "FailureDetails": {"Message": first, second: second}}, {"JobId": second}
    )
    check_email(result)


def test_no_character_that_controls_or_formats_text_is_shown() -> None:
    formats = [chr(number) for number in range(sys.maxunicode + 1) if unicodedata.category(chr(number)) in FORMATS]
    shown = escape("a".join(formats))
    assert len(formats) > 200 and [character for character in shown if unicodedata.category(character) in FORMATS] == []
    assert all(map(is_plain, shown))


def test_links_to_consoles_of_aws_in_values_are_escaped_too() -> None:
    text = report(SPEAKER, {"JobName": "x", "Note": "https://console.aws.amazon.com/cloudformation"}, {"JobId": "x"})
    assert "Note: https[:]//console[.]aws[.]amazon[.]com/cloudformation\n" in text["text"]


@given(st.text("\u202e\u200b音 x", min_size=1, max_size=80))
def test_the_name_of_a_watch_cannot_change_the_email(name: str) -> None:
    """Step Functions accepts names that aren't ASCII: https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html"""
    link = job_links(None, {}, None, f"arn:aws:states:eu-west-1:123456789012:execution:Watch:{name}")["watch"]
    assert link.isascii() and " " not in link and links(link) == []
    assert unquote(link).endswith(f":execution:Watch:{name}")


def test_links_and_invisible_characters_are_recognized_by_these_tests() -> None:
    for name, text in INJECTIONS.items():
        if name.startswith(("link", "repeated")):
            assert links(text), name
    assert not all(map(is_plain, INJECTIONS["bidirectional"])) and not all(map(is_plain, INJECTIONS["invisible"]))
