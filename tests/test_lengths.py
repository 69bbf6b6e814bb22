"""Lengths and exceptions: modules to 400 lines, functions to 50, and every switched-off check with its reason.

A limit is a question, not a fine: split the module where it tells two stories. The counts of switched-off checks may
not rise unnoticed: whoever adds one changes the number here and says why in the commit.
"""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
MODULE_LINES, FUNCTION_LINES = 400, 50
# The ledger's tables may pass: one place to read all of them is worth more.
LONG_MODULES = {"pipeline/ledger/tables.py"}
# Switched-off checks: in the package (with dags), and in the tests.
MAY_SWITCH_OFF = {"pipeline": 9, "tests": 8}

SWITCHED_OFF = re.compile(r"#\s*(noqa|type:\s*ignore)\b(?P<rest>.*)")
# `# noqa: BLE001 - why` or `# type: ignore[arg-type]  # why`: a code and at least two words.
WITH_REASON = re.compile(r"^(:\s*[A-Z]+[0-9]+|\[[a-z-]+(, ?[a-z-]+)*\])\s*(-|#|:)\s*\w+\W+\w+")


def _files(*roots: str) -> list[str]:
    found = [file for root in roots for file in PROJECT.glob(f"{root}/**/*.py")]
    return sorted(file.relative_to(PROJECT).as_posix() for file in found)


def long_parts(source: str, *, path: str) -> list[str]:
    """Module and functions of this source that pass the limits, one sentence each."""
    told = []
    lines = len(source.splitlines())
    if lines > MODULE_LINES and path not in LONG_MODULES:
        told.append(f"`{path}` has {lines} lines; split it at {MODULE_LINES}")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1 - _declaration_lines(node)
            if length > FUNCTION_LINES:
                told.append(f"`{path}`: {node.name} has {length} lines; split it at {FUNCTION_LINES}")
    return told


def _declaration_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of signature and docstring: an argument to a line is a matter of form, not of length."""
    first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
    return first.lineno - node.lineno


def switched_off(source: str) -> list[str]:
    """Comments that switch a check off, from the code word on; text in strings does not count."""
    comments = [
        token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]
    return [match.group() for comment in comments if (match := SWITCHED_OFF.search(comment))]


def has_reason(comment: str) -> bool:
    """Whether the comment names the check and says why."""
    match = SWITCHED_OFF.search(comment)
    return match is not None and WITH_REASON.match(match["rest"].strip()) is not None


def test_modules_and_functions_keep_to_their_length() -> None:
    told = [
        one
        for file in _files("pipeline", "dags", "tests")
        for one in long_parts((PROJECT / file).read_text(), path=file)
    ]
    assert told == [], "\n" + "\n".join(told)


@pytest.mark.parametrize("area", list(MAY_SWITCH_OFF))
def test_every_switched_off_check_has_its_reason_and_their_number_does_not_rise(area: str) -> None:
    files = _files("pipeline", "dags") if area == "pipeline" else _files("tests")
    found = [(file, comment) for file in files for comment in switched_off((PROJECT / file).read_text())]
    unreasoned = [f"`{file}`: {comment}" for file, comment in found if not has_reason(comment)]
    assert unreasoned == [], "say which check and why:\n" + "\n".join(unreasoned)
    assert len(found) <= MAY_SWITCH_OFF[area], "\n".join(f"`{file}`: {comment}" for file, comment in found)


def test_a_planted_long_module_and_function_are_told() -> None:
    assert long_parts("x = 1\n" * 401, path="pipeline/x.py") == ["`pipeline/x.py` has 401 lines; split it at 400"]
    assert long_parts("x = 1\n" * 400, path="pipeline/x.py") == []
    body = "def f(\n    a: int,\n) -> None:\n    '''Says\n    why.'''\n" + "    x = 1\n" * 51
    assert long_parts(body, path="pipeline/x.py") == ["`pipeline/x.py`: f has 51 lines; split it at 50"]
    assert long_parts(body.removesuffix("    x = 1\n"), path="pipeline/x.py") == []


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# noqa", False),
        ("# noqa: E501", False),
        ("# type: ignore", False),
        ("# type: ignore[arg-type]", False),
        ("# noqa: BLE001 - any failure means the same", True),
        ("# type: ignore[attr-defined]  # checked in the function above", True),
    ],
)
def test_a_reason_is_a_check_and_words(comment: str, expected: bool) -> None:
    assert switched_off(f"x = 1  {comment}\n") == [comment]
    assert has_reason(comment) is expected


def test_text_in_a_string_switches_nothing_off() -> None:
    assert switched_off("x = '# noqa'\n") == []
