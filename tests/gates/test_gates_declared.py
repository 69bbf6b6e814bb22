"""Every control can still be taken out as it is said, its place and test exist, and what was shown is of this tree's.

Quick: nothing is run. test_gates_removed.py takes each out for real.
"""

import ast
from functools import cache
from pathlib import Path

import pytest
from removal import PROJECT, gates, is_shown, segment, without

from pipeline.contracts.safety import Control, Removal, load_shown

ONE = Control(
    control="a-planted-one",
    says="planted here",
    place="pipeline.rules.ranking:rank",
    proved_by="tests/rules/test_ranking.py::test_rank_by_score_then_key",
    removed=Removal(find="a person stands twice among the scored", put="x"),
)


@cache
def functions_of(path: str) -> frozenset[str]:
    tree = ast.parse((PROJECT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def named(control: Control) -> str:
    return control.control


@pytest.mark.parametrize("control", gates(), ids=named)
def test_each_control_can_be_taken_out_as_it_is_said(control: Control) -> None:
    source = (PROJECT / control.file).read_text(encoding="utf-8")
    changed = without(control, source)
    assert changed != source
    if control.file.endswith(".py"):
        compile(changed, control.file, "exec")


@pytest.mark.parametrize("control", gates(), ids=named)
def test_each_control_names_a_test_that_exists(control: Control) -> None:
    path, _, name = control.proved_by.partition("::")
    assert (PROJECT / path).is_file(), path
    assert name.partition("[")[0] in functions_of(path), name


def test_what_was_shown_is_of_the_controls_as_they_are() -> None:
    """Of a control that was not shown yet nothing is claimed; test_gates_removed.py says whether all of them are."""
    shown = load_shown(PROJECT)
    known = {one.control: one.digest for one in gates()}
    old = sorted(name for name, found in shown.items() if known.get(name) != found["digest"])
    assert old == [], "show them anew: .venv/bin/python tests/gates/show.py NAME …, then make docs"
    assert [name for name, found in shown.items() if not is_shown(found)] == []


def test_a_text_that_is_gone_or_stands_twice_is_told() -> None:
    source = Path(PROJECT / ONE.file).read_text(encoding="utf-8")
    assert without(ONE, source) != source
    for find, times in (("no such text", 0), ("person_key", 2)):
        planted = ONE.model_copy(update={"removed": Removal(find=find, put="x")})
        with pytest.raises(LookupError, match="times in pipeline.rules.ranking:rank, not once") as caught:
            without(planted, source)
        assert times or "stands 0 times" in str(caught.value)
    with pytest.raises(LookupError, match="there is no nothing"):
        segment(source, ONE.model_copy(update={"place": "pipeline.rules.ranking:nothing"}))
