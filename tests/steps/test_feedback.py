"""Feedback: what a returned file changes, row by row; which files and rows do not count; and where it all lies."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from returned_files import COLUMNS, Row, as_csv, as_workbook, hostile_workbooks
from small_home import PRACTICE, deliver, numbers, patient, small_context

from pipeline.contracts.answers import Answers
from pipeline.contracts.receipt import RefusedByRule
from pipeline.contracts.returned import FILE_RULES, ROW_RULES
from pipeline.contracts.settings import Settings, read_settings
from pipeline.errors import UserError
from pipeline.ledger import audit, registers, runs
from pipeline.ledger import feedback as ledger_feedback
from pipeline.ledger.registers import Edition, Entry
from pipeline.ledger.runs import Run
from pipeline.rules.pseudonym import practice_key
from pipeline.steps.context import Context, open_context
from pipeline.steps.erasure import erase, held_in_store, key_of
from pipeline.steps.feedback import Read, feedback
from pipeline.steps.feedback_state import answers_of, feedback_set, with_words
from pipeline.steps.link import link
from pipeline.steps.purge import purge
from pipeline.steps.vault_use import audited_vault
from pipeline.store import layout, tables
from pipeline.store.sealed import open_sealed

NIGHT, NEXT = date(2026, 11, 15), date(2026, 11, 22)
STAMP = datetime(2026, 11, 18, 9, tzinfo=UTC)
PEOPLE = numbers(12)
LISTED, OTHERS = PEOPLE[:8], PEOPLE[8:]
ELSEWHERE, CHILD = OTHERS[2], OTHERS[3]
SAID = "Rang the daughter, Mrs Canary-Note"


def born(number: str) -> str:
    if number == CHILD:
        return "2012-03-09"
    return f"19{40 + PEOPLE.index(number)}-03-09" if number in PEOPLE else "1940-01-01"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with eight people on an edition, two more patients, one of another practice, and a child."""
    context = small_context(settings_of(tmp_path_factory.mktemp("made") / "home"))
    lists = [
        patient(number, str(at), birth_date=born(number), practice_code="F83039" if number == ELSEWHERE else PRACTICE)
        for at, number in enumerate(PEOPLE)
    ]
    deliver(context, "gp_patient", lists)
    link(context)
    publish(context, a_run(context, "0123", as_of=NIGHT), listed=LISTED)
    context.ledger.engine.dispose()
    return context.settings.home


def settings_of(home: Path) -> Settings:
    return read_settings({"RISKSTRAT_HOME": str(home), "RISKSTRAT_NOW": "2026-11-25T12:00:00+00:00"})


@pytest.fixture
def context(made: Path, tmp_path: Path) -> Iterator[Context]:
    """A copy of that home; the clock stands on the 25th, and a file is read when it is received."""
    shutil.copytree(made, tmp_path / "home")
    opened = open_context(settings_of(tmp_path / "home"))
    yield opened
    opened.ledger.engine.dispose()


def a_run(context: Context, run_key: str, *, as_of: date, kind: str = "nightly") -> Run:
    """A frozen run, started at its cut-off, with everybody of the practice in its cohort."""
    run = runs.freeze_run(
        context.ledger, run_key=run_key, kind=kind, as_of=as_of, knowledge="then", model_id="m",
        inputs={"keys": context.keys.ids}, delivery_ids=[],
        at=datetime(as_of.year, as_of.month, as_of.day, 6, tzinfo=UTC) + timedelta(days=1),
    )  # fmt: skip
    rows = pa.table(
        {
            "person_key": [key_of(context, number) for number in PEOPLE],
            "practice_code": ["F83039" if number == ELSEWHERE else PRACTICE for number in PEOPLE],
        }
    )
    tables.replace_slice(layout.table(context.settings.home, "cohort"), rows, column="run_key", value=run_key)
    return run


