"""What tests of single steps share and is made once: a home whose practice answers (answering.py)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from answering import make_answering_home, open_copy

from pipeline.steps.at_hand.context import Context


@pytest.fixture(scope="session")
def answering_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Never changed by a test."""
    return make_answering_home(tmp_path_factory.mktemp("answering") / "home")


@pytest.fixture
def answering(answering_home: Path, tmp_path: Path) -> Iterator[Context]:
    """A copy of it, to be changed."""
    context = open_copy(answering_home, tmp_path / "home")
    yield context
    context.ledger.engine.dispose()
