"""Events: linked rows of every source in one shape, with everything needed to say what was known when.

One SQL file per extract under sql/events; gp_patient becomes `registration`, all others `event`. One slice per
delivery, replaced whole; a delivery linked again is turned into events again.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from pathlib import Path

from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.engines import shapes
from pipeline.engines.pseudonymise import scope_key
from pipeline.engines.query import load_query
from pipeline.ledger import steps
from pipeline.ledger.deliveries import Delivery, list_deliveries
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.at_hand.lineage import traced_intake
from pipeline.steps.features.engine import engine_of
from pipeline.store import layout, tables

# One person's rows lie together, so that a bucket of people is read without the rest (sql/README.md).
ORDER = ("delivery_id", "person_key", "row_key")
ROWS_AT_ONCE = 100_000
ROWS_TOGETHER = 500_000


@traced_intake("events")
def events(context: Context) -> StepResult:
    """Write the event rows of every linked delivery whose events are not those of its linkage."""
    accepted = list_deliveries(context.ledger, states=["accepted"])
    counts = {"deliveries": 0, "rows": 0}
    for extract, contract in load_extracts(context.settings.project).items():
        pending = [d for d in accepted if d.extract == extract and _is_pending(context, d.delivery_id)]
        for together in _shares(pending):
            counts["rows"] += _write(context, contract, together)
            counts["deliveries"] += len(together)
    return StepResult(counts=counts)


def _shares(deliveries: Sequence[Delivery]) -> list[list[Delivery]]:
    """Deliveries to write in one act: a large one alone, small ones together up to about so many rows."""
    shares: list[list[Delivery]] = []
    rows = 0
    for delivery in deliveries:
        if not shares or rows + delivery.rows_valid > ROWS_TOGETHER:
            shares.append([])
            rows = 0
        shares[-1].append(delivery)
        rows += delivery.rows_valid
    return shares


def _write(context: Context, contract: ExtractContract, deliveries: Sequence[Delivery]) -> int:
    """Write the slices of these deliveries, each sorted by person; event rows written."""
    extract, home = contract.extract, context.settings.home
    ids = [delivery.delivery_id for delivery in deliveries]
    linked, target = layout.linked(home, extract), layout.table(home, _table(extract))
    query = load_query(context.settings.project / "sql" / "events" / f"{extract}.sql")
    with engine_of(context) as engine:
        engine.add_parquet(
            f"linked_{extract}", tables.files(linked, column="delivery_id", values=ids), schema=tables.schema(linked)
        )
        stream = engine.batches(
            query, ordered_by=ORDER, rows=ROWS_AT_ONCE, reporting_lag_days=contract.reporting_lag_days
        )
        rows = tables.replace_slices_with(target, stream, column="delivery_id", values=ids)
    for delivery in deliveries:
        if contract.supersession.by == "submission" and delivery.rows_in == 0:
            _write_emptied(target, contract, delivery)
            rows += 1
    for delivery_id in ids:
        steps.finish_step(context.ledger, scope=delivery_id, step="events", at=context.now(), counts={})
    return rows


def _write_emptied(target: Path, contract: ExtractContract, delivery: Delivery) -> None:
    """Write the one row, of nobody and withdrawn, by which a submission without rows replaces the one before it.

    What a submission replaces is told by its rows (sql/knowledge/replaced_version.sql), and this one has none.
    """
    received = delivery.received_at.astimezone(UTC).replace(tzinfo=None)
    told = {
        "source": contract.source,
        "row_key": delivery.delivery_id,
        "scope_key": scope_key(contract, sender=delivery.sender, period_start=delivery.period_start),
        "version_at": received if contract.version is None else datetime.combine(delivery.period_end, time.min),
        "known_at": received,
        "is_known_at_assumed": False,
        "received_at": received,
        "is_withdrawn": True,
        "supersession": contract.supersession.by,
        "source_row_number": 0,
    }
    shape = tables.schema(target)
    rows = shapes.relation(shapes.EVENT_ROW, [told]).select(shape.names).cast(shape)
    tables.replace_slice(target, rows, column="delivery_id", value=delivery.delivery_id)


def _table(extract: str) -> str:
    return "registration" if extract == "gp_patient" else "event"


def _is_pending(context: Context, delivery_id: str) -> bool:
    linked = steps.find_step(context.ledger, scope=delivery_id, step="link")
    made = steps.find_step(context.ledger, scope=delivery_id, step="events")
    is_linked = linked is not None and linked.state == "finished"
    return is_linked and (made is None or made.state != "finished")
