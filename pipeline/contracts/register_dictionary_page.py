"""Every column of what a practice or a locality is handed, as a page of words: docs/generated/register-columns.md.

Made from expectations/outputs alone, and read by practice managers: what a column means, what may stand in it, who
fills it in.
"""

from decimal import Decimal

from pipeline.contracts.register_dictionary import (
    TYPE_WORDS,
    OutputContract,
    import_list_contract,
    locality_contract,
    meeting_contract,
    practice_contract,
)
from pipeline.contracts.register_workbook import workbook_text


def register_columns_text() -> str:
    """docs/generated/register-columns.md: every column of every register file in words."""
    lines = [
        "# The columns of the register files",
        "",
        "Written by `riskstrat docs` from `expectations/outputs/`; do not edit by hand. Everywhere: an empty cell",
        "means unknown or not applicable, 0 means looked and found none. CSV files are comma separated; those that",
        "hold names are UTF-8 with every cell in quotes.",
        "",
        *workbook_text(),
    ]
    for contract in (practice_contract(), import_list_contract(), locality_contract(), meeting_contract()):
        lines += _contract_lines(contract)
    return "\n".join(lines)


def _contract_lines(contract: OutputContract) -> list[str]:
    who = "names people" if contract.identifiable else "names nobody"
    lines = [
        f"## {contract.title}",
        "",
        f"Contract version {contract.register_contract_version}. For {contract.audience}. This file {who}.",
        "",
        contract.formula_rule,
        "",
        "| # | column | title | what it means | kind | filled in by | example |",
        "|---|---|---|---|---|---|---|",
    ]
    for position, column in enumerate(contract.columns, start=1):
        kind = TYPE_WORDS[column.type] + (f": {', '.join(column.values)}" if column.values else "")
        who = "you" if column.answer else "us"
        cells = (str(position), f"`{column.name}`", column.title, column.meaning, kind, who, column.example)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    lines.append("")
    if contract.risk_bands:
        lines += ["### Risk in words", "", "| word | from | meaning |", "|---|---|---|"]
        lines += [f"| {b.title} | {_in_100(b.from_risk)} in 100 | {b.says} |" for b in contract.risk_bands]
        lines.append("")
    return lines


def _in_100(risk: Decimal) -> int:
    return int(risk * 100)
