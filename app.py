"""The CDK app: one stack, with the settings in cdk.json or `-c name=value`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lambda"))  # infra/ reads the same catalogue as the functions

import aws_cdk as cdk

from infra import context
from infra.setting_types import InvalidSetting
from infra.stack import JobWatcherStack

app = cdk.App()
settings = app.node.get_all_context()
try:
    JobWatcherStack(app, context.stack_name(settings), props=context.props(settings))
except InvalidSetting as invalid:
    sys.exit(str(invalid.renamed(context.SETTINGS)))
app.synth()