def publish(context: Context, run: Run, *, listed: list[str], practice: str = PRACTICE, revision: int = 1) -> None:
    entries = [
        Entry(key_of(context, number), "by_rank", rank, Decimal("0.5"), "x", run.as_of, 1, 0)
        for rank, number in enumerate(listed, start=1)
    ]
    edition = Edition(
        f"practice.{practice}.{run.as_of}.r{revision}", run.run_key, "replay" if run.kind == "replay" else "current",
        "practice", run.as_of, practice, revision, "0" * 64, "x", {"people": len(entries)}, run.started_at,
    )  # fmt: skip
    registers.record_edition(context.ledger, edition=edition, entries=entries)


def row(context: Context, number: str, run_key: str = "0123", **answers: object) -> Row:
    key = practice_key(key_of(context, number), practice_code=PRACTICE, key=context.keys.practice)
    return {
        "nhs_number": number,
        "birth_date": born(number),
        "practice_code": PRACTICE,
        "run_key": run_key,
        "practice_key": key,
        "rank": "1",
        "family_name": "CANARYNAME",
        **answers,  # type: ignore[dict-item]  # a workbook takes more than text
    }


def register(context: Context, **first: object) -> list[Row]:
    """The whole register, with answers about its first person."""
    return [row(context, LISTED[0], **first), *(row(context, number) for number in LISTED[1:])]


def send(
    context: Context,
    content: bytes,
    *,
    name: str = "back.csv",
    at: datetime = STAMP,
    read_at: datetime | None = None,
    practice: str = PRACTICE,
) -> Read:
    then = replace(context, settings=context.settings.model_copy(update={"now": read_at or at}))
    return feedback(then, content=content, file_name=name, practice_code=practice, who="operator", received_at=at)


def tonight(context: Context, run_key: str = "4567", *, as_of: date = NEXT) -> Run:
    """The next night's run."""
    return a_run(context, run_key, as_of=as_of)


def stands(context: Context, run: Run | None = None) -> dict[str, Answers]:
    """What stands for a night a week on, by NHS number, free text included."""
    run = run or tonight(context)
    found = with_words(context, run, answers_of(context, run))
    by_key = {key_of(context, number): number for number in PEOPLE}
    return {by_key[key]: one for key, one in found.items()}


FULL = {
    "status": "accepted",
    "status_date": date(2026, 11, 16),
    "status_note": SAID,
    "lead_professional": "Nurse Lead-Canary",
    "consent": "given",
    "assessment_date": date(2026, 11, 17),
    "care_plan_date": date(2026, 11, 17),
    "review_date": date(2027, 2, 1),
    "mdt_date": date(2026, 12, 3),
    "contact_date": date(2026, 11, 17),
    "answered_by": "Dr By-Canary",
}


@pytest.mark.parametrize("kind", ["csv", "csv as a spreadsheet saves it", "xlsx"])
def test_every_answer_comes_back_whole(context: Context, kind: str) -> None:
    if kind == "xlsx":
        read = send(context, as_workbook(register(context, **FULL), above=["Your register", ""]), name="Back.XLSX")
    elif kind == "csv":
        answers = {name: value.isoformat() if isinstance(value, date) else value for name, value in FULL.items()}
        read = send(context, as_csv(register(context, **answers)))
    else:
        answers = {name: f"{value:%d/%m/%Y}" if isinstance(value, date) else value for name, value in FULL.items()}
        rows = register(context, **{**answers, "status": " Accepted ", "birth_date": "09/03/1940"})
        read = send(context, as_csv(rows, encoding="cp1252"))
    counts = {"in": 8, "changed": 1, "unchanged": 7, "nominated": 0, "rejected": 0}
    assert (read.file.state, read.file.counts, read.file.run_key) == ("accepted", counts, "0123")
    found = stands(context)
    assert found == {LISTED[0]: Answers(practice_code=PRACTICE, answered_on=STAMP.date(), **FULL)}


