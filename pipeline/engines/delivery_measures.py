"""What a delivery measures: rows, how often columns are empty, shares of codes, means, and dates in its period.

Numbers about a file for comparison with the same sender's earlier ones. Only codes the contract declares are named: any
other text in a column counts as "other", since it might be a person's.
"""

from collections import Counter
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.extract import ExtractContract
from pipeline.engines.file_rows import event_dates

OTHER = "other"


class Measures:
    """Adds up over the batches of one file; `shares` gives its measures."""

    def __init__(self, contract: ExtractContract, *, period: tuple[date, date]) -> None:
        self._contract = contract
        self._period = period
        self._rows = 0
        self._sums: Counter[str] = Counter()
        self._totals: dict[str, float] = {}
        self._watched = {watch.column: watch.kind for watch in contract.watch}
        # Columns in which each row names the period it is reported for.
        self._named = tuple(name for name in contract.names() if name == "reporting_period_end")

    def add(self, batch: pa.Table) -> None:
        """Count a batch of typed rows."""
        self._rows += batch.num_rows
        for column in self._contract.columns:
            self._sums[f"empty.{column.name}"] += batch[column.as_sent].null_count
        for name, kind in self._watched.items():
            if kind == "share_of_codes":
                self._count_codes(name, batch[name])
            elif kind == "mean":
                self._add_mean(name, batch[name])
        self._count_days("in_period", event_dates(batch, contract=self._contract))
        for name in self._named:
            self._count_days("named_period", batch[name])

    def shares(self) -> dict[str, float]:
        """Measures by name, to six places: rows, empty.COLUMN, code.COLUMN=CODE, mean.COLUMN, share.in_period."""
        found: dict[str, float] = {"rows": self._rows}
        for name, count in sorted(self._sums.items()):
            if name.startswith(("empty.", "code.")) and self._rows:
                found[name] = round(count / self._rows, 6)
        for name, total in sorted(self._totals.items()):
            if self._sums[f"valued.{name}"]:
                found[f"mean.{name}"] = round(total / self._sums[f"valued.{name}"], 6)
        for name in ("in_period", "named_period"):
            if self._sums[f"dated.{name}"]:
                found[f"share.{name}"] = round(self._sums[f"within.{name}"] / self._sums[f"dated.{name}"], 6)
        return found

    def _count_codes(self, name: str, values: pa.ChunkedArray) -> None:
        declared = set(self._contract.column(name).codes)
        for pair in values.value_counts().to_pylist():
            code = pair["values"]
            if code is not None:
                self._sums[f"code.{name}={code if code in declared else OTHER}"] += pair["counts"]

    def _add_mean(self, name: str, values: pa.ChunkedArray) -> None:
        given = len(values) - values.null_count
        if given:
            self._sums[f"valued.{name}"] += given
            self._totals[name] = self._totals.get(name, 0.0) + float(pc.sum(pc.cast(values, pa.float64())).as_py())

    def _count_days(self, name: str, days: pa.ChunkedArray | None) -> None:
        if days is None:
            return
        days = pc.cast(days, pa.date32())
        first, last = (pa.scalar(day, pa.date32()) for day in self._period)
        within = pc.and_(pc.greater_equal(days, first), pc.less_equal(days, last))
        self._sums[f"dated.{name}"] += len(days) - days.null_count
        self._sums[f"within.{name}"] += pc.sum(pc.cast(within, pa.int64())).as_py() or 0
