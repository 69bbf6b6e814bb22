"""Events: linked rows of every source in one shape, with everything needed to say what was known when.

One SQL file per extract under sql/events; gp_patient becomes `registration`, all others `event`. One slice per
delivery, replaced whole; a delivery linked again is turned into events again.
"""

from collections.abc import Sequence

from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query
from pipeline.ledger import steps
from pipeline.ledger.deliveries import Delivery, list_deliveries
from pipeline.steps.context import Context, StepResult
from pipeline.store import layout, tables


def events(context: Context) -> StepResult:
    """Write the event rows of every linked delivery whose events are not those of its linkage."""
    accepted = list_deliveries(context.ledger, states=["accepted"])
    counts = {"deliveries": 0, "rows": 0}
    for extract, contract in load_extracts(context.settings.project).items():
        pending = [d for d in accepted if d.extract == extract and _is_pending(context, d.delivery_id)]
        if pending:
            counts["rows"] += _write(context, contract, pending)
            counts["deliveries"] += len(pending)
    return StepResult(counts=counts)


def _write(context: Context, contract: ExtractContract, deliveries: Sequence[Delivery]) -> int:
    extract = contract.extract
    home, project = context.settings.home, context.settings.project
    ids = [delivery.delivery_id for delivery in deliveries]
    with Engine(threads=context.settings.threads, memory_limit=context.settings.memory_limit) as engine:
        engine.add_arrow(
            f"linked_{extract}",
            tables.read(layout.linked(home, extract), column="delivery_id", values=ids),
        )
        query = load_query(project / "sql" / "events" / f"{extract}.sql")
        rows = engine.fetch(query, reporting_lag_days=contract.reporting_lag_days)
    target = layout.table(home, "registration" if extract == "gp_patient" else "event")
    tables.replace_slices(target, rows, column="delivery_id", values=ids)
    for delivery_id in ids:
        steps.finish_step(context.ledger, scope=delivery_id, step="events", at=context.now(), counts={})
    return int(rows.num_rows)


def _is_pending(context: Context, delivery_id: str) -> bool:
    linked = steps.find_step(context.ledger, scope=delivery_id, step="link")
    made = steps.find_step(context.ledger, scope=delivery_id, step="events")
    is_linked = linked is not None and linked.state == "finished"
    return is_linked and (made is None or made.state != "finished")
