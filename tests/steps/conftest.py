"""What tests of single steps share and is made once: a home whose practice answers (answering.py), the morning after a
quiet night (planted_alerts.py), and a home whose nights are watched (watched_home.py)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from answering import make_answering_home, open_copy
from planted_alerts import make_quiet_home, quiet_copy
from watched_home import Home, begun_home

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


@pytest.fixture(scope="session")
def quiet_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Never changed by a test."""
    return make_quiet_home(tmp_path_factory.mktemp("quiet") / "home")


@pytest.fixture
def quiet(quiet_home: Path, tmp_path: Path) -> Iterator[Context]:
    """A copy of it, to be changed."""
    context = quiet_copy(quiet_home, tmp_path / "home")
    yield context
    context.ledger.engine.dispose()


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home of drawn people with three finished nights. Never changed by a test."""
    return begun_home(tmp_path_factory.mktemp("watched") / "home")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The folder in which an operator stands, with the passphrase of backups."""
    (tmp_path / "work").mkdir()
    passphrase = tmp_path / "work" / "passphrase.txt"
    passphrase.touch(mode=0o600)
    passphrase.write_text("a long passphrase of several words\n")
    return tmp_path / "work"
