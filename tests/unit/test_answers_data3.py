"""What answers of services from P to Z mean, and what their emails say went wrong.

The answers have the shape of public reports, of examples in AWS's documentation, or of what botocore's documentation
says of a member; names and numbers are made up.
"""

import re
from typing import Any

import pytest

from job_watcher import catalogue, notification
from job_watcher.expressions import search
from job_watcher.job import Detail, plain

WATCH = "arn:aws:states:us-east-1:111122223333:execution:Watch:w"

Case = tuple[str, dict[str, Any], str, str | None]  # kind, answer, outcome, what went wrong

# A copy to another Region begins as pending: https://github.com/hashicorp/terraform-provider-aws/issues/29399
# A read replica's error: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstanceStatusInfo.html
RDS: list[Case] = [
    (
        "rds/DBSnapshot",
        {
            "DBSnapshots": [
                {
                    "DBSnapshotIdentifier": "copy",
                    "Status": "pending",
                    "PercentProgress": 0,
                    "SnapshotCreateTime": "2026-01-01T00:00:00Z",
                }
            ]
        },
        "running",
        None,
    ),
    ("rds/DBInstance", {"DBInstances": [{"DBInstanceStatus": "available", "StatusInfos": []}]}, "succeeded", None),
    (
        "rds/DBInstance",
        {
            "DBInstances": [
                {
                    "DBInstanceStatus": "available",
                    "StatusInfos": [
                        {
                            "StatusType": "read replication",
                            "Normal": False,
                            "Status": "error",
                            "Message": "Replication SQL thread: duplicate entry '1' for key 'PRIMARY'",
                        }
                    ],
                }
            ]
        },
        "partial",
        "duplicate entry",
    ),
    (
        "rds/DBInstance",
        {"DBInstances": [{"DBInstanceStatus": "available", "DomainMemberships": [{"Status": "failed"}]}]},
        "partial",
        None,
    ),
    ("rds/DBInstance", {"DBInstances": [{"DBInstanceStatus": "upgrade-failed"}]}, "failed", None),
    (
        "rds/ExportTask",
        {"ExportTasks": [{"ExportTaskIdentifier": "e", "Status": "COMPLETE", "WarningMessage": "2 tables skipped"}]},
        "partial",
        "2 tables skipped",
    ),
    (
        "rds/BlueGreenDeployment",
        {"BlueGreenDeployments": [{"Status": "AVAILABLE", "Tasks": [{"Name": "X", "Status": "FAILED"}]}]},
        "partial",
        None,
    ),
]

# https://docs.aws.amazon.com/redshift/latest/APIReference/API_Cluster.html
REDSHIFT: list[Case] = [
    (
        "redshift/Cluster",
        {"Clusters": [{"ClusterStatus": "available", "ClusterAvailabilityStatus": "Available"}]},
        "succeeded",
        None,
    ),
    (
        "redshift/Cluster",
        {"Clusters": [{"ClusterStatus": "available", "ClusterAvailabilityStatus": "Unavailable"}]},
        "running",
        None,
    ),
    (
        "redshift/Cluster",
        {"Clusters": [{"ClusterStatus": "available", "ClusterAvailabilityStatus": "Failed"}]},
        "failed",
        None,
    ),
    (
        "redshift/Cluster",
        {"Clusters": [{"ClusterStatus": "available", "RestoreStatus": {"Status": "restoring"}}]},
        "running",
        None,
    ),
    (
        "redshift-data/Statement",
        {"Id": "s", "Status": "FAILED", "SubStatements": [{"Status": "FAILED", "Error": "relation x does not exist"}]},
        "failed",
        "relation x does not exist",
    ),
]

# All tasks are counted: https://github.com/linz/geostore/issues/894
S3: list[Case] = [
    (
        "s3control/Job",
        {
            "Job": {
                "JobId": "00000000-0000-0000-0000-000000000001",
                "Status": "Complete",
                "ProgressSummary": {"TotalNumberOfTasks": 2, "NumberOfTasksSucceeded": 1, "NumberOfTasksFailed": 1},
                "FailureReasons": [],
                "CreationTime": "2026-01-01T00:00:00Z",
                "TerminationDate": "2026-01-01T01:00:00Z",
            }
        },
        "partial",
        "1 tasks failed",
    ),
    (
        "s3control/Job",
        {
            "Job": {
                "JobId": "00000000-0000-0000-0000-000000000001",
                "Status": "Complete",
                "ProgressSummary": {"TotalNumberOfTasks": 2, "NumberOfTasksSucceeded": 2, "NumberOfTasksFailed": 0},
                "FailureReasons": [],
                "CreationTime": "2026-01-01T00:00:00Z",
                "TerminationDate": "2026-01-01T01:00:00Z",
            }
        },
        "succeeded",
        None,
    ),
    (
        "s3control/Job",
        {
            "Job": {
                "Status": "Failed",
                "FailureReasons": [{"FailureCode": "ManifestNotFound", "FailureReason": "Manifest object not found"}],
            }
        },
        "failed",
        "Manifest object not found (ManifestNotFound)",
    ),
]

