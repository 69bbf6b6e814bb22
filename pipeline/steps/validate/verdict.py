"""From what a pass over the rows saw to one verdict on a delivery, and what of it is against the sender's own history.

Part of `validate`. It writes nothing and looks at no row.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from pipeline.contracts.extract import ExtractContract
from pipeline.contracts.receipt import Receipt, RefusedByRule
from pipeline.engines.expectations import RuleResult
from pipeline.ledger.deliveries import Delivery
from pipeline.rules import delivery_history
from pipeline.rules.delivery_history import HISTORY_RULES, ODD_VOLUME, Finding, Past
from pipeline.steps.validate.rows import Seen

_SIZE = "$minimum_rows"
# Rules that hold whoever decides: without them nobody knows that the file is whole.
_WHOLE = ("$rows_on_receipt", "$rows_on_header")


@dataclass(frozen=True)
class History:
    """What is known of the sender's earlier deliveries: all regular ones, and those of the same kind of day.

    `rows_replaced`: kept rows of the submission that this one takes the place of, whole.
    """

    past: tuple[Past, ...] = ()
    alike: tuple[Past, ...] = ()
    rows_replaced: int = 0


def history_of(
    contract: ExtractContract,
    *,
    receipt: Receipt,
    earlier: Sequence[Delivery],
    profiles: Mapping[str, Mapping[str, float]],
    rest_days: Collection[date],
) -> History:
    """The sender's earlier regular deliveries as a yardstick; none for a bulk delivery but what it replaces."""
    replaced = _rows_replaced(contract, receipt=receipt, earlier=earlier)
    if receipt.kind == "bulk":
        return History(rows_replaced=replaced)
    past = tuple(
        Past(one.period_end, one.rows_in, profiles.get(one.delivery_id, {})) for one in earlier if one.kind == "regular"
    )
    alike = delivery_history.comparable(
        past, period_end=receipt.period_end, every=contract.cadence.every, rest_days=rest_days
    )
    return History(past, tuple(alike), replaced)


def _rows_replaced(contract: ExtractContract, *, receipt: Receipt, earlier: Sequence[Delivery]) -> int:
    """Kept rows of the newest earlier submission of the receipt's period, or of any where there is one scope alone."""
    if contract.supersession.by != "submission":
        return 0
    in_scope = [
        one
        for one in earlier
        if not contract.supersession.within or one.period_start <= receipt.period_start <= one.period_end
    ]
    newest = max(in_scope, key=lambda one: (one.received_at, one.delivery_id), default=None)
    return 0 if newest is None else newest.rows_valid


def minimum_rows(contract: ExtractContract, *, history: History) -> int:
    """Rows below which a regular delivery is short: a share of the median of comparable ones."""
    size = contract.delivery
    return delivery_history.fewest_rows(
        history.alike, share=size.minimum_rows_share, needed=size.deliveries_needed, looked_at=size.deliveries_looked_at
    )


def against_history(
    contract: ExtractContract, *, receipt: Receipt, measures: Mapping[str, float], history: History
) -> list[RuleResult]:
    """The rules of HISTORY_RULES that the delivery breaks; none for a bulk delivery but those about the whole file."""
    rows = int(measures.get("rows", 0))
    found: list[Finding] = []
    named = {value for rule in contract.expectations for value in rule.kwargs.values() if isinstance(value, str)}
    if rows_on_header(receipt, otherwise=rows) != rows and "$rows_on_header" not in named:
        found.append(Finding("HEADER-001"))
    if not rows and history.rows_replaced:
        found.append(Finding("HIST-006"))
    if receipt.kind != "bulk":
        watched = {watch.column: watch.kind for watch in contract.watch}
        found += delivery_history.wrong_period(measures, history.past)
        found += delivery_history.volume(rows, history.alike)
        found += delivery_history.distribution(measures, history.past, watched=watched)
    return [_result(one, contract) for one in found]


