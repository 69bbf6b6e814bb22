"""After linkage: what only people can tell of a delivery's rows, counted in the ledger and told to its sender.

Rows without a usable number, dated after a death, under a superseded number, or of one person under two numbers. Part
of `link`; it changes no linkage.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from pipeline.channels.supplier_report import ROWS_NAMED, name_rows, read_report, write_report
from pipeline.contracts.extract import ExtractContract
from pipeline.engines.arrived_rows import arrived_rows
from pipeline.engines.embedded import Engine
from pipeline.engines.file_rows import ROW
from pipeline.engines.query import load_query
from pipeline.ledger import profiles
from pipeline.ledger.deliveries import Delivery, list_deliveries
from pipeline.rules.linkage_rules import LINKAGE_RULES, linkage_summary
from pipeline.steps.context import Context
from pipeline.steps.erasure import delivery_relation
from pipeline.store import layout, tables

CHANGES = "nhs_number_change"
PREFIX = "link."


@dataclass(frozen=True)
class Minded:
    """Rows of a delivery that one check minds: how many, and the numbers of the first of them, ascending."""

    rows: int
    first: list[int]


# Of one delivery, by rule.
Found = dict[str, Minded]


class LinkageChecks:
    """People as the lists know them now, for the deliveries of one run of `link`; read when first asked for."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._engine: Engine | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._engine is not None:
            self._engine.__exit__(kind, error, trace)

    def find(
        self, rows: pa.Table, *, contract: ExtractContract, usable: Collection[str], opted_out: Collection[str]
    ) -> dict[str, Found]:
        """What each check minds, by delivery and rule; `usable` are the NHS numbers whose check digit is right."""
        engine = self._opened()
        engine.add_arrow("arrived_row", arrived_rows(rows, contract=contract, usable=usable, opted_out=opted_out))
        minded = engine.fetch(self._query("linkage_check"))
        # A bulk file may have millions of such rows: only those that a report names become numbers of Python.
        gathered = minded.group_by(["delivery_id", "rule"], use_threads=False).aggregate([(ROW, "list")])
        found: dict[str, Found] = {}
        for delivery_id, rule, rows in zip(
            gathered["delivery_id"], gathered["rule"], gathered[f"{ROW}_list"], strict=True
        ):
            first = rows.values.slice(0, ROWS_NAMED).to_pylist()
            found.setdefault(delivery_id.as_py(), {})[rule.as_py()] = Minded(len(rows.values), first)
        return found

    def _opened(self) -> Engine:
        if self._engine is None:
            settings = self._context.settings
            self._engine = Engine(threads=settings.threads, memory_limit=settings.memory_limit)
            accepted = list_deliveries(self._context.ledger, states=["accepted"], extract="gp_patient")
            self._add_lists(self._engine, accepted)
            self._engine.add_arrow("superseded_number", self._superseded())
        return self._engine

    def _add_lists(self, engine: Engine, accepted: Sequence[Delivery]) -> None:
        ids = [delivery.delivery_id for delivery in accepted]
        path = layout.clean(self._context.settings.home, "gp_patient")
        files = tables.files(path, column="delivery_id", values=ids)
        if not files:
            engine.add_arrow("listed_person", _nobody())
            return
        engine.add_parquet("clean_gp_patient", files)
        engine.add_arrow("delivery", delivery_relation(accepted))
        engine.keep(self._query("listed_person"))

    def _superseded(self) -> pa.Table:
        """Numbers that the newest accepted list of changes says are no longer in use."""
        known = list_deliveries(self._context.ledger, states=["accepted"], extract=CHANGES)
        path = layout.clean(self._context.settings.home, CHANGES)
        if not known or not tables.exists(path):
            return pa.table({"nhs_number": pa.array([], type=pa.string())})
        rows = tables.read(
            path, column="delivery_id", values=[known[-1].delivery_id], columns=["superseded_nhs_number"]
        )
        return pa.table({"nhs_number": rows["superseded_nhs_number"].unique()})

    def _query(self, name: str) -> Any:
        return load_query(self._context.settings.project / "sql" / "link" / f"{name}.sql")


def tell(context: Context, delivery: Delivery, *, found: Found, counts: dict[str, int]) -> None:
    """Count what was found in the ledger, and add it to the sender's report, if there is one."""
    measures = {f"{PREFIX}{rule}": minded.rows for rule, minded in found.items()}
    profiles.replace_measures(context.ledger, delivery.delivery_id, prefix=PREFIX, measures=measures)
    folder = layout.delivery_report(context.settings.home, delivery.delivery_id)
    report = read_report(folder)
    if report is None:
        return
    report["after_linkage"] = {
        "summary": linkage_summary(
            valid=delivery.rows_valid, linked=counts["rows_linked"], opted_out=counts["rows_opted_out"]
        ),
        "checks": [_check(rule, found[rule]) for rule in LINKAGE_RULES if rule in found],
    }
    write_report(folder, report=report)


def _check(rule: str, minded: Minded) -> dict[str, Any]:
    says, next_step = LINKAGE_RULES[rule]
    return {
        "rule": rule,
        "level": "count",
        "says": says,
        "next_step": next_step,
        "rows_broken": minded.rows,
        "row_numbers": name_rows(minded.first),
    }


def _nobody() -> pa.Table:
    """Lists that nobody is on. Made when asked for: arrays made on import would load pandas."""
    texts = [(name, pa.string()) for name in ("nhs_number", "postcode", "family_name", "given_initial")]
    return pa.schema([*texts, ("birth_date", pa.date32()), ("death_date", pa.date32())]).empty_table()
