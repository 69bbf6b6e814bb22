"""Feedback: what a returned file changes for the nights to come, and where it all lies and goes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from answering import (
    ELSEWHERE,
    FULL,
    LISTED,
    NEXT,
    NIGHT,
    OTHERS,
    PEOPLE,
    SAID,
    STAMP,
    a_run,
    nomination,
    publish,
    register,
    row,
    send,
    stands,
    tonight,
)
from returned_files import COLUMNS, as_csv, as_workbook
from small_home import PRACTICE

from pipeline.contracts.answers import Answers
from pipeline.ledger import audit, runs
from pipeline.ledger import feedback as ledger_feedback
from pipeline.rules.pseudonym import practice_key
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.feedback_state import answers_of, feedback_set
from pipeline.steps.at_hand.vault_use import audited_vault
from pipeline.steps.opt_out.erasure import erase, held_in_store, key_of
from pipeline.store import layout, tables


@pytest.fixture
def context(answering: Context) -> Context:
    return answering


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


def test_the_same_workbook_sent_again_with_one_row_changed_is_no_disagreement(context: Context) -> None:
    """A day later, with the same answers about everybody else: free text and days that nobody gave among them."""
    monday = register(context, **{"status": "accepted", "status_note": SAID})
    monday[1] = row(context, LISTED[1], status="accepted", lead_professional="Nurse Lead-Canary")
    thursday = [dict(one) for one in monday]
    thursday[1]["status"] = "declined by patient"
    colleague = register(context, status="done")
    send(context, as_csv(monday))
    send(context, as_csv(thursday), at=STAMP + timedelta(days=1))
    found = stands(context)
    assert (found[LISTED[0]].status, found[LISTED[1]].status) == ("accepted", "declined by patient")
    assert not any(one.conflicts for one in found.values())
    # A colleague's own copy of that edition, without what the others say, still disagrees.
    send(context, as_csv(colleague), at=STAMP + timedelta(days=2))
    found = stands(context)
    assert {one.name for one in found[LISTED[0]].conflicts} == {"status", "status_date"}
    assert not found[LISTED[1]].conflicts


def test_a_column_that_is_not_there_says_nothing(context: Context) -> None:
    send(context, as_csv(register(context, status="accepted", consent="given")))
    publish(context, tonight(context), listed=LISTED)
    left = [name for name in COLUMNS if name != "consent"]
    rows = [row(context, LISTED[0], "4567", status="done", status_date="2026-11-18")]
    send(context, as_csv(rows, columns=left), at=STAMP + timedelta(days=6))
    found = stands(context, tonight(context, "89ab", as_of=NEXT + timedelta(days=7)))[LISTED[0]]
    assert (found.status, found.consent) == ("done", "given")


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


def test_answers_do_not_follow_somebody_to_another_practice(context: Context) -> None:
    send(context, as_csv(register(context, status="accepted")))
    run = tonight(context)
    path = layout.table(context.settings.home, "cohort")
    cohort = tables.read(path, column="run_key", values=[run.run_key]).select(["person_key"])
    moved = cohort.append_column("practice_code", pa.array(["F83039"] * cohort.num_rows))
    tables.replace_slice(path, moved, column="run_key", value=run.run_key)
    assert answers_of(context, run) == {}


def test_what_another_practice_answered_is_not_what_the_edition_showed(context: Context) -> None:
    """A patient came from a practice that had answered: the untouched cell of their row empties nothing."""
    there = a_run(context, "beef", as_of=NIGHT)
    publish(context, there, listed=[ELSEWHERE], practice="F83039")
    key = practice_key(key_of(context, ELSEWHERE), practice_code="F83039", key=context.keys.practice)
    said = {**row(context, ELSEWHERE, "beef", status="accepted"), "practice_code": "F83039", "practice_key": key}
    send(context, as_csv([said]), practice="F83039")
    publish(context, tonight(context), listed=[*LISTED, ELSEWHERE])
    vault = audited_vault(context, purpose="test")
    (known,) = vault.reidentify(practice_code="F83039", person_keys=[key_of(context, ELSEWHERE)]).values()
    vault.put([replace(known, practice_code=PRACTICE)])
    vault.close()
    read = send(context, as_csv([row(context, ELSEWHERE, "4567")]), at=STAMP + timedelta(days=6))
    assert read.file.counts["unchanged"] == 1


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
