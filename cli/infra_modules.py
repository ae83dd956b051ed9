"""The modules of the construct's package that commands use. They don't import the CDK.

In a checkout, the package is `infra`; in the wheel, it is `job_watcher_cdk`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING or __package__ == "cli":
    from infra import cloudtrail, service_models, suggestion, trigger_rules
    from infra.catalogue import service_names
else:
    from job_watcher_cdk import cloudtrail, service_models, suggestion, trigger_rules
    from job_watcher_cdk.catalogue import service_names

__all__ = ["cloudtrail", "service_models", "service_names", "suggestion", "trigger_rules"]
