"""Check a watch's input before anything is started, so that a typo doesn't become a lost watch."""

from collections.abc import Mapping
from typing import Any

import typer

from job_watcher.watch_input import InvalidInput, check_input, check_request

from . import enabled_kinds
from .deployment import Deployment
from .infra_modules import service_models
from .kind_names import find_kind

OWN_KIND = "Use --no-check for a kind that only the deployment has."


def check_watch(watch_input: Mapping[str, Any]) -> None:
    """Raise BadParameter unless the kind exists and the request is valid for its describe call. No call is made."""
    try:
        check_input(watch_input)
        kind = find_kind(watch_input["kind"])
        model = service_models.require_service_model(kind.service).operation_model(kind.describe)
        if model.input_shape is not None:
            check_request(kind, watch_input["request"], model.input_shape)
    except InvalidInput as invalid:
        raise typer.BadParameter(str(invalid)) from invalid
    except typer.BadParameter as unknown_kind:
        raise typer.BadParameter(f"{unknown_kind.message} {OWN_KIND}") from unknown_kind


def check_enabled(name: str, deployment: Deployment) -> None:
    """Raise BadParameter, with the setting that enables the kind, if the deployment doesn't enable it."""
    patterns = enabled_kinds.patterns(deployment)
    if enabled_kinds.is_enabled(name, patterns) is False:
        raise typer.BadParameter(f"{name} is {enabled_kinds.describe(name, patterns)}.")
