"""Publish: when an edition is due and which it is, and the last check that one bad row blocks.

Whole publications, corrections among them, are looked at in tests/journey.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest
from small_home import (
    ANN,
    BEN,
    CAT,
    DAN,
    DISSENT,
    PRACTICE,
    csv_of,
    deliver,
    entry,
    keys,
    patient,
    people_in,
    small_context,
)

from pipeline.channels import folder
from pipeline.contracts.settings import Settings
from pipeline.errors import ChannelError
from pipeline.ledger import registers, runs
from pipeline.ledger.registers import Edition
from pipeline.ledger.runs import Run
from pipeline.rules.nhs_number import spaced
from pipeline.steps.at_hand.context import Context
from pipeline.steps.link.link import link
from pipeline.steps.publish import practice_pack
from pipeline.steps.publish import publish as publish_step
from pipeline.steps.publish.pack_check import check_staged
from pipeline.steps.publish.publish import _publish_due, _record, _slot
from pipeline.store import layout, tables
from pipeline.store.signature import sign

NIGHT = date(2026, 11, 15)
AT = datetime(2026, 11, 16, 6, tzinfo=UTC)


@pytest.fixture
def context(home: Settings) -> Context:
    """Ann and Ben at the practice, Cat at another, and Dan nowhere."""
    context = small_context(home)
    deliver(
        context,
        "gp_patient",
        [patient(ANN, "1"), patient(BEN, "2"), patient(CAT, "3", practice_code="F83039")],
    )
    deliver(context, "gp_event", [entry(DAN, "O-1")])
    link(context)
    bury(context)
    return context


def bury(context: Context, *nhs_numbers: str) -> None:
    """The deaths that the run of these tests saw."""
    people = keys(context, *nhs_numbers)
    rows = pa.table(
        {"person_key": pa.array(people, pa.string()), "death_date": pa.array([NIGHT] * len(people), pa.date32())}
    )
    tables.replace_slice(layout.table(context.settings.home, "death"), rows, column="run_key", value="0123")


def a_run(
    context: Context,
    run_key: str = "0123",
    *,
    as_of: date = NIGHT,
    kind: str = "nightly",
    correction: str | None = None,
) -> Run:
    return runs.freeze_run(
        context.ledger, run_key=run_key, kind=kind, as_of=as_of, knowledge="then", model_id="m",
        inputs={"correction": correction},
        delivery_ids=[], at=AT,
    )  # fmt: skip


def publish_edition(context: Context, run: Run, *, revision: int = 1) -> None:
    slot = _slot(context, run, plane="practice", code=PRACTICE)
    assert slot is not None
    assert slot.revision == revision
    registers.record_edition(
        context.ledger,
        edition=Edition(
            slot.edition_id, run.run_key, "current", "practice", run.as_of, PRACTICE, revision, "0" * 64, "x", {}, AT
        ),
        entries=[],
    )
    slot.target.mkdir(parents=True)
    (slot.target / folder.MANIFEST).write_text(json.dumps({"run_key": run.run_key}))


def test_the_first_edition_is_due_at_once(context: Context) -> None:
    slot = _slot(context, a_run(context), plane="practice", code=PRACTICE)
    assert slot is not None
    assert (slot.edition_id, slot.revision, slot.supersedes) == ("practice.F83671.2026-11-15.r1", 1, None)
    assert slot.target == context.settings.home / "registers" / "2026-11-15" / "F83671"


@pytest.mark.parametrize(("days", "is_due"), [(1, False), (6, False), (7, True), (8, True)])
def test_the_next_edition_is_due_after_a_week(context: Context, days: int, is_due: bool) -> None:
    publish_edition(context, a_run(context))
    later = a_run(context, "4567", as_of=NIGHT + timedelta(days=days))
    assert (_slot(context, later, plane="practice", code=PRACTICE) is not None) == is_due
    # Practices and planes have schedules of their own.
    assert _slot(context, later, plane="practice", code="F83039") is not None
    assert _slot(context, later, plane="locality", code=PRACTICE) is not None


def test_with_a_day_of_its_own_a_late_edition_does_not_move_the_next(context: Context) -> None:
    """Sunday's night failed, so that Monday's published: the next is due on Sunday again."""
    publish_edition(context, a_run(context, as_of=NIGHT + timedelta(days=1)))
    on_sunday = a_run(context, "4567", as_of=NIGHT + timedelta(days=7))
    assert _slot(context, on_sunday, plane="practice", code=PRACTICE) is None
    assert _slot(context, on_sunday, plane="practice", code=PRACTICE, day="monday") is None
    assert _slot(context, on_sunday, plane="practice", code=PRACTICE, day="sunday") is not None


def test_another_run_of_the_same_date_leaves_the_edition_alone(context: Context) -> None:
    publish_edition(context, a_run(context))
    assert _slot(context, a_run(context, "4567"), plane="practice", code=PRACTICE) is None


def test_a_correction_of_the_same_date_lies_beside_the_first(context: Context) -> None:
    publish_edition(context, a_run(context))
    for revision, run_key in ((2, "4567"), (3, "89ab")):
        run = a_run(context, run_key, correction="a ward was missing")
        slot = _slot(context, run, plane="practice", code=PRACTICE)
        assert slot is not None
        assert slot.supersedes == f"practice.F83671.2026-11-15.r{revision - 1}"
        assert slot.target == context.settings.home / "registers" / "2026-11-15" / "F83671" / f"r{revision}"
        publish_edition(context, run, revision=revision)


def test_the_same_run_finds_its_own_place_again(context: Context) -> None:
    first, second = a_run(context), a_run(context, "4567", correction="a ward was missing")
    publish_edition(context, first)
    publish_edition(context, second, revision=2)
    for run, revision in ((first, 1), (second, 2)):
        slot = _slot(context, run, plane="practice", code=PRACTICE)
        assert slot is not None
        assert slot.revision == revision


def test_a_pack_revealed_before_a_kill_is_found_and_another_runs_is_not_touched(context: Context) -> None:
    """The folder is there, the ledger does not know it: the same run takes it for its own, another goes beside it."""
    run = a_run(context)
    target = context.settings.home / "registers" / "2026-11-15" / "F83671"
    target.mkdir(parents=True)
    (target / folder.MANIFEST).write_text(json.dumps({"run_key": run.run_key}))
    own = _slot(context, run, plane="practice", code=PRACTICE)
    other = _slot(context, a_run(context, "4567"), plane="practice", code=PRACTICE)
    assert own is not None
    assert other is not None
    assert (own.revision, other.revision) == (1, 2)


def test_a_replay_lies_apart_whatever_was_published(context: Context) -> None:
    publish_edition(context, a_run(context))
    slot = _slot(context, a_run(context, "4567", kind="replay"), plane="practice", code=PRACTICE)
    assert slot is not None
    assert slot.target == context.settings.home / "registers" / "replays" / "4567" / "F83671"


def staged(
    context: Context,
    folder_: Path,
    rows: list[dict[str, str]],
    *,
    run_key: str = "0123",
    people: int | None = None,
    page: str = "",
) -> Path:
    """A staged pack of these rows and this page whose manifest vouches for them."""
    folder_.mkdir(parents=True)
    made = {"RISKREG.csv": csv_of(rows), "RISKREG.html": page.encode()}
    for name, data in made.items():
        (folder_ / name).write_bytes(data)
    sealed(context, folder_, {"people": len(rows) if people is None else people}, run_key=run_key)
    return folder_


def sealed(context: Context, folder_: Path, counts: dict[str, int], *, run_key: str = "0123") -> None:
    """A manifest over what lies in the folder, signed."""
    files = [
        {"name": path.name, "bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path in sorted(folder_.iterdir())
    ]
    said = {"run_key": run_key, "signing_key": context.keys.signing_id, "counts": counts, "files": files}
    content = json.dumps(said).encode()
    (folder_ / folder.MANIFEST).write_bytes(content)
    (folder_ / folder.SIGNATURE).write_bytes(sign(content, secret=context.keys.signing))


def test_who_is_listed_and_not_named_is_counted_each_time_the_night_is_told(context: Context) -> None:
    """Also by a call that finds the pack there: a night in Airflow publishes its packs in tasks of their own."""
    run = a_run(context)
    slot = _slot(context, run, plane="practice", code=PRACTICE)
    assert slot is not None
    staged(context, slot.target, [row(ANN)])
    sealed(context, slot.target, {"people": 1, "not_named": 2})
    _record(context, run, slot, plane="practice", code=PRACTICE, entries=[])
    counts: Counter[str] = Counter()
    practice = SimpleNamespace(practice_code=PRACTICE, edition_day=None)
    _publish_due(context, SimpleNamespace(run=run), practice=practice, counts=counts)
    assert (counts["already_there"], counts["people_not_named"]) == (1, 2)


def test_a_dissent_validated_since_people_were_linked_leaves_the_store_before_packs_are_made(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked = layout.linked(context.settings.home, "gp_patient")
    deliver(context, "gp_event", [entry(BEN, "O-1", DISSENT)], at="2026-11-16T03:00:00")
    before = people_in(context, linked)

    def open_night(*_: object, **__: object) -> SimpleNamespace:
        assert people_in(context, linked) == [key for key in before if key != keys(context, BEN)[0]]
        return SimpleNamespace(vault=SimpleNamespace(close=lambda: None))

    for name in ("check_not_held", "delivery_plan"):
        monkeypatch.setattr(publish_step, name, lambda *_: None)
    monkeypatch.setattr(publish_step, "policy_of_run", lambda *_: SimpleNamespace(participating=lambda _: []))
    monkeypatch.setattr(publish_step, "open_night", open_night)
    publish_step.publish(context, run=a_run(context), codes=[])
    assert keys(context, BEN)[0] in before


@pytest.mark.parametrize(("not_named", "says"), [(0, None), (3, 3)])
def test_the_manifest_says_how_many_were_listed_and_not_named(
    context: Context, monkeypatch: pytest.MonkeyPatch, not_named: int, says: int | None
) -> None:
    for name in ("register_file_name", "practice_csv", "practice_page", "register_workbook"):
        monkeypatch.setattr(practice_pack, name, lambda *_: "")
    monkeypatch.setattr(practice_pack, "import_lists", lambda _: {})
    monkeypatch.setattr(practice_pack, "signed", lambda *_, counts: counts)
    pack = SimpleNamespace(people=[], left=[], left_count_other=0, scored_adults=9)
    assert practice_pack._files_of(context, pack, not_named=not_named).get("not_named") == says


def row(nhs_number: str, practice_code: str = PRACTICE, practice_key: str = "") -> dict[str, str]:
    return {
        "nhs_number": nhs_number,
        "practice_code": practice_code,
        "practice_key": practice_key or f"XX-{nhs_number[4:7]}-{nhs_number[7:]}",
    }


GOOD = [row(ANN), row(BEN)]


def test_a_good_pack_passes(context: Context, tmp_path: Path) -> None:
    check_staged(context, a_run(context), staged=staged(context, tmp_path / "pack", GOOD), practice_code=PRACTICE)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([*GOOD, row(CAT)], "1 people are not patients of the practice"),
        ([*GOOD, row(DAN)], "1 people are not patients of the practice"),
        ([*GOOD, row(ANN)], "1 people stand twice"),
        ([*GOOD, row("9990000017")], "1 NHS numbers are not valid"),
        ([row(ANN), row(BEN, "F83039")], "1 rows carry another practice's code"),
    ],
    ids=["of another practice", "of no practice", "twice", "not valid", "another code"],
)
def test_one_bad_row_blocks_the_pack(context: Context, tmp_path: Path, rows: list[dict[str, str]], says: str) -> None:
    with pytest.raises(ChannelError, match=says) as caught:
        check_staged(context, a_run(context), staged=staged(context, tmp_path / "pack", rows), practice_code=PRACTICE)
    assert caught.value.exit_code == 15
    assert not any(number in str(caught.value) for number in (ANN, BEN, CAT, DAN))


def test_a_key_that_two_people_share_blocks_the_pack(context: Context, tmp_path: Path) -> None:
    rows = [row(ANN, practice_key="AB-CDE-FGH"), row(BEN, practice_key="AB-CDE-FGH")]
    with pytest.raises(ChannelError, match="1 practice keys stand for more than one person"):
        check_staged(context, a_run(context), staged=staged(context, tmp_path / "pack", rows), practice_code=PRACTICE)


@pytest.mark.parametrize("shown", [spaced, str], ids=["as people read it", "as machines do"])
def test_a_page_that_names_someone_elses_patient_blocks_the_pack(
    context: Context, tmp_path: Path, shown: Callable[[str], str]
) -> None:
    run = a_run(context)
    good = staged(context, tmp_path / "good", GOOD, page=f"<td>{shown(ANN)}</td>")
    check_staged(context, run, staged=good, practice_code=PRACTICE)
    bad = staged(context, tmp_path / "bad", GOOD, page=f"<td>{shown(ANN)}</td><td>{shown(CAT)}</td>")
    with pytest.raises(ChannelError, match="1 people on the page are not patients of the practice"):
        check_staged(context, run, staged=bad, practice_code=PRACTICE)


def test_someone_who_has_died_blocks_the_pack(context: Context, tmp_path: Path) -> None:
    """Though the practice may be told of the death, and the vault knows them as its patient."""
    bury(context, BEN)
    with pytest.raises(ChannelError, match="1 people have died"):
        check_staged(context, a_run(context), staged=staged(context, tmp_path / "pack", GOOD), practice_code=PRACTICE)


@pytest.mark.parametrize(
    "change", [{"registration_end_date": "2026-11-10"}, {"is_confidential": "1"}, {"is_deleted": "1"}]
)
def test_who_is_no_longer_a_patient_blocks_the_pack(context: Context, tmp_path: Path, change: dict[str, str]) -> None:
    deliver(context, "gp_patient", [patient(BEN, "2", **change)], at="2026-11-16T01:00:00")
    link(context)
    with pytest.raises(ChannelError, match="1 people are not patients of the practice"):
        check_staged(context, a_run(context), staged=staged(context, tmp_path / "pack", GOOD), practice_code=PRACTICE)


def test_a_dissent_that_came_after_linkage_blocks_the_pack(context: Context, tmp_path: Path) -> None:
    pack = staged(context, tmp_path / "pack", GOOD)
    check_staged(context, a_run(context), staged=pack, practice_code=PRACTICE)
    deliver(context, "gp_event", [entry(BEN, "O-2", DISSENT)], at="2026-11-16T03:00:00")
    with pytest.raises(ChannelError, match="1 people have opted out"):
        check_staged(context, a_run(context), staged=pack, practice_code=PRACTICE)


def altered(pack: Path) -> None:
    path = pack / "RISKREG.csv"
    path.write_bytes(path.read_bytes() + b" ")


TAMPERING: dict[str, tuple[Callable[[Path], object], str]] = {
    "altered": (altered, "RISKREG.csv is not what the manifest says"),
    "a file too many": (lambda pack: (pack / "more.html").write_text("x"), "more.html is not one of the manifest's"),
    "a file missing": (lambda pack: (pack / "RISKREG.html").unlink(), "RISKREG.html is missing"),
    "another signature": (
        lambda pack: (pack / folder.SIGNATURE).write_bytes(bytes(64)),
        "manifest.json.sig is not the signature",
    ),
    "no signature": (lambda pack: (pack / folder.SIGNATURE).unlink(), "manifest.json.sig is missing"),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_files_other_than_the_manifests_block_the_pack(context: Context, tmp_path: Path, how: str) -> None:
    pack = staged(context, tmp_path / "pack", GOOD)
    tamper, says = TAMPERING[how]
    tamper(pack)
    with pytest.raises(ChannelError, match=says):
        check_staged(context, a_run(context), staged=pack, practice_code=PRACTICE)


def test_another_runs_pack_and_a_wrong_count_are_blocked(context: Context, tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match="names another run"):
        check_staged(
            context,
            a_run(context),
            staged=staged(context, tmp_path / "a", GOOD, run_key="4567"),
            practice_code=PRACTICE,
        )
    with pytest.raises(ChannelError, match="holds 2 people, the manifest 3"):
        check_staged(
            context, a_run(context), staged=staged(context, tmp_path / "b", GOOD, people=3), practice_code=PRACTICE
        )


def test_a_locality_file_may_not_hold_nhs_numbers(context: Context, tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match="a locality file holds NHS numbers"):
        check_staged(context, a_run(context), staged=staged(context, tmp_path / "a", GOOD), practice_code=None)
    keyed = [{"practice_code": PRACTICE, "practice_key": "AB-CDE-FGH"}]
    check_staged(context, a_run(context), staged=staged(context, tmp_path / "b", keyed), practice_code=None)