# https://github.com/aws/sagemaker-python-sdk/issues/1937 has a job that ran out of time.
# An update that failed: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_EndpointMetadata.html
SAGEMAKER: list[Case] = [
    (
        "sagemaker/TrainingJob",
        {
            "TrainingJobName": "t",
            "TrainingJobStatus": "Stopped",
            "SecondaryStatus": "MaxRuntimeExceeded",
            "CreationTime": "2026-01-01T00:00:00Z",
            "TrainingEndTime": "2026-01-01T01:00:00Z",
            "SecondaryStatusTransitions": [
                {
                    "Status": "MaxRuntimeExceeded",
                    "StatusMessage": "Training job runtime exceeded MaxRuntimeInSeconds provided",
                    "StartTime": "2026-01-01T01:00:00Z",
                }
            ],
        },
        "stopped",
        "MaxRuntimeExceeded (Training job runtime exceeded MaxRuntimeInSeconds provided)",
    ),
    (
        "sagemaker/TrainingJob",
        {"TrainingJobName": "t", "TrainingJobStatus": "Stopped", "SecondaryStatus": "MaxWaitTimeExceeded"},
        "stopped",
        "MaxWaitTimeExceeded",
    ),
    (
        "sagemaker/TrainingJob",
        {"TrainingJobStatus": "Failed", "SecondaryStatus": "Failed", "FailureReason": "AlgorithmError: exit code 1"},
        "failed",
        "AlgorithmError: exit code 1",
    ),
    ("sagemaker/TrainingJob", {"TrainingJobStatus": "Completed", "SecondaryStatus": "Completed"}, "succeeded", None),
    (
        "sagemaker/HyperParameterTuningJob",
        {
            "HyperParameterTuningJobStatus": "Completed",
            "TrainingJobStatusCounters": {"Completed": 7, "InProgress": 0, "NonRetryableError": 3, "Stopped": 0},
            "ObjectiveStatusCounters": {"Succeeded": 7, "Pending": 0, "Failed": 3},
        },
        "partial",
        "3 training jobs failed",
    ),
    (
        "sagemaker/AutoMLJob",
        {"AutoMLJobStatus": "Completed", "AutoMLJobSecondaryStatus": "MaxCandidatesReached"},
        "succeeded",
        None,
    ),
    (
        "sagemaker/AutoMLJobV2",
        {
            "AutoMLJobStatus": "Completed",
            "AutoMLJobSecondaryStatus": "Completed",
            "PartialFailureReasons": [{"PartialFailureMessage": "No explainability report: time limit"}],
        },
        "partial",
        "No explainability report",
    ),
    (
        "sagemaker/LabelingJob",
        {"LabelingJobStatus": "Completed", "LabelCounters": {"TotalLabeled": 9, "FailedNonRetryableError": 1}},
        "partial",
        "1 objects could not be labeled",
    ),
    ("sagemaker/Endpoint", {"EndpointName": "e", "EndpointStatus": "InService"}, "succeeded", None),
    (
        "sagemaker/Endpoint",
        {"EndpointName": "e", "EndpointStatus": "InService", "FailureReason": "The alarm a fired during deployment"},
        "failed",
        "The alarm a fired",
    ),
    (
        "sagemaker/FeatureGroup",
        {
            "FeatureGroupStatus": "Created",
            "LastUpdateStatus": {"Status": "Failed", "FailureReason": "The feature exists already"},
        },
        "failed",
        "The feature exists already",
    ),
    (
        "sagemaker/FeatureGroup",
        {"FeatureGroupStatus": "Created", "OfflineStoreStatus": {"Status": "Blocked", "BlockedReason": "No such role"}},
        "partial",
        "No such role",
    ),
    (
        "sagemaker/Cluster",
        {"ClusterStatus": "InService", "InstanceGroups": [{"Status": "InService"}, {"Status": "Degraded"}]},
        "partial",
        None,
    ),
]

