"""What happens to people in the quarter beside what the generator lets happen, told in the lists of the week.

Chosen from the registers as practices hold them, by stated rules and not by chance, so that every kind of leaving and
coming back meets somebody of whom something was answered, nominated or declined.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from quarter_region import Batch, Row

DISSENT, WITHDRAWN = "827241000000103", "827261000000102"
# By the week in which they happen: what, and to whom of the last registers ("listing/status", empty for any).
PLAN: Mapping[int, Sequence[tuple[str, str]]] = {
    1: (("dies", "by_rank/"), ("moves", "by_rank/")),
    2: (("opts_out", "by_rank/"), ("dies", "by_rank/")),
    3: (("moves", "by_rank/accepted"), ("leaves", "by_rank/")),
    4: (("moves", "declined/"), ("dies", "declined/")),
    5: (("moves", "nominated/"), ("opts_out", "by_rank/accepted")),
    6: (("dies", "nominated/"), ("dies_told_late", "by_rank/")),
    7: (("opts_out", "declined/"), ("dies", "kept/")),
    8: (("moves", "by_rank/accepted"), ("withdraws", "")),
    9: (("dies", "by_rank/already in hand"), ("opts_out", "nominated/")),
    10: (("moves_back", ""), ("moves", "kept/")),
    11: (("dies", "by_rank/accepted"),),
}


@dataclass(frozen=True)
class Happened:
    """One thing that happened to one person: when, and where they were and are registered."""

    week: int
    what: str
    nhs_number: str
    practice: str
    day: date
    to: str | None = None
    asked: str = ""


def happening(
    week: int,
    *,
    night: date,
    registers: Mapping[str, Sequence[Row]],
    before: Sequence[Happened],
) -> list[Happened]:
    """What happens in the week after this night, by the registers published for it."""
    codes = list(registers)
    touched = {one.nhs_number for one in before}
    found: list[Happened] = []
    for turn, (what, asked) in enumerate(PLAN.get(week, ())):
        day = night + timedelta(days=2 + turn)
        if what in ("withdraws", "moves_back"):
            first = next(one for one in before if one.what == ("opts_out" if what == "withdraws" else "moves"))
            found.append(Happened(week, what, first.nhs_number, first.practice, day, to=first.practice))
            continue
        row = _somebody(registers, asked, start=week * 3 + turn * 7, touched=touched, is_early=week <= 2)
        if row is None:
            continue
        touched.add(row["nhs_number"])
        here = row["practice_code"]
        to = codes[(codes.index(here) + 2 * week + 1) % len(codes)] if what == "moves" else None
        day = day - timedelta(days=9) if what == "dies_told_late" else day
        found.append(Happened(week, what, row["nhs_number"], here, day, to=to, asked=asked))
    return found


def _somebody(
    registers: Mapping[str, Sequence[Row]], asked: str, *, start: int, touched: set[str], is_early: bool
) -> Row | None:
    """The first fitting row, beginning with another practice each time; early on the list's head, later its tail.

    Who goes early is to come back, and has to be ill enough to be listed again.
    """
    listing, _, status = asked.partition("/")
    codes = list(registers)
    for code in codes[start % len(codes) :] + codes[: start % len(codes)]:
        for row in registers[code] if is_early else reversed(registers[code]):
            if row["listing"] == listing and row["status"].startswith(status) and row["nhs_number"] not in touched:
                return row
    return None


def with_what_happened(
    batches: Sequence[Batch],
    happened: Sequence[Happened],
    *,
    week: int,
    newest: Callable[[str, str], Row],
    sender_of: Mapping[str, str],
) -> list[Batch]:
    """The week's files with these rows in them, and without what the generator goes on to say of the same people.

    `newest`: the newest row of a person on a practice's list.
    """
    gone = {one.nhs_number for one in happened if one.what not in ("opts_out", "withdraws")}
    dead = {one.nhs_number for one in happened if one.what.startswith("dies")}
    added: dict[tuple[str, str], list[Row]] = {}
    for place, one in enumerate(happened):
        if one.week == week:
            for extract, practice, row in _rows(one, newest, serial=place):
                added.setdefault((extract, sender_of[practice]), []).append(row)
    found = []
    for batch in batches:
        is_gp = batch.extract.startswith("gp_")
        left_out, number = (gone, "NHSNumber") if is_gp else (dead, "NHS NUMBER")
        rows = [row for row in batch.rows if row[number] not in left_out]
        found.append(replace(batch, rows=[*rows, *added.pop((batch.extract, batch.sender), [])]))
    assert not added, "a sender had no file to tell it in"
    return found


def _rows(one: Happened, newest: Callable[[str, str], Row], *, serial: int) -> list[tuple[str, str, Row]]:
    """Extract, practice and row of each thing that is told of it."""
    row, day = newest(one.nhs_number, one.practice), one.day.isoformat()
    if one.what.startswith("dies"):
        return [("gp_patient", one.practice, row | {"DateOfDeath": day, "RegistrationEndDate": day})]
    if one.what == "leaves":
        return [("gp_patient", one.practice, row | {"RegistrationEndDate": day})]
    if one.what == "moves":
        there = row | {"PatientID": f"{7_000_000 + serial}", "PracticeCode": str(one.to), "RegistrationStartDate": day}
        return [
            ("gp_patient", one.practice, row | {"RegistrationEndDate": day}),
            ("gp_patient", str(one.to), there),
        ]
    if one.what == "moves_back":
        away = newest(one.nhs_number, "")
        again = row | {"RegistrationStartDate": day, "RegistrationEndDate": ""}
        return [
            ("gp_patient", away["PracticeCode"], away | {"RegistrationEndDate": day}),
            ("gp_patient", one.practice, again),
        ]
    entry = {name: row[name] for name in ("PatientID", "NHSNumber", "DateOfBirth", "PracticeCode")}
    code = DISSENT if one.what == "opts_out" else WITHDRAWN
    said = {"ObservationID": f"{8_000_000 + serial}", "Code": code, "EffectiveDate": day, "IsDeleted": "0"}
    return [("gp_event", one.practice, {**entry, **said})]
