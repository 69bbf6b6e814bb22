"""The pages of the data dictionary: one per extract, and an index with every column and the rules about files.

Made from the extract contracts, the bank holidays and the rules that hold for every extract; it writes no file.
"""

from collections.abc import Collection, Mapping
from datetime import date

from pipeline.contracts.extract import ExtractContract
from pipeline.contracts.extract_page import cell, extract_page
from pipeline.contracts.extract_timing import cadence_in_words, due_in_words
from pipeline.contracts.receipt import FILE_RULES
from pipeline.rules.delivery_history import HISTORY_RULES
from pipeline.rules.linkage_rules import LINKAGE_RULES

FOLDER = "extracts"
_OF_DELIVERIES = {"refuse": "refuses the delivery", "count": "told, the delivery is used"}
PRIVACY = {
    "identifier": "kept in the vault only",
    "local": "replaced by a keyed hash",
    "birth_date": "reduced to the month",
    "drop": "not kept",
    "keep": "kept",
}


def extract_pages(contracts: Mapping[str, ExtractContract], *, holidays: Collection[date]) -> dict[str, str]:
    """Every page by its name under docs/generated/: `extracts/README.md` and `extracts/<extract>.md`."""
    pages = {f"{FOLDER}/{name}.md": extract_page(one, holidays=holidays) for name, one in contracts.items()}
    return {f"{FOLDER}/README.md": extract_index(contracts), **pages}


def extract_index(contracts: Mapping[str, ExtractContract]) -> str:
    """The index: which extracts there are, the rules about files, and what becomes of every column."""
    lines = [
        "# Extracts: index and data dictionary",
        "",
        "Made from `expectations/extracts/`; do not edit. Each page says all that is needed to prepare that extract, "
        "with a complete valid example. How to land a file: [for suppliers](../../for-suppliers.md).",
        "",
        "| extract | what it is | who sends it | how often, and what | due |",
        "|---|---|---|---|---|",
    ]
    for name, one in contracts.items():
        cells = [one.title, one.sent_by, cadence_in_words(one.cadence), due_in_words(one.cadence)]
        lines.append(f"| [`{name}`]({name}.md) | " + " | ".join(cell(text) for text in cells) + " |")
    lines += _shared_rules()
    lines += [
        "",
        "## Every column, and what becomes of it",
        "",
        "Our name is what SQL and rules of this project call the column. What is kept in the vault only is nowhere "
        "else once people are linked.",
        "",
    ]
    for one in contracts.values():
        lines += _columns(one)
    return "\n".join(lines).rstrip("\n") + "\n"


def _shared_rules() -> list[str]:
    """Rules that hold for every extract: about files, deliveries as a whole, and people once they are linked."""
    heads = ["| rule | what it says | what to do next |", "|---|---|---|"]
    lines = ["", "## Rules about files", ""]
    lines += ["They hold for every extract and refuse the file or the receipt.", "", *heads]
    lines += [f"| {code} | {cell(says)} | {cell(step)} |" for code, (says, step) in FILE_RULES.items()]
    lines += [
        "",
        "## Rules about deliveries as a whole",
        "",
        "A regular delivery is compared with your own earlier ones of the same kind of day, once there are enough of "
        "them. Which columns are looked at is on each extract's page.",
        "",
        "| rule | level | what it says | what to do next |",
        "|---|---|---|---|",
    ]
    for code, (level, says, step) in HISTORY_RULES.items():
        lines.append(f"| {code} | {_OF_DELIVERIES[level]} | {cell(_of_a_column(says))} | {cell(step)} |")
    lines += ["", "## What is told once people are linked", ""]
    lines += ["Added to your report after the night in which the rows were held against people.", "", *heads]
    lines += [f"| {code} | {cell(says)} | {cell(step)} |" for code, (says, step) in LINKAGE_RULES.items()]
    return lines


def _of_a_column(says: str) -> str:
    """The sentence without the column it will name in a report."""
    told = says.format(column="a column")
    return told[0].upper() + told[1:]


def _columns(contract: ExtractContract) -> list[str]:
    key = ", ".join(f"`{name}`" for name in contract.key)
    lines = [f"### {contract.extract}", "", f"Key: {key}.", ""]
    lines += ["| our name | header | type | meaning | in the store |", "|---|---|---|---|---|"]
    for column in contract.columns:
        cells = [f"`{column.name}`", column.header, column.type, column.description, PRIVACY[column.privacy]]
        lines.append("| " + " | ".join(cell(text) for text in cells) + " |")
    return [*lines, ""]
