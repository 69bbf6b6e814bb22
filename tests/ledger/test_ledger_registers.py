"""Editions are written once and whole; only forgetting takes people away."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from pipeline.errors import PipelineError
from pipeline.ledger import registers
from pipeline.ledger.connect import Ledger, open_ledger, reading
from pipeline.ledger.registers import Edition, Entry
from pipeline.ledger.runs import freeze_run

AT = datetime(2026, 11, 16, 2, tzinfo=UTC)
NIGHT = date(2026, 11, 15)


def edition(as_of: date = NIGHT, *, revision: int = 1, kind: str = "current", run_key: str = "r1") -> Edition:
    current = f"practice.F83004.{as_of}.r{revision}"
    return Edition(
        edition_id=current if kind == "current" else f"replay.practice.F83004.{run_key}",
        run_key=run_key,
        kind=kind,
        plane="practice",
        as_of=as_of,
        code="F83004",
        revision=revision,
        manifest_sha256="a" * 64,
        path=f"registers/{as_of}/F83004",
        counts={"by_rank": 2},
        published_at=AT,
    )


def entry(number: int, **changes: object) -> Entry:
    made = Entry(
        person_key=f"pk1_{number:032x}",
        listing="by_rank",
        rank=number,
        risk_score=Decimal("0.123400"),
        segment="frailty",
        first_listed_on=NIGHT,
        editions_on_register=1,
        editions_beyond=0,
    )
    return replace(made, **changes)


@pytest.fixture(autouse=True)
def run(ledger: Ledger) -> None:
    for run_key in ("r1", "r2"):
        freeze_run(
            ledger,
            run_key=run_key,
            kind="nightly",
            as_of=NIGHT,
            knowledge="then",
            model_id=None,
            inputs={},
            delivery_ids=[],
            at=AT,
        )


def test_an_edition_comes_back_with_its_people_by_rank(ledger: Ledger) -> None:
    people = [entry(2), entry(1), entry(3, listing="kept", risk_score=Decimal("0.000001"))]
    registers.record_edition(ledger, edition=edition(), entries=people)
    assert registers.list_editions(ledger) == [edition()]
    found = registers.entries(ledger, edition_id=edition().edition_id)
    assert found == [people[1], people[0], people[2]]
    assert [str(one.risk_score) for one in found] == ["0.123400", "0.123400", "0.000001"]


def test_a_published_edition_is_never_rewritten(ledger: Ledger) -> None:
    registers.record_edition(ledger, edition=edition(), entries=[entry(1)])
    registers.record_edition(ledger, edition=edition(), entries=[entry(1), entry(2)])
    assert len(registers.entries(ledger, edition_id=edition().edition_id)) == 1
    with pytest.raises(PipelineError, match="another manifest"):
        registers.record_edition(ledger, edition=replace(edition(), manifest_sha256="b" * 64), entries=[])


def test_an_edition_whose_people_do_not_fit_is_not_there_at_all(ledger: Ledger) -> None:
    with pytest.raises(IntegrityError):
        registers.record_edition(ledger, edition=edition(), entries=[entry(1), entry(1)])
    with pytest.raises(IntegrityError):
        registers.record_edition(ledger, edition=edition(), entries=[entry(1, listing="guessed")])
    assert registers.list_editions(ledger) == []


def test_an_empty_edition_is_an_edition(ledger: Ledger) -> None:
    registers.record_edition(ledger, edition=edition(), entries=[])
    assert registers.list_editions(ledger, plane="practice", code="F83004", as_of=NIGHT) == [edition()]
    assert registers.list_editions(ledger, plane="locality") == []


def test_what_came_before_is_the_latest_night_in_its_highest_revision_without_replays(ledger: Ledger) -> None:
    earlier = date(2026, 11, 8)
    replayed = edition(kind="replay", run_key="r2", revision=3)
    for one in (
        edition(earlier),
        edition(revision=2, run_key="r2"),
        edition(),
        replayed,
    ):
        registers.record_edition(ledger, edition=one, entries=[])

    def before(day: date) -> str | None:
        found = registers.last_edition(ledger, plane="practice", code="F83004", before=day)
        return found and found.edition_id

    assert before(date(2026, 11, 22)) == "practice.F83004.2026-11-15.r2"
    assert before(NIGHT) == "practice.F83004.2026-11-08.r1"
    assert before(earlier) is None
    where = {"plane": "practice", "code": "F83004", "as_of": NIGHT}
    assert registers.find_edition(ledger, **where, run_key="r1") == edition()
    assert registers.find_edition(ledger, **{**where, "code": "F83005"}, run_key="r1") is None


def test_a_replay_is_found_by_its_run(ledger: Ledger) -> None:
    replayed = edition(kind="replay", run_key="r2")
    registers.record_edition(ledger, edition=replayed, entries=[])
    assert registers.find_edition(ledger, plane="practice", code="F83004", as_of=NIGHT, run_key="r2") == replayed


def test_forgotten_people_leave_every_edition(ledger: Ledger) -> None:
    other = edition(date(2026, 11, 22))
    registers.record_edition(ledger, edition=edition(), entries=[entry(number) for number in range(1, 701)])
    registers.record_edition(ledger, edition=other, entries=[entry(1), entry(2)])
    gone = [entry(number).person_key for number in range(1, 601)] + ["pk1_nobody"]
    assert registers.forget_people(ledger, person_keys=gone) == 602
    assert registers.entries(ledger, edition_id=other.edition_id) == []
    assert len(registers.entries(ledger, edition_id=edition().edition_id)) == 100
    assert registers.forget_people(ledger, person_keys=[]) == 0


def test_forgotten_people_leave_the_bytes_of_the_file_and_its_log(tmp_path: Path) -> None:
    """Neither a free page nor the write-ahead log keeps a key, while other connections stay open."""
    opened = open_ledger(f"sqlite:///{tmp_path / 'bytes.db'}")
    freeze_run(
        opened, run_key="r1", kind="nightly", as_of=NIGHT, knowledge="then", model_id=None, inputs={},
        delivery_ids=[], at=AT,
    )  # fmt: skip
    registers.record_edition(opened, edition=edition(), entries=[entry(number) for number in range(1, 701)])
    gone = [entry(number).person_key for number in range(1, 651)]

    def standing() -> list[str]:
        held = b"".join(path.read_bytes() for path in sorted(tmp_path.glob("bytes.db*")))
        return [key for key in gone if key.encode() in held]

    assert len(standing()) == len(gone)
    with reading(opened) as other:
        assert other.exec_driver_sql("pragma secure_delete").scalar_one() == 1
    assert registers.forget_people(opened, person_keys=gone) == 650
    assert standing() == []
    assert entry(700).person_key.encode() in (tmp_path / "bytes.db").read_bytes()
    opened.engine.dispose()
