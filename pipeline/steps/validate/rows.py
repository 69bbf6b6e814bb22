"""One pass over the rows of a delivery: what each rule minds, where each row goes, what the file measures.

Part of `validate`. Kept and broken rows wait on piles, since only the whole file decides whether any of it is used.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.extract import ExtractContract
from pipeline.contracts.receipt import Receipt
from pipeline.engines.delivery_measures import Measures
from pipeline.engines.expectations import Checks
from pipeline.engines.file_rows import ROW, FileRows, clean_rows, latest_event_date
from pipeline.store.pile import Pile

COUNTED = ("valid", "duplicate", "superseded", "broken", "withdrawn")


@dataclass
class Seen:
    """What one pass over a file saw: rows by fate, rows set apart, latest date, measures; and the piles of rows."""

    kept: Pile
    broken: Pile
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    latest_event_date: date | None = None
    measures: dict[str, float] = field(default_factory=dict)
    digest: str = ""

    def add(self, part: "Sorted", *, latest: date | None) -> None:
        """Count one batch."""
        self.counts["valid"] += part.kept.num_rows
        self.counts["broken"] += part.broken.num_rows
        for fate in ("duplicate", "superseded"):
            self.counts[fate] += part.fates.get(fate, 0)
        days = [day for day in (self.latest_event_date, latest) if day is not None]
        self.latest_event_date = max(days, default=None)


@contextmanager
def seen(folder: Path) -> Iterator[Seen]:
    """An empty account whose piles lie in this folder of the identified zone, if they need one; gone afterwards."""
    with Pile(folder / "kept.parquet") as kept, Pile(folder / "broken.parquet") as broken:
        yield Seen(kept=kept, broken=broken)


def look_through(rows: FileRows, *, checks: Checks, receipt: Receipt, account: Seen) -> None:
    """Read the file batch by batch into the account; raises PipelineError when a rule could not be evaluated."""
    contract = rows.contract
    measures = Measures(contract, period=(receipt.period_start, receipt.period_end))
    for batch in rows.batches():
        found = checks.look(batch)
        part = sort_rows(batch, contract=contract, found=found)
        account.add(part, latest=latest_event_date(part.kept, contract=contract))
        account.counts["withdrawn"] += _withdrawn(part.kept, contract)
        account.kept.add(clean_rows(part.kept, contract=contract))
        if part.broken.num_rows:
            sent = rows.as_sent(part.broken[ROW].combine_chunks())
            account.broken.add(sent.append_column("rules", part.broken["rules"]))
        measures.add(batch)
    account.digest = rows.digest()
    account.measures = measures.shares()


def sort_rows(batch: pa.Table, *, contract: ExtractContract, found: Mapping[str, pa.Array]) -> "Sorted":
    """Which rows of a batch are used, and which are set apart for which rules; repeats are neither."""
    numbers = batch[ROW]
    left = numbers.filter(pc.is_null(batch["fate"])).combine_chunks()
    rules = [rule.rule for rule in contract.expectations if rule.level == "quarantine" and rule.rule in found]
    broken = _broken(left, [(rule, found[rule]) for rule in rules])
    is_used = pc.and_not(pc.is_null(batch["fate"]), pc.is_in(numbers, value_set=broken[ROW].combine_chunks()))
    fates = {pair["values"]: pair["counts"] for pair in batch["fate"].value_counts().to_pylist() if pair["values"]}
    return Sorted(kept=batch.filter(is_used), broken=broken, fates=fates)


def _broken(left: pa.Array, found: Sequence[tuple[str, pa.Array]]) -> pa.Table:
    """Row number and rules, in the contract's order, of each row among `left` that breaks any of them."""
    minded = pa.chunked_array([numbers for _, numbers in found], type=pa.int64()).unique()
    rows = left.filter(pc.is_in(left, value_set=minded))
    told: pa.Array = pa.array([""] * len(rows), type=pa.string())
    for rule, numbers in found:
        longer = pc.utf8_trim_whitespace(pc.binary_join_element_wise(told, rule, " "))
        told = pc.if_else(pc.is_in(rows, value_set=numbers), longer, told)
    return pa.table({ROW: rows.cast(pa.int64()), "rules": told})


def _withdrawn(rows: pa.Table, contract: ExtractContract) -> int:
    """Rows by which the sender takes back what it sent before."""
    if contract.withdrawn is None:
        return 0
    marks = pa.array(contract.withdrawn.values, type=pa.string())
    taken_back = pc.is_in(pc.cast(rows[contract.withdrawn.column], pa.string()), value_set=marks)
    return int(pc.sum(pc.cast(taken_back, pa.int64())).as_py() or 0)


def dissents(rows: FileRows, *, codes: Iterable[str], rule: str, pile: Pile) -> None:
    """Put the rows that say one of these codes on the pile, as they were sent, under the rule that refused the file."""
    numbers = rows.numbers_with_digits(column="snomed_code", codes=sorted(codes))
    if len(numbers):
        sent = rows.as_sent(numbers)
        pile.add(sent.append_column("rules", pa.array([rule] * sent.num_rows, type=pa.string())))


@dataclass(frozen=True)
class Sorted:
    """The rows of a batch: used, set apart (row number and rules), and how many repeat or are older."""

    kept: pa.Table
    broken: pa.Table
    fates: dict[str, int]
