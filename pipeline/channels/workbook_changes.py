"""The first sheet of a practice's workbook: whom to follow up, then what is different from its last edition."""

from collections.abc import Iterator
from typing import Any

from pipeline.channels import page_answers, page_text
from pipeline.channels.register_files import Cell, in_100, plain
from pipeline.channels.workbook_about import earlier_editions
from pipeline.channels.workbook_look import BLUE, GREY, INK, WHITE, Styles, fit_row, put_text, put_value
from pipeline.contracts.correction import Moved
from pipeline.contracts.register import LeftPerson, PracticePack, RegisterPerson
from pipeline.contracts.register_workbook import workbook_contract

# Who stands here, in this order; everyone else was on the list before and has not risen. Nobody stands here twice.
FOLLOW_UP = {
    "no_contact": "Discharged, no contact yet",
    "plan_overdue": "Care plan overdue",
    "inside": "In hospital",
}
TOLD = ("new", "returned", "joined", "rising")
_WIDTHS = (18, 14, 28, 13, 8, 8, 10, 10, 80)
_TINT = {
    "no_contact": "#FFD9A6",
    "plan_overdue": "#FFD9A6",
    "inside": "#E3DCEC",
    "new": "#CFE2F5",
    "returned": "#CFE2F5",
    "joined": "#CFE2F5",
    "rising": "#FFE0CC",
    "left": "#E4E7EA",
    "corrected": "#FFF3C4",
}


def changes_sheet(sheet: Any, pack: PracticePack, styles: Styles) -> None:
    """Title, marking, a line of counts, then a row per person: to follow up, new, returned, joined, rising, left."""
    columns = workbook_contract().changes
    for row, (text, above) in enumerate(_top(pack)):
        sheet.write_string(row, 0, plain(text), styles.bare(**above))
    head = len(list(_top(pack))) + 1
    sheet.set_row(head, 32)
    for place, column in enumerate(columns):
        sheet.set_column(place, place, _WIDTHS[place])
        put_text(sheet, head, place, column.title, styles, bold=True, text_wrap=True, bg_color=BLUE, font_color=WHITE)
    row = head
    for row, (kind, cells) in enumerate(_rows(pack), start=head + 1):
        shown = []
        for place, column in enumerate(columns):
            look: dict[str, object] = {"text_wrap": True} if column.type == "text" else {}
            if column.name == "what":
                look |= {"bold": True, "bg_color": _TINT[kind]}
            text = put_value(sheet, row, place, column, cells.get(column.name), styles, **look)
            shown.append((text, _WIDTHS[place]))
        fit_row(sheet, row, shown)
    if row > head:
        sheet.autofilter(head, 0, row, len(columns) - 1)
    sheet.freeze_panes(head + 1, 0)
    sheet.repeat_rows(head)


def _top(pack: PracticePack) -> Iterator[tuple[str, dict[str, object]]]:
    day = page_text.day
    yield (
        f"{pack.practice_name}: people at risk of an emergency admission",
        {"bold": True, "font_size": 16, "font_color": BLUE},
    )
    said = (
        f"{pack.practice_code}, {pack.pcn_name}. Edition {pack.edition_number}, covers events up to {day(pack.as_of)}"
    )
    if pack.previous_as_of:
        said += f", compared with {day(pack.previous_as_of)}"
    yield f"{said}.", {"font_color": GREY}
    yield page_text.MARKING, {"bold": True, "font_color": INK}
    if pack.is_fictitious:
        yield (
            "FICTITIOUS: made from invented people. Not for the care of anyone.",
            {"bold": True, "font_color": "#B10E1E"},
        )
    yield from ((f"{head}. {says}", {"bold": True, "font_color": INK}) for head, says in earlier_editions(pack))
    yield counts_line(pack), {"font_color": INK}


