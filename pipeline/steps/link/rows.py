"""From the clean rows of some deliveries to linked ones: who each row is of, what is set apart, what is counted.

Part of `link`, which decides which deliveries. Small deliveries are taken together; one of many rows comes in batches,
so that what is in memory does not grow with it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.extract import ExtractContract
from pipeline.engines.embedded import Engine
from pipeline.engines.kept_values import keep_codes
from pipeline.engines.pseudonymise import Arrival, Digests, Judged, Linked, pseudonymise
from pipeline.engines.restricted import mask_restricted, without_withheld
from pipeline.ledger.deliveries import Delivery
from pipeline.rules.nhs_number import is_valid
from pipeline.steps.at_hand.context import Context
from pipeline.steps.link.checks import Found, find, joined
from pipeline.steps.link.lists import CLAIM, LISTS, Lists
from pipeline.steps.opt_out.erasure import Erasure, key_of
from pipeline.store import layout, tables

RESTRICTED = "legally_restricted"
BATCH_ROWS = 400_000
_SEPARATOR = "\x1f"


@dataclass
class Made:
    """What linking some deliveries came to, by delivery; `numbers` are the NHS numbers their rows carry."""

    unlinked: dict[str, int] = field(default_factory=dict)
    opted_out: dict[str, int] = field(default_factory=dict)
    unlisted: dict[str, int] = field(default_factory=dict)
    found: dict[str, Found] = field(default_factory=dict)
    numbers: set[str] = field(default_factory=set)
    masked: int = 0
    withheld: int = 0


class Linker:
    """Links deliveries of one extract. A class because keys are made once for all of them."""

    def __init__(self, context: Context, contract: ExtractContract, *, erasure: Erasure, lists: Lists) -> None:
        self._context, self._contract = context, contract
        self._erasure, self._lists = erasure, lists
        self._keys: dict[str, str] = {}

    def link(self, deliveries: Sequence[Delivery]) -> Iterator[tuple[list[Delivery], Made]]:
        """Write the rows of these deliveries, a few at a time; what came of each few."""
        for group in _groups(deliveries):
            made = Made()
            self._write(group, made)
            yield group, made

    def _write(self, group: list[Delivery], made: Made) -> None:
        home, extract = self._context.settings.home, self._contract.extract
        ids = [delivery.delivery_id for delivery in group]
        unlinked: list[pa.Table] = []
        waiting: list[pa.Table] = []
        settings = self._context.settings
        with Engine(threads=settings.threads, memory_limit=settings.memory_limit) as engine:

            def parts() -> Iterator[pa.Table]:
                for sent in _batches(layout.clean(home, extract), group):
                    linked, claims = self._linked(sent, group, made=made, engine=engine)
                    unlinked.append(linked.unlinked)
                    waiting.append(claims)
                    yield linked.rows

            if len(group) == 1 and group[0].rows_valid > BATCH_ROWS:
                _stream(layout.linked(home, extract), parts(), delivery_id=ids[0])
            else:
                rows = pa.concat_tables(list(parts()))
                tables.replace_slices(layout.linked(home, extract), rows, column="delivery_id", values=ids)
        for path, kept in ((layout.unlinked, unlinked), (layout.waiting, waiting)):
            tables.replace_slices(path(home, extract), pa.concat_tables(kept), column="delivery_id", values=ids)

    def _linked(
        self, sent: pa.Table, group: Sequence[Delivery], *, made: Made, engine: Engine
    ) -> tuple[Linked, pa.Table]:
        """These rows linked, and the claims that wait for a list that says otherwise."""
        contract, erasure = self._contract, self._erasure
        person = contract.identified_by()
        sent = without_withheld(sent, number=person.nhs_number)
        sent, withheld = keep_codes(sent, contract=contract)
        rows, masked = mask_restricted(sent, extract=contract.extract, codelist=self._context.codelists()[RESTRICTED])
        numbers = [number for number in rows[person.nhs_number].unique().to_pylist() if number]
        for number in numbers:
            if number not in self._keys and is_valid(number):
                self._keys[number] = key_of(self._context, number)
        usable = {number: self._keys[number] for number in numbers if number in self._keys}
        judged, claims = self._judge(rows, group, usable=usable)
        linked = pseudonymise(
            rows,
            contract=contract,
            arrivals={d.delivery_id: Arrival(d.sender, d.kind, d.received_at) for d in group},
            person_keys=usable,
            opted_out=erasure.nhs_numbers,
            judged=judged,
            digests=self._digests(engine),
        )
        found = find(
            self._lists, rows, contract=contract, usable=usable, opted_out=erasure.nhs_numbers,
            in_conflict=judged.in_conflict,
        )  # fmt: skip
        made.masked += masked
        made.withheld += withheld
        made.numbers.update(numbers)
        _add(made.unlinked, linked.unlinked_by_delivery)
        _add(made.opted_out, linked.opted_out_by_delivery)
        unlisted = claims.filter(pc.equal(claims["verdict"], "unlisted"))
        _add(made.unlisted, dict(zip(unlisted["delivery_id"].to_pylist(), unlisted["rows"].to_pylist(), strict=True)))
        for delivery_id, by_rule in found.items():
            made.found[delivery_id] = joined(made.found.get(delivery_id, {}), by_rule)
        return linked, claims

    def _judge(self, rows: pa.Table, group: Sequence[Delivery], *, usable: dict[str, str]) -> tuple[Judged, pa.Table]:
        """What the lists say of each row, and the claims on which they do not agree from the first."""
        person = self._contract.identified_by()
        claim = [rows["delivery_id"], rows[person.nhs_number], pc.cast(rows[person.birth_date], pa.date32())]
        carried = pa.table(dict(zip(CLAIM, claim, strict=True)))
        nobody = Judged(
            in_conflict=pa.repeat(pa.scalar(False), rows.num_rows),
            late_from=pa.nulls(rows.num_rows, pa.timestamp("us")),
        )
        known = [number for number in usable if number not in self._erasure.nhs_numbers]
        is_known = pc.is_in(carried["nhs_number"], value_set=pa.array(known, type=pa.string()))
        # A list is what the others are held against; its own contradictions are found among lists.
        if self._contract.extract == LISTS:
            is_known = pa.repeat(pa.scalar(False), rows.num_rows)
        claims = carried.filter(is_known).group_by(list(CLAIM), use_threads=False).aggregate([([], "count_all")])
        claims = self._lists.judge(claims.rename_columns([*CLAIM, "rows"]), deliveries=group)
        open_ones = claims.filter(pc.or_(pc.not_equal(claims["verdict"], "agreed"), pc.is_valid(claims["late_from"])))
        decided = open_ones.filter(pc.not_equal(open_ones["verdict"], "unlisted"))
        if not decided.num_rows:
            return nobody, open_ones
        places = pc.index_in(_text(carried), value_set=_text(decided).combine_chunks())
        is_conflict = pc.take(pc.equal(decided["verdict"], "conflict"), places)
        return (
            Judged(in_conflict=pc.fill_null(is_conflict, False), late_from=pc.take(decided["late_from"], places)),
            open_ones,
        )

    def _digests(self, engine: Engine) -> Digests:
        query = self._lists.query("keyed_digest")

        def digests(texts: pa.ChunkedArray) -> pa.Array:
            """Keyed digest of each text, null for null; every distinct text is digested once."""
            distinct = texts.unique().drop_null()
            engine.add_arrow("distinct_text", pa.table({"text": distinct}))
            answer = engine.fetch(query, secret=self._context.keys.local.hex())
            positions = pc.index_in(texts, value_set=answer["text"].combine_chunks())
            return pc.take(answer["digest"].combine_chunks(), positions)

        return digests


def _groups(deliveries: Sequence[Delivery]) -> Iterator[list[Delivery]]:
    """Deliveries in their order, as many together as make up one batch of rows; a longer one alone."""
    group: list[Delivery] = []
    for delivery in deliveries:
        if group and sum(one.rows_valid for one in group) + delivery.rows_valid > BATCH_ROWS:
            yield group
            group = []
        group.append(delivery)
    if group:
        yield group


def _batches(path: Path, group: Sequence[Delivery]) -> Iterator[pa.Table]:
    ids = [delivery.delivery_id for delivery in group]
    if len(group) == 1 and group[0].rows_valid > BATCH_ROWS:
        yield from tables.batches(path, column="delivery_id", value=ids[0], rows=BATCH_ROWS)
    else:
        yield tables.read(path, column="delivery_id", values=ids)


def _stream(path: Path, parts: Iterator[pa.Table], *, delivery_id: str) -> None:
    """Write the parts as one slice; without a row in any of them, the slice is left empty."""
    first = next(parts).drop_columns(["delivery_id"])

    def batches() -> Iterator[pa.RecordBatch]:
        yield from first.to_batches()
        for part in parts:
            yield from part.drop_columns(["delivery_id"]).cast(first.schema).to_batches()

    reader = pa.RecordBatchReader.from_batches(first.schema, batches())
    tables.replace_slice_with(path, reader, column="delivery_id", value=delivery_id)


def _text(claims: pa.Table) -> pa.ChunkedArray:
    parts = [pc.fill_null(pc.cast(claims[name], pa.string()), "") for name in CLAIM]
    return pc.binary_join_element_wise(*parts, _SEPARATOR)


def _add(counts: dict[str, int], more: dict[str, int]) -> None:
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count
