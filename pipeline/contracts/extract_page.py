"""The page of one extract for those who prepare it: all they need, and nothing that is not in its contract.

Markdown from the contract, the bank holidays and nothing else; it writes no file.
"""

from collections.abc import Collection
from datetime import date

from pipeline.contracts.extract import ExtractContract
from pipeline.contracts.extract_format import Format
from pipeline.contracts.extract_parts import Column, Expectation
from pipeline.contracts.extract_rules_page import CODES, FILLED, GUIDE, cell, in_columns, rules
from pipeline.contracts.extract_sample import csv_line, sample_file, sample_receipt
from pipeline.contracts.extract_timing import cadence_in_words, replacement, timing
from pipeline.rules.times import day_in_words

WRITTEN = {
    "text": "text",
    "date": "date, `2026-11-15`",
    "timestamp": "moment in UTC, `2026-11-15T09:30:00`",
    "integer": "whole number, at most 18 digits",
    "decimal": "number, decimal point",
}


def extract_page(contract: ExtractContract, *, holidays: Collection[date]) -> str:
    """The whole page."""
    parts = [
        *_head(contract),
        "## When it is due",
        "",
        *timing(contract, holidays),
        "## What a delivery holds, and what replaces what",
        "",
        *replacement(contract),
        *_notes(contract),
        *_file(contract, holidays),
        *_columns(contract),
        *_formats(contract),
        *rules(contract),
    ]
    return "\n".join(parts).rstrip("\n") + "\n"


def _head(contract: ExtractContract) -> list[str]:
    name, size = contract.extract, contract.delivery
    kind = (
        " of the same kind of day (working day, the first after days of rest, day of rest)"
        if contract.cadence.every == "day"
        else ""
    )
    lines = [
        f"# {contract.title} (`{name}`)",
        "",
        f"<!-- Made from expectations/extracts/{name}.yml by `make docs`; do not edit. -->",
        "",
        contract.about.strip(),
        "",
        f"Beside this page you need one other: [for those who send us data]({GUIDE}) (`{GUIDE}`), on how a file is "
        "landed and what happens to it. All extracts: [index](README.md) (`README.md`).",
        "",
        "| | |",
        "|---|---|",
        f"| Standard | {cell(contract.standard)} |",
        f"| Who sends it | {cell(contract.sent_by)} |",
        f"| Who is in it | {_people(contract)} |",
        f"| How often, and what | {cadence_in_words(contract)} |",
        f"| Format today | {cell(_current(contract).name)} |",
    ]
    if contract.person is not None:
        lines.append(
            f"| Usual delay | {_days(contract.reporting_lag_days)} on average from what happened to its being sent. "
            "Rows of a first load of history (kind `bulk`) count as known that long after what they tell |"
        )
    return [
        *lines,
        f"| Your file is kept | encrypted, for {_days(contract.originals_kept_days)} |",
        f"| A short delivery | fewer rows than {size.minimum_rows_share:.0%} of the median of your last "
        f"{size.deliveries_looked_at} regular ones{kind} is refused, once there are "
        f"{size.deliveries_needed} |",
        "",
    ]


def _people(contract: ExtractContract) -> str:
    if contract.person is not None:
        return "people, by NHS number and date of birth"
    return "people, by NHS number alone" if contract.private("identifier") else "nobody: it is about organisations"


def _notes(contract: ExtractContract) -> list[str]:
    return ["## Good to know", "", *(f"- {note}" for note in contract.notes), ""] if contract.notes else []


def _file(contract: ExtractContract, holidays: Collection[date]) -> list[str]:
    stem = f"{contract.extract}-sample"
    people = (
        " The people are invented; their NHS numbers are of the range that is given to nobody, and the same people "
    )
    people += "are in the examples of all extracts."
    return [
        "## A complete example: file and receipt",
        "",
        "This file and this receipt go through as they stand. UTF-8, fields separated by commas, every line ended, the "
        f"last one too; called `{stem}.csv`. The same table may be gzipped, zipped, or sent as Parquet or XLSX: see "
        f"[The file]({GUIDE}#the-file)." + (people if contract.private("identifier") else ""),
        "",
        "```csv",
        sample_file(contract).decode("utf-8").rstrip("\n"),
        "```",
        "",
        f"Its receipt, `{stem}.receipt.json`, written after the file is whole and landed beside it in the sender's "
        f"own folder, here `{contract.example_sender}`. `sha256` is of exactly the lines above, each with its line "
        "feed:",
        "",
        "```json",
        sample_receipt(contract, holidays).rstrip("\n"),
        "```",
        "",
    ]


