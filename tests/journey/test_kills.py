"""A night killed inside each of its steps and started again ends with the same bytes, and nothing half-published.

One home goes through all kills in a row, keeping what it had finished. The reference is a night that nobody killed.
The full version, every touch on a home of its own, is marked `faults`.
"""

import shutil
import signal
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from apart import ended, start_apart
from finished_home import SECOND, Demo
from homes import copy_home, first_difference, half_published, store_digests, tree
from killed_night import run_night
from touches import KEEPS_PROGRESS, STEPS

from pipeline.contracts.settings import Settings
from pipeline.ledger import audit, registers, steps
from pipeline.ledger.connect import open_ledger
from pipeline.ledger.deliveries import list_deliveries
from pipeline.store import layout, tables
from pipeline.store.keys import read_keys
from pipeline.store.vault import open_vault


@dataclass
class Chain:
    """What happened to the home that was killed again and again."""

    settings: Settings
    log: Path
    ends: list[tuple[str, int, int | None]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def chain(home: Demo, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """The second night killed at an early, a middle and a late touch of every step, then let run to its end."""
    folder = tmp_path_factory.mktemp("killed")
    chain = Chain(settings=copy_home(home.before_second, folder / "home"), log=folder / "output.log")
    whole = tree(home.home, "registers", "localities")
    for step in STEPS:
        for nth in kills(step, home.touches[step]):
            chain.ends.append((step, nth, run_apart(chain.settings.home, step=step, nth=nth, log=chain.log)))
            chain.problems += [f"{step} {nth}: {one}" for one in half_published(chain.settings.home)]
            chain.problems += [f"{step} {nth}: {one} differs" for one in _foreign(chain.settings.home, whole)]
    chain.ends.append(("to its end", 0, run_apart(chain.settings.home, log=chain.log)))
    return chain


def kills(step: str, kinds: list[str]) -> list[int]:
    """First, middle and late touch, each counted from the start of its night; and around the first pack's reveal.

    A step that keeps its progress has at least all its touches less those made in the nights killed before.
    """
    touches = len(kinds)
    chosen = [1]
    if step == "publish":
        reveal = 1 + next(place for place, kind in enumerate(kinds) if kind in ("rename", "replace"))
        chosen += [reveal, reveal + 1]
    chosen.append((touches + 1) // 2)
    # The touch it is killed at counts as made: an anchor's sync follows a commit and is not made again.
    made = sum(chosen) if step in KEEPS_PROGRESS else 0
    chosen.append(max(1, touches - made))
    return chosen if touches > 2 else list(range(1, touches + 1))


def run_apart(home: Path, *, step: str | None = None, nth: int = 0, log: Path) -> int | None:
    """Run the second night in a process of its own; how it ended: 0, or minus the signal."""
    return ended(start_apart(run_night, str(home), SECOND.isoformat(), step, nth, str(log)), seconds=600)


def _foreign(home: Path, whole: dict[str, str]) -> list[str]:
    """Visible published files that are not, byte for byte, those of the night nobody killed."""
    there = tree(home, "registers", "localities")
    return [name for name, digest in there.items() if "/.staging-" not in name and whole.get(name) != digest]


def test_there_is_something_to_kill_in_every_step(home: Demo) -> None:
    assert set(home.touches) == set(STEPS)
    assert {"table commit", "sql commit", "sync", "rename", "replace", "table delete"} <= {
        kind for kinds in home.touches.values() for kind in kinds
    }


def test_every_kill_happened_in_its_step(chain: Chain) -> None:
    *killed, last = chain.ends
    survived = [end for end in killed if end[2] != -signal.SIGKILL]
    assert survived == [], chain.log.read_text()[-3000:]
    assert {step for step, _, _ in killed} == set(STEPS)
    assert last == ("to its end", 0, 0), chain.log.read_text()[-3000:]


def test_nothing_was_ever_half_published(chain: Chain) -> None:
    assert chain.problems == []


def test_the_published_trees_end_with_the_same_bytes(home: Demo, chain: Chain) -> None:
    one, two = (tree(path, "registers", "localities") for path in (home.home, chain.settings.home))
    assert first_difference(one, two) is None


def test_the_store_ends_with_the_same_rows(home: Demo, chain: Chain) -> None:
    assert first_difference(store_digests(home.home), store_digests(chain.settings.home)) is None


def test_the_vault_ends_with_the_same_people(home: Demo, chain: Chain) -> None:
    def people(settings: Settings) -> dict[str, str]:
        vault = open_vault(settings.vault_url, keys=read_keys(settings.keys_folder))
        held = vault.practices(store_people(settings.home))
        vault.close()
        return held

    assert people(home.settings) == people(chain.settings) != {}


def store_people(home: Path) -> list[str]:
    """Everyone the registrations speak of."""
    rows = tables.read(layout.table(home, "registration"), columns=["person_key"])
    return sorted(set(rows["person_key"].to_pylist()) - {None})


def test_the_ledger_ends_alike_and_in_balance(home: Demo, chain: Chain) -> None:
    assert ledger_content(chain.settings) == ledger_content(home.settings)
    ledger = open_ledger(chain.settings.ledger_url)
    assert all(delivery.balances() for delivery in list_deliveries(ledger))
    assert audit.verify(ledger) == []
    ledger.engine.dispose()


def ledger_content(settings: Settings) -> dict[str, object]:
    """What the ledger says, without the moments at which it was said."""
    ledger = open_ledger(settings.ledger_url)
    found = list_deliveries(ledger)
    editions = registers.list_editions(ledger)
    scopes = [delivery.delivery_id for delivery in found] + sorted({edition.run_key for edition in editions})
    content = {
        "deliveries": found,
        "editions": [{k: v for k, v in vars(one).items() if k != "published_at"} for one in editions],
        "entries": {one.edition_id: registers.entries(ledger, edition_id=one.edition_id) for one in editions},
        "steps": [
            (record.scope, record.step, record.state, _comparable(record.counts), record.digest)
            for scope in scopes
            for record in sorted(steps.list_steps(ledger, scope=scope), key=lambda record: record.step)
        ],
    }
    ledger.engine.dispose()
    return content


def _comparable(counts: dict[str, int]) -> dict[str, int]:
    """Without how many packs were new this time and how many a killed attempt had published, but with their sum."""
    rest = {name: count for name, count in counts.items() if name not in ("published", "already_there", "swept")}
    return rest | {"packs": counts.get("published", 0) + counts.get("already_there", 0)}


@pytest.mark.faults
@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_every_touch_on_a_home_of_its_own(home: Demo, step: str, tmp_path: Path) -> None:
    """Each touch of the step in turn: killed there, started again, the same bytes."""
    whole = tree(home.home, "registers", "localities")
    rows = store_digests(home.home)
    for nth in range(1, len(home.touches[step]) + 1):
        settings = copy_home(home.before_second, tmp_path / "home")
        log = tmp_path / "output.log"
        assert run_apart(settings.home, step=step, nth=nth, log=log) == -signal.SIGKILL, (step, nth)
        assert half_published(settings.home) == []
        assert run_apart(settings.home, log=log) == 0, (step, nth, log.read_text()[-2000:])
        assert first_difference(whole, tree(settings.home, "registers", "localities")) is None, (step, nth)
        assert first_difference(rows, store_digests(settings.home)) is None, (step, nth)
        shutil.rmtree(settings.home)
