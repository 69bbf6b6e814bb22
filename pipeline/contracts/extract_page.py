"""The page of one extract for those who prepare it: all they need, and nothing that is not in its contract.

Markdown from the contract, the bank holidays and nothing else; it writes no file.
"""

from collections.abc import Collection
from datetime import date

from pipeline.contracts.extract import ExtractContract
from pipeline.contracts.extract_format import Format
from pipeline.contracts.extract_parts import Column
from pipeline.contracts.extract_sample import csv_line, sample_file, sample_receipt
from pipeline.contracts.extract_timing import cadence_in_words, replacement, timing
from pipeline.rules.times import day_in_words

WATCHED = {"share_of_codes": "the codes in", "share_empty": "how often nothing is in", "mean": "the mean of"}
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
        *_file(contract, holidays),
        *_columns(contract),
        *_formats(contract),
        *_rules(contract),
    ]
    return "\n".join(parts).rstrip("\n") + "\n"


def cell(text: str) -> str:
    """Text as it may stand in a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")


def _head(contract: ExtractContract) -> list[str]:
    name = contract.extract
    nobody = "nobody is linked by it: it is reference data"
    people = nobody if contract.person is None else "people, by NHS number and date of birth"
    return [
        f"# {contract.title} (`{name}`)",
        "",
        f"Made from `expectations/extracts/{name}.yml`; do not edit. All extracts: [index](README.md). How to land a "
        "file and what happens to it: [for suppliers](../../for-suppliers.md).",
        "",
        contract.about.strip(),
        "",
        "| | |",
        "|---|---|",
        f"| Standard | {cell(contract.standard)} |",
        f"| Who sends it | {cell(contract.sent_by)} |",
        f"| Who is in it | {people} |",
        f"| How often, and what | {cadence_in_words(contract.cadence)} |",
        f"| Format today | {cell(_current(contract).name)} |",
        f"| Its place in the policy | {contract.source} |",
        f"| Usual delay | {_days(contract.reporting_lag_days)} from what happened to its being sent; rows of a first "
        "load of history count as known that long after |",
        f"| Your file is kept | encrypted, for {_days(contract.originals_kept_days)} |",
        f"| A short delivery | fewer rows than {contract.delivery.minimum_rows_share:.0%} of the median of your last "
        f"{contract.delivery.deliveries_looked_at} regular ones of the same kind of day is refused, once there are "
        f"{contract.delivery.deliveries_needed} |",
        "",
    ]


def _file(contract: ExtractContract, holidays: Collection[date]) -> list[str]:
    stem = f"{contract.extract}-sample"
    return [
        "## A complete example: file and receipt",
        "",
        "This file and this receipt go through as they stand. UTF-8, fields separated by commas, every line ended, the "
        f"last one too; called `{stem}.csv`. The same table may be gzipped, zipped, or sent as Parquet or XLSX: "
        "[how](../../for-suppliers.md#the-file). The people are invented; their NHS numbers are of the range that is "
        "given to nobody.",
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
        "| | header | written as | must be filled | what it is | codes | example |",
        "|---|---|---|---|---|---|---|",
    ]
    for number, column in enumerate(contract.columns, start=1):
        cells = [
            str(number),
            f"`{column.header}`",
            _written(column),
            _filled(column),
            column.description,
            _codes(column),
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


def _codes(column: Column) -> str:
    if column.code_meanings:
        anchor = "codes-of-" + _anchor(column.header)
        return f"[{len(column.codes)} codes](#{anchor})"
    return ", ".join(f"`{code}`" for code in column.codes)


def _anchor(heading: str) -> str:
    kept = "".join(character for character in heading.lower() if character.isalnum() or character in " -_")
    return kept.replace(" ", "-")


def _formats(contract: ExtractContract) -> list[str]:
    lines = ["## Formats by date", "", "Which format a file may be in is told by the last day of its period.", ""]
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
        lines += ["| column today | in this format |", "|---|---|"]
        lines += [f"| `{contract.column(name).header}` | `{old}` |" for name, old in one.headers.items()]
        lines += [f"| `{contract.column(name).header}` | not there |" for name in one.absent]
        lines += ["", "Its header line:", "", "```csv", csv_line(one.header_line(contract)), "```", ""]
    else:
        lines += ["Its header line is the same; its values differ:", ""]
    for name, values in one.values.items():
        lines += [f"`{contract.column(name).header}`:", "", "| in this format | read as |", "|---|---|"]
        lines += [f"| `{cell(old)}` | `{cell(new)}` |" for old, new in values.items()]
        lines.append("")
    return lines


def _rules(contract: ExtractContract) -> list[str]:
    lines = [
        "## Rules",
        "",
        "Every delivery is checked against all of them. Your report names the rule and the numbers of the rows (1 is "
        "the first after the header). Rules about [files as such](README.md#rules-about-files) and about "
        "[deliveries as a whole](README.md#rules-about-deliveries-as-a-whole) are in the index.",
        "",
        *_watched(contract),
    ]
    for level, heading in (
        ("refuse", "Refuse the delivery: nothing of it is used, your last good one stays in use"),
        ("quarantine", "Set the row apart: the rest is used"),
        ("count", "Counted: the row is used, or kept until it can be"),
    ):
        chosen = [rule for rule in contract.expectations if rule.level == level]
        if chosen:
            lines += [f"### {heading}", "", "| rule | what it says | what to do next |", "|---|---|---|"]
            lines += [f"| {rule.rule} | {cell(rule.says)} | {cell(rule.next_step)} |" for rule in chosen]
            lines.append("")
    return lines


def _watched(contract: ExtractContract) -> list[str]:
    if not contract.watch:
        return []
    told = [f"{WATCHED[one.kind]} `{contract.column(one.column).header}`" for one in contract.watch]
    return [f"Compared with your own earlier deliveries: the number of rows, {', '.join(told)}.", ""]


def _current(contract: ExtractContract) -> Format:
    return next(one for one in contract.formats if one.is_current)


def _day(day: date | None, open_end: str) -> str:
    return open_end if day is None else day_in_words(day)


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _cleaned(note: str) -> str:
    return " ".join(note.split())
