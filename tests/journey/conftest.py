"""One invented region and one finished home for the whole journey, made once per session and copied by whom it suits.

The home is a demo of about 1,600 people: history taken in, a model trained and promoted, two nights a week apart.
Tests that change anything work on a copy.
"""

import contextlib
import io
import json
import shutil
from collections.abc import Iterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from apart import ended, start_apart
from finished_home import FIRST, PEOPLE, SECOND, SEED, Demo, Truth, trained_first_night
from homes import settings_of
from operated_home import Operated, operated_home
from second_home import make_second_home
from touches import watched

from pipeline.contracts.settings import Settings
from pipeline.steps.at_hand.context import open_context
from pipeline.steps.demo.demo import prepare
from pipeline.steps.night.nightly import nightly


@pytest.fixture(scope="session")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that holds landed deliveries, keys and the fictitious policy, and in which nothing has run."""
    settings = settings_of(tmp_path_factory.mktemp("region") / "home")
    with contextlib.redirect_stdout(io.StringIO()):
        prepare(settings, people=PEOPLE, seed=SEED, as_of=FIRST, oracle_replays=100, oracle_months_before=13)
    return settings.home


@pytest.fixture(scope="session")
def truth(region: Path) -> Truth:
    """The region's truth folder, read."""
    folder = region / "landing" / "_truth"
    planted = json.loads((folder / "defects.json").read_text())
    return Truth(
        people=pq.read_table(folder / "people.parquet").to_pylist(),
        history=planted["history"],
        rows=planted["rows"],
        expected=planted["expected"],
        second_week=planted["second_week"],
        oracle=pq.read_table(folder / "oracle.parquet").to_pylist(),
    )


@pytest.fixture(scope="session")
def second_home_begun(
    request: pytest.FixtureRequest, region: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, ForkServerProcess] | None]:
    """The second home in the making, beside the first, when this session will ask for it."""
    if not any("test_same_bytes" in item.nodeid for item in request.session.items):
        yield None
        return
    folder = tmp_path_factory.mktemp("second")
    process = start_apart(make_second_home, str(region), str(folder / "home"), str(folder / "output.log"))
    yield folder, process
    if process.is_alive():
        process.kill()


@pytest.fixture(scope="session")
def other(second_home_begun: tuple[Path, ForkServerProcess] | None) -> Settings:
    """The settings of the second home, finished."""
    assert second_home_begun is not None
    folder, process = second_home_begun
    how = ended(process, seconds=900)
    assert how == 0, f"the second home ended with {how}: {(folder / 'output.log').read_text()[-2000:]}"
    return settings_of(folder / "home")


@pytest.fixture(scope="session")
def home(region: Path, second_home_begun: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The finished demo. Never changed by a test."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copytree(region, folder / "home")
    context = open_context(settings_of(folder / "home"))
    touches: dict[str, list[str]] = {}
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        first = trained_first_night(context)
        context.ledger.engine.dispose()
        shutil.copytree(folder / "home", folder / "before_second")
        with watched(lambda step, kind: touches.setdefault(step, []).append(kind)):
            second = nightly(context, as_of=SECOND, hold_back=True)
    yield Demo(
        settings=context.settings,
        before_second=folder / "before_second",
        nights=(first, second),
        touches=touches,
        output=said.getvalue(),
    )
    context.ledger.engine.dispose()


@pytest.fixture(scope="session")
def operated(region: Path, tmp_path_factory: pytest.TempPathFactory) -> Operated:
    """A home whose nights go wrong, for the tests of alerts and runbooks; they change it, one after another."""
    return operated_home(region, tmp_path_factory.mktemp("operated"))
