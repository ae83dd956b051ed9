"""botocore's models of the AWS services."""

from functools import cache

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import ServiceModel


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


@cache
def session() -> botocore.session.Session:
    """Return the botocore session that loads the models. It needs no credentials and no Region."""
    return botocore.session.get_session()
