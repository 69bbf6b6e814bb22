"""Feedback: hostile files, rows that do not count, and nominations; each told under its rule, by row number."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from answering import (
    CHILD,
    ELSEWHERE,
    LISTED,
    NEXT,
    NIGHT,
    OTHERS,
    SAID,
    STAMP,
    a_run,
    born,
    nomination,
    publish,
    register,
    row,
    send,
    stands,
    tonight,
)
from returned_files import COLUMNS, Row, as_csv, as_workbook, hostile_files
from small_home import PRACTICE

from pipeline.contracts.receipt import RefusedByRule
from pipeline.contracts.returned import FILE_RULES, ROW_RULES
from pipeline.errors import UserError
from pipeline.ledger import audit
from pipeline.ledger import feedback as ledger_feedback
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.feedback_state import answers_of
from pipeline.steps.at_hand.vault_use import audited_vault
from pipeline.steps.feedback.feedback import feedback
from pipeline.steps.opt_out.erasure import key_of
from pipeline.steps.upkeep.purge import purge
from pipeline.store import layout, tables
from pipeline.store.sealed import open_sealed


@pytest.fixture
def context(answering: Context) -> Context:
    return answering


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

    return hostile_files(rows) | {
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


def test_somebody_of_another_practice_cannot_be_nominated(context: Context) -> None:
    read = send(context, as_workbook(register(context), [nomination(ELSEWHERE)]), name="a.xlsx")
    assert [one["code"] for one in read.file.report["rejected"]] == ["ROW-012"]


def test_a_number_put_over_anothers_answers_is_left_out(context: Context) -> None:
    """Number and birth date of one patient over the key and the answers of another."""
    rows = register(context, status="accepted")
    rows[0] |= {"nhs_number": LISTED[1], "birth_date": born(LISTED[1])}
    read = send(context, as_csv([rows[0], *rows[2:]]))
    assert [one["code"] for one in read.file.report["rejected"]] == ["ROW-002"]
    assert stands(context) == {}


def test_a_file_of_another_practice_is_refused_and_says_so(context: Context) -> None:
    rows = [{**one, "practice_code": "F83039"} for one in register(context, status="accepted")]
    with pytest.raises(RefusedByRule) as refused:
        send(context, as_csv(rows))
    assert refused.value.code == "BACK-010"


def test_who_opted_out_since_the_lists_were_linked_cannot_be_nominated(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = frozenset({key_of(context, OTHERS[0])})

    class Gone:
        person_keys = gone

    monkeypatch.setattr("pipeline.steps.feedback.people.current_erasure", lambda _: Gone)
    read = send(context, as_workbook(register(context), [nomination(OTHERS[0])]), name="a.xlsx")
    assert [one["code"] for one in read.file.report["rejected"]] == ["ROW-012"]


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


def test_every_rule_about_rows_has_a_test() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [code for code in ROW_RULES if code not in text] == []
