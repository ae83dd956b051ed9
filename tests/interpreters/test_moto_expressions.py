"""Expressions that moto composes have the same result if their data is bound as values instead of parsed."""

import json
from functools import partial
from typing import Any

import pytest
from moto.stepfunctions.parser.asl.component.intrinsic.jsonata import get_intrinsic_functions_declarations
from moto.stepfunctions.parser.asl.jsonata import jsonata
from moto.stepfunctions.parser.asl.jsonata.jsonata import (
    compose_jsonata_expression,
    encode_jsonata_variable_declarations,
)

from .jsonata_engines import evaluate
from .moto_expressions import evaluate_composed, separate

DATA: dict[str, Any] = {
    "numbers": [0, -1, 1.0, 0.12345678901234568, 2**53 + 1, 1e3, 1e-7],
    "texts": ["", "é😀", 'a "quoted" \\ text\n', ";$x:=1;", "${% 1 %}"],
    "nothing": None,
    "flags": [True, False],
    "nested": [[], [[1]], {}, {"one": {"two": None}}, [{"a": 1}, {"a": [2, 3]}]],
    "single": [1],
}
EXPRESSIONS = [
    "$states.input",
    "$states.input.numbers",
    "$states.input.nothing",
    "$exists($states.input.nothing)",
    "$states.input.missing",
    "$states.input.nested.a",
    "$states.input.single",
    "$states.input.single[0]",
    "$type($states.input.nothing)",
    "$string($states.input)",
    "$merge([$states.input, {'nothing': 1}])",
    "$states.input.nested[0]",
    "$keys($states.input)",
    "$x := 1; $x + $states.input.single[0]",
    "$count($partition($states.input.numbers, 2))",
]


@pytest.mark.parametrize("check", ["", "$exists", "$type"])
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_bound_data_has_the_same_result_as_data_in_the_text(
    expression: str, check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonata, "to_json_str", partial(json.dumps, ensure_ascii=False))
    functions = get_intrinsic_functions_declarations({"$partition"} if "$partition" in expression else set())
    data = encode_jsonata_variable_declarations({"$states": {"input": DATA}, "$text": "plain"})
    text = compose_jsonata_expression(expression, [functions, data])
    text = f"{check}({text})" if check else text
    assert repr(evaluate_composed(text)) == repr(evaluate(text))
    kept, bindings = separate(text)
    assert set(bindings) == {"states", "text"} and len(kept) == len(text) - len(data)


def test_a_text_that_is_not_json_stays_in_the_expression() -> None:
    assert separate('($a:=1;$b:="x\ny";$a)') == ('($b:="x\ny";$a)', {"a": 1})
    assert separate("($a:=1 + 1;$a)") == ("($a:=1 + 1;$a)", {})
