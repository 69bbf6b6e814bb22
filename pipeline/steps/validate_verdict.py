"""From rows and rule results to one verdict on a delivery: which rows are kept, which are not, and why.

Part of `validate`; pure but for running the expectations. It writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import median
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.channels.supplier_report import name_rows
from pipeline.contracts.extract import ExtractContract
from pipeline.contracts.receipt import Receipt, RefusedByRule
from pipeline.engines.expectations import RuleResult, run_expectations
from pipeline.engines.file_rows import Rows, latest_event_date
from pipeline.ledger.deliveries import Delivery


def minimum_rows(contract: ExtractContract, *, receipt: Receipt, earlier: Sequence[Delivery]) -> int:
    """Rows below which a regular delivery is short: a share of the median of the last regular ones."""
    size = contract.delivery
    last = [one.rows_in for one in earlier if one.kind == "regular"][-size.deliveries_looked_at :]
    if receipt.kind == "bulk" or len(last) < size.deliveries_needed:
        return 0
    return int(median(last) * size.minimum_rows_share)


def judge(rows: Rows, *, contract: ExtractContract, receipt: Receipt, least: int) -> "Verdict":
    """The verdict on a file that could be read; raises PipelineError when a rule could not be evaluated."""
    values = {"rows_on_receipt": receipt.rows, "minimum_rows": least}
    results = run_expectations(contract, rows.table, values=values)
    return decide(rows, contract=contract, results=results)


def decide(rows: Rows, *, contract: ExtractContract, results: Sequence[RuleResult]) -> "Verdict":
    """The verdict that these results mean: refuse-level rules first, then row by row."""
    total = rows.table.num_rows
    unmet = [result for result in results if not result.met or result.broken_count]
    refusing = [result for result in unmet if result.level == "refuse" and not result.met]
    unmet = [result for result in unmet if result.level != "refuse" or not result.met]
    if refusing:
        return Verdict(
            state="refused",
            reason_code=refusing[0].rule,
            reason=f"{refusing[0].says} ({', '.join(result.rule for result in refusing)})",
            content_digest=rows.digest,
            counts=_counts(total, refused=total),
            unmet=tuple(unmet),
        )
    repeated = pc.is_valid(rows.table["fate"])
    left = set(rows.table.filter(pc.invert(repeated))["source_row_number"].to_pylist())
    broken = _broken(results, left=left)
    numbers = pa.array(sorted(broken), type=pa.int64())
    is_broken = pc.is_in(rows.table["source_row_number"], value_set=numbers)
    kept = rows.table.filter(pc.and_not(pc.invert(repeated), is_broken))
    fates = rows.table["fate"].to_pylist()
    counts = _counts(
        total,
        valid=kept.num_rows,
        duplicate=fates.count("duplicate"),
        superseded=fates.count("superseded"),
        broken=len(broken),
    )
    return Verdict(
        state="accepted",
        content_digest=rows.digest,
        counts=counts,
        unmet=tuple(unmet),
        latest_event_date=latest_event_date(kept, contract=contract),
        kept=kept,
        broken=broken,
    )


def refuse(receipt: Receipt, *, error: RefusedByRule) -> "Verdict":
    """The verdict on a file that could not be read; its rows are those the receipt announced."""
    result = RuleResult(
        rule=error.code,
        level="refuse",
        says=error.what,
        next_step=error.next_step,
        met=False,
        broken_rows=(),
        broken_count=0,
        share=0.0,
    )
    return Verdict(
        state="refused",
        reason_code=error.code,
        reason=error.what,
        counts=_counts(receipt.rows, refused=receipt.rows),
        unmet=(result,),
    )


def report_of(verdict: "Verdict", *, delivery: Delivery, contract: ExtractContract) -> dict[str, Any]:
    """What the supplier reads of this verdict: no values, row numbers up to a limit."""
    counts = {name.removeprefix("rows_"): count for name, count in verdict.counts.items()}
    if verdict.state == "refused":
        summary = f"Nothing of this delivery is used, and the last good one stays in use: {verdict.reason}."
    else:
        summary = f"{counts['valid']:,} of {counts['in']:,} rows accepted, {counts['broken']:,} set apart."
    return {
        "schema": "delivery-report/1",
        "delivery_id": delivery.delivery_id,
        "extract": delivery.extract,
        "title": contract.title,
        "sender": delivery.sender,
        "file_name": delivery.file_name,
        "sha256": delivery.sha256,
        "received_at": delivery.received_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "period": [delivery.period_start.isoformat(), delivery.period_end.isoformat()],
        "verdict": verdict.state,
        "summary": summary,
        "counts": counts,
        "rules": [
            {
                "rule": result.rule,
                "level": result.level,
                "says": result.says,
                "next_step": result.next_step,
                "rows_broken": result.broken_count,
                "row_numbers": name_rows(result.broken_rows),
            }
            for result in verdict.unmet
        ],
    }


def _broken(results: Sequence[RuleResult], *, left: set[int]) -> dict[int, list[str]]:
    """Rules broken by each row that is not a repeat, in the contract's order."""
    broken: dict[int, list[str]] = {}
    for result in results:
        if result.level == "quarantine":
            for number in result.broken_rows:
                if number in left:
                    broken.setdefault(number, []).append(result.rule)
    return broken


def _counts(
    total: int, *, valid: int = 0, duplicate: int = 0, superseded: int = 0, broken: int = 0, refused: int = 0
) -> dict[str, int]:
    return {
        "rows_in": total,
        "rows_valid": valid,
        "rows_duplicate": duplicate,
        "rows_superseded": superseded,
        "rows_broken": broken,
        "rows_refused": refused,
    }


@dataclass(frozen=True)
class Verdict:
    """What becomes of a delivery: kept rows (None when refused), broken rows with their rules, rules unmet."""

    state: str
    counts: dict[str, int]
    unmet: tuple[RuleResult, ...]
    reason_code: str | None = None
    reason: str | None = None
    content_digest: str | None = None
    latest_event_date: date | None = None
    kept: pa.Table | None = None
    broken: dict[int, list[str]] = field(default_factory=dict)
