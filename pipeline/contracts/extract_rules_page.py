"""The rules of an extract on its page: which stand in the table of columns, which below, what is held against history.

Markdown lines from the contract and the rules that hold for every extract.
"""

from pipeline.contracts.extract import ExtractContract
from pipeline.contracts.extract_parts import Expectation
from pipeline.rules.delivery_history import FEWEST_ROWS, HARDLY_IN_PERIOD, MOSTLY_IN_PERIOD, NEEDED

GUIDE, SHARED = "for-suppliers.md", "rules.md"
WATCHED = {"share_of_codes": "the codes in", "share_empty": "how often nothing is in", "mean": "the mean of"}
LEVELS = (
    ("refuse", "Refuse the delivery", "Nothing of it is used, and your last good one stays in use."),
    ("quarantine", "Set the row apart", "The other rows are used. The row waits until you send it again, put right."),
    (
        "count",
        "Counted",
        "The row is used, or kept until it can be, and your report says how many there are. Nothing has to be sent "
        "again; put it right when the record allows.",
    ),
)
# What a rule that stands in the table of columns is about.
FILLED, CODES = "filled", "codes"


def cell(text: str) -> str:
    """Text as it may stand in a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")


def in_columns(contract: ExtractContract) -> dict[tuple[str, str], Expectation]:
    """Rules that say no more than a column's cell, by (our name of the column, FILLED or CODES)."""
    filled = {column.as_sent: column.name for column in contract.columns if column.required}
    conditional = {column.filled_when_required: column.name for column in contract.columns if column.required_when}
    found: dict[tuple[str, str], Expectation] = {}
    for rule in contract.expectations:
        name = str(rule.kwargs.get("column"))
        if rule.level == "refuse" or "mostly" in rule.kwargs:
            continue
        if rule.type == "expect_column_values_to_not_be_null" and name in filled:
            found.setdefault((filled[name], FILLED), rule)
        elif name in conditional:
            found.setdefault((conditional[name], FILLED), rule)
        elif rule.kwargs.get("value_set") == "$codes":
            found.setdefault((name, CODES), rule)
    return found


def rules(contract: ExtractContract) -> list[str]:
    """The section on rules: those of the columns' table are left out."""
    lines = [
        "## Rules",
        "",
        "Every delivery is checked against these and those in the table of columns. Your report names the rule and the "
        "numbers of the rows (1 is the first after the header). Rules that hold for every extract, about files and "
        f"about deliveries as a whole: [rules for every extract]({SHARED}) (`{SHARED}`).",
        "",
        *_compared(contract),
    ]
    told = {rule.rule for rule in in_columns(contract).values()}
    for level, heading, meaning in LEVELS:
        chosen = [rule for rule in contract.expectations if rule.level == level and rule.rule not in told]
        if chosen:
            lines += [f"### {heading}", "", meaning, "", "| rule | what it says | what to do next |", "|---|---|---|"]
            lines += [f"| {rule.rule} | {cell(rule.says)} | {cell(rule.next_step)} |" for rule in chosen]
            lines.append("")
    return lines


def _compared(contract: ExtractContract) -> list[str]:
    lines = []
    if contract.watch:
        watched = [f"{WATCHED[one.kind]} `{contract.column(one.column).header}`" for one in contract.watch]
        lines += [f"Compared with your own earlier deliveries: the number of rows, {', '.join(watched)}.", ""]
    return [*lines, in_period(contract), ""]


def in_period(contract: ExtractContract) -> str:
    """What rule PERIOD-001 looks at in this extract, as a paragraph."""
    small = f"A file of fewer than {FEWEST_ROWS} rows and a delivery of kind `bulk` are not judged by it."
    refused = f"the delivery is refused when at most {HARDLY_IN_PERIOD:.0%} of them lie in the period on its receipt"
    if "reporting_period_end" in contract.names():
        header = contract.column("reporting_period_end").header
        return (
            f"Period (PERIOD-001): the dates in `{header}` alone are looked at, not when things happened; {refused}. "
            f"It needs no history. {small}"
        )
    if not contract.event_date:
        return "Period (PERIOD-001): does not apply here, no date in it belongs to the period."
    headers = " or, where that is empty, ".join(f"`{contract.column(name).header}`" for name in contract.event_date)
    return (
        f"Period (PERIOD-001): the dates in {headers} are looked at; {refused}, and only where in your earlier regular "
        f"deliveries, of which there must be {NEEDED}, usually at least {MOSTLY_IN_PERIOD:.0%} do. Single rows from "
        f"before the period are never a fault. {small}"
    )
