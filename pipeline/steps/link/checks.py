"""After linkage: what only people can tell of a delivery's rows, counted in the ledger and told to its sender.

Rows without a usable number, dated after a death, under a superseded number, in conflict with the GP lists, or of one
person under two numbers; and rates that are out of the sender's own bounds. Part of `link`; it changes no linkage.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.channels.supplier_report import ROWS_NAMED, name_rows, read_report, write_report
from pipeline.contracts.extract import ExtractContract
from pipeline.engines.arrived_rows import arrived_rows
from pipeline.engines.file_rows import ROW
from pipeline.ledger import profiles
from pipeline.ledger.deliveries import Delivery, list_deliveries
from pipeline.rules.linkage_rules import CONFLICTS, LINKAGE_RULES, ODD, RATES, linkage_summary, odd_rates
from pipeline.steps.at_hand.context import Context
from pipeline.steps.link.lists import LISTS, Lists
from pipeline.store import layout

PREFIX, RATE_PREFIX = "link.", "linkage."


@dataclass(frozen=True)
class Minded:
    """Rows of a delivery that one check minds: how many, and the numbers of the first of them, ascending."""

    rows: int
    first: list[int]


# Of one delivery, by rule.
Found = dict[str, Minded]


def find(
    lists: Lists,
    rows: pa.Table,
    *,
    contract: ExtractContract,
    usable: Collection[str],
    opted_out: Collection[str],
    in_conflict: pa.ChunkedArray | pa.Array,
) -> dict[str, Found]:
    """What each check minds, by delivery and rule; `usable` are the NHS numbers whose check digit is right."""
    engine = lists.open()
    arrived = arrived_rows(rows, contract=contract, usable=usable, opted_out=opted_out, in_conflict=in_conflict)
    engine.add_arrow("arrived_row", arrived)
    minded = engine.fetch(lists.query("linkage_check"))
    # A bulk file may have millions of such rows: only those that a report names become numbers of Python.
    gathered = minded.group_by(["delivery_id", "rule"], use_threads=False).aggregate([(ROW, "list")])
    found: dict[str, Found] = {}
    for delivery_id, rule, numbers in zip(
        gathered["delivery_id"], gathered["rule"], gathered[f"{ROW}_list"], strict=True
    ):
        first = numbers.values.slice(0, ROWS_NAMED).to_pylist()
        found.setdefault(delivery_id.as_py(), {})[rule.as_py()] = Minded(len(numbers.values), first)
    return found


def joined(found: Found, more: Found) -> Found:
    """What two parts of one delivery were minded for."""
    both = dict(found)
    for rule, minded in more.items():
        before = both.get(rule, Minded(0, []))
        first = sorted([*before.first, *minded.first])[:ROWS_NAMED]
        both[rule] = Minded(before.rows + minded.rows, first)
    return both


def rows_in_conflict(delivery: Delivery, found: Found) -> int:
    """Rows that look like somebody's and reach nobody's features; a row is minded by one of these checks at most.

    Two listings of what looks like one person are told, and stay two people: twins look the same.
    """
    rules = [rule for rule in CONFLICTS if not (rule == "LINK-005" and delivery.extract == LISTS)]
    return sum(found[rule].rows for rule in rules if rule in found)


def tell(context: Context, delivery: Delivery, *, found: Found, counts: dict[str, int]) -> None:
    """Count what was found in the ledger, with rates and what is odd of them; add it to the sender's report, if any."""
    measures = {f"{PREFIX}{rule}": minded.rows for rule, minded in found.items()}
    profiles.replace_measures(context.ledger, delivery.delivery_id, prefix=PREFIX, measures=measures)
    rates = _rates(context, delivery, counts=counts)
    profiles.replace_measures(context.ledger, delivery.delivery_id, prefix=RATE_PREFIX, measures=rates)
    folder = layout.delivery_report(context.settings.home, delivery.delivery_id)
    report = read_report(folder)
    if report is None:
        return
    report["after_linkage"] = {
        "summary": linkage_summary(
            valid=delivery.rows_valid, linked=counts["rows_linked"], opted_out=counts["rows_opted_out"]
        ),
        "checks": [_check(rule, found[rule]) for rule in LINKAGE_RULES if rule in found],
    }
    write_report(folder, report=report)


def _rates(context: Context, delivery: Delivery, *, counts: dict[str, int]) -> dict[str, float]:
    """Shares of the rows that are not of people who dissent, and for each that is odd the bound it passed."""
    rows = delivery.rows_valid - counts["rows_opted_out"]
    if not rows:
        return {}
    shares = {
        "linkage.unlinked": counts["rows_unlinked"],
        "linkage.conflict": counts["rows_conflict"],
        "linkage.unlisted": counts["rows_unlisted"],
    }
    measures: dict[str, float] = {"linkage.rows": rows}
    measures |= {name: round(shares[name] / rows, 6) for name in RATES}
    if delivery.kind != "regular":
        return measures
    bounds = odd_rates(measures, _earlier(context, delivery))
    return measures | {f"{ODD}{name}": round(bound, 6) for name, bound in bounds.items()}


def _earlier(context: Context, delivery: Delivery) -> list[dict[str, float]]:
    """Rates of the sender's earlier regular deliveries, oldest first."""
    same = {"extract": delivery.extract, "sender": delivery.sender}
    regular = {
        one.delivery_id
        for one in list_deliveries(context.ledger, states=["accepted"], received_before=delivery.received_at, **same)
        if one.kind == "regular"
    }
    measured = profiles.read_profiles(context.ledger, before=delivery.received_at, prefix=RATE_PREFIX, **same)
    return [
        {name: float(value) for name, value in measures.items()}
        for delivery_id, measures in measured.items()
        if delivery_id in regular
    ]


def _check(rule: str, minded: Minded) -> dict[str, Any]:
    says, next_step = LINKAGE_RULES[rule]
    return {
        "rule": rule,
        "level": "count",
        "says": says,
        "next_step": next_step,
        "rows_broken": minded.rows,
        "row_numbers": name_rows(minded.first),
    }
