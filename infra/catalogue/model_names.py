"""`make actions`: write infra/service_names.json, the names of each service in botocore's models."""

import json

from job_watcher import catalogue, waiters

from ..service_models import SERVICE_NAMES, model_names, require_service_model


def main() -> None:
    """Write infra/service_names.json."""
    SERVICE_NAMES.write_text(json.dumps(names(), indent=0, sort_keys=True) + "\n", encoding="utf-8")


def names() -> dict[str, dict[str, str]]:
    """Return the names of each service of the catalogue's kinds and of the waiters."""
    kinds = (*catalogue.kinds().values(), *waiters.kinds().values())
    return {service: model_names(require_service_model(service)) for service in {kind.service for kind in kinds}}


if __name__ == "__main__":
    main()
