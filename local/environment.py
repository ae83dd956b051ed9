"""The environment variables of MiniStack and the CDK CLI, so that they use only the local cloud and its folder."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import botocore.session

ROOT = Path(__file__).parent.parent
TOOLS = Path(sys.executable).parent  # the virtual environment's programs, such as cdk and node
REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
REMOVED_PREFIXES = ("AWS_", "CDK_", "LAMBDA_", "PYTHONPATH")


def environment(folder: Path, url: str, endpoints: Mapping[str, str], wait_scale: float) -> dict[str, str]:
    """Return the environment of a local cloud that stores its files in `folder` and is reached at `url`.

    `endpoints` are the URLs of the other services by their boto3 names. The variables of the AWS CLI and the SDKs
    are removed from the caller's environment, so that no process can reach a real account.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(REMOVED_PREFIXES)}
    return {**inherited, **_aws(url, endpoints), **_cdk(folder), **_ministack(folder, url, wait_scale)}


def _aws(url: str, endpoints: Mapping[str, str]) -> dict[str, str]:
    return {
        **CREDENTIALS,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": url,
        **{_endpoint_variable(service): endpoint for service, endpoint in endpoints.items()},
    }


def _cdk(folder: Path) -> dict[str, str]:
    return {
        "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_HOME": str(folder),
        "CDK_VALIDATION": "false",  # it would double the time of a synthesis; tests/infra validates the templates
        "NODE_COMPILE_CACHE": str(ROOT / ".cache" / "node"),  # the CLI starts in two thirds of the time
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(ROOT / ".cache" / "jsii"),
        "PIP_CACHE_DIR": str(ROOT / ".cache" / "pip"),
    }


def _ministack(folder: Path, url: str, wait_scale: float) -> dict[str, str]:
    return {
        "TMPDIR": str(folder),
        "STATE_DIR": str(folder / "state"),  # the default is /tmp/ministack-state
        "PERSIST_STATE": "1",  # for Cloud.restart
        "TZ": "UTC",
        "GATEWAY_PORT": url.rpartition(":")[2],
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SFN_WAIT_SCALE": str(wait_scale),
    }


def _endpoint_variable(service: str) -> str:
    """Return the variable with a service's URL. It contains the service ID: that of `voice-id` is `Voice ID`.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    service_id = botocore.session.get_session().get_service_model(service).service_id
    return f"AWS_ENDPOINT_URL_{service_id.replace(' ', '_').upper()}"