def counts_line(pack: PracticePack) -> str:
    """Who waits for the practice and what changed, in numbers; who left without a name is in it."""
    waiting = [_follow_up(pack, person) for person in pack.people]
    due = "; ".join(f"{words.lower()} {waiting.count(kind)}" for kind, words in FOLLOW_UP.items() if kind in waiting)
    due = f"To follow up first: {due}. " if due else ""
    if pack.previous_as_of is None:
        return f"{due}There is no earlier edition to compare with: everyone is new. Then go on with the sheet Register."
    counts = {kind: sum(person.change == kind for person in pack.people) for kind in TOLD}
    told = [
        f"{counts[kind]} {page_text.CHANGE_WORDS[kind].lower()}" for kind in TOLD if counts[kind] or kind != "joined"
    ]
    told.append(f"{len(pack.left) + pack.left_count_other} left")
    line = f"{due}Since the last edition: {', '.join(told)}."
    if pack.left_count_other:
        line += f" {page_text.others_left(pack)}"
    return line


def _rows(pack: PracticePack) -> Iterator[tuple[str, dict[str, Cell]]]:
    due = {kind: [person for person in pack.people if _follow_up(pack, person) == kind] for kind in FOLLOW_UP}
    due["no_contact"].sort(key=lambda person: (person.discharged_on or pack.as_of, person.rank))
    for kind, people in due.items():
        yield from ((kind, _to_follow_up(kind, person)) for person in people)
    if pack.previous_as_of is not None:
        for kind in TOLD:
            others = (person for person in pack.people if person.change == kind and not _follow_up(pack, person))
            yield from ((kind, _listed(person)) for person in others)
        yield from (("left", _left(person)) for person in pack.left)
    if pack.correction is not None:
        added = frozenset(pack.correction.added)
        yield from (("corrected", _added(person)) for person in pack.people if person.nhs_number in added)
        yield from (("corrected", _gone(one)) for one in pack.correction.gone)


def _follow_up(pack: PracticePack, person: RegisterPerson) -> str | None:
    """The most pressing thing for which the person waits for the practice."""
    if page_answers.is_without_contact(pack, person):
        return "no_contact"
    if page_answers.is_plan_overdue(pack, person):
        return "plan_overdue"
    return "inside" if person.in_hospital_since is not None else None


def _to_follow_up(kind: str, person: RegisterPerson) -> dict[str, Cell]:
    cells = _listed(person)
    known = page_answers.plan(person.answers) if kind == "plan_overdue" else page_text.in_hospital(person)
    known = known or page_text.last_home(person)
    changed = f" ({page_text.CHANGE_WORDS[person.change].lower()})" if person.change in TOLD else ""
    told = f"{known}; {page_text.last_gp_contact(person)}. {cells['why']}"
    return cells | {"what": f"{FOLLOW_UP[kind]}{changed}", "why": told}


def _listed(person: RegisterPerson) -> dict[str, Cell]:
    first = person.reasons[0] if person.reasons else "No single reason stands out"
    beyond, new = page_text.beyond_reasons(person), page_text.news(person)
    outside = f". Your GP record alone may not show: {beyond[0]}" if beyond and not new else ""
    return {
        "what": page_text.CHANGE_WORDS[person.change] + (" (child)" if person.listing == "child" else ""),
        "nhs_number": person.nhs_number,
        "name": page_text.full_name(person),
        "birth_date": person.birth_date,
        "rank": person.rank,
        "rank_before": person.rank_before,
        "risk_pct": in_100(person.risk_score),
        "risk_before_pct": in_100(person.risk_before),
        "why": (f"Since last time: {new}. " if new else "") + first + outside,
    }


def _left(person: LeftPerson) -> dict[str, Cell]:
    return {
        "what": "Left the list",
        "nhs_number": person.nhs_number,
        "name": person.name,
        "birth_date": person.birth_date,
        "rank_before": person.rank_before,
        "why": page_text.left_why(person),
    }


def _added(person: RegisterPerson) -> dict[str, Cell]:
    return _listed(person) | {"what": "Corrected: added", "why": "Was not on the edition that this one replaces."}


def _gone(one: Moved) -> dict[str, Cell]:
    why = "Was on the edition that this one replaces, and is not on the list."
    return {
        "what": "Corrected: gone",
        "nhs_number": one.nhs_number,
        "name": one.name,
        "rank_before": one.rank_before,
        "why": why,
    }
