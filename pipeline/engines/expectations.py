"""Runs a contract's rules with Great Expectations on one table and says which row numbers broke which rule.

The context is ephemeral and the suite comes from our YAML. Values never come back: results hold row numbers
and counts only. An expectation that raised is an error of ours, not a failure of the supplier's.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.contracts.extract import Expectation, ExtractContract
from pipeline.errors import PipelineError

ROW = "source_row_number"
_NAME_ROWS = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": [ROW],
    "exclude_unexpected_values": True,  # Great Expectations writes failing values into results by default
    "partial_unexpected_count": 0,
    "return_unexpected_index_query": False,
}


def run_expectations(contract: ExtractContract, table: pa.Table, *, values: Mapping[str, int]) -> list["RuleResult"]:
    """One result per rule, in the contract's order.

    `table` has source_row_number and every column a rule names; `values` fills the placeholders that belong to
    the delivery ($rows_on_receipt, $minimum_rows). Raises PipelineError when a rule could not be evaluated.
    """
    if not contract.expectations:
        return []
    suite: list[dict[str, Any]] = [
        {"type": rule.type, "kwargs": _filled(rule, contract, values), "meta": {"rule": rule.rule}}
        for rule in contract.expectations
    ]
    batch = _batch(table, contract)
    met = {
        code: _success(item, code) for code, item in _validate(batch, suite, {"result_format": "BOOLEAN_ONLY"}).items()
    }
    # Only rules that were broken are asked which rows: most rules hold, and the row lists cost most of the time.
    unmet = [entry for entry in suite if not met.get(entry["meta"]["rule"], False)]
    named = _validate(batch, unmet, _NAME_ROWS) if unmet else {}
    missing = [rule.rule for rule in contract.expectations if not (met.get(rule.rule) or rule.rule in named)]
    if missing:
        raise PipelineError(f"Great Expectations gave no result for {', '.join(missing)}")
    return [_read_result(rule, named.get(rule.rule), rows=table.num_rows) for rule in contract.expectations]


def _filled(rule: Expectation, contract: ExtractContract, values: Mapping[str, int]) -> dict[str, Any]:
    kwargs = dict(rule.kwargs)
    for argument, value in kwargs.items():
        if value == "$codes":
            kwargs[argument] = list(contract.column(kwargs["column"]).codes)
        elif isinstance(value, str) and value.startswith("$"):
            kwargs[argument] = values[value.removeprefix("$")]
    return kwargs


def _batch(table: pa.Table, contract: ExtractContract) -> Any:
    # Read when the library is imported: it would otherwise report usage to its makers.
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("delivery").add_dataframe_asset(contract.extract)
    return asset.add_batch_definition_whole_dataframe("whole").get_batch(
        batch_parameters={"dataframe": _frame(table, contract)}
    )


def _validate(batch: Any, suite: list[dict[str, Any]], result_format: dict[str, Any]) -> dict[str, Any]:
    """Results by rule code."""
    import great_expectations as gx

    report = batch.validate(gx.ExpectationSuite(name="rules", expectations=suite), result_format=result_format)
    return {item.expectation_config.meta["rule"]: item for item in report.results}


def _success(item: Any, code: str) -> bool:
    """Whether the rule was met; raises PipelineError when evaluating it raised."""
    if _raised(item.exception_info):
        # The library's message may quote a value: the rule's code is all that is said.
        raise PipelineError(f"rule {code} ({item.expectation_config.type}) could not be evaluated")
    return bool(item.success)


def _frame(table: pa.Table, contract: ExtractContract) -> Any:
    """A pandas frame of the columns that rules look at: the others would only cost memory."""
    named = sorted({rule.kwargs["column"] for rule in contract.expectations if "column" in rule.kwargs})
    chosen = table.select([ROW, *named])
    for position, field in enumerate(chosen.schema):
        if pa.types.is_decimal(field.type):
            # Bounds need no exact decimals, and pandas would make each a Python object.
            chosen = chosen.set_column(position, field.name, chosen[field.name].cast(pa.float64()))
    return chosen.to_pandas(date_as_object=False)


def _read_result(rule: Expectation, item: Any | None, *, rows: int) -> "RuleResult":
    numbers: list[int] = []
    count = 0
    if item is not None:
        _success(item, rule.rule)
        for entry in item.result.get("unexpected_index_list") or []:
            found = entry[ROW]
            numbers.extend(found if isinstance(found, list) else [found])
        count = int(item.result.get("unexpected_count") or 0)
    if count != len(numbers):
        raise PipelineError(f"rule {rule.rule}: {count} rows broke it but {len(numbers)} were named")
    return RuleResult(
        rule=rule.rule,
        level=rule.level,
        says=rule.says,
        next_step=rule.next_step,
        met=item is None,
        broken_rows=tuple(sorted(int(number) for number in numbers)),
        broken_count=count,
        share=round(count / rows, 6) if rows else 0.0,
    )


def _raised(info: Mapping[str, Any] | None) -> bool:
    """Whether evaluating raised: the library reports it either flat or once per metric."""
    if not info:
        return False
    if info.get("raised_exception"):
        return True
    return any(isinstance(part, Mapping) and part.get("raised_exception") for part in info.values())


@dataclass(frozen=True)
class RuleResult:
    """What one rule found: `met` is false when broken; row numbers ascend; share is of all rows of the file."""

    rule: str
    level: str
    says: str
    next_step: str
    met: bool
    broken_rows: tuple[int, ...]
    broken_count: int
    share: float
