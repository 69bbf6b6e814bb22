"""Of a hundred thousand people nobody is where they may not be: not on another practice's list, not after opting out.

The lives hold moves, double registrations, deaths, two NHS numbers, confidential and withdrawn records, objections of
every kind and in every order, and national opt-outs learnt late; the check service answers in every wrong way. One home
is taken through training, two published nights and a check after publication; then every file is read.
"""

import csv
import hmac
import io
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from exposed_home import FAULTS, World, keys_of, lived, numbers, prepared
from exposed_lives import FIRST, MAIN, PARTICIPATING, SECOND, WEEK, Life, lives
from exposed_scan import Seen, seen_in

from pipeline.ledger import audit
from pipeline.ledger.connect import open_ledger
from pipeline.store.keys import read_keys

pytestmark = pytest.mark.acceptance

PEOPLE, EARLY_PEOPLE = 100_000, 3_000
NIGHTS = {"first night": FIRST, "second night": SECOND}
IN_HANDS = ("registers/", "localities/")
LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    people = lives(PEOPLE, numbers=numbers(PEOPLE * 11 // 10), early=EARLY_PEOPLE)
    yield lived(prepared(tmp_path_factory.mktemp("exposed") / "home", people))


@dataclass(frozen=True)
class Known:
    """Who is known to be whom in a week: by NHS number, and all whom a family name may mean."""

    week: int
    check: int
    by_number: dict[str, Life]
    by_name: dict[str, list[Life]]

    @classmethod
    def of(cls, world: World, phase: str) -> "Known":
        kept = world.phases[phase]
        people = [one for life in world.people for one in life.known_as(kept.week)]
        names: dict[str, list[Life]] = {}
        for one in people:
            names.setdefault(one.family_name.lower(), []).append(one)
        return cls(kept.week, kept.check, {number: one for one in people for number in one.numbers}, names)

    def everybody(self) -> list[Life]:
        return list({id(one): one for one in self.by_number.values()}.values())

    def may_be_used(self, life: Life) -> bool:
        return life.may_be_used(self.week, check=self.check)

    def listed_at(self, life: Life, night: date) -> str | None:
        return life.listed_at(night + timedelta(days=1), week=self.week, check=self.check)

    def named(self, seen: Seen) -> list[list[Life]]:
        """For each number and name that stands there, all whom it may mean."""
        return [[self.by_number[one]] for one in seen.numbers if one in self.by_number] + [
            self.by_name[one] for one in seen.names if one in self.by_name
        ]


@pytest.fixture(scope="module")
def number_of(world: World) -> dict[str, str]:
    return keys_of(world)


def may_be_told(known: Known, life: Life, practice: str) -> bool:
    """Whether a practice may be told of them: its patient now, or one who died as its patient."""
    if not known.may_be_used(life):
        return False
    week, rows = known.week, life.standing(known.week)
    deaths = [row.death for row in rows if row.death is not None]
    if not deaths:
        today = date(2026, 11, 14) if week == MAIN else date(2026, 11, 21)
        return life.practice_on(today + timedelta(days=1), week=week) == practice
    there = [row for row in rows if row.practice == practice and (row.end is None or row.end >= min(deaths))]
    return bool(there) and not any(row.is_confidential for row in rows)


def packs(world: World, night: date, folder: str = "registers") -> dict[str, Path]:
    root = world.home / folder / night.isoformat()
    return {path.name: path for path in sorted(root.iterdir()) if path.is_dir()}


def rows_of(pack: Path) -> list[dict[str, str]]:
    (path,) = pack.glob("*_r[0-9].csv")
    return csv_rows(path)


def csv_rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))


def exposed(world: World, number_of: dict[str, str], phase: str) -> dict[str, set[str]]:
    """Files of a phase in which somebody stands who may not be used, by their path: by what they are found."""
    known, found = Known.of(world, phase), {}
    for place, seen in world.phases[phase].seen.items():
        if not _is_elsewhere(place, phase):
            by_key = Seen(numbers={number_of[key] for key in seen.keys if key in number_of})
            told = {"number or name": known.named(seen), "pseudonym": known.named(by_key)}
            kinds = {kind for kind, each in told.items() if any(not any(map(known.may_be_used, may)) for may in each)}
            if kinds:
                found[place] = kinds
    return found


def _is_elsewhere(place: str, phase: str) -> bool:
    """Files already in a practice's hands before the opt-out was known; and, each looked at by a test of its own, who
    objects, kept in order to obey them, and the answer of the check service."""
    if place.startswith(("identified/erased/", "identified/optout/allowed")):
        return True
    if phase == "after publication":
        return place.startswith(IN_HANDS)
    return phase == "second night" and place.startswith(tuple(f"{plane}{FIRST}" for plane in IN_HANDS))


