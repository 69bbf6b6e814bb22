"""Counts, without running anything, which alerts and which commands of which pages tests run.

What counts is a call of `Operator.runs_page` that stands in the straight line of a test: not under a condition, in a
loop, or after something that may leave the test, and in no test that may be skipped or may fail. Whoever makes such a
test pass has run the page for those alerts, since `runs_page` holds them against what was raised.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runbook_pages import chosen

from pipeline.contracts.settings import PROJECT

# Makes what tests of the journey ask for, and runs a page on the way: they cannot pass without.
FIXTURES = frozenset({"operated_home"})
MAY_NOT_RUN = frozenset({"skip", "skipif", "xfail"})
MAY_LEAVE = frozenset({"raises", "suppress", "skip", "importorskip", "xfail"})


@dataclass(frozen=True)
class Counted:
    """One run of a page by a test."""

    test: str
    page: str
    alerts: tuple[str, ...]
    # Those of them that the page ends.
    ended: tuple[str, ...]
    commands: frozenset[str]


def sources() -> dict[str, str]:
    """The text of every module of tests, by path."""
    return {str(path.relative_to(PROJECT)): path.read_text() for path in sorted((PROJECT / "tests").rglob("*.py"))}


def counted(modules: Mapping[str, str]) -> list[Counted]:
    """Every run of a page that counts, in these modules."""
    return [one for path, text in modules.items() if "runs_page" in text for one in _of_module(path, text)]


def _of_module(path: str, text: str) -> Iterator[Counted]:
    module = ast.parse(text)
    constants = {
        target.id: node.value
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and _is_run(node, is_test_module=Path(path).name.startswith("test_")):
            for call in _straight(node.body):
                yield _counted(f"{path}::{node.name}", call, constants)


def _is_run(node: ast.FunctionDef, *, is_test_module: bool) -> bool:
    if node.name in FIXTURES:
        return True
    marks = {name for one in node.decorator_list for name in _names(one)}
    return is_test_module and node.name.startswith("test_") and not marks & MAY_NOT_RUN


def _straight(body: list[ast.stmt]) -> Iterator[ast.Call]:
    """Calls of `runs_page` that are reached whenever the body is gone through to its end."""
    for statement in body:
        if isinstance(statement, ast.Return | ast.Raise):
            return
        if isinstance(statement, ast.With):
            if not any(MAY_LEAVE & set(_names(item.context_expr)) for item in statement.items):
                yield from _straight(statement.body)
            continue
        if isinstance(statement, ast.Expr | ast.Assign) and isinstance(statement.value, ast.Call):
            call = statement.value
            if isinstance(call.func, ast.Attribute) and call.func.attr == "runs_page":
                yield call
            elif MAY_LEAVE & set(_names(call.func)):
                return


def _counted(test: str, call: ast.Call, constants: Mapping[str, ast.expr]) -> Counted:
    words = {one.arg: one.value for one in call.keywords if one.arg}
    page = _value(call.args[0], constants, test)
    told = {name: _value(words[name], constants, test) for name in ("part", "without", "until") if name in words}
    ended, waits = (_value(words[key], constants, test) if key in words else [] for key in ("alerts", "waits"))
    commands = frozenset(line.text for line in chosen(page, **told))
    return Counted(test, page, (*ended, *waits), tuple(ended), commands)


def _value(node: ast.expr, constants: Mapping[str, ast.expr], test: str) -> Any:
    """What is written there, or what a name of the module was set to; raises AssertionError for anything else."""
    found = constants.get(node.id, node) if isinstance(node, ast.Name) else node
    try:
        return ast.literal_eval(found)
    except ValueError:
        raise AssertionError(f"{test}: pages, alerts and what is left out are written out in runs_page") from None


def _names(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute):
            yield one.attr
        elif isinstance(one, ast.Name):
            yield one.id
