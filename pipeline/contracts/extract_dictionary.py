"""The folder of pages for suppliers: one per extract, an index, the rules for all, every column, and the guide.

Made from the extract contracts, the bank holidays, the rules that hold for every extract, and the text of the guide;
it writes no file.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from pipeline.contracts.extract import ExtractContract
from pipeline.contracts.extract_page import extract_page
from pipeline.contracts.extract_rules_page import GUIDE, SHARED, cell
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


def extract_pages(
    contracts: Mapping[str, ExtractContract], *, holidays: Collection[date], guide: str
) -> dict[str, str]:
    """Every page by its name under docs/generated/: a folder that is whole by itself, so that it may travel by mail.

    `guide` is the text of docs/for-suppliers.md, of which the folder holds a copy.
    """
    pages = {f"{FOLDER}/{name}.md": extract_page(one, holidays=holidays) for name, one in contracts.items()}
    shared = {"README": extract_index(contracts), "rules": shared_rules(), "data-dictionary": dictionary(contracts)}
    return {
        **{f"{FOLDER}/{name}.md": text for name, text in shared.items()},
        f"{FOLDER}/{GUIDE}": _copy(guide),
        **pages,
    }


def extract_index(contracts: Mapping[str, ExtractContract]) -> str:
    """Which extracts there are, with the pages that hold for all of them."""
    lines = [
        "# Extracts",
        "",
        "<!-- Made from expectations/extracts/ by `make docs`; do not edit. -->",
        "",
        "To prepare an extract you need two pages: its own, with a complete valid example, and [for those who send us "
        f"data]({GUIDE}) (`{GUIDE}`), on how a file is landed and what happens to it. What reports may name beside the "
        f"extract's own rules: [rules for every extract]({SHARED}) (`{SHARED}`). What becomes of every column: [data "
        "dictionary](data-dictionary.md) (`data-dictionary.md`). This folder is whole by itself and may be passed on.",
        "",
        "| extract | what it is | who sends it | how often, and what | due |",
        "|---|---|---|---|---|",
    ]
    for name, one in contracts.items():
        cells = [one.title, one.sent_by, cadence_in_words(one), due_in_words(one.cadence)]
        lines.append(f"| [`{name}`]({name}.md) | " + " | ".join(cell(text) for text in cells) + " |")
    return _page(lines)


def dictionary(contracts: Mapping[str, ExtractContract]) -> str:
    """What becomes of every column."""
    lines = [
        "# Data dictionary of the extracts",
        "",
        "<!-- Made from expectations/extracts/ by `make docs`; do not edit. -->",
        "",
        "Every column of every extract, and what becomes of it. Our name is what the project's SQL and rules call the "
        "column. What is kept in the vault only is nowhere else once people are linked. For preparing a file the page "
        "of its extract is enough: [index](README.md).",
        "",
    ]
    for one in contracts.values():
        lines += _columns(one)
    return _page(lines)


def shared_rules() -> str:
    """Rules that hold for every extract: about files, deliveries as a whole, and people once they are linked."""
    heads = ["| rule | what it says | what to do next |", "|---|---|---|"]
    lines = [
        "# Rules for every extract",
        "",
        "<!-- Made from the rules in pipeline/ by `make docs`; do not edit. -->",
        "",
        "Beside the rules on each extract's page: [index](README.md).",
        "",
        "## Rules about files",
        "",
        "They refuse the file or the receipt.",
        "",
        *heads,
    ]
    lines += [f"| {code} | {cell(says)} | {cell(step)} |" for code, (says, step) in FILE_RULES.items()]
    lines += [
        "",
        "## Rules about deliveries as a whole",
        "",
        "A regular delivery is compared with your own earlier ones of the same kind of day, once there are enough of "
        "them. Which columns are looked at, and how PERIOD-001 is meant there, is on each extract's page.",
        "",
        "| rule | level | what it says | what to do next |",
        "|---|---|---|---|",
    ]
    for code, (level, says, step) in HISTORY_RULES.items():
        lines.append(f"| {code} | {_OF_DELIVERIES[level]} | {cell(_of_a_column(says))} | {cell(step)} |")
    lines += ["", "## What is told once people are linked", ""]
    lines += ["Added to your report after the night in which the rows were held against people.", "", *heads]
    lines += [f"| {code} | {cell(says)} | {cell(step)} |" for code, (says, step) in LINKAGE_RULES.items()]
    return _page(lines)


def _copy(guide: str) -> str:
    """The guide as it stands in the folder of the extracts' pages."""
    title, rest = guide.split("\n", 1)
    note = f"<!-- A copy of docs/{GUIDE}, made by `make docs`; do not edit. -->"
    return f"{title}\n\n{note}\n{rest.replace(f'(generated/{FOLDER}/', '(')}"


def _page(lines: Sequence[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"


def _of_a_column(says: str) -> str:
    """The sentence without the column it will name in a report."""
    told = says.format(column="a column")
    return told[0].upper() + told[1:]


def _columns(contract: ExtractContract) -> list[str]:
    key = ", ".join(f"`{name}`" for name in contract.key)
    lines = [f"## {contract.extract}", "", f"Key: {key}.", ""]
    lines += ["| our name | header | type | meaning | in the store |", "|---|---|---|---|---|"]
    for column in contract.columns:
        cells = [f"`{column.name}`", column.header, column.type, column.description, PRIVACY[column.privacy]]
        lines.append("| " + " | ".join(cell(text) for text in cells) + " |")
    return [*lines, ""]
