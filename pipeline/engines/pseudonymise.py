"""Turns validated rows into linked rows: identifiers out, person keys and bitemporal columns in.

Works on tables in memory; knows neither where they lie nor whose keys are right. A row whose NHS number is
missing or fails its check digit is set apart, a row of a person who dissents is dropped and counted. Of both a version
without a person and without content stays, and a row that the GP lists contradict stays as a version taken back: they
show nothing, and hide the older version that they replace.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.extract import ExtractContract
from pipeline.engines.shapes import STAY

SEPARATOR = "\x1f"
REGISTERED = "registration_start_date"
NAMES = ("family_name", "given_name")
Digests = Callable[[pa.ChunkedArray], pa.Array]


@dataclass(frozen=True)
class Arrival:
    """What linkage needs to know of a delivery."""

    sender: str
    kind: str
    received_at: datetime


@dataclass(frozen=True)
class Judged:
    """What the GP lists say of each row: whether they contradict it, and since when they agree where that was late.

    late_from: UTC without a zone; null where the row counts from its own moment on.
    """

    in_conflict: pa.ChunkedArray | pa.Array
    late_from: pa.ChunkedArray | pa.Array


@dataclass(frozen=True)
class Linked:
    """Rows that found their person, with versions without one; the rows that found none; and counts per delivery."""

    rows: pa.Table
    unlinked: pa.Table
    unlinked_by_delivery: dict[str, int]
    opted_out_by_delivery: dict[str, int]


def pseudonymise(
    rows: pa.Table,
    *,
    contract: ExtractContract,
    arrivals: Mapping[str, Arrival],
    person_keys: Mapping[str, str],
    opted_out: frozenset[str],
    judged: Judged | None = None,
    digests: Digests,
) -> Linked:
    """Linked rows of one extract.

    `rows` are clean rows with `delivery_id` and `source_row_number`; `person_keys` maps every valid NHS number to
    its key; `judged` speaks of the same rows, and without it
    nothing contradicts them; `digests` gives the keyed digest of each text.
    """
    numbers = pc.fill_null(rows[contract.identified_by().nhs_number], "")
    valid = pc.is_in(numbers, value_set=pa.array(list(person_keys), type=pa.string()))
    dissenting = pc.is_in(numbers, value_set=pa.array(sorted(opted_out), type=pa.string()))
    is_kept = pc.and_(valid, pc.invert(dissenting))
    unlinked = rows.filter(pc.invert(valid))
    kept = _linked_columns(
        rows.filter(is_kept), contract=contract, arrivals=arrivals, person_keys=person_keys, digests=digests
    )
    if judged is not None:
        kept = _as_judged(kept, pc.filter(judged.in_conflict, is_kept), pc.filter(judged.late_from, is_kept))
    bare = _without_a_person(
        rows.filter(pc.invert(is_kept)), schema=kept.schema, contract=contract, arrivals=arrivals, digests=digests
    )
    return Linked(
        rows=pa.concat_tables([kept, bare]),
        unlinked=unlinked.select(["delivery_id", "source_row_number"]),
        unlinked_by_delivery=_count_by_delivery(unlinked),
        opted_out_by_delivery=_count_by_delivery(rows.filter(dissenting)),
    )


def _linked_columns(
    rows: pa.Table,
    *,
    contract: ExtractContract,
    arrivals: Mapping[str, Arrival],
    person_keys: Mapping[str, str],
    digests: Digests,
) -> pa.Table:
    columns: dict[str, pa.ChunkedArray | pa.Array] = {
        "person_key": pc.cast(_mapped(rows[contract.identified_by().nhs_number], person_keys), pa.string())
    }
    for column in contract.columns:
        if column.name == REGISTERED:
            told = pc.cast(pc.floor_temporal(rows[REGISTERED], unit="month"), pa.date32())
            columns[REGISTERED] = pc.if_else(_at_birth(rows, contract), told, rows[REGISTERED])
        elif column.privacy == "keep":
            columns[column.name] = rows[column.name]
        elif column.privacy == "local":
            columns[column.name] = digests(_as_text(rows[column.name]))
        elif column.privacy == "birth_date":
            columns["birth_month"] = pc.cast(pc.floor_temporal(rows[column.name], unit="month"), pa.date32())
    if contract.person is not None and set(NAMES) <= set(contract.names()):
        columns |= _checks(rows, contract=contract, digests=digests)
    return pa.table({**columns, **_bitemporal(rows, contract=contract, arrivals=arrivals, digests=digests)})


def _without_a_person(
    rows: pa.Table,
    *,
    schema: pa.Schema,
    contract: ExtractContract,
    arrivals: Mapping[str, Arrival],
    digests: Digests,
) -> pa.Table:
    """Versions that are nobody's and say nothing but that what they replace no longer holds (`shapes.VERSION`)."""
    held = _bitemporal(rows, contract=contract, arrivals=arrivals, digests=digests)
    held["is_withdrawn"] = pa.repeat(pa.scalar(True), rows.num_rows)
    kinds = {column.name: column.privacy for column in contract.columns}
    if set(STAY) <= kinds.keys():
        for name in STAY:
            held[name] = digests(_as_text(rows[name])) if kinds[name] == "local" else rows[name]
    columns = [
        pc.cast(held[field.name], field.type) if field.name in held else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _checks(rows: pa.Table, *, contract: ExtractContract, digests: Digests) -> dict[str, pa.ChunkedArray | pa.Array]:
    """Keyed digests that tell whether two listings under one number are one person; of two numbers they say nothing."""
    number = rows[contract.identified_by().nhs_number]
    born = pc.cast(rows[contract.identified_by().birth_date], pa.string())
    family, given = (pc.utf8_upper(_as_text(rows[name])) for name in NAMES)
    named = pc.binary_join_element_wise("name", number, family, pc.utf8_slice_codeunits(given, 0, 1), SEPARATOR)
    return {
        "birth_check": digests(pc.binary_join_element_wise("birth", number, born, SEPARATOR)),
        "name_check": digests(named),
    }


def _as_judged(
    rows: pa.Table, in_conflict: pa.ChunkedArray | pa.Array, late_from: pa.ChunkedArray | pa.Array
) -> pa.Table:
    """The rows with what the lists contradict taken back, until a list agrees."""
    is_late = pc.is_valid(late_from)
    back = rows.filter(pc.or_(in_conflict, is_late))
    if not back.num_rows:
        return rows
    taken_back = _set(back, "is_withdrawn", pa.repeat(pa.scalar(True), back.num_rows))
    late = _set(rows.filter(is_late), "known_at", pc.drop_null(late_from))
    # Its moment is known by now, so nothing is assumed of it any more.
    late = _set(late, "is_known_at_assumed", pa.repeat(pa.scalar(False), late.num_rows))
    plain = rows.filter(pc.invert(pc.or_(in_conflict, is_late)))
    return pa.concat_tables([plain, taken_back, late])


def _set(rows: pa.Table, name: str, values: pa.ChunkedArray | pa.Array) -> pa.Table:
    field = rows.schema.field(name)
    return rows.set_column(rows.column_names.index(name), field, pc.cast(values, field.type))


def _bitemporal(
    rows: pa.Table, *, contract: ExtractContract, arrivals: Mapping[str, Arrival], digests: Digests
) -> dict[str, pa.ChunkedArray | pa.Array]:
    sender = _mapped(rows["delivery_id"], {name: arrival.sender for name, arrival in arrivals.items()})
    received = _moments(rows["delivery_id"], arrivals)
    is_bulk = _mapped(rows["delivery_id"], {name: arrival.kind == "bulk" for name, arrival in arrivals.items()})
    assumed = _assumed_known_at(rows, contract=contract, received=received)
    by_submission = contract.supersession.by == "submission"
    extract = pa.array([contract.extract] * rows.num_rows, type=pa.string())
    scope_parts = [extract, sender, *(_as_text(rows[name]) for name in contract.supersession.within)]
    key_parts = [extract, sender, *(_as_text(rows[name]) for name in contract.key)]
    version = rows[contract.version] if contract.version else received
    return {
        "row_key": digests(_joined(key_parts)),
        "scope_key": _joined(scope_parts) if by_submission else pa.nulls(rows.num_rows, pa.string()),
        "version_at": pc.coalesce(pc.cast(version, pa.timestamp("us")), received),
        "known_at": pc.if_else(is_bulk, assumed, received),
        "is_known_at_assumed": is_bulk,
        "received_at": received,
        "is_withdrawn": _withdrawn(rows, contract),
        "supersession": pa.array([contract.supersession.by] * rows.num_rows, type=pa.string()),
        "sender": sender,
        "source_row_number": pc.cast(rows["source_row_number"], pa.int64()),
        "delivery_id": pc.cast(rows["delivery_id"], pa.string()),
    }


def _assumed_known_at(rows: pa.Table, *, contract: ExtractContract, received: pa.Array) -> pa.Array | pa.ChunkedArray:
    """History was known when its source's usual lag had passed, and at the latest when it arrived."""
    known_from = pc.coalesce(*(_known_from(rows, name, contract=contract) for name in contract.known_from))
    lag = pa.scalar(timedelta(days=contract.reporting_lag_days), pa.duration("us"))
    return pc.min_element_wise(pc.coalesce(pc.add(known_from, lag), received), received)


def _known_from(rows: pa.Table, name: str, *, contract: ExtractContract) -> pa.Array | pa.ChunkedArray:
    """The day from which the lag counts; of a registration at birth the month's end, so as not to tell the day."""
    days = rows[name]
    if name == REGISTERED:
        ends = pc.cast(pc.ceil_temporal(days, unit="month", ceil_is_strictly_greater=True), pa.date32())
        days = pc.if_else(_at_birth(rows, contract), ends, days)
    return pc.cast(days, pa.timestamp("us"))


def _at_birth(rows: pa.Table, contract: ExtractContract) -> pa.ChunkedArray:
    """Whether a person's registration began on the day they were born: its date would give the birth date away."""
    return pc.fill_null(pc.equal(rows[REGISTERED], rows[contract.identified_by().birth_date]), False)


def _withdrawn(rows: pa.Table, contract: ExtractContract) -> pa.Array:
    if contract.withdrawn is None:
        return pa.array([False] * rows.num_rows, type=pa.bool_())
    marks = pa.array([str(value) for value in contract.withdrawn.values], type=pa.string())
    return pc.is_in(pc.fill_null(_as_text(rows[contract.withdrawn.column]), ""), value_set=marks)


def _moments(delivery_ids: pa.ChunkedArray, arrivals: Mapping[str, Arrival]) -> pa.Array:
    """Received-at stamps as UTC without a zone: the store's one way to write moments."""
    plain = {name: arrival.received_at.replace(tzinfo=None) for name, arrival in arrivals.items()}
    return pc.cast(_mapped(delivery_ids, plain), pa.timestamp("us"))


def _mapped(values: pa.ChunkedArray, mapping: Mapping[str, object]) -> pa.Array | pa.ChunkedArray:
    names = list(mapping)
    positions = pc.index_in(pc.cast(values, pa.string()), value_set=pa.array(names, type=pa.string()))
    return pc.take(pa.array([mapping[name] for name in names]), positions)


def _as_text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return values if pa.types.is_string(values.type) else pc.cast(values, pa.string())


def scope_key(contract: ExtractContract, *, sender: str, period_start: date) -> str:
    """The scope that a submission without rows would have given its rows; its receipt's period stands for theirs."""
    return SEPARATOR.join(
        [contract.extract, sender, *([period_start.isoformat()] if contract.supersession.within else [])]
    )


def _joined(parts: list[pa.Array | pa.ChunkedArray]) -> pa.Array | pa.ChunkedArray:
    return pc.binary_join_element_wise(*(pc.fill_null(part, "") for part in parts), SEPARATOR)


def _count_by_delivery(rows: pa.Table) -> dict[str, int]:
    counted = rows.group_by("delivery_id").aggregate([([], "count_all")])
    return dict(zip(counted["delivery_id"].to_pylist(), counted["count_all"].to_pylist(), strict=True))
