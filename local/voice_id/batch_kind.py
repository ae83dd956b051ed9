"""The differences between Voice ID's two batch jobs, speaker enrollment and fraudster registration, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Kind:
    """The member names and values of one kind of batch job, as the API and the files' schemas define them."""

    noun: str  # the operations are Start{noun}, Describe{noun} and List{noun}s
    defaults: Mapping[str, Any]  # documented defaults of the start request's optional members
    duplicate_action: tuple[
        str, str
    ]  # path in the start request: what to do with a person who is already enrolled or registered
    requests_member: str  # the manifest's list of requests
    id_members: tuple[str, ...]  # the ID members of each request in that list
    successes_member: str  # the results file's list of successful requests
    generated_id_member: str  # the generated ID in each entry of that list
    status_member: str  # the status in each entry of that list
    entry_statuses: Mapping[str, str]  # that status, by duplicate action, or by "NEW" for a new person


SPEAKERS = Kind(
    noun="SpeakerEnrollmentJob",
    defaults={
        "EnrollmentConfig": {
            "ExistingEnrollmentAction": "SKIP",
            "FraudDetectionConfig": {"FraudDetectionAction": "FAIL"},
        }
    },
    duplicate_action=("EnrollmentConfig", "ExistingEnrollmentAction"),
    requests_member="SpeakerEnrollmentRequests",
    id_members=("RequestId", "SpeakerId"),
    successes_member="SuccessfulEnrollments",
    generated_id_member="GeneratedSpeakerId",
    status_member="EnrollmentStatus",
    entry_statuses={"NEW": "NEW_ENROLLMENT", "SKIP": "DUPLICATE_SKIPPED", "OVERWRITE": "ENROLLMENT_OVERWRITE"},
)
FRAUDSTERS = Kind(
    noun="FraudsterRegistrationJob",
    defaults={"RegistrationConfig": {"DuplicateRegistrationAction": "SKIP"}},
    duplicate_action=("RegistrationConfig", "DuplicateRegistrationAction"),
    requests_member="FraudsterRegistrationRequests",
    id_members=("RequestId",),
    successes_member="SuccessfulRegistrations",
    generated_id_member="GeneratedFraudsterId",
    status_member="RegistrationStatus",
    entry_statuses={"NEW": "NEW_REGISTRATION", "SKIP": "DUPLICATE_SKIPPED", "REGISTER_AS_NEW": "NEW_REGISTRATION"},
)
KINDS = (SPEAKERS, FRAUDSTERS)
