"""The sheets of a practice's workbook that are read: what the list is and is not, and what its columns mean."""

from collections.abc import Iterator
from typing import Any

from pipeline.channels import page_text
from pipeline.channels.workbook_look import BLUE, PALE_BLUE, WHITE, Styles, fit_row, in_words, put_text
from pipeline.contracts.register import PracticePack
from pipeline.contracts.register_dictionary import TYPE_WORDS, Column, practice_contract
from pipeline.contracts.register_workbook import register_columns

Line = tuple[str, str]


def about_sheet(sheet: Any, pack: PracticePack, styles: Styles) -> None:
    """Two columns, a heading and what it says; parts parted by a line of their own."""
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 120)
    row = 0
    for title, lines in _parts(pack):
        sheet.write_string(row, 0, title, styles.bare(bold=True, font_size=13, font_color=BLUE))
        for head, says in lines:
            row += 1
            shown = put_text(sheet, row, 0, head, styles, bold=True, text_wrap=True, bg_color=PALE_BLUE)
            fit_row(sheet, row, ((shown, 30), (put_text(sheet, row, 1, says, styles, text_wrap=True), 118)))
        row += 2


def columns_sheet(sheet: Any, styles: Styles) -> None:
    """Every column of the sheet Register in words, in its order."""
    heads = (
        ("Column", 30),
        ("What it means", 90),
        ("What stands in it", 40),
        ("Filled in by", 14),
        ("Name in the CSV", 26),
    )
    for place, (head, width) in enumerate(heads):
        sheet.set_column(place, place, width)
        put_text(sheet, 0, place, head, styles, bold=True, bg_color=BLUE, font_color=WHITE)
    for row, column in enumerate(register_columns(), start=1):
        cells = (column.title, column.meaning, _what_stands_in(column), "you" if column.answer else "us", column.name)
        shown = [
            (put_text(sheet, row, place, text, styles, text_wrap=True, bold=place == 0), heads[place][1])
            for place, text in enumerate(cells)
        ]
        fit_row(sheet, row, shown)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)


def _what_stands_in(column: Column) -> str:
    """As it stands in the workbook: codes are words, numbers and days as they are read."""
    if column.values:
        return f"one of: {'; '.join(in_words(column, value) for value in column.values)}"
    return {"date": "date", "nhs_number": "ten digits, with spaces"}.get(column.type, TYPE_WORDS[column.type])


def _parts(pack: PracticePack) -> Iterator[tuple[str, list[Line]]]:
    yield "This list", list(_this_list(pack))
    yield "What to do with it", list(_to_do())
    yield "How to read it", list(_reading())
    yield "What it finds and what it misses", list(_finds(pack))
    yield "Where the facts come from", list(_sources(pack))


def _this_list(pack: PracticePack) -> Iterator[Line]:
    yield (
        "What it is",
        (
            "The adults at your practice who are most likely to have an emergency admission to hospital in the next "
            "12 months, by arithmetic over records. It asks for a clinician's judgement and does not replace it; "
            "nobody has looked at a person before it reached you."
        ),
    )
    yield (
        "Marking",
        f"{page_text.MARKING}. Keep it as you keep the record, and delete it when the next edition arrives.",
    )
    if pack.is_fictitious:
        yield "FICTITIOUS", "Made under an invented policy from invented people. Not for the care of anyone."
    yield "Practice", f"{pack.practice_name} ({pack.practice_code}), {pack.pcn_name} ({pack.pcn_code})"
    yield "Edition", f"{pack.edition_number}, revision {pack.revision}; covers events up to {page_text.day(pack.as_of)}"
    yield from earlier_editions(pack)
    yield "How many", page_text.share_listed(pack)


def earlier_editions(pack: PracticePack) -> Iterator[Line]:
    """What this edition replaces and why, and which were taken back."""
    if pack.supersedes:
        says, found = f"It replaces {pack.supersedes}; delete the earlier files.", pack.correction
        if found is not None:
            counts = found.counts()
            says += f" Why: {found.reason.rstrip('.')}. Against it {counts['added']} people were added, "
            says += f"{counts['gone']} are gone, and {counts['moved']} have another rank."
        yield "Corrected edition", says
    for one in pack.recalled:
        says = f"The edition of {page_text.day(one.as_of)} was taken back on {page_text.day(one.recalled_on)}. "
        yield "Recalled", f"{says}Why: {one.reason.rstrip('.')}. Delete its files; nothing here is compared with it."