# https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html
SYSTEMS_MANAGER: list[Case] = [
    (
        "ssm/Command",
        {"Commands": [{"Status": "Success", "StatusDetails": "Success", "TargetCount": 2, "CompletedCount": 2}]},
        "succeeded",
        None,
    ),
    (
        "ssm/Command",
        {"Commands": [{"Status": "Success", "StatusDetails": "Incomplete", "TargetCount": 5, "ErrorCount": 1}]},
        "partial",
        "Incomplete (1 nodes failed)",
    ),
    (
        "ssm/Command",
        {"Commands": [{"Status": "Success", "StatusDetails": "NoInstancesInTag", "TargetCount": 0}]},
        "failed",
        "NoInstancesInTag",
    ),
    (
        "ssm/CommandInvocation",
        {"Status": "TimedOut", "StatusDetails": "DeliveryTimedOut", "StandardErrorContent": ""},
        "failed",
        "DeliveryTimedOut",
    ),
    (
        "ssm/CommandInvocation",
        {"Status": "Success", "StatusDetails": "Success", "StandardErrorContent": "a warning"},
        "succeeded",
        None,
    ),
    (
        "ssm/AutomationExecution",
        {
            "AutomationExecution": {
                "AutomationExecutionStatus": "Success",
                "ProgressCounters": {"TotalSteps": 4, "SuccessSteps": 3, "FailedSteps": 1},
            }
        },
        "partial",
        "1 steps failed",
    ),
    (
        "ssm/AutomationExecution",
        {
            "AutomationExecution": {
                "AutomationExecutionStatus": "Success",
                "TargetParameterName": "InstanceId",
                "StepExecutions": [{"StepStatus": "Success"}, {"StepStatus": "TimedOut"}],
            }
        },
        "partial",
        None,
    ),
    (
        "ssm/AutomationExecution",
        {
            "AutomationExecution": {
                "AutomationExecutionStatus": "Success",
                "StepExecutions": [{"StepStatus": "Failed", "IsCritical": False}, {"StepStatus": "Success"}],
            }
        },
        "succeeded",
        None,
    ),
]

# Failures that are tolerated: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
STEP_FUNCTIONS: list[Case] = [
    (
        "stepfunctions/MapRun",
        {"status": "SUCCEEDED", "itemCounts": {"succeeded": 8, "failed": 2, "timedOut": 0, "aborted": 0, "total": 10}},
        "partial",
        "2 items failed",
    ),
    (
        "stepfunctions/MapRun",
        {"status": "SUCCEEDED", "itemCounts": {"succeeded": 10, "failed": 0, "timedOut": 0, "aborted": 0, "total": 10}},
        "succeeded",
        None,
    ),
    ("stepfunctions/Execution", {"status": "TIMED_OUT"}, "failed", None),
    (
        "stepfunctions/Execution",
        {"status": "FAILED", "error": "States.TaskFailed", "cause": "no such bucket"},
        "failed",
        "no such bucket (States.TaskFailed)",
    ),
]

# https://docs.aws.amazon.com/transfer/latest/APIReference/API_ConnectorFileTransferResult.html
TRANSFER: list[Case] = [
    ("transfer/FileTransfer", {"FileTransferResults": [{"StatusCode": "COMPLETED"}]}, "succeeded", None),
    (
        "transfer/FileTransfer",
        {
            "FileTransferResults": [
                {"StatusCode": "FAILED", "FailureCode": "RETRIEVE_FILE_NOT_FOUND", "FailureMessage": "No such file"},
                {"StatusCode": "COMPLETED"},
            ]
        },
        "partial",
        "No such file (RETRIEVE_FILE_NOT_FOUND)",
    ),
    (
        "transfer/FileTransfer",
        {"FileTransferResults": [{"StatusCode": "FAILED", "FailureMessage": "No such file"}]},
        "failed",
        "No such file",
    ),
    (
        "transfer/FileTransfer",
        {"FileTransferResults": [{"StatusCode": "FAILED"}, {"StatusCode": "QUEUED"}]},
        "running",
        None,
    ),
]