def test_the_lives_hold_everything_that_can_happen(world: World) -> None:
    traits = Counter(trait for life in world.people for trait in life.traits)
    assert len(world.people) == PEOPLE and world.rows > 2 * PEOPLE
    assert len(traits) >= 78 and min(traits.values()) >= 20, traits.most_common()[-5:]
    together = Counter(frozenset(life.traits) for life in world.people if len(life.traits) > 1)
    assert len(together) > 1_000


@pytest.mark.parametrize("phase", [*NIGHTS, "after publication"])
def test_nobody_who_may_not_be_used_stands_in_any_file(world: World, number_of: dict[str, str], phase: str) -> None:
    known, seen = Known.of(world, phase), world.phases[phase].seen
    assert sum(not known.may_be_used(life) for life in known.everybody()) > PEOPLE / 20
    assert len(seen) > 100 and {place.split("/")[0] for place in seen} >= {
        "registers", "localities", "pseudonymised", "models", "reports", "vault", "ledger.db", "identified",
    }  # fmt: skip
    assert exposed(world, number_of, phase) == {}


@pytest.mark.parametrize("phase", NIGHTS)
def test_the_cohort_is_everybody_who_may_be_listed_and_nobody_else(
    world: World, number_of: dict[str, str], phase: str
) -> None:
    known = Known.of(world, phase)
    rows = [(known.by_number[number_of[key]].numbers, practice) for key, practice in world.phases[phase].cohort.items()]
    found = dict(rows)
    assert len(rows) == len(found), "a person stands under two numbers"
    wanted = {
        life.numbers: practice
        for life in known.everybody()
        if (practice := known.listed_at(life, NIGHTS[phase])) in PARTICIPATING
    }
    differing = [one for one in {*wanted, *found} if found.get(one) != wanted.get(one)]
    told = [(sorted(known.by_number[one[0]].traits), found.get(one), wanted.get(one)) for one in differing]
    assert told == [], f"{len(told)}: {told[:8]}"
    assert len(wanted) > PEOPLE / 4


@pytest.mark.parametrize("phase", NIGHTS)
def test_each_practice_is_told_of_its_own_patients_alone(world: World, phase: str) -> None:
    known, there = Known.of(world, phase), packs(world, NIGHTS[phase])
    assert sorted(there) == sorted(PARTICIPATING)
    for code, pack in there.items():
        listed = [known.by_number[row["nhs_number"]] for row in rows_of(pack)]
        assert len(listed) > PEOPLE // 2_000
        wrong = [sorted(life.traits) for life in listed if known.listed_at(life, NIGHTS[phase]) != code]
        assert wrong == []
        for path in sorted(one for one in pack.rglob("*") if one.is_file()):
            seen = seen_in(path.read_bytes(), name=path.name)
            assert not seen.keys
            strangers = [
                sorted(may[0].traits)
                for may in known.named(seen)
                if not any(may_be_told(known, life, code) for life in may)
            ]
            assert strangers == [], path.name


@pytest.mark.parametrize("phase", NIGHTS)
def test_a_locality_shows_keys_that_the_right_practice_alone_resolves(
    world: World, number_of: dict[str, str], phase: str
) -> None:
    known, secret = Known.of(world, phase), read_keys(world.settings.keys_folder).practice
    resolved = set()
    for key, number in number_of.items():
        practice = known.listed_at(known.by_number[number], NIGHTS[phase])
        if practice in PARTICIPATING:
            resolved.add((practice, practice_key(key, practice, secret)))
    for code, pack in packs(world, NIGHTS[phase], "localities").items():
        lists = {path.name[:7]: csv_rows(path) for path in sorted(pack.glob("RISK???_*_r[0-9].csv"))}
        assert len(lists["RISKLOC"]) > PEOPLE // 2_000
        for rows in (lists["RISKLOC"], lists.get("RISKMDT", [])):
            assert [row for row in rows if (row["practice_code"], row["practice_key"]) not in resolved] == [], code
        for path in sorted(one for one in pack.rglob("*") if one.is_file()):
            seen = seen_in(path.read_bytes(), name=path.name)
            assert (seen.numbers, seen.keys, seen.names) == (set(), set(), set())