def _to_do() -> Iterator[Line]:
    yield "Begin", "With the sheet Changes: whom to follow up, then what changed. In most weeks that is all you need."
    yield (
        "Answer",
        (
            "In the yellow columns of the sheet Register. Choose from the lists, write days as 24/11/2026. What you "
            "answered before already stands there: change it where it has changed. Sort and filter as you like; "
            "leave the other columns as they are, and the folded ones at the right-hand end where they are."
        ),
    )
    yield (
        "Nominate",
        (
            "Somebody who is not on the list and should be: write their NHS number, birth date and why into the "
            "sheet Nominations."
        ),
    )
    yield (
        "Send it back",
        (
            "Save it under its name as an Excel workbook (.xlsx) and send it back the way it came to you, by the "
            "day before the next edition. Your answers then stand in the next edition; notes are read by your "
            "practice alone."
        ),
    )
    yield (
        "Is it unchanged?",
        (
            "Beside this file lies manifest.json with the digest of each file, and its signature. Whoever looks "
            "after your systems can check them with the command riskstrat verify and our public key."
        ),
    )
    yield (
        "Something is wrong",
        "Do not act on the row. Report it with the run and the practice key, never with the name.",
    )


def _reading() -> Iterator[Line]:
    yield (
        "The risk",
        (
            "It is about a group: 62 means that of 100 people like this, about 62 are expected to have an emergency "
            "admission within 12 months, and about 38 are not. It does not say which of them this person is."
        ),
    )
    yield (
        "Reasons",
        (
            "Each raised this person's risk in the model's arithmetic. Emergencies of the last 12 months stand first, "
            "then what has happened or changed, then how things stand. "
            "They are not causes, and changing one of them need not change what happens."
        ),
    )
    yield (
        "Not in the GP record alone",
        (
            "What hospitals, clinics, community or mental health services or the council told us. Check it with "
            "the person before you rely on it."
        ),
    )
    yield (
        "In hospital since",
        "The hospital had sent no discharge by the last day covered; they may have left since.",
    )
    yield "Empty", "Unknown. Nought is nought: looked for and found none."
    yield "Risk in words", "; ".join(f"{band.title}: {band.says}" for band in practice_contract().risk_bands) + "."


def _finds(pack: PracticePack) -> Iterator[Line]:
    if pack.cut is not None:
        yield "A list of this length", page_text.cut_says(pack.cut)
    yield (
        "Not on it is not safe",
        (
            "Most emergency admissions happen to people who are not on the list. People who seldom seek care, or "
            "whose care leaves no coded trace, look safer than they are."
        ),
    )
    yield (
        "On it is not fate",
        "A high risk does not mean that more care would help, and a name here decides nothing by itself.",
    )
    for title, admitted, tested in pack.observed_like_these or ():
        told = "too few to say" if admitted is None else f"{admitted} of 100 were admitted"
        yield f"People like these: {title}", f"{told} ({tested:,} tested on a past date the model had not learned from)"
    for title, admitted, tested in pack.observed_in_pcn:
        yield f"In your PCN: {title}", f"{admitted} of 100 were admitted ({tested:,} tested)"
    yield "The model", f"{pack.model_id}. {pack.model_says}"
    yield "Run and policy", f"{pack.run_key}; {pack.policy_name}"


def _sources(pack: PracticePack) -> Iterator[Line]:
    for notice in pack.notices:
        yield "Notice", notice
    for source in pack.sources:
        used = "Used for the risk" if source.is_used else "Not used for the risk"
        shown = "shown here" if source.is_shown else "not shown here"
        reach = (
            "no event known"
            if source.latest_event_date is None
            else f"newest event {page_text.days_old(source, pack.as_of)}"
        )
        received = page_text.moment(source.received_at)
        yield source.title, f"{used}, {shown}. {source.says} ({reach}; last delivery: {received})."