def _columns(contract: ExtractContract) -> list[str]:
    lines = [
        "## Columns",
        "",
        "The header line holds these names exactly, in this order. An empty field means not known.",
        "",
        "A code in brackets is the rule that your report names where the column is empty, or holds a code that is not "
        "listed: the row is set apart, or, where it says counted, kept. Fill the column, or use a listed code, and "
        "send the row again.",
        "",
        "| | header | written as | must be filled | what it is | codes | example |",
        "|---|---|---|---|---|---|---|",
    ]
    told = in_columns(contract)
    for number, column in enumerate(contract.columns, start=1):
        cells = [
            str(number),
            f"`{column.header}`",
            _written(column),
            _filled(column) + _in_brackets(told.get((column.name, FILLED))),
            column.description,
            _codes(column) + _in_brackets(told.get((column.name, CODES))),
            f"`{column.example}`" if column.example else "",
        ]
        lines.append("| " + " | ".join(cell(text) for text in cells) + " |")
    lines.append("")
    for column in contract.columns:
        if column.code_meanings:
            lines += [f"### Codes of {column.header}", "", "| code | meaning |", "|---|---|"]
            lines += [f"| `{code}` | {cell(meaning)} |" for code, meaning in column.code_meanings.items()]
            lines.append("")
    return lines


def _written(column: Column) -> str:
    return f"{WRITTEN[column.type]}; {column.format}" if column.format else WRITTEN[column.type]


def _filled(column: Column) -> str:
    if column.required:
        return "always"
    return f"when {column.required_when_says}" if column.required_when else ""


def _in_brackets(rule: Expectation | None) -> str:
    if rule is None:
        return ""
    return f" ({rule.rule})" if rule.level == "quarantine" else f" ({rule.rule}, counted)"


def _codes(column: Column) -> str:
    if column.code_meanings:
        anchor = "codes-of-" + _anchor(column.header)
        return f"[{len(column.codes)} codes](#{anchor})"
    return ", ".join(f"`{code}`" for code in column.codes)


def _anchor(heading: str) -> str:
    kept = "".join(character for character in heading.lower() if character.isalnum() or character in " -_")
    return kept.replace(" ", "-")


def _formats(contract: ExtractContract) -> list[str]:
    lines = [
        "## Formats by date",
        "",
        "The last day of the period on the receipt decides which format a file may be in.",
        "",
    ]
    lines += ["| format | period ends from | to | |", "|---|---|---|---|"]
    for one in contract.formats:
        first, last = _day(one.valid_from, "any day"), _day(one.valid_to, "until further notice")
        note = "the columns above" if one.is_current else _cleaned(one.note)
        lines.append(f"| {cell(one.name)} | {first} | {last} | {cell(note)} |")
    lines.append("")
    for one in contract.formats:
        if not one.is_current:
            lines += _older(one, contract)
    return lines


def _older(one: Format, contract: ExtractContract) -> list[str]:
    lines = [f"### {one.name}", ""]
    if one.headers or one.absent:
        lines += [
            "Columns that are not listed here are as today.",
            "",
            "| column today | in this format |",
            "|---|---|",
        ]
        lines += [f"| `{contract.column(name).header}` | `{old}` |" for name, old in one.headers.items()]
        lines += [f"| `{contract.column(name).header}` | not there |" for name in one.absent]
        lines += ["", "Its header line:", "", "```csv", csv_line(one.header_line(contract.columns)), "```", ""]
    else:
        lines += ["Its header line is the same; its values differ:", ""]
    for name, values in one.values.items():
        lines += [f"`{contract.column(name).header}`:", "", "| in this format | read as |", "|---|---|"]
        lines += [f"| `{cell(old)}` | `{cell(new)}` |" for old, new in values.items()]
        lines += ["", "Codes that are not in this table are unchanged.", ""]
    return lines


def _current(contract: ExtractContract) -> Format:
    return next(one for one in contract.formats if one.is_current)


def _day(day: date | None, open_end: str) -> str:
    return open_end if day is None else day_in_words(day)


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _cleaned(note: str) -> str:
    return " ".join(note.split())
