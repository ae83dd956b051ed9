"""The functions' code: a bundle with the files that depend on a deployment's settings."""

import json
from pathlib import Path

from .bundle.build import bundle
from .catalogue import custom_kinds
from .settings import Settings
from .trigger_rules import index


def function_code(settings: Settings) -> Path:
    """Build the bundle, and return its directory."""
    kinds = settings.kinds.values()
    files = {"settings.json": settings.function_settings(), "triggers.json": json.dumps(index(kinds))}
    return bundle(kinds, {**files, **custom_kinds.texts(settings.custom_kinds_dir, kinds)}, settings.runtime)
