"""A night that is held publishes nothing until a person decides, and then says on each register why it was held."""

import contextlib
import io
from pathlib import Path

import pytest
from finished_home import FIRST, SECOND, Demo
from homes import copy_home, tree

from pipeline.contracts.settings import PROJECT
from pipeline.contracts.watching import Watching, load_watching
from pipeline.errors import PublicationHeld
from pipeline.ledger import registers
from pipeline.steps.at_hand.context import open_context
from pipeline.steps.night.nightly import nightly
from pipeline.steps.run import run as freezing
from pipeline.steps.run.run import MODEL
from pipeline.steps.watch import watch as watching
from pipeline.steps.watch.notices import RELEASED, publish_anyway


def strict() -> Watching:
    """The declared bounds, but the list of a small home is judged, and no change at all is let through."""
    content = load_watching(PROJECT, MODEL).model_dump()
    content["compare"]["people_least"] = 1
    content["churn"]["jaccard"] = {"notice": 1.0, "hold": 1.0}
    return Watching(**content | {"digest": "strict"})


def test_held_until_a_person_decides(home: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bounds = strict()
    for module in (freezing, watching):
        monkeypatch.setattr(module, "load_watching", lambda project, name: bounds)
    context = open_context(copy_home(home.before_second, tmp_path / "home"))
    before = tree(context.settings.home, "registers", "localities")
    with contextlib.redirect_stdout(io.StringIO()), pytest.raises(PublicationHeld, match="the last editions stay"):
        nightly(context, as_of=SECOND, hold_back=True)
    assert tree(context.settings.home, "registers", "localities") == before
    assert {one.as_of for one in registers.list_editions(context.ledger)} == {FIRST}
    publish_anyway(context, as_of=SECOND, who="A. Name", reason="a second look: the list is sound")
    with contextlib.redirect_stdout(io.StringIO()):
        nightly(context, as_of=SECOND, hold_back=True)
    pages = list((context.settings.home / "registers" / SECOND.isoformat()).glob("*/*.html"))
    assert len(pages) >= 4
    assert all(RELEASED in page.read_text() and "Much of this list is new" in page.read_text() for page in pages)
