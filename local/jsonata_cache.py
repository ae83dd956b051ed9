"""Make MiniStack's Step Functions parse each JSONata expression once, because that takes longer than to evaluate it."""

import threading
from functools import cache
from typing import Any


def apply(jsonata: Any) -> None:
    """Use one parser for all threads: MiniStack starts many. An evaluation doesn't change a parsed expression."""
    parser, parsing = jsonata.get_parser(), threading.Lock()
    original = parser.parse

    @cache
    def parse(*arguments: Any) -> Any:
        with parsing:
            return original(*arguments)

    parser.parse = parse
    jsonata.get_parser = lambda: parser
