"""Link to AWS's consoles: to the page of a job, its logs, its results, and its watch.

Values are percent-encoded, so a link never leaves the console's domain. A link is never truncated, because it would
lead to another page.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .catalogue import Kind
from .expressions import search

MAX_LENGTH = 2_000  # characters; longer links are left out
DOMAINS = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
EXPRESSION = re.compile(r"\{([^{}]+)\}")  # in the template of a console page
_REGION = re.compile(r"[a-z0-9-]+")
_S3 = re.compile(
    r"(?:s3[an]?://|https://s3[.-][a-z0-9-]+\.amazonaws\.com(?:\.cn)?/)(?P<bucket>[\w.-]{3,255})(?:/(?P<key>.*))?",
    re.ASCII,
)
_FILE = re.compile(r"\.[A-Za-z]\w*$")  # how the last part of an object's key usually ends


def job_links(kind: Kind | None, request: Mapping[str, Any], job: Any, watch_arn: str) -> dict[str, str]:
    """Return the links of an event's detail: `job`, `logs`, `results` and `watch`. Unknown ones are left out."""
    partition, _, region, account = [*watch_arn.split(":"), *[""] * 4][1:5]
    if partition not in DOMAINS or not _REGION.fullmatch(region):
        return {}
    values = {**request, **(job if isinstance(job, Mapping) else {}), "region": region, "account": account}
    root = f"https://{region}.{DOMAINS[partition]}/"
    pages = {**(_job_pages(kind, values, job) if kind else {}), "watch": _watch_page(watch_arn, region)}
    return {name: root + page for name, page in pages.items() if page and len(root + page) <= MAX_LENGTH}


def _job_pages(kind: Kind, values: Mapping[str, Any], job: Any) -> dict[str, str | None]:
    return {
        "job": fill(kind.console, values),
        "logs": _logs_page(search(kind.logs, values), values["region"]),
        "results": _s3_page(search(kind.results, job), values["region"]),
    }


def fill(template: str | None, values: Mapping[str, Any]) -> str | None:
    """Return the template with the value of each expression in braces; None if one of them finds no value.

    `batch/home?region={region}#jobs/detail/{jobId}` becomes `batch/home?region=eu-west-1#jobs/detail/3a9e2c1f`.
    """
    found = [_text(search(expression, values)) for expression in EXPRESSION.findall(template or "")]
    if template is None or None in found:
        return None
    encoded = iter(quote(text or "", safe=":", errors="replace") for text in found)
    return EXPRESSION.sub(lambda _: next(encoded), template)


def _text(value: Any) -> str | None:
    """Return a text or a number as text; None for other values and for an empty text."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else None


def _logs_page(found: Any, region: str) -> str | None:
    """Return the page of a log group, of a group and a stream, or of logs in S3. A stream with `*` is a prefix.

    CloudWatch's console expects names to be encoded twice, with `$` for the second `%`. There is no documentation of
    these links; see the tests of https://github.com/link2aws/link2aws.github.io.
    """
    if isinstance(found, str) and "://" in found:
        return _s3_page(found, region)
    names = [_text(name) for name in (found if isinstance(found, list) else [found])]
    if None in names or len(names) not in (1, 2):
        return None
    group, *stream = (quote(quote(name or "", "", errors="replace"), "").replace("%", "$") for name in names)
    page = f"cloudwatch/home?region={region}#logsV2:log-groups/log-group/{group}"
    if not stream:
        return page
    prefix = stream[0].removesuffix("$252A")
    return f"{page}/log-events/{stream[0]}" if prefix == stream[0] else f"{page}$3FlogStreamNameFilter$3D{prefix}"


def _s3_page(found: Any, region: str) -> str | None:
    """Return the page of an object or of a prefix in S3's console. A key without an extension is taken for a prefix."""
    uri = found[0] if isinstance(found, list) and found else found
    match = _S3.fullmatch(uri) if isinstance(uri, str) else None
    if match is None:
        return None
    key = quote(match["key"] or "", errors="replace")
    if _FILE.search(key):
        return f"s3/object/{match['bucket']}?region={region}&prefix={key}"
    return f"s3/buckets/{match['bucket']}?region={region}" + (f"&prefix={key.rstrip('/')}/" if key else "")


def _watch_page(watch_arn: str, region: str) -> str:
    return f"states/home?region={region}#/v2/executions/details/{quote(watch_arn, safe=':')}"