def rows_on_header(receipt: Receipt, *, otherwise: int) -> int:
    """Rows that the sender's own header record counts; `otherwise` where it has none."""
    return otherwise if receipt.header_rows is None else receipt.header_rows


def decide(
    account: Seen,
    *,
    rows_in: int,
    results: Sequence[RuleResult],
    contract: ExtractContract,
    is_accepted_by_person: bool = False,
) -> "Verdict":
    """The verdict that these results mean: refuse-level rules first, then row by row.

    Where a person accepted the delivery against the rules, refuse-level ones are only told, but for those that say
    whether the file is whole.
    """
    unmet = [result for result in results if not result.met]
    refusing = [result for result in unmet if result.level == "refuse"]
    overruled: list[RuleResult] = []
    if is_accepted_by_person:
        kept_on = rules_of_the_whole(contract)
        overruled = [result for result in refusing if result.rule not in kept_on]
        refusing = [result for result in refusing if result.rule in kept_on]
    if refusing:
        return Verdict(
            state="refused",
            reason_code=refusing[0].rule,
            reason=f"{refusing[0].says} ({', '.join(result.rule for result in refusing)})",
            content_digest=account.digest,
            counts=_counts(rows_in, refused=rows_in),
            unmet=tuple(unmet),
        )
    counts = {name: count for name, count in account.counts.items() if name != "withdrawn"}
    return Verdict(
        state="accepted",
        content_digest=account.digest,
        counts=_counts(rows_in, **counts),
        unmet=tuple(unmet),
        latest_event_date=account.latest_event_date,
        rows_withdrawn=account.counts["withdrawn"],
        measures=account.measures | ({ODD_VOLUME: 1.0} if _is_odd(results) else {}),
        overruled=tuple(result.rule for result in overruled),
    )


def _is_odd(results: Sequence[RuleResult]) -> bool:
    return any(result.rule in ("HIST-001", "HIST-002") for result in results)


def refuse(receipt: Receipt, *, error: RefusedByRule) -> "Verdict":
    """The verdict on a file that could not be read; its rows are those the receipt announced."""
    result = _told(error.code, level="refuse", says=error.what, next_step=error.next_step)
    return Verdict(
        state="refused",
        reason_code=error.code,
        reason=error.what,
        counts=_counts(receipt.rows, refused=receipt.rows),
        unmet=(result,),
    )


def _result(finding: Finding, contract: ExtractContract) -> RuleResult:
    level, says, next_step = HISTORY_RULES[finding.rule]
    header = contract.column(finding.column).header if finding.column else ""
    return _told(finding.rule, level=level, says=says.replace("{column}", header), next_step=next_step)


def _told(rule: str, *, level: str, says: str, next_step: str) -> RuleResult:
    """A rule about the file as a whole: no row in particular breaks it."""
    return RuleResult(rule, level, says, next_step, met=False, broken_rows=(), broken_count=0, share=0.0)


def rules_of_the_whole(contract: ExtractContract) -> set[str]:
    """Rules that say whether the file is whole: no person may overrule them."""
    own = {rule.rule for rule in contract.expectations if set(_WHOLE) & set(map(str, rule.kwargs.values()))}
    return own | {"HEADER-001"}


def rules_of_size(contract: ExtractContract) -> set[str]:
    """Rules that say that a delivery is short against the sender's own earlier ones: a person may overrule them."""
    return {rule.rule for rule in contract.expectations if _SIZE in map(str, rule.kwargs.values())}


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
    """What becomes of a delivery, rules unmet, and rules a person overruled; measures only of an accepted one."""

    state: str
    counts: dict[str, int]
    unmet: tuple[RuleResult, ...]
    reason_code: str | None = None
    reason: str | None = None
    content_digest: str | None = None
    latest_event_date: date | None = None
    rows_withdrawn: int = 0
    measures: dict[str, float] = field(default_factory=dict)
    overruled: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
