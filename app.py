"""The CDK app: one stack, with the settings of cdk.json or `-c name=value`."""

import sys
from pathlib import Path

sys.path.insert(
    0, str(Path(__file__).parent / "lambda")
)  # the infrastructure reads the same catalogue as the functions

import aws_cdk as cdk

from infra.config import settings
from infra.setting_types import WrongSetting
from infra.stack import JobWatcher

app = cdk.App()
try:
    chosen = settings(app.node.get_all_context())
    JobWatcher(app, chosen.stack_name, settings=chosen)
except WrongSetting as wrong:
    sys.exit(str(wrong))
app.synth()
