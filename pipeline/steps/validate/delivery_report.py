"""What a supplier is told about one delivery, as data: verdict, counts, rules, notes; no value of any row.

Part of `validate` and of `link`, which adds what only linkage can know. Channels make files of it.
"""

from collections.abc import Sequence
from statistics import median
from typing import Any

from pipeline.channels.supplier_report import name_rows
from pipeline.contracts.extract import ExtractContract
from pipeline.contracts.receipt import Receipt
from pipeline.engines.expectations import RuleResult
from pipeline.ledger.deliveries import Delivery
from pipeline.rules.times import day_in_words
from pipeline.steps.validate.verdict import Verdict


def report_of(
    verdict: Verdict,
    *,
    delivery: Delivery,
    contract: ExtractContract,
    receipt: Receipt,
    earlier: Sequence[Delivery],
) -> dict[str, Any]:
    """What the supplier reads of this verdict: row numbers up to a limit, counts exact."""
    counts = {name.removeprefix("rows_"): count for name, count in verdict.counts.items()}
    return {
        "schema": "delivery-report/2",
        "delivery_id": delivery.delivery_id,
        "extract": delivery.extract,
        "title": contract.title,
        "sender": delivery.sender,
        "kind": delivery.kind,
        "file_name": delivery.file_name,
        "sha256": delivery.sha256,
        "received_at": delivery.received_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "period": [delivery.period_start.isoformat(), delivery.period_end.isoformat()],
        "verdict": verdict.state,
        "summary": _summary(verdict, counts),
        "counts": counts,
        "notes": [*verdict.notes, *_notes(verdict, delivery=delivery, receipt=receipt, earlier=earlier)],
        "rules": [_rule(result, overruled=verdict.overruled) for result in verdict.unmet],
    }


def _summary(verdict: Verdict, counts: dict[str, int]) -> str:
    if verdict.state == "refused":
        return f"Nothing of this delivery is used, and the last good one stays in use: {verdict.reason}."
    return f"{counts['valid']:,} of {counts['in']:,} rows accepted, {counts['broken']:,} set apart."


def _notes(verdict: Verdict, *, delivery: Delivery, receipt: Receipt, earlier: Sequence[Delivery]) -> list[str]:
    told = []
    period = (delivery.period_start, delivery.period_end)
    same = [one for one in earlier if (one.period_start, one.period_end) == period]
    if same and delivery.kind == "regular":
        last = same[-1]
        told.append(
            f"The period {day_in_words(period[0])} to {day_in_words(period[1])} was received from you before, last on "
            f"{day_in_words(last.received_at.date())} ({last.delivery_id}): this counts as a resubmission."
        )
    if receipt.corrects:
        told.append(f"Its receipt says that it corrects {receipt.corrects}.")
    if verdict.rows_withdrawn:
        told.append(f"{verdict.rows_withdrawn:,} of the rows accepted take back what was sent before.")
    regular = [one.rows_in for one in earlier if one.kind == "regular"][-8:]
    if regular and delivery.kind == "regular":
        told.append(f"Your last {len(regular)} regular deliveries held {int(median(regular)):,} rows in the middle.")
    if verdict.overruled:
        told.append(f"Accepted by a decision of the operators although it breaks {', '.join(verdict.overruled)}.")
    return told


def _rule(result: RuleResult, *, overruled: Sequence[str]) -> dict[str, Any]:
    told = {
        "rule": result.rule,
        "level": result.level,
        "says": result.says,
        "next_step": result.next_step,
        "rows_broken": result.broken_count,
        "row_numbers": name_rows(result.broken_rows),
    }
    return {**told, "overruled": True} if result.rule in overruled else told
