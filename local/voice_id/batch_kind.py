"""The two kinds of Voice ID batch job: all that differs between them, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Kind:
    """The member names and values of one kind, as the API and the files' schemas write them."""

    noun: str  # of Start…, Describe… and List…s
    defaults: Mapping[str, Any]  # of the request's optional members, where AWS documents one
    action: tuple[str, str]  # where the request says what to do with somebody already known
    requests: str  # in the manifest
    ids: tuple[str, ...]  # of each of those
    successes: str  # in the output
    generated: str  # in each of those, as is the next
    status: str
    statuses: Mapping[str, str]  # by action, or "NEW"


SPEAKERS = Kind(
    noun="SpeakerEnrollmentJob",
    defaults={
        "EnrollmentConfig": {
            "ExistingEnrollmentAction": "SKIP",
            "FraudDetectionConfig": {"FraudDetectionAction": "FAIL"},
        }
    },
    action=("EnrollmentConfig", "ExistingEnrollmentAction"),
    requests="SpeakerEnrollmentRequests",
    ids=("RequestId", "SpeakerId"),
    successes="SuccessfulEnrollments",
    generated="GeneratedSpeakerId",
    status="EnrollmentStatus",
    statuses={"NEW": "NEW_ENROLLMENT", "SKIP": "DUPLICATE_SKIPPED", "OVERWRITE": "ENROLLMENT_OVERWRITE"},
)
FRAUDSTERS = Kind(
    noun="FraudsterRegistrationJob",
    defaults={"RegistrationConfig": {"DuplicateRegistrationAction": "SKIP"}},
    action=("RegistrationConfig", "DuplicateRegistrationAction"),
    requests="FraudsterRegistrationRequests",
    ids=("RequestId",),
    successes="SuccessfulRegistrations",
    generated="GeneratedFraudsterId",
    status="RegistrationStatus",
    statuses={"NEW": "NEW_REGISTRATION", "SKIP": "DUPLICATE_SKIPPED", "REGISTER_AS_NEW": "NEW_REGISTRATION"},
)
KINDS = (SPEAKERS, FRAUDSTERS)
