"""What practices write into their registers and send back, week by week, kept to be held against what follows.

Every practice has its way: some answer in the workbook, most in the CSV, some a week late, one in two copies that
disagree, one with slips, one sends another's file, and five never answer. Files are made from the very bytes published.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from quarter_region import NIGHTS, Row
from test_answers_come_back import in_csv, in_workbook, rows_of

from pipeline.contracts.receipt import RefusedByRule
from pipeline.steps.at_hand.context import Context
from pipeline.steps.feedback.feedback import feedback

WORKBOOK, LATE, COPIES, SLIPS = (0, 5, 10), (6, 14), 8, 4
NOMINATES = "Two falls at home"


@dataclass(frozen=True)
class Sent:
    """A file a practice sent: what it answers, what was meant by it, and what became of it."""

    practice: str
    edition: date
    received_at: datetime
    said: Mapping[str, Mapping[str, str]]
    nominated: tuple[str, ...] = ()
    slips: tuple[str, ...] = ()
    became: Mapping[str, Any] = field(default_factory=dict)
    feedback_id: str = ""


def is_silent(place: int) -> bool:
    """One practice in four never answers."""
    return place % 4 == 3


def answering(
    context: Context,
    week: int,
    *,
    folders: Mapping[date, Mapping[str, Path]],
    candidates: Mapping[str, Sequence[Row]],
) -> list[Sent]:
    """What comes back in the week after night number `week`, read as it is received.

    `candidates`: by practice, adults of its list whom it might nominate, as rows of gp_patient.
    """
    sent: list[Sent] = []
    codes = list(folders[NIGHTS[week]])
    for place, code in enumerate(codes):
        if is_silent(place) or (place not in WORKBOOK and (week + place) % 2 and place not in (COPIES, SLIPS)):
            continue
        edition = NIGHTS[week - 1] if place in LATE and week else NIGHTS[week]
        folder = folders[edition][code]
        rows = rows_of(folder)
        received = datetime(edition.year, edition.month, edition.day, 9, place, tzinfo=UTC)
        received += timedelta(days=3 + (NIGHTS[week] - edition).days)
        said = meant(rows, on=received.date())
        nominated = _nominated(candidates[code], rows, week=week, place=place)
        if place == SLIPS and week == 2:
            sent.append(_with_a_slip(context, code, edition, received, folder, said))
            continue
        content, name = _filled(folder, said, nominated, in_book=place in WORKBOOK)
        sent.append(_read(context, code, edition, received, said, nominated, content, name))
        if place == COPIES and week == 0:
            sent.append(_second_copy(context, sent[-1], folder))
        if place == 1 and week == 5:
            sent.append(_read(context, codes[2], edition, received, {}, [], content, name))
            sent.append(_read(context, code, edition, received + timedelta(hours=1), {}, [], content, name))
    return sent


def meant(rows: Iterable[Row], *, on: date) -> dict[str, dict[str, str]]:
    """What a practice decides on this day about the people of its register, by NHS number: changed columns alone.

    By the last digits of the number, which mean nothing: so every answer is given somewhere, and again every time.
    """
    said = {}
    for row in rows:
        digit = sum(int(one) for one in row["nhs_number"]) % 10
        answer = _begun(digit, on=on) if not row["status"] else _gone_on(row, digit, on=on)
        if row["answers_disagree"]:
            answer = {**answer, "status_date": on.isoformat()}
        if answer:
            said[row["nhs_number"]] = answer
    return said


def _begun(digit: int, *, on: date) -> dict[str, str]:
    day = on.isoformat()
    if digit == 0:
        later = (on + timedelta(days=20)).isoformat()
        return {"status": "not suitable", "decline_reason": "already well supported", "review_date": later}
    if digit == 1:
        return {"status": "declined by patient", "status_date": day, "answered_by": "Dr Canary-By"}
    if digit == 2:
        return {"status": "already in hand", "care_plan_date": day, "lead_professional": "Nurse Canary-Lead"}
    if digit in (3, 4, 5, 6):
        return {"status": "accepted", "consent": "given", "lead_professional": "Nurse Canary-Lead"}
    return {}


def _gone_on(row: Row, digit: int, *, on: date) -> dict[str, str]:
    """What is added later: plans and contacts by some, the end of a nomination; nothing of it is asked twice."""
    if (
        row["nomination"]
        and row["status"] == "accepted"
        and on - date.fromisoformat(row["status_date"]) > timedelta(20)
    ):
        return {"status": "done", "status_date": on.isoformat()}
    if row["status"] == "accepted" and digit in (3, 4) and not row["care_plan_date"]:
        return {"care_plan_date": on.isoformat(), "contact_date": on.isoformat()}
    if row["status"] == "already in hand" and not row["mdt_date"]:
        return {"mdt_date": (on + timedelta(days=14)).isoformat()}
    return {}


def _nominated(candidates: Sequence[Row], rows: Sequence[Row], *, week: int, place: int) -> list[Row]:
    """Somebody the score missed, by every practice that answers, in one or two weeks of the quarter."""
    if week not in (1 + place % 4, 8 + place % 2):
        return []
    listed = {row["nhs_number"] for row in rows}
    free = [one for one in candidates if one["NHSNumber"] not in listed]
    return free[(7 * place + 3 * week) % 40 :][:1]


def _filled(
    folder: Path, said: Mapping[str, Mapping[str, str]], nominated: Sequence[Row], *, in_book: bool
) -> tuple[bytes, str]:
    rows = rows_of(folder)
    if in_book:
        places = {row["nhs_number"]: at for at, row in enumerate(rows)}
        answers = {places[number]: _typed(one) for number, one in said.items()}
        named = [
            {"number": one["NHSNumber"], "born": date.fromisoformat(one["DateOfBirth"]), "why": NOMINATES, "by": "Dr N"}
            for one in nominated
        ]
        return in_workbook(folder, answers, named), "register.xlsx"
    filled = [{**row, **said.get(row["nhs_number"], {})} for row in rows]
    empty = dict.fromkeys(rows[0], "")
    filled += [
        {
            **empty,
            "nhs_number": one["NHSNumber"],
            "birth_date": one["DateOfBirth"],
            "status_note": NOMINATES,
            "answered_by": "Dr N",
        }
        for one in nominated
    ]
    return in_csv(filled), "register.csv"


def _typed(answers: Mapping[str, str]) -> dict[str, Any]:
    return {name: date.fromisoformat(value) if name.endswith("_date") else value for name, value in answers.items()}


def _read(
    context: Context, code: str, edition: date, received: datetime, said: Mapping[str, Mapping[str, str]],
    nominated: Sequence[Row], content: bytes, name: str, *, slips: tuple[str, ...] = (),
) -> Sent:  # fmt: skip
    kept = {number: one for number, one in said.items() if number not in slips}
    people = tuple(one["NHSNumber"] for one in nominated)
    try:
        read = feedback(
            context, content=content, file_name=name, practice_code=code, who="A. Operator", received_at=received
        )
    except RefusedByRule as refusal:
        return Sent(code, edition, received, {}, became={"refused": refusal.code})
    file = read.file
    became = {
        "is_new": read.is_new, "changed": file.rows_changed, "nominated": file.rows_nominated,
        "rejected": sorted(one["code"] for one in file.report["rejected"]),
    }  # fmt: skip
    return Sent(code, edition, received, kept, people, slips, became, file.feedback_id if read.is_new else "")


def _with_a_slip(
    context: Context, code: str, edition: date, received: datetime, folder: Path, said: Mapping[str, Mapping[str, str]]
) -> Sent:
    """The last digit of the first number slipped: its row is left out, the others count."""
    rows = [{**row, **said.get(row["nhs_number"], {})} for row in rows_of(folder)]
    number = rows[0]["nhs_number"]
    wrong = number[:9] + str((int(number[9]) + 1) % 10)
    rows[0] = rows[0] | {"nhs_number": wrong, "status": "done"}
    return _read(context, code, edition, received, said, [], in_csv(rows), "register.csv", slips=(number,))


def _second_copy(context: Context, first: Sent, folder: Path) -> Sent:
    """Somebody else fills in their own copy of the same edition, and says otherwise of who was accepted."""
    said = {number: {"status": "done"} for number, one in first.said.items() if one.get("status") == "accepted"}
    content, name = _filled(folder, said, [], in_book=False)
    return _read(
        context, first.practice, first.edition, first.received_at + timedelta(hours=2), said, [], content, name
    )
