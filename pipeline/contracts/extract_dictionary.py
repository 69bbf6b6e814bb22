"""The data dictionary for suppliers as one page of Markdown.

Made from the extract contracts and nothing else; it writes no file.
"""

from collections.abc import Mapping

from pipeline.contracts.extract import Column, ExtractContract
from pipeline.contracts.receipt import FILE_RULES

_PRIVACY = {
    "identifier": "kept in the vault only",
    "local": "replaced by a keyed hash",
    "birth_date": "reduced to the month",
    "drop": "not kept",
    "keep": "kept",
}
_LEVEL = {"refuse": "refuses the delivery", "quarantine": "sets the row apart", "count": "counted, row kept"}


def extract_dictionary(contracts: Mapping[str, ExtractContract]) -> str:
    """Markdown of every extract: columns, key, versions, rules; and the rules about files."""
    parts = [
        "# Extracts: the data dictionary",
        "",
        "Made from `expectations/extracts/`; do not edit. How to send: [for suppliers](../for-suppliers.md).",
        "",
    ]
    for contract in contracts.values():
        parts += _extract(contract)
    parts += ["## Rules about files", "", "| rule | what it says | what to do |", "|---|---|---|"]
    parts += [f"| {code} | {_cell(says)} | {_cell(step)} |" for code, (says, step) in FILE_RULES.items()]
    return "\n".join(parts) + "\n"


def _extract(contract: ExtractContract) -> list[str]:
    return [
        f"## {contract.extract}: {contract.title}",
        "",
        f"Standard: {contract.standard}. Policy source: {contract.source}. Usual lag: "
        f"{contract.reporting_lag_days} days.",
        "",
        f"Key: {', '.join(contract.column(name).header for name in contract.key)}. {_replacement(contract)}",
        "",
        "| column | our name | type | must be filled | codes | what it is | example | in the store |",
        "|---|---|---|---|---|---|---|---|",
        *(_column(column) for column in contract.columns),
        "",
        "| rule | level | what it says | what to do |",
        "|---|---|---|---|",
        *(
            f"| {rule.rule} | {_LEVEL[rule.level]} | {_cell(rule.says)} | {_cell(rule.next_step)} |"
            for rule in contract.expectations
        ),
        "",
    ]


def _replacement(contract: ExtractContract) -> str:
    if contract.supersession.by == "submission":
        within = " and ".join(contract.column(name).header for name in contract.supersession.within)
        same = f" with the same {within}" if within else ""
        older = f", unless its {contract.column(contract.version).header} is earlier" if contract.version else ""
        return f"A new submission replaces your last one{same}{older}."
    version = contract.column(contract.version).header if contract.version else "the receipt's received-at stamp"
    taken_back = ""
    if contract.withdrawn:
        header = contract.column(contract.withdrawn.column).header
        taken_back = f" A row is taken back by sending it with {header} {' or '.join(contract.withdrawn.values)}."
    return f"A row replaces the earlier row with its key; the newest is told by {version}.{taken_back}"


def _column(column: Column) -> str:
    cells = [
        column.header,
        f"`{column.name}`",
        column.type,
        "yes" if column.required else "",
        ", ".join(column.codes),
        column.description,
        column.example,
        _PRIVACY[column.privacy],
    ]
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
