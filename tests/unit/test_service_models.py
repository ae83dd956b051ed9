"""The names of services in infra/service_names.json are those in botocore's models."""

import pytest

from infra import service_models
from infra.catalogue.model_names import names
from infra.catalogue.service_names import short_name
from infra.cloudtrail import event_sources
from infra.permissions import describe_action
from infra.service_models import full_name, known_names, signing_name
from job_watcher import catalogue


def test_service_names_json_is_current() -> None:
    assert known_names() == names(), "run `make actions`"


def test_the_names_and_actions_of_services_in_the_file_need_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    service_models.service_model.cache_clear()
    monkeypatch.delattr(service_models, "session")
    for kind in catalogue.kinds().values():
        assert short_name(kind.service) and event_sources(kind.service) and describe_action(kind)
    with pytest.raises(NameError):
        service_models.service_model("glue")


def test_a_service_that_the_file_does_not_have_has_its_models_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_models, "known_names", dict)
    assert (full_name("voice-id"), signing_name("voice-id")) == ("Amazon Voice ID", "voiceid")
    assert (full_name("no-such-service"), signing_name("no-such-service")) == (None, None)
