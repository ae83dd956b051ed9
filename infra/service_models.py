"""botocore's models of the AWS services, and what infra/service_names.json has from them.

All models together take seconds to read, so the names are read from the file. `make actions` writes it.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import ServiceModel

SERVICE_NAMES = Path(__file__).with_name("service_names.json")
FULL_NAME, SIGNING_NAME = "serviceFullName", "signingName"


@cache
def service_model(service: str) -> ServiceModel | None:
    """Return botocore's model of a service, by boto3's name for it; None if botocore doesn't have the service."""
    try:
        return require_service_model(service)
    except UnknownServiceError:
        return None


def require_service_model(service: str) -> ServiceModel:
    """Return botocore's model of a service. Raise botocore's UnknownServiceError if it doesn't have the service."""
    return session().get_service_model(service)


def full_name(service: str) -> str | None:
    """Return the service's name in its model, such as `AWS Glue`; None if botocore doesn't have the service."""
    return _names(service).get(FULL_NAME)


def signing_name(service: str) -> str | None:
    """Return the name with which requests to the service are signed; None if botocore doesn't have the service."""
    return _names(service).get(SIGNING_NAME)


def model_names(model: ServiceModel) -> dict[str, str]:
    """Return the names in a service's model, as infra/service_names.json has them."""
    return {FULL_NAME: model.metadata[FULL_NAME], SIGNING_NAME: model.signing_name}


def _names(service: str) -> Mapping[str, str]:
    """Return the names of a service from the file, or from the model of a service that the file doesn't have."""
    if service in (known := known_names()):
        return known[service]
    model = service_model(service)
    return model_names(model) if model else {}


@cache
def known_names() -> Mapping[str, Mapping[str, str]]:
    """Return the names in infra/service_names.json, by boto3's names of the services."""
    names: dict[str, dict[str, str]] = json.loads(SERVICE_NAMES.read_text(encoding="utf-8"))
    return names


@cache
def session() -> botocore.session.Session:
    """Return the botocore session that loads the models. It needs no credentials and no Region."""
    return botocore.session.get_session()
