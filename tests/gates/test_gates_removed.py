"""Each control is taken out of a copy of the tree, and the test that is said to prove it must fail; with it, pass.

One test, not one for each: they share the copies and the process that has the libraries loaded, also under xdist.
"""

from pathlib import Path

import pytest
from removal import PROJECT, gates, is_shown, show

from pipeline.contracts.safety import load_shown

pytestmark = pytest.mark.acceptance


def test_without_each_control_its_test_fails_and_with_it_passes(tmp_path: Path) -> None:
    shown = show(tmp_path, gates())
    told = [f"{name}: with it {one['with']}, without it {one['without']}" for name, one in shown.items()]
    wrong = [line for line, one in zip(told, shown.values(), strict=True) if not is_shown(one)]
    assert wrong == [], "\n".join(wrong)
    # In which words a test fails may differ from machine to machine; that it fails may not.
    kept = {name: one["digest"] for name, one in load_shown(PROJECT).items()}
    now = {name: one["digest"] for name, one in shown.items()}
    assert kept == now, "keep what was shown: .venv/bin/python tests/gates/show.py, then make docs"


def test_a_control_that_nothing_proves_is_told(tmp_path: Path) -> None:
    """A test that would pass all the same, and a test that is not there."""
    one = next(control for control in gates() if control.control == "exactly-k")
    idle = one.model_copy(update={"proved_by": "tests/rules/test_ranking.py::test_a_person_ranks_once"})
    gone = one.model_copy(update={"control": "gone", "proved_by": "tests/rules/test_ranking.py::test_nothing"})
    for planted, says in ((idle, ("passed", "passed")), (gone, ("was not run", "was not run"))):
        folder = tmp_path / planted.control
        folder.mkdir()
        found = show(folder, [planted])[planted.control]
        assert (found["with"], found["without"]) == says
        assert not is_shown(found)