def practice_key(key: str, practice: str, secret: bytes) -> str:
    """The key a practice finds on its own register, made here as docs/architecture.md says."""
    message = f"riskstrat/v1/practice\0{practice}\0{key}".encode()
    number, text = int(hmac.new(secret, message, sha256).hexdigest()[:32], 16), ""
    for _ in range(8):
        number, place = divmod(number, len(LETTERS))
        text += LETTERS[place]
    return f"{text[:2]}-{text[2:5]}-{text[5:]}"


def test_the_vault_names_each_person_to_one_practice_or_to_none(world: World, number_of: dict[str, str]) -> None:
    database = sqlite3.connect(f"file:{world.home / 'vault' / 'vault.db'}?mode=ro", uri=True)
    held = dict(database.execute("select person_key, practice_code from identity").fetchall())
    database.close()
    known = Known.of(world, "after publication")
    assert len(held) > PEOPLE / 2
    wrong = [
        (sorted(known.by_number[number_of[key]].traits), practice)
        for key, practice in held.items()
        if practice and not may_be_told(known, known.by_number[number_of[key]], practice)
    ]
    assert wrong == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_reply_that_is_wrong_closes_the_gate_and_changes_nothing(world: World, fault: str) -> None:
    assert world.faults[fault] == []


def test_nobodys_national_opt_out_is_stored(world: World, number_of: dict[str, str]) -> None:
    """Who objects in their record is kept, to be obeyed; of who opted out nationally there is no list anywhere."""
    seen = world.phases["after publication"].seen
    places = [place for place in seen if place.startswith("identified/erased/")]
    erased = {world.owner[number_of[key]].place for place in places for key in seen[place].keys}
    by_record = {life.place for life in world.people if life.objects(WEEK) or life.is_test_identity(WEEK)}
    assert erased == by_record
    assert not [place for place in seen if place.startswith(("identified/optout/in/", "identified/optout/out/"))]


@pytest.mark.parametrize("phase", [*NIGHTS, "after publication"])
def test_the_answer_that_is_kept_holds_only_whom_the_service_returned(world: World, phase: str) -> None:
    """It knows people by their current number; what it returns of a superseded one is kept, and is not enough."""
    kept = world.phases[phase]
    answered = [world.owner[number] for number in kept.seen["identified/optout/allowed"].numbers]
    refused = [life for life in answered if kept.check in life.opted_out]
    assert len(answered) > PEOPLE / 2
    assert not {life.numbers[-1] for life in refused} & kept.seen["identified/optout/allowed"].numbers


def test_what_was_said_and_written_for_people_to_read_names_nobody(world: World) -> None:
    said = seen_in(world.said.getvalue().encode(), name="output.log")
    assert len(world.said.getvalue()) > 1_000
    assert (said.numbers, said.keys, said.names) == (set(), set(), set())
    for kept in world.phases.values():
        for place, seen in kept.seen.items():
            if place.startswith(("reports/", "models/", "audit-anchor", "localities/")):
                assert (seen.numbers, seen.keys, seen.names) == (set(), set(), set()), place


def test_editions_that_held_people_who_opted_out_since_are_named_in_the_audit(world: World) -> None:
    ledger = open_ledger(world.settings.ledger_url)
    rows = audit.list_entries(ledger, action="erase")
    assert audit.verify(ledger) == []
    ledger.engine.dispose()
    late = {n for life in world.people if "opted out after publication" in life.traits for n in life.numbers}
    held = {code for code, pack in packs(world, SECOND).items() if late & {row["nhs_number"] for row in rows_of(pack)}}
    assert held and all(f"practice.{code}.{SECOND}" in rows[-1].subject for code in held)


def test_the_scan_finds_what_is_planted(tmp_path: Path) -> None:
    key, number, name = f"p{'a' * 8}_{'b' * 32}", "9990000018", "Zqbcdfg"
    rows = pa.table({"one": [key], "two": [int(number)], "three": [f"her name is {name}"]})
    pq.write_table(rows, tmp_path / "a.parquet")
    database = sqlite3.connect(tmp_path / "b.db")
    database.execute("create table t (x)")
    database.execute("insert into t values (?)", [f"{key} 999 000 0018 {name}"])
    database.commit()
    database.close()
    (tmp_path / "c.html").write_text(f"<p>999&#32;000&#32;0018 {name.upper()} {key}</p>")
    for path in sorted(tmp_path.iterdir()):
        seen = seen_in(path.read_bytes(), name=path.name)
        assert (seen.numbers, seen.keys, seen.names) == ({number}, {key}, {name.lower()}), path.name
    with pytest.raises(AssertionError, match="nobody has taught"):
        seen_in(b"\x00", name="d.bin")