def test_free_text_is_opened_for_the_pack_alone_and_told_to_the_audit(context: Context) -> None:
    send(context, as_csv(register(context, status="accepted", status_note=SAID)))
    run = tonight(context)
    (without,) = answers_of(context, run).values()
    assert (without.status, without.status_note, without.status_date) == ("accepted", None, STAMP.date())
    assert audit.list_entries(context.ledger, action="open_answers") == []
    assert stands(context, run)[LISTED[0]].status_note == SAID
    (told,) = audit.list_entries(context.ledger, action="open_answers")
    assert (told.counts, told.run_key) == ({"people": 1}, run.run_key)


def test_what_nobody_touched_is_no_answer_and_what_was_emptied_is_one(context: Context) -> None:
    send(context, as_csv(register(context, status="accepted", consent="given", status_note=SAID)))
    second = tonight(context)
    publish(context, second, listed=LISTED)
    printed = {"status": "accepted", "status_date": "2026-11-18", "consent": "given", "status_note": SAID}
    again = [row(context, LISTED[0], "4567", **printed)]
    read = send(context, as_csv(again), at=STAMP + timedelta(days=6))
    assert read.file.counts["unchanged"] == 1
    emptied = [row(context, LISTED[0], "4567", **{**printed, "consent": "", "status_note": ""})]
    send(context, as_csv(emptied), at=STAMP + timedelta(days=6, hours=1))
    found = stands(context, tonight(context, "89ab", as_of=NEXT + timedelta(days=7)))[LISTED[0]]
    assert (found.status, found.consent, found.status_note, found.conflicts) == ("accepted", None, None, ())


def test_a_column_that_is_not_there_says_nothing(context: Context) -> None:
    send(context, as_csv(register(context, status="accepted", consent="given")))
    publish(context, tonight(context), listed=LISTED)
    left = [name for name in COLUMNS if name != "consent"]
    rows = [row(context, LISTED[0], "4567", status="done", status_date="2026-11-18")]
    send(context, as_csv(rows, columns=left), at=STAMP + timedelta(days=6))
    found = stands(context, tonight(context, "89ab", as_of=NEXT + timedelta(days=7)))[LISTED[0]]
    assert (found.status, found.consent) == ("done", "given")


def test_two_files_that_disagree_are_both_kept_whichever_is_read_first(context: Context) -> None:
    one = as_csv(register(context, status="accepted", lead_professional="Nurse One"))
    other = as_workbook(register(context, status="not suitable", decline_reason="would not benefit"))
    send(context, other, name="b.xlsx", at=STAMP + timedelta(hours=1))
    send(context, one, at=STAMP)
    found = stands(context)[LISTED[0]]
    assert found.status == "not suitable"
    assert [(c.name, [said.value for said in c.said]) for c in found.conflicts] == [
        ("status", ["accepted", "not suitable"])
    ]
    assert found.lead_professional == "Nurse One"
    # The next edition shows an empty cell; whatever is written there holds from then on.
    publish(context, tonight(context), listed=LISTED)
    shown = {"status_date": "2026-11-18", "decline_reason": "would not benefit", "lead_professional": "Nurse One"}
    settled = [row(context, LISTED[0], "4567", status="not suitable", **shown)]
    send(context, as_csv(settled), at=STAMP + timedelta(days=6))
    found = stands(context, tonight(context, "89ab", as_of=NEXT + timedelta(days=7)))[LISTED[0]]
    assert (found.status, found.conflicts) == ("not suitable", ())


def test_a_run_knows_what_came_before_its_cut_off_and_its_key_says_so(context: Context) -> None:
    before = feedback_set(context, as_of=NEXT, knowledge="then")
    send(context, as_csv(register(context, status="accepted")), at=datetime(2026, 11, 23, 3, tzinfo=UTC))
    assert stands(context) == {}
    assert feedback_set(context, as_of=NEXT, knowledge="then") == before
    assert feedback_set(context, as_of=NEXT, knowledge="now") != before
    send(context, as_csv(register(context, status="done")), at=datetime(2026, 11, 23, 1, tzinfo=UTC))
    assert stands(context)[LISTED[0]].status == "done"
    assert feedback_set(context, as_of=NEXT, knowledge="then") != before


