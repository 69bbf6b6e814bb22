"""Runs a contract's rules with Great Expectations and says which row numbers broke which rule.

A rule about a column looks at one value at a time, so the library is asked about each *distinct* value once and the
rows follow: exact, and no slower for tens of millions of rows than for the values in them. Values never come back:
results hold row numbers and counts only. An expectation that raised is an error of ours, not a failure of a supplier.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from pipeline.contracts.extract import ExtractContract
from pipeline.contracts.extract_parts import Expectation
from pipeline.engines import judged_values
from pipeline.errors import PipelineError

ROW = "source_row_number"
ROWS_NAMED = 10_000  # row numbers kept of one rule; its count is always exact
TABLE_RULES = ("expect_table_row_count_to_equal", "expect_table_row_count_to_be_between")


class Checks:
    """The rules of one contract over the batches of one file: `look` at each batch, then ask for the `results`."""

    def __init__(self, contract: ExtractContract) -> None:
        self._contract = contract
        self._tallies = {rule.rule: _Tally() for rule in contract.expectations}
        self._rows = 0
        for rule in contract.expectations:
            if rule.type not in (*TABLE_RULES, *judged_values.VALUE_RULES):
                raise PipelineError(f"rule {rule.rule}: {rule.type} does not judge one value at a time")
            if rule.level == "quarantine" and "mostly" in rule.kwargs:
                raise PipelineError(f"rule {rule.rule}: a row is set apart or not; `mostly` cannot be asked of it")

    def look(self, batch: pa.Table) -> dict[str, pa.Array]:
        """Row numbers of the batch that break each rule, ascending; rules that no row breaks are left out.

        The batch has source_row_number and every column that a rule names. Raises PipelineError when a rule could not
        be evaluated.
        """
        self._rows += batch.num_rows
        rules = [rule for rule in self._contract.expectations if rule.type not in TABLE_RULES]
        questions = [
            judged_values.Question(rule.rule, rule.type, self._filled(rule, {}), batch[rule.kwargs["column"]])
            for rule in rules
        ]
        broken = judged_values.broken_masks(questions)
        found = {}
        for rule, question in zip(rules, questions, strict=True):
            looked_at = judged_values.looked_at(question)
            numbers = pa.array([], type=pa.int64())
            if rule.rule in broken:
                numbers = batch[ROW].filter(broken[rule.rule]).combine_chunks().cast(pa.int64())
                found[rule.rule] = numbers
            self._tallies[rule.rule].add(numbers, looked_at=looked_at)
        return found

    def results(self, *, values: Mapping[str, int]) -> list["RuleResult"]:
        """One result per rule over all batches, in the contract's order.

        `values` fills the placeholders that belong to the delivery ($rows_on_receipt, $minimum_rows, …).
        """
        tables = [rule for rule in self._contract.expectations if rule.type in TABLE_RULES]
        asked = {rule.rule: (rule.type, self._filled(rule, values)) for rule in tables}
        met = judged_values.judge_row_count(asked, rows=self._rows)
        return [self._result(rule, met.get(rule.rule)) for rule in self._contract.expectations]

    def _result(self, rule: Expectation, met: bool | None) -> "RuleResult":
        tally = self._tallies[rule.rule]
        if met is None:
            met = tally.is_met(mostly=float(rule.kwargs.get("mostly", 1)))
        rows = () if met else tuple(tally.first_rows)
        count = 0 if met else tally.broken
        return RuleResult(
            rule=rule.rule,
            level=rule.level,
            says=rule.says,
            next_step=rule.next_step,
            met=met,
            broken_rows=rows,
            broken_count=count,
            share=round(count / self._rows, 6) if self._rows else 0.0,
        )

    def _filled(self, rule: Expectation, values: Mapping[str, int]) -> dict[str, Any]:
        kwargs = dict(rule.kwargs)
        for argument, value in kwargs.items():
            if value == "$codes":
                kwargs[argument] = list(self._contract.column(kwargs["column"]).codes)
            elif isinstance(value, str) and value.startswith("$"):
                kwargs[argument] = values[value.removeprefix("$")]
        return kwargs


def run_expectations(contract: ExtractContract, table: pa.Table, *, values: Mapping[str, int]) -> list["RuleResult"]:
    """One result per rule, in the contract's order, for a file that is one table."""
    checks = Checks(contract)
    checks.look(table)
    return checks.results(values=values)


@dataclass
class _Tally:
    """What one rule found so far: rows it looked at, rows that broke it, and the first of their numbers."""

    looked_at: int = 0
    broken: int = 0
    first_rows: list[int] = field(default_factory=list)

    def add(self, numbers: pa.Array, *, looked_at: int) -> None:
        self.looked_at += looked_at
        self.broken += len(numbers)
        self.first_rows += numbers.slice(0, ROWS_NAMED - len(self.first_rows)).to_pylist()

    def is_met(self, *, mostly: float) -> bool:
        """As Great Expectations decides it: the share of rows looked at that keep the rule, over the whole file."""
        if not self.looked_at:
            return True
        return (self.looked_at - self.broken) / self.looked_at >= mostly


@dataclass(frozen=True)
class RuleResult:
    """What one rule found: `met` is false when broken; share is of all rows of the file.

    `broken_rows` are the first ROWS_NAMED row numbers, ascending; `broken_count` counts them all.
    """

    rule: str
    level: str
    says: str
    next_step: str
    met: bool
    broken_rows: tuple[int, ...]
    broken_count: int
    share: float
