"""Superseded NHS numbers: which number took whose place, for linkage, for erasure, and for a night as pseudonyms.

Lists of changes are whole snapshots; the newest holds. Rows keep the pseudonym of the number they came under, and a
night puts the current one in its place as the list it was frozen with says (docs/decisions/0021). So a change that is
learnt later leaves the nights before it as they were.
"""

from collections.abc import Collection, Sequence
from datetime import date

import pyarrow as pa

from pipeline.engines import shapes
from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query
from pipeline.ledger import steps
from pipeline.ledger.deliveries import Delivery, list_deliveries
from pipeline.rules.linkage_rules import current_numbers, numbers_of_one
from pipeline.rules.nhs_number import is_valid
from pipeline.rules.pseudonym import person_key
from pipeline.rules.run_key import digest_of
from pipeline.steps.at_hand.context import Context
from pipeline.store import layout, tables

EXTRACT = "nhs_number_change"
TABLE = "number_change"
STEP = "number_change"
_CLEAN = pa.schema(
    [
        ("superseded_nhs_number", pa.string()),
        ("current_nhs_number", pa.string()),
        ("changed_on", pa.date32()),
        ("delivery_id", pa.string()),
    ]
)


def snapshots(context: Context, *, states: Sequence[str] = ("accepted",)) -> list[Delivery]:
    """Lists of changes that hold at least one row, in the order they were received."""
    known = list_deliveries(context.ledger, states=list(states), extract=EXTRACT)
    return [delivery for delivery in known if delivery.rows_valid]


def add_changes(engine: Engine, context: Context, *, listed_in: Sequence[Delivery]) -> pa.Table:
    """Every change of these snapshots, and whether the GP lists agree; the engine holds `listed_version`."""
    project, home = context.settings.project, context.settings.home
    ids = [delivery.delivery_id for delivery in listed_in]
    files = tables.files(layout.clean(home, EXTRACT), column="delivery_id", values=ids)
    engine.add_parquet("clean_nhs_number_change", files, schema=_CLEAN)
    relation = {
        "delivery_id": pa.array(ids, type=pa.string()),
        "received_at": pa.array([d.received_at.replace(tzinfo=None) for d in listed_in], type=pa.timestamp("us")),
    }
    engine.add_arrow("delivery", pa.table(relation))
    return engine.fetch(load_query(project / "sql" / "link" / "number_change.sql"))


def superseded_now(changes: pa.Table, *, newest: str | None) -> pa.Table:
    """Superseded and current numbers of one snapshot, chains followed to their end; only what may be replaced."""
    pairs = [
        (row["superseded_nhs_number"], row["current_nhs_number"])
        for row in changes.to_pylist()
        if row["delivery_id"] == newest and row["is_agreed"] and _are_valid(row)
    ]
    ends = current_numbers(pairs)
    return pa.table(
        {
            "nhs_number": pa.array(list(ends), type=pa.string()),
            "current_nhs_number": pa.array(list(ends.values()), type=pa.string()),
        }
    )


def keep_number_changes(
    context: Context, *, changes: pa.Table, listed_in: Sequence[Delivery], left_out: frozenset[str], made_by: str
) -> None:
    """Write the changes as pseudonyms, a slice for each snapshot; nothing of people who may not be used.

    `made_by` names what decides the pseudonyms: a snapshot written under the same is left as it is.
    """
    target = layout.table(context.settings.home, TABLE)
    rows = [
        row
        for row in changes.to_pylist()
        if row["is_agreed"]
        and _are_valid(row)
        and not left_out & {row["superseded_nhs_number"], row["current_nhs_number"]}
    ]
    for delivery in listed_in:
        own = [row for row in rows if row["delivery_id"] == delivery.delivery_id]
        keys = _as_keys(context, own)
        digest = digest_of([made_by, tables.digest(keys)])
        record = steps.find_step(context.ledger, scope=delivery.delivery_id, step=STEP)
        if record is not None and record.state == "finished" and record.digest == digest:
            continue
        steps.start_step(context.ledger, scope=delivery.delivery_id, step=STEP, at=context.now())
        tables.replace_slice(target, keys, column="delivery_id", value=delivery.delivery_id)
        steps.finish_step(
            context.ledger,
            scope=delivery.delivery_id,
            step=STEP,
            at=context.now(),
            counts={"changes": len(own)},
            digest=digest,
        )


def changes_in_view(context: Context, *, delivery_ids: Sequence[str], index_date: date) -> pa.Table:
    """Superseded pseudonyms and those that took their place by the index date, as the newest snapshot among them says.

    A snapshot without rows takes nothing back.
    """
    target = layout.table(context.settings.home, TABLE)
    mine = [one for one in delivery_ids if one.split(".")[0] == EXTRACT]
    for delivery_id in sorted(mine, key=lambda one: (one.rsplit(".", 1)[-1], one), reverse=True):
        if tables.files(target, column="delivery_id", values=[delivery_id]):
            rows = tables.read(target, column="delivery_id", values=[delivery_id]).to_pylist()
            past = sorted((row["person_key"], row["current_person_key"]) for row in rows if _is_past(row, index_date))
            ends = current_numbers(past)
            return shapes.relation(
                shapes.NUMBER_CHANGE, [{"person_key": one, "current_person_key": ends[one]} for one in sorted(ends)]
            )
    return shapes.relation(shapes.NUMBER_CHANGE)


def numbers_together(context: Context) -> dict[str, frozenset[str]]:
    """All numbers of one person that the lists of changes in use know of, by each of them.

    Lists that a person holds count too: a doubt about a file is none about a dissent.
    """
    return numbers_of_one(_pairs(context))


def no_longer_allowed(context: Context, allowed: Collection[str]) -> frozenset[str]:
    """Superseded numbers of people whose current number is not among those allowed."""
    ends = current_numbers(_pairs(context))
    return frozenset(number for number, current in ends.items() if current not in allowed and is_valid(number))


def _pairs(context: Context) -> list[tuple[str, str]]:
    """(superseded, current) of every list of changes in use, the newest last."""
    path = layout.clean(context.settings.home, EXTRACT)
    ids = [delivery.delivery_id for delivery in snapshots(context, states=("accepted", "held"))]
    if not tables.files(path, column="delivery_id", values=ids):
        return []
    rows = tables.read(path, column="delivery_id", values=ids, columns=[*_CLEAN.names[:2], "delivery_id"]).to_pylist()
    place = {name: position for position, name in enumerate(ids)}
    rows.sort(key=lambda row: (place[row["delivery_id"]], row["superseded_nhs_number"]))
    return [(row["superseded_nhs_number"], row["current_nhs_number"]) for row in rows]


def _as_keys(context: Context, rows: Sequence[dict[str, object]]) -> pa.Table:
    def key(number: object) -> str:
        return person_key(str(number), key=context.keys.person, key_id=context.keys.person_id)

    return pa.table(
        {
            "person_key": pa.array([key(row["superseded_nhs_number"]) for row in rows], type=pa.string()),
            "current_person_key": pa.array([key(row["current_nhs_number"]) for row in rows], type=pa.string()),
            "changed_on": pa.array([row["changed_on"] for row in rows], type=pa.date32()),
        }
    )


def _are_valid(row: dict[str, object]) -> bool:
    return is_valid(str(row["superseded_nhs_number"])) and is_valid(str(row["current_nhs_number"]))


def _is_past(row: dict[str, object], index_date: date) -> bool:
    changed = row["changed_on"]
    return not isinstance(changed, date) or changed < index_date
