"""A night, new keys, the next night: the same people, their changes still named, and nothing left of the old key.

What the second night says after a rotation is held against what it said in the home whose keys nobody rotated.
"""

import contextlib
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from finished_home import FIRST, SECOND, Demo, Truth
from homes import copy_home, packs, tree
from scanner import UNREADABLE, Canaries, scan

from pipeline.channels.folder import MANIFEST
from pipeline.ledger import audit
from pipeline.rules.pseudonym import person_key
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.night.nightly import Night, nightly
from pipeline.steps.opt_out.erasure import current_erasure
from pipeline.steps.upkeep.retention import past_their_time
from pipeline.steps.upkeep.rotate_keys import rotate_keys
from pipeline.store.keys import Keys, read_keys

# What may differ: a practice's own key for a person is made of the pseudonym, and key ids are part of the run key.
OF_THE_KEY = ("practice_key", "run_key")


@dataclass(frozen=True)
class Rotated:
    """A home of one night whose keys were rotated, and its second night."""

    context: Context
    was: Keys
    published_before: dict[str, str]
    counts: dict[str, int]
    litter: int
    night: Night


@pytest.fixture(scope="module")
def rotated(home: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rotated]:
    settings = copy_home(home.before_second, tmp_path_factory.mktemp("rotated") / "home")
    was, before = read_keys(settings.keys_folder), tree(settings.home, "registers", "localities")
    counts = rotate_keys(settings, who="A. Operator", reason="the yearly rotation").counts
    context = open_context(settings)
    litter = sum(item.zone == "litter" for item in past_their_time(context))
    night = quietly(context, as_of=SECOND)
    yield Rotated(context, was, before, counts, litter, night)
    context.ledger.engine.dispose()


def quietly(context: Context, **options: Any) -> Night:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return nightly(context, hold_back=True, **options)


def rows(pack: Path) -> list[dict[str, str]]:
    (path,) = pack.glob("*_r[0-9].csv")
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))


# What a row says of a person whatever place others take on the list.
SAID = ("family_name", "risk_pct", "segment", "reason_1", "reason_2", "not_in_gp_record", "emergency_admissions_12m")


def without_keys(row: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in row.items() if name not in OF_THE_KEY}


def risk_by_rank(listed: list[dict[str, str]]) -> list[str]:
    return [row["risk_pct"] for row in listed if row["listing"] == "by_rank"]


def beyond_ties(listed: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    """What the rows say of everybody whose place no tie decides: equal risks stand in the order of the keys."""
    risks = Counter(row["risk_pct"] for row in listed)
    cut = min((float(row["risk_pct"]) for row in listed if row["listing"] == "by_rank"), default=0.0)
    return {
        row["nhs_number"]: without_keys(row)
        for row in listed
        if risks[row["risk_pct"]] == 1 and float(row["risk_pct"]) > cut
    }


def page(pack: Path, *, run_key: str) -> str:
    """The page without the run's key and without practices' keys for people."""
    (path,) = pack.glob("*.html")
    text = path.read_text(encoding="utf-8").replace(run_key, "RUN")
    return re.sub(r"\b[2-9A-Z]{2}-[2-9A-Z]{3}-[2-9A-Z]{3}\b", "KEY", text)


def test_the_second_night_lists_the_same_people_with_the_same_changes(home: Demo, rotated: Rotated) -> None:
    there, here = packs(home.home, SECOND), packs(rotated.context.settings.home, SECOND)
    assert sorted(there) == sorted(here) and len(here) > 2
    changes, pages = set(), 0
    for code, pack in here.items():
        mine, theirs = rows(pack), rows(there[code])
        assert risk_by_rank(mine) == risk_by_rank(theirs)
        assert beyond_ties(mine) == beyond_ties(theirs)
        assert not {row["practice_key"] for row in mine} & {row["practice_key"] for row in theirs}
        changes |= {row["change"] for row in mine}
        if [row["nhs_number"] for row in mine] == [row["nhs_number"] for row in theirs]:
            pages += 1
            before = page(there[code], run_key=home.nights[1].run.run_key)
            assert page(pack, run_key=rotated.night.run.run_key) == before
    # Not everybody new: who was on the first edition is known again.
    assert {"new", "steady"} <= changes and pages > 0


def test_nothing_of_the_old_key_is_left_in_any_file(truth: Truth, rotated: Rotated) -> None:
    numbers = [person["nhs_number"] for person in truth.people]
    old = {person_key(n, key=rotated.was.person, key_id=rotated.was.person_id) for n in numbers}
    now = {person_key(n, key=rotated.context.keys.person, key_id=rotated.context.keys.person_id) for n in numbers}
    settings = rotated.context.settings
    found = scan(settings.home, Canaries(texts=frozenset(old)), leave_out=("landing",))
    # Sealed original bytes are a format that nobody can read, which is the point of them.
    assert [one for one in found if not (one.kind == UNREADABLE and one.file.startswith("identified/original/"))] == []
    places = {one.file.split("/")[0] for one in scan(settings.home / "pseudonymised", Canaries(texts=frozenset(now)))}
    assert {"linked", "event", "feature", "register"} <= places


def test_what_was_published_before_lies_there_unchanged(rotated: Rotated) -> None:
    """So that what a practice sends back about an edition is still about the person its own row names."""
    after = tree(rotated.context.settings.home, "registers", "localities")
    assert rotated.published_before.items() <= after.items()


def test_the_audit_is_whole_and_tells_every_use_of_the_vault(rotated: Rotated) -> None:
    entries = audit.list_entries(rotated.context.ledger)
    assert audit.verify(rotated.context.ledger) == []
    assert rotated.counts["people_in_vault"] > 1_000 and rotated.counts["entries"] > 10
    named: dict[str, int] = {}
    for row in entries:
        if row.action == "re-identify" and row.run_key == rotated.night.run.run_key:
            practice = row.subject.split()[1].rstrip(",")
            assert row.subject.endswith("purpose publication")
            named[practice] = named.get(practice, 0) + row.counts["people"]
    for code, pack in packs(rotated.context.settings.home, SECOND).items():
        # Those listed, and those who left and are still the practice's.
        assert named[code] >= len(rows(pack)) > 0
    assert not any(MANIFEST in row.subject for row in entries)


def test_retention_finds_nothing_that_the_rotation_left_behind(rotated: Rotated) -> None:
    assert rotated.litter == 0


@pytest.mark.acceptance
def test_a_night_of_before_is_replayed_under_the_new_key(home: Demo, rotated: Rotated) -> None:
    """Its run was frozen under a key that is gone: a replay, which disturbs no edition, says the same of everybody.

    But for those who object since: erasure beats replay, and somebody else has their place.
    """
    replay = quietly(rotated.context, as_of=FIRST)
    assert replay.run.kind == "replay" and replay.run.inputs["keys"] == rotated.context.keys.ids
    root = rotated.context.settings.home / "registers" / "replays" / replay.run.run_key
    objecting = current_erasure(rotated.context).nhs_numbers
    compared = 0
    for code, pack in packs(home.home, FIRST).items():
        here, there = ({row["nhs_number"]: row for row in rows(folder)} for folder in (root / code, pack))
        assert not here.keys() & objecting
        # Whom a tie at the cut leaves out is decided by the keys, which are others now.
        cut = min((float(row["risk_pct"]) for row in there.values()), default=0.0)
        assert here.keys() >= {number for number, row in there.items() if float(row["risk_pct"]) > cut} - objecting
        for number in here.keys() & there.keys():
            told = [{name: row[name] for name in SAID} for row in (here[number], there[number])]
            assert told[0] == told[1]
            compared += 1
    assert compared > 10
