"""Answers in the first edition lead the second: the loop from a practice's own copy back to its next register."""

import contextlib
import csv
import io
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from finished_home import FIRST, SECOND, Demo, Truth
from homes import half_published, packs, settings_of

from pipeline.channels.import_list import is_import_list
from pipeline.contracts.answers import NOMINATIONS_SHEET, REGISTER_SHEET
from pipeline.contracts.register_dictionary import practice_contract
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.feedback.feedback import feedback
from pipeline.steps.night.nightly import Night, nightly

pytestmark = pytest.mark.acceptance
WHO = "Nurse Canary-Who"


@dataclass(frozen=True)
class Answered:
    """The night after, the rows of its register by NHS number, and whom the tests look at."""

    context: Context
    night: Night
    rows: dict[str, dict[str, str]]
    first: list[dict[str, str]]
    picked: list[dict[str, str]]
    nominated: str


def rows_of(folder: Path) -> list[dict[str, str]]:
    (file,) = [path for path in folder.glob("*.csv") if not is_import_list(path.name)]
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline="")))


def in_csv(rows: list[dict[str, str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def in_workbook(folder: Path, answers: dict[int, dict[str, Any]], nominations: list[dict[str, Any]]) -> bytes:
    """The workbook as it was handed out, opened, filled in and saved; `answers` are by row of the list, from 0."""
    from openpyxl import load_workbook

    titles = {column.name: column.title for column in practice_contract().columns}
    with warnings.catch_warnings():
        # The library does not keep data bars, and says so.
        warnings.simplefilter("ignore")
        book = load_workbook(next(folder.glob("*.xlsx")))
    sheet = book[REGISTER_SHEET]
    at = {cell.value: cell.column for cell in sheet[1]}
    for number, said in answers.items():
        for name, value in said.items():
            sheet.cell(number + 2, at[titles[name]]).value = value
    second = book[NOMINATIONS_SHEET]
    headings = next(row for row in second.iter_rows() if row[0].value == "NHS number")
    below = headings[0].row + 1
    for number, said in enumerate(nominations):
        for cell in headings[: len(said)]:
            second.cell(below + number, cell.column).value = list(said.values())[cell.column - 1]
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture(scope="module")
def answered(home: Demo, truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answered]:
    """Two copies of one practice's first register come back, and the second night runs."""
    target = tmp_path_factory.mktemp("answered") / "home"
    shutil.copytree(home.before_second, target)
    context = open_context(settings_of(target, now=datetime(2026, 11, 25, 9, tzinfo=UTC)))
    code, folder = max(packs(target, FIRST).items(), key=lambda pack: len(rows_of(pack[1])))
    first = rows_of(folder)
    # Three who are on the second register of themselves: neither moved nor died.
    later = {row["nhs_number"] for row in rows_of(packs(home.home, SECOND)[code])}
    one, two, three = [at for at, row in enumerate(first) if row["nhs_number"] in later][:3]
    listed = {row["nhs_number"] for row in first}
    nominated = next(
        person["nhs_number"]
        for person in sorted(truth.registered(code, on=SECOND), key=lambda each: each["nhs_number"])
        if person["nhs_number"] not in listed
        and person["birth_date"] < date(1960, 1, 1)
        and person["type_1"] == "none"
        and not person["is_confidential"]
    )
    born = next(person["birth_date"] for person in truth.people if person["nhs_number"] == nominated)
    in_hand = {"status": "accepted", "lead_professional": WHO, "consent": "given", "care_plan_date": date(2026, 11, 17)}
    aside = {"status": "not suitable", "decline_reason": "already well supported", "review_date": date(2027, 3, 1)}
    book = in_workbook(
        folder,
        {one: in_hand, two: {**aside, "answered_by": "Dr Canary-By"}, three: {"status": "accepted"}},
        [{"number": nominated, "born": born, "why": "Two falls", "by": "Dr Canary-Nom"}],
    )
    rows = [dict(row) for row in first]
    rows[three] |= {"status": "done", "status_date": "18/11/2026"}
    for content, name, hour in ((book, "back.xlsx", 9), (in_csv(rows), "back.csv", 11)):
        feedback(
            context, content=content, file_name=name, practice_code=code, who="operator",
            received_at=datetime(2026, 11, 18, hour, tzinfo=UTC),
        )  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        night = nightly(context, as_of=SECOND, hold_back=True)
    second = rows_of(packs(target, SECOND)[code])
    by_number = {row["nhs_number"]: row for row in second}
    yield Answered(
        context, night, by_number, first, [by_number[first[at]["nhs_number"]] for at in (one, two, three)], nominated
    )
    context.ledger.engine.dispose()


def test_what_was_answered_stands_in_the_next_register(answered: Answered) -> None:
    row = answered.picked[0]
    found = {name: row[name] for name in ("status", "status_date", "lead_professional", "consent", "care_plan_date")}
    assert found == {
        "status": "accepted", "status_date": "2026-11-18", "lead_professional": WHO, "consent": "given",
        "care_plan_date": "2026-11-17",
    }  # fmt: skip


def test_who_was_declined_stands_apart_with_who_and_why_and_does_not_come_back_as_new(answered: Answered) -> None:
    row = answered.picked[1]
    found = {name: row[name] for name in ("listing", "decline_reason", "review_date", "answered_by")}
    assert found == {
        "listing": "declined", "decline_reason": "already well supported", "review_date": "2027-03-01",
        "answered_by": "Dr Canary-By",
    }  # fmt: skip
    assert row["change"] in ("rising", "falling", "steady")


def test_who_was_nominated_is_listed_with_who_when_and_why(answered: Answered) -> None:
    row = answered.rows[answered.nominated]
    assert row["nomination"] == "Nominated by Dr Canary-Nom on 18 November 2026: Two falls"
    assert row["listing"] in ("nominated", "by_rank")


def test_what_two_copies_disagree_about_is_left_empty_and_told(answered: Answered) -> None:
    row = answered.picked[2]
    assert row["status"] == ""
    assert row["answers_disagree"] == (
        "status: accepted (received 18 November 2026) or done (received 18 November 2026)"
    )


def test_the_list_is_exactly_as_long_and_the_run_names_what_it_knew(home: Demo, answered: Answered) -> None:
    k = sum(row["listing"] == "by_rank" for row in answered.first)
    ranked = [row for row in answered.rows.values() if row["listing"] == "by_rank"]
    assert abs(len(ranked) - k) <= 1
    assert half_published(answered.context.settings.home) == []
    without = home.nights[1].run
    assert answered.night.run.run_key != without.run_key
    same = {name for name, value in answered.night.run.inputs.items() if without.inputs[name] == value}
    assert set(without.inputs) - same == {"feedback"}