def test_a_file_read_after_a_run_was_frozen_is_not_known_to_it(context: Context) -> None:
    run = a_run(context, "4567", as_of=NEXT)
    send(context, as_csv(register(context, status="accepted")), read_at=context.now())
    assert answers_of(context, run) == {}


def test_a_finished_night_stays_as_it_was_known_though_a_file_with_an_earlier_stamp_is_read_later(
    context: Context,
) -> None:
    first = a_run(context, "4567", as_of=NEXT)
    runs.finish_run(context.ledger, run_key="4567", at=first.started_at, counts={})
    before = feedback_set(context, as_of=NEXT, knowledge="then")
    send(context, as_csv(register(context, status="accepted")), read_at=context.now())
    assert feedback_set(context, as_of=NEXT, knowledge="then") == before
    assert feedback_set(context, as_of=NEXT, knowledge="then", correction="a late file") != before
    later = replace(first, run_key="89ab", started_at=context.now(), inputs={})
    assert answers_of(context, later) == {}


def test_the_same_bytes_again_change_nothing(context: Context) -> None:
    content = as_csv(register(context, status="accepted"))
    first = send(context, content)
    again = send(context, content, at=STAMP + timedelta(days=1))
    assert (again.is_new, again.file) == (False, first.file)
    assert len(ledger_feedback.list_files(context.ledger)) == 1
    assert len(audit.list_entries(context.ledger, action="feedback_again")) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"nhs_number": "9990000010"}, "ROW-001"),
        ({"nhs_number": ""}, "ROW-001"),
        ({"nhs_number": LISTED[2]}, "ROW-002"),
        ({"practice_key": "22-222-222"}, "ROW-002"),
        ({"birth_date": "1940-03-10"}, "ROW-003"),
        ({"birth_date": "soon"}, "ROW-003"),
        ({"status": "maybe"}, "ROW-006"),
        ({"consent": "=1+1"}, "ROW-006"),
        ({"care_plan_date": "31/02/2026"}, "ROW-007"),
        ({"care_plan_date": "11-24-2026"}, "ROW-007"),
        ({"care_plan_date": "2026-11-19"}, "ROW-008"),
        ({"mdt_date": "1026-11-19"}, "ROW-008"),
        ({"mdt_date": "2126-11-19"}, "ROW-008"),
        ({"status_note": "=HYPERLINK(1)"}, "ROW-009"),
        ({"status_note": "@SUM(A1)"}, "ROW-009"),
        ({"status_note": "+cmd|' /C calc'!A0"}, "ROW-009"),
        ({"status_note": "x" * 501}, "ROW-009"),
        ({"lead_professional": "x" * 101}, "ROW-009"),
        ({"status": "not suitable"}, "ROW-010"),
        ({"status": "not suitable", "decline_reason": "other (say in the note)"}, "ROW-010"),
        ({"status": "declined by patient", "review_date": "2026-11-18"}, "ROW-008"),
    ],
)
def test_a_row_that_cannot_count_is_left_out_by_number_and_the_others_count(
    context: Context, change: dict[str, str], code: str
) -> None:
    rows = register(context, **{"status": "accepted", **change})
    rows[1]["status"] = "done"
    read = send(context, as_csv(rows))
    assert (read.file.counts["rejected"], read.file.counts["changed"]) == (1, 1)
    (rejected,) = read.file.report["rejected"]
    assert (rejected["number"], rejected["code"]) == (2, code)
    assert stands(context).keys() == {LISTED[1]}


def test_remarks_that_only_begin_like_formulas_are_kept(context: Context) -> None:
    send(context, as_csv(register(context, status_note="'- spoke to the neighbour")))
    assert stands(context)[LISTED[0]].status_note == "- spoke to the neighbour"