# https://docs.aws.amazon.com/translate/latest/APIReference/API_ParallelDataProperties.html
TRANSLATE: list[Case] = [
    (
        "translate/TextTranslationJob",
        {
            "TextTranslationJobProperties": {
                "JobId": "j",
                "JobStatus": "COMPLETED",
                "Message": "Your job has completed successfully.",
                "SubmittedTime": "2026-01-01T00:00:00Z",
                "EndTime": "2026-01-01T01:00:00Z",
                "OutputDataConfig": {"S3Uri": "s3://out/"},
            }
        },
        "succeeded",
        None,
    ),
    (
        "translate/TextTranslationJob",
        {"TextTranslationJobProperties": {"JobStatus": "COMPLETED", "JobDetails": {"DocumentsWithErrorsCount": 2}}},
        "partial",
        "2 documents could not be translated",
    ),
    (
        "translate/ParallelData",
        {"ParallelDataProperties": {"Status": "ACTIVE", "LatestUpdateAttemptStatus": "FAILED", "Message": "Bad TMX"}},
        "failed",
        "Bad TMX",
    ),
    (
        "translate/ParallelData",
        {"ParallelDataProperties": {"Status": "ACTIVE", "LatestUpdateAttemptStatus": "UPDATING"}},
        "running",
        None,
    ),
    (
        "translate/ParallelData",
        {"ParallelDataProperties": {"Status": "ACTIVE", "ImportedRecordCount": 5, "FailedRecordCount": 1}},
        "partial",
        "1 records failed",
    ),
    (
        "translate/ParallelData",
        {"ParallelDataProperties": {"Status": "ACTIVE", "ImportedRecordCount": 5, "SkippedRecordCount": 1}},
        "succeeded",
        None,
    ),
]

OTHERS: list[Case] = [
    (
        "quicksight/Ingestion",
        {"Ingestion": {"IngestionStatus": "COMPLETED", "RowInfo": {"RowsIngested": 90, "RowsDropped": 10}}},
        "partial",
        "10 rows dropped",
    ),
    (
        "quicksight/Ingestion",
        {"Ingestion": {"IngestionStatus": "COMPLETED", "RowInfo": {"RowsIngested": 90, "RowsDropped": 0}}},
        "succeeded",
        None,
    ),
    (
        "quicksight/AssetBundleExportJob",
        {"JobStatus": "SUCCESSFUL", "Errors": [], "Warnings": [{"Arn": "a", "Message": "A visual has an error"}]},
        "partial",
        "A visual has an error",
    ),
    (
        "personalize/Campaign",
        {
            "campaign": {
                "status": "ACTIVE",
                "latestCampaignUpdate": {"status": "CREATE FAILED", "failureReason": "Too many TPS"},
            }
        },
        "failed",
        "Too many TPS",
    ),
    ("pcs/Cluster", {"cluster": {"status": "ACTIVE", "errorInfo": []}}, "succeeded", None),
    ("pcs/Cluster", {"cluster": {"status": "SUSPENDED"}}, "failed", None),
    (
        "rekognition/Dataset",
        {"DatasetDescription": {"Status": "CREATE_COMPLETE", "DatasetStats": {"TotalEntries": 9, "ErrorEntries": 1}}},
        "partial",
        None,
    ),
    ("servicecatalog/Record", {"RecordDetail": {"Status": "SUCCEEDED", "RecordErrors": []}}, "succeeded", None),
    (
        "sesv2/ImportJob",
        {"JobStatus": "COMPLETED", "ProcessedRecordsCount": 9, "FailedRecordsCount": 4},
        "partial",
        "4 records failed",
    ),
    (
        "synthetics/Canary",
        {
            "Canary": {
                "Status": {
                    "State": "READY",
                    "StateReasonCode": "ROLLBACK_COMPLETE",
                    "StateReason": "The layer is too large",
                }
            }
        },
        "failed",
        "The layer is too large (ROLLBACK_COMPLETE)",
    ),
    ("synthetics/Canary", {"Canary": {"Status": {"State": "READY"}}}, "succeeded", None),
    (
        "textract/DocumentAnalysis",
        {"JobStatus": "SUCCEEDED", "Warnings": [{"ErrorCode": "INVALID_IMAGE_TYPE", "Pages": [2]}]},
        "partial",
        "INVALID_IMAGE_TYPE",
    ),
    ("textract/DocumentAnalysis", {"JobStatus": "SUCCEEDED"}, "succeeded", None),
    (
        "timestream-write/BatchLoadTask",
        {"BatchLoadTaskDescription": {"TaskStatus": "SUCCEEDED", "ProgressReport": {"ParseFailures": 3}}},
        "partial",
        "3 records could not be parsed",
    ),
    (
        "transcribe/CallAnalyticsJob",
        {
            "CallAnalyticsJob": {
                "CallAnalyticsJobStatus": "COMPLETED",
                "CallAnalyticsJobDetails": {
                    "Skipped": [{"Feature": "GENERATIVE_SUMMARIZATION", "Message": "Not enough conversation"}]
                },
            }
        },
        "partial",
        "Not enough conversation",
    ),
    ("workspaces/Workspace", {"Workspaces": [{"State": "AVAILABLE", "ModificationStates": []}]}, "succeeded", None),
    (
        "workspaces/Workspace",
        {"Workspaces": [{"State": "AVAILABLE", "ModificationStates": [{"State": "UPDATE_FAILED"}]}]},
        "failed",
        None,
    ),
]

