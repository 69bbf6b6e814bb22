"""The organisations a run knows: the newest snapshot among its deliveries, else the file that ships with the code.

Every snapshot says what practices were and from when to when, so an index date in the past reads its own rows of the
newest one. Writes nothing.
"""

from collections.abc import Sequence
from dataclasses import fields, replace

from pipeline.contracts.reference import Organisation, Reference, check_organisations, load_reference
from pipeline.errors import PipelineError
from pipeline.ledger.deliveries import get_delivery
from pipeline.steps.at_hand.context import Context
from pipeline.store import layout, tables

EXTRACT = "reference_organisation"


def reference_as_known(context: Context, *, delivery_ids: Sequence[str]) -> Reference:
    """Reference data as a run of these deliveries knows them.

    Raises ContractError when a delivered snapshot contradicts itself, naming the delivery and its rows.
    """
    shipped = load_reference(context.settings.project)
    delivery_id = newest_snapshot([one for one in delivery_ids if not _is_empty(context, one)])
    if delivery_id is None:
        return shipped
    return replace(shipped, organisations=_delivered(context, delivery_id))


def newest_snapshot(delivery_ids: Sequence[str]) -> str | None:
    """The snapshot of organisations received last (ids end in the moment of receipt), if there is one."""
    snapshots = [one for one in delivery_ids if one.split(".")[0] == EXTRACT]
    return max(snapshots, key=lambda one: (one.rsplit(".", 1)[-1], one), default=None)


def _is_empty(context: Context, delivery_id: str) -> bool:
    """Whether a snapshot holds no organisation: then it takes back none, and the one before it holds."""
    if not delivery_id.startswith(f"{EXTRACT}."):
        return False
    delivery = get_delivery(context.ledger, delivery_id)
    return delivery is not None and delivery.state == "accepted" and delivery.rows_valid == 0


def _delivered(context: Context, delivery_id: str) -> tuple[Organisation, ...]:
    path = layout.table(context.settings.home, EXTRACT)
    if not tables.files(path, column="delivery_id", values=[delivery_id]):
        raise PipelineError(f"delivery {delivery_id} is not in the store: link it first")
    rows = tables.read(path, column="delivery_id", values=[delivery_id])
    by = [name for name in ("source_row_number", "practice_code", "valid_from") if name in rows.column_names]
    rows = rows.sort_by([(name, "ascending") for name in by])
    wanted = [field.name for field in fields(Organisation) if field.name in rows.column_names]
    found = tuple(Organisation(**row) for row in rows.select(wanted).to_pylist())
    numbers = rows["source_row_number"].to_pylist() if "source_row_number" in rows.column_names else None
    check_organisations(
        found,
        where=f"delivery {delivery_id}",
        numbers=numbers,
        next_step="ask its sender for a corrected file, or refuse the delivery: the one before it is then used",
    )
    return found