def test_somebody_not_on_the_register_or_moved_away_or_twice(context: Context) -> None:
    vault = audited_vault(context, purpose="test")
    vault.forget([key_of(context, LISTED[3])])
    vault.close()
    rows = register(context)
    rows[3]["status"] = "done"
    twice = [{**rows[4], "status": "done"}, {**rows[4], "status": "accepted"}]
    same = [{**rows[5], "status": "done"}, {**rows[5], "status": "done"}]
    read = send(context, as_csv([*rows[:4], *twice, *same, *rows[6:], row(context, OTHERS[0], status="done")]))
    told = {(one["number"], one["code"]) for one in read.file.report["rejected"]}
    assert told == {(5, "ROW-005"), (6, "ROW-011"), (7, "ROW-011"), (12, "ROW-004")}
    assert stands(context).keys() == {LISTED[5]}
    assert read.file.counts == {"in": 11, "changed": 1, "unchanged": 6, "nominated": 0, "rejected": 4}


def test_columns_sorted_apart_refuse_the_file(context: Context) -> None:
    rows = register(context, status="accepted")
    shifted = [number["nhs_number"] for number in rows[1:]] + [rows[0]["nhs_number"]]
    torn = [{**one, "nhs_number": number} for one, number in zip(rows, shifted, strict=True)]
    with pytest.raises(RefusedByRule, match="BACK-017|sorted apart"):
        send(context, as_csv(torn))
    assert stands(context) == {}


def test_a_cell_that_lost_its_content_rejects_its_row(context: Context) -> None:
    rows: list[Row] = register(context)
    book = as_workbook(rows, then=lambda book, sheet: sheet.write_number(1, COLUMNS.index("status_note"), 1e300))
    read = send(context, book, name="a.xlsx")
    (rejected,) = read.file.report["rejected"]
    assert (rejected["number"], rejected["code"], rejected["column"]) == (2, "ROW-015", "status_note")


def _files(rows: list[Row]) -> dict[str, tuple[str, bytes, str]]:
    def every(**change: str) -> bytes:
        return as_csv([{**one, **change} for one in rows])

    return hostile_workbooks(rows) | {
        "wrong practice": ("a.csv", every(practice_code="F83039"), "BACK-010"),
        "one row of another practice": (
            "a.csv",
            as_csv([*rows[:-1], {**rows[-1], "practice_code": "F83039"}]),
            "BACK-010",
        ),
        "unknown run": ("a.csv", every(run_key="ffff"), "BACK-011"),
        "run of a replay": ("a.csv", every(run_key="feed"), "BACK-011"),
        "run of another practice": ("a.csv", every(run_key="beef"), "BACK-011"),
        "rows of two registers": ("a.csv", as_csv([*rows[:-1], {**rows[-1], "run_key": "4567"}]), "BACK-013"),
        "old run": ("a.csv", every(run_key="01d0"), "BACK-012"),
    }


def test_every_hostile_file_is_refused_under_its_rule_sealed_and_told(context: Context) -> None:
    publish(context, a_run(context, "feed", as_of=NIGHT, kind="replay"), listed=LISTED, revision=9)
    publish(context, a_run(context, "beef", as_of=NIGHT), listed=[ELSEWHERE], practice="F83039")
    publish(context, a_run(context, "01d0", as_of=NIGHT - timedelta(days=70)), listed=LISTED)
    corpus = _files(register(context, status="accepted", status_note=SAID))
    wrong = {}
    for turn, (name, (file_name, content, code)) in enumerate(corpus.items()):
        at = STAMP + timedelta(minutes=turn)
        try:
            send(context, content, name=file_name, at=at)
            wrong[name] = "taken"
        except RefusedByRule as refusal:
            if refusal.code != code:
                wrong[name] = refusal.code
            assert SAID not in str(refusal)
            assert LISTED[0] not in str(refusal)
    assert wrong == {}
    files = ledger_feedback.list_files(context.ledger)
    assert [file.reason_code for file in files] == [code for _, _, code in corpus.values()]
    assert {code for _, _, code in corpus.values()} >= FILE_RULES.keys() - {"BACK-017"}
    assert len(audit.list_entries(context.ledger, action="refuse_feedback")) == len(corpus)
    for file, (_, content, _) in zip(files, corpus.values(), strict=True):
        with layout.original(context.settings.home, file.feedback_id).open("rb") as sealed:
            assert open_sealed(sealed, key=context.keys.original, name=file.feedback_id).read() == content
    assert answers_of(context, tonight(context)) == {}