CASES = [*RDS, *REDSHIFT, *S3, *SAGEMAKER, *SYSTEMS_MANAGER, *STEP_FUNCTIONS, *TRANSFER, *TRANSLATE, *OTHERS]


@pytest.mark.parametrize(("kind", "answer", "outcome", "wrong"), CASES, ids=[f"{case[0]}-{case[2]}" for case in CASES])
def test_an_answer_means_an_outcome_and_says_what_went_wrong(
    kind: str, answer: dict[str, Any], outcome: str, wrong: str | None
) -> None:
    seen = read(kind, answer)
    assert (seen.outcome, seen.known) == (outcome, True)
    if outcome == "running":
        return
    found = re.findall(r"^  What went wrong +(.*)$", email(kind, seen), re.MULTILINE)
    assert len(found) == (0 if wrong is None else 1), found
    assert wrong is None or wrong in found[0]


@pytest.mark.parametrize(
    ("kind", "answer", "percent"),
    [
        ("redshift/TableRestore", {"TableRestoreStatusDetails": [{"ProgressInMegaBytes": 1}]}, None),
        (
            "redshift/ClusterSnapshot",
            {"Snapshots": [{"BackupProgressInMegaBytes": 5.0, "ActualIncrementalBackupSizeInMegaBytes": 20.0}]},
            25,
        ),
        (
            "s3control/Job",
            {
                "Job": {
                    "ProgressSummary": {"TotalNumberOfTasks": 8, "NumberOfTasksSucceeded": 3, "NumberOfTasksFailed": 1}
                }
            },
            50,
        ),
        ("s3control/Job", {"Job": {"ProgressSummary": {"TotalNumberOfTasks": 0}}}, None),
        ("sagemaker/TrainingJob", {"ProgressInfo": {"MaxEpoch": 4, "CurrentEpoch": 2}}, 25),
        (
            "sagemaker/TrainingJob",
            {"ProgressInfo": {"MaxEpoch": 1, "CurrentEpoch": 1, "CurrentStep": 3, "TotalStepCountPerEpoch": 10}},
            30,
        ),
        ("sagemaker/LabelingJob", {"LabelCounters": {"TotalLabeled": 2, "Unlabeled": 6}}, 25),
        ("ssm/Command", {"Commands": [{"CompletedCount": 3, "TargetCount": 4}]}, 75),
        (
            "ssm/InventoryDeletion",
            {"InventoryDeletions": [{"DeletionSummary": {"TotalCount": 10, "RemainingCount": 4}}]},
            60,
        ),
        ("stepfunctions/MapRun", {"itemCounts": {"succeeded": 1, "failed": 1, "total": 4}}, 50),
        ("transfer/FileTransfer", {"FileTransferResults": [{"StatusCode": "FAILED"}, {"StatusCode": "QUEUED"}]}, 50),
        ("redshift-data/Statement", {"SubStatements": [{"Status": "FINISHED"}, {"Status": "STARTED"}]}, 50),
        ("redshift-data/Statement", {"Id": "a single statement"}, None),
    ],
)
def test_progress_is_a_percentage_of_what_the_answer_counts(
    kind: str, answer: dict[str, Any], percent: float | None
) -> None:
    found = catalogue.load(kind.partition("/")[0])[kind]
    assert search(found.percent, search(found.job, answer)) == percent


def read(kind: str, answer: dict[str, Any]) -> catalogue.Seen:
    seen = catalogue.load(kind.partition("/")[0])[kind].read(answer)
    assert seen is not None
    return seen


def email(kind: str, seen: catalogue.Seen) -> str:
    detail: Detail = {
        "kind": kind,
        "request": {},
        "outcome": seen.outcome,
        "status": seen.status,
        "job": plain(seen.job),
        "watch": WATCH,
        "polls": 1,
    }
    return notification.body(catalogue.load(kind.partition("/")[0])[kind], detail)
