"""botocore's models of services."""

from functools import cache

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import ServiceModel


@cache
def service_model(service: str) -> ServiceModel | None:
    """botocore's model of a service; None when it has no such service."""
    try:
        return session().get_service_model(service)
    except UnknownServiceError:
        return None


@cache
def session() -> botocore.session.Session:
    """The one through which botocore's data is read."""
    return botocore.session.get_session()