def test_a_sender_that_is_no_practice_of_ours_and_a_moment_ahead_are_told(context: Context) -> None:
    with pytest.raises(UserError, match="No register was ever published"):
        send(context, as_csv(register(context)), practice="Y00001")
    with pytest.raises(UserError, match="lies ahead"):
        send(context, as_csv(register(context)), at=STAMP + timedelta(seconds=1), read_at=STAMP)
    with pytest.raises(UserError, match="name and a reason"):
        feedback(context, content=b"", file_name="a.csv", practice_code=PRACTICE, who=" ")


def nomination(number: str, **changes: object) -> Row:
    said = {"nomination_reason": "Two falls last week", "nominated_by": "Dr Nom-Canary"}
    return {"nhs_number": number, "birth_date": born(number), **said, **changes}  # type: ignore[dict-item]  # a date


def test_a_nomination_stands_with_who_when_and_why(context: Context) -> None:
    read = send(context, as_workbook(register(context), [nomination(OTHERS[0])]), name="a.xlsx")
    assert (read.file.counts["nominated"], read.file.counts["in"]) == (1, 9)
    found = stands(context)[OTHERS[0]].nomination
    assert found is not None
    assert (found.on, found.reason, found.by) == (STAMP.date(), "Two falls last week", "Dr Nom-Canary")


def test_a_csv_nominates_by_rows_without_key_and_rank(context: Context) -> None:
    added = {"nhs_number": OTHERS[0], "birth_date": born(OTHERS[0]), "status_note": "Lives alone", "answered_by": "GP"}
    send(context, as_csv([*register(context), added]))
    found = stands(context)[OTHERS[0]]
    assert found.nomination is not None
    assert (found.nomination.reason, found.nomination.by, found.status_note) == ("Lives alone", "GP", None)


def test_a_file_may_nominate_and_nothing_else(context: Context) -> None:
    read = send(context, as_csv([{"nhs_number": OTHERS[0], "birth_date": born(OTHERS[0])}]))
    assert (read.file.counts["nominated"], read.file.run_key) == (1, "0123")


def test_nobody_may_be_nominated_who_is_not_an_adult_patient_whom_we_may_use(context: Context) -> None:
    """And a practice cannot learn from the answer whether a number is unknown, elsewhere, or of one who opted out."""
    vault = audited_vault(context, purpose="test")
    vault.forget([key_of(context, OTHERS[1])])
    vault.close()
    tried = [
        nomination("9990000010"),
        nomination(OTHERS[0], birth_date="1950-01-01"),
        nomination(OTHERS[1]),
        nomination(ELSEWHERE),
        nomination(LISTED[0]),
        nomination(CHILD),
        nomination(OTHERS[0], nomination_reason="=1"),
    ]
    read = send(context, as_workbook(register(context), tried), name="a.xlsx")
    codes = [one["code"] for one in sorted(read.file.report["rejected"], key=lambda one: one["number"])]
    assert codes == ["ROW-001", "ROW-012", "ROW-012", "ROW-012", "ROW-013", "ROW-014", "ROW-009"]
    assert stands(context) == {}


