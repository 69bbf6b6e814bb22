"""The GP lists and the superseded numbers as `link` holds rows against them: who is listed, since when, as whom.

Identified zone only. Read once for a run of `link`, when first asked for; it changes nothing.
"""

from collections.abc import Sequence
from functools import cached_property
from types import TracebackType
from typing import Self

import pyarrow as pa

from pipeline.engines.embedded import Engine
from pipeline.engines.query import Query, load_query
from pipeline.ledger.deliveries import Delivery, list_deliveries
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.number_changes import add_changes, snapshots, superseded_now
from pipeline.steps.opt_out.erasure import delivery_relation
from pipeline.store import layout, tables

LISTS = "gp_patient"
JUDGING = ("accepted", "held")
CLAIM = ("delivery_id", "nhs_number", "birth_date")


class Lists:
    """GP lists for the deliveries of one run of `link`. A class because it holds a database while it is open."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._opened: Engine | None = None
        self.changes = pa.table({})
        self.listed_in: list[Delivery] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._opened is not None:
            self._opened.__exit__(kind, error, trace)

    @cached_property
    def read_from(self) -> list[str]:
        """Deliveries that rows are held against; one that a person holds decides as before, one refused does not."""
        lists = list_deliveries(self._context.ledger, states=JUDGING, extract=LISTS)
        return [delivery.delivery_id for delivery in (*lists, *snapshots(self._context, states=JUDGING))]

    def open(self) -> Engine:
        """The engine with listed_person, listed_version, superseded_number and disputed_number."""
        if self._opened is None:
            settings = self._context.settings
            engine = Engine(threads=settings.threads, memory_limit=settings.memory_limit)
            self._opened = engine
            self._add_lists(engine)
            self.listed_in = snapshots(self._context)
            self.changes = add_changes(engine, self._context, listed_in=self.listed_in)
            newest = self.listed_in[-1].delivery_id if self.listed_in else None
            engine.add_arrow("superseded_number", superseded_now(self.changes, newest=newest))
            engine.keep(self.query("disputed_number"))
        return self._opened

    def judge(self, claims: pa.Table, *, deliveries: Sequence[Delivery]) -> pa.Table:
        """The claims (delivery, number, birth date) with `verdict` and `late_from`, in their order.

        agreed: a list says the same, from `late_from` on if that is given. conflict: lists say otherwise. unlisted: no
        list knows the number.
        """
        engine = self.open()
        received = {one.delivery_id: one.received_at.replace(tzinfo=None) for one in deliveries}
        moments = pa.array([received[name] for name in claims["delivery_id"].to_pylist()], type=pa.timestamp("us"))
        numbered = claims.append_column("claim_id", pa.array(range(claims.num_rows), type=pa.int64()))
        engine.add_arrow("claim", numbered.append_column("received_at", moments))
        judged = engine.fetch(self.query("judged_claim"))
        return claims.append_column("verdict", judged["verdict"]).append_column("late_from", judged["late_from"])

    def query(self, name: str) -> Query:
        """One of the queries of sql/link."""
        return load_query(self._context.settings.project / "sql" / "link" / f"{name}.sql")

    def _add_lists(self, engine: Engine) -> None:
        judging = list_deliveries(self._context.ledger, states=JUDGING, extract=LISTS)
        accepted = [delivery for delivery in judging if delivery.state == "accepted"]
        ids = [delivery.delivery_id for delivery in judging]
        files = tables.files(layout.clean(self._context.settings.home, LISTS), column="delivery_id", values=ids)
        if not files:
            for name, schema in (("listed_person", _listed_person()), ("listed_version", _listed_version())):
                engine.add_arrow(name, schema.empty_table())
            return
        engine.add_parquet("clean_gp_patient", files)
        engine.add_arrow("delivery", delivery_relation(judging))
        engine.keep(self.query("listed_version"))
        engine.add_arrow("delivery", delivery_relation(accepted))
        engine.keep(self.query("listed_person"))


# Made when asked for: arrays made on import would load pandas.
def _listed_person() -> pa.Schema:
    texts = [(name, pa.string()) for name in ("nhs_number", "postcode", "family_name", "given_initial")]
    return pa.schema([*texts, ("birth_date", pa.date32()), ("death_date", pa.date32()), ("is_open", pa.bool_())])


def _listed_version() -> pa.Schema:
    moments = [(name, pa.timestamp("us")) for name in ("valid_from", "valid_to")]
    return pa.schema([("nhs_number", pa.string()), ("birth_date", pa.date32()), *moments])