def test_who_opted_out_since_the_lists_were_linked_cannot_be_nominated(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = frozenset({key_of(context, OTHERS[0])})

    class Gone:
        person_keys = gone

    monkeypatch.setattr("pipeline.steps.feedback_people.current_erasure", lambda _: Gone)
    read = send(context, as_workbook(register(context), [nomination(OTHERS[0])]), name="a.xlsx")
    assert [one["code"] for one in read.file.report["rejected"]] == ["ROW-012"]


def test_answers_do_not_follow_somebody_to_another_practice(context: Context) -> None:
    send(context, as_csv(register(context, status="accepted")))
    run = tonight(context)
    path = layout.table(context.settings.home, "cohort")
    cohort = tables.read(path, column="run_key", values=[run.run_key]).select(["person_key"])
    moved = cohort.append_column("practice_code", pa.array(["F83039"] * cohort.num_rows))
    tables.replace_slice(path, moved, column="run_key", value=run.run_key)
    assert answers_of(context, run) == {}


def test_no_free_text_and_no_identifier_lies_outside_the_identified_zone(context: Context) -> None:
    rows = register(context, **{**FULL, "nhs_number": LISTED[0]})
    rows[2]["status_note"] = "=" + SAID
    send(context, as_workbook(rows, [nomination(OTHERS[0])]), name="a.xlsx")
    stands(context)
    home = context.settings.home
    told = b"".join(
        path.read_bytes()
        for folder in ("reports", "pseudonymised")
        for path in sorted((home / folder).rglob("*"))
        if path.is_file()
    )
    told += (home / "ledger.db").read_bytes() + (home / "ledger.db-wal").read_bytes()
    told += b"".join(path.read_bytes() for path in layout.answer_words(home).rglob("*.parquet"))
    for canary in (b"Canary", b"Two falls", *(number.encode() for number in PEOPLE)):
        assert canary not in told


def test_erasure_leaves_nothing_of_what_was_answered(context: Context) -> None:
    rows = register(context, **FULL)
    rows[1]["status_note"] = SAID
    send(context, as_workbook(rows), name="a.xlsx")
    gone = key_of(context, LISTED[0])
    vault = audited_vault(context, purpose="test")
    assert held_in_store(context, person_keys=[gone], extracts=[], vault=vault) == {gone}
    erase(context, person_keys=[gone], extracts=[], vault=vault)
    assert held_in_store(context, person_keys=[gone], extracts=[], vault=vault) == frozenset()
    vault.close()
    assert stands(context).keys() == {LISTED[1]}


def test_purge_takes_answers_texts_and_sealed_files_past_their_time(context: Context) -> None:
    read = send(context, as_csv(register(context, status="accepted", status_note=SAID)))
    litter = layout.original(context.settings.home, "feedback.F83671.20261101T000000Z.00000000")
    litter.write_bytes(b"x")
    later = Context(
        settings=context.settings.model_copy(update={"now": datetime(2029, 12, 1, tzinfo=UTC)}),
        ledger=context.ledger, keys=context.keys,
    )  # fmt: skip
    purge(later, who="operator", reason="yearly")
    (file,) = ledger_feedback.list_files(context.ledger)
    assert file.feedback_id == read.file.feedback_id
    assert file.original_deleted_at is not None
    assert ledger_feedback.answers_in(context.ledger, feedback_ids=[file.feedback_id]) == {}
    left = [*layout.original(context.settings.home, "x").parent.glob("feedback.*")]
    assert left == []
    assert tables.slices(layout.answer_words(context.settings.home), column="feedback_id") == []


def test_the_report_names_rows_and_rules_and_no_value(context: Context) -> None:
    rows = register(context, status="maybe", status_note=SAID)
    read = send(context, as_csv(rows))
    folder = layout.feedback_report(context.settings.home, read.file.feedback_id)
    report = json.loads((folder / "report.json").read_text())
    assert report["rules"][0]["rows"] == [2]
    text = (folder / "report.txt").read_text()
    assert "8 rows: 0 with new answers, 7 as they were, 0 nominations, 1 left out." in text
    assert "rows 2, column status" in text
    assert "maybe" not in text


def test_a_reading_killed_before_it_was_entered_is_done_again(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = as_csv(register(context, status="accepted", status_note=SAID))
    real: Callable[..., object] = ledger_feedback.record_file
    monkeypatch.setattr(ledger_feedback, "record_file", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        send(context, content)
    monkeypatch.setattr(ledger_feedback, "record_file", real)
    assert send(context, content).is_new
    assert stands(context)[LISTED[0]].status_note == SAID


def test_every_rule_about_rows_has_a_test() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [code for code in ROW_RULES if code not in text] == []
