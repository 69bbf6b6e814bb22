"""Asks Great Expectations about the distinct values of columns, and finds the rows of those it minds.

One ephemeral context per process. Judgements of few and unremarkable values (codes, yes and no, given or not) are
remembered for the next batch or delivery; what may tell who somebody is is asked anew each time and forgotten.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import PipelineError

PRESENCE_RULES = ("expect_column_values_to_not_be_null", "expect_column_values_to_be_null")
# Types of rules that judge one value at a time, whatever stands in other rows.
VALUE_RULES = (
    *PRESENCE_RULES,
    "expect_column_values_to_be_in_set",
    "expect_column_values_to_not_be_in_set",
    "expect_column_values_to_match_regex",
    "expect_column_values_to_not_match_regex",
    "expect_column_values_to_be_between",
    "expect_column_value_lengths_to_be_between",
    "expect_column_value_lengths_to_equal",
)
_POSITION = "position"
_NAME_ROWS = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": [_POSITION],
    "exclude_unexpected_values": True,  # Great Expectations writes failing values into results by default
    "partial_unexpected_count": 0,
    "return_unexpected_index_query": False,
}
# Columns of more distinct values stand in a frame of their own, so that the others need not be made as long.
_SHORT = 1_000
# Values that are remembered: short texts such as codes, and booleans; at most so many of one rule.
_REMEMBERED, _REMEMBERED_LENGTH = 2_000, 6
_memory: dict[tuple[str, str], dict[object, bool]] = {}


@dataclass(frozen=True)
class Question:
    """A rule about one column of a batch: its code, its type and arguments, and the column."""

    rule: str
    type: str
    kwargs: Mapping[str, Any]
    column: pa.ChunkedArray


def broken_masks(questions: Sequence[Question]) -> dict[str, pa.ChunkedArray]:
    """For every rule that a row breaks, which rows do (true or false per row of its column).

    Raises PipelineError when a rule could not be evaluated; its message holds no value.
    """
    kinds: dict[str, _Distinct] = {}
    for question in questions:
        name = question.kwargs["column"]
        kinds.setdefault(name, _Distinct.of(question.column))
    minded = _minded(questions, kinds)
    return {
        question.rule: mask
        for question in questions
        if minded[question.rule] and (mask := _rows_of(question, kinds, minded[question.rule])) is not None
    }


def looked_at(question: Question) -> int:
    """Rows that the rule judges: all of them where it asks for presence, else those that have a value."""
    rows = len(question.column)
    return rows if question.type in PRESENCE_RULES else rows - question.column.null_count


def judge_row_count(asked: Mapping[str, tuple[str, dict[str, Any]]], *, rows: int) -> dict[str, bool]:
    """Whether each rule about the number of rows is met; rule code to (type, arguments)."""
    import pandas as pd

    if not asked:
        return {}
    # The library counts the rows of this frame; there need be no columns in it.
    report = _validate(pd.DataFrame(index=pd.RangeIndex(rows)), asked, {"result_format": "BOOLEAN_ONLY"})
    return {code: _success(item, code) for code, item in report.items()}


def _minded(questions: Sequence[Question], kinds: Mapping[str, "_Distinct"]) -> dict[str, list[int]]:
    """Positions, among the distinct values of its column, of those that each rule minds."""
    minded: dict[str, list[int]] = {}
    waiting: list[Question] = []
    for question in questions:
        known = _recalled(question, kinds[question.kwargs["column"]])
        if known is None:
            waiting.append(question)
        else:
            minded[question.rule] = known
    for group in _groups(waiting, kinds):
        for rule, positions in _ask(group, kinds).items():
            minded[rule] = positions
    for question in waiting:
        _remember(question, kinds[question.kwargs["column"]], minded[question.rule])
    return minded


def _groups(questions: Sequence[Question], kinds: Mapping[str, "_Distinct"]) -> list[list[Question]]:
    """Questions about columns of few values together; those about one column of many values each apart."""
    together: list[Question] = []
    apart: dict[str, list[Question]] = {}
    for question in questions:
        name = question.kwargs["column"]
        is_short = question.type in PRESENCE_RULES or len(kinds[name].values) <= _SHORT
        (together if is_short else apart.setdefault(name, [])).append(question)
    return [group for group in (together, *apart.values()) if group]


def _ask(group: Sequence[Question], kinds: Mapping[str, "_Distinct"]) -> dict[str, list[int]]:
    """What Great Expectations minds: positions among the values it was shown, by rule."""
    import pandas as pd

    shown: dict[str, pa.Array] = {}
    asked: dict[str, tuple[str, dict[str, Any]]] = {}
    for question in group:
        name = question.kwargs["column"]
        values = kinds[name].presence if question.type in PRESENCE_RULES else kinds[name].values
        label = f"{name}?" if question.type in PRESENCE_RULES else name
        shown[label] = values
        whole = {argument: value for argument, value in question.kwargs.items() if argument != "mostly"}
        asked[question.rule] = (question.type, {**whole, "column": label})
    rows = max(len(values) for values in shown.values())
    if not rows:
        return {question.rule: [] for question in group}
    frame = {_POSITION: range(rows)}
    # A shorter column is filled up with its first value; what is said of those places is not listened to.
    frame |= {label: _series(_filled_up(values, rows=rows)) for label, values in shown.items()}
    report = _validate(pd.DataFrame(frame), asked, _NAME_ROWS)
    lengths = {label: len(values) for label, values in shown.items()}
    return {
        code: [place for place in _places(item, code) if place < lengths[asked[code][1]["column"]]]
        for code, item in report.items()
    }


def _filled_up(values: pa.Array, *, rows: int) -> pa.Array:
    if len(values) == rows:
        return values
    if not len(values):
        return pa.nulls(rows, values.type)
    return values.take(pa.array([*range(len(values)), *[0] * (rows - len(values))]))


def _series(values: pa.Array) -> Any:
    if pa.types.is_decimal(values.type):
        # Bounds need no exact decimals, and pandas would make each a Python object.
        values = values.cast(pa.float64())
    return values.to_pandas(date_as_object=False)


def _places(item: Any, code: str) -> list[int]:
    _success(item, code)
    places: list[int] = []
    for entry in item.result.get("unexpected_index_list") or []:
        found = entry[_POSITION]
        places.extend(found if isinstance(found, list) else [found])
    if int(item.result.get("unexpected_count") or 0) != len(places):
        raise PipelineError(f"rule {code}: {item.result.get('unexpected_count')} values broke it, {len(places)} named")
    return sorted(int(place) for place in places)


def _rows_of(question: Question, kinds: Mapping[str, "_Distinct"], places: Sequence[int]) -> pa.ChunkedArray | None:
    distinct = kinds[question.kwargs["column"]]
    if question.type in PRESENCE_RULES:
        minds_null, minds_given = 1 in places, 0 in places
        null = pc.is_null(question.column)
        if minds_null and minds_given:
            return pc.or_(null, pc.invert(null))
        mask = null if minds_null else pc.invert(null)
        return mask if pc.any(mask).as_py() else None
    return pc.is_in(question.column, value_set=distinct.values.take(pa.array(places)))


def _recalled(question: Question, distinct: "_Distinct") -> list[int] | None:
    """What the rule minds among these values, if each of them was judged before."""
    known = _memory.get(_key(question))
    values = distinct.remembered(presence=question.type in PRESENCE_RULES)
    if known is None or values is None or not all(value in known for value in values):
        return None
    return [place for place, value in enumerate(values) if known[value]]


def _remember(question: Question, distinct: "_Distinct", minded: Sequence[int]) -> None:
    values = distinct.remembered(presence=question.type in PRESENCE_RULES)
    known = _memory.setdefault(_key(question), {})
    if values is not None and len(known) + len(values) <= _REMEMBERED:
        places = set(minded)
        known |= {value: place in places for place, value in enumerate(values)}


def _key(question: Question) -> tuple[str, str]:
    given = sorted((name, value) for name, value in question.kwargs.items() if name not in ("column", "mostly"))
    return question.type, f"{question.column.type} {given!r}"


def _validate(
    frame: Any, asked: Mapping[str, tuple[str, dict[str, Any]]], result_format: dict[str, Any]
) -> dict[str, Any]:
    """The library's results by rule code; raises PipelineError when one is missing."""
    import great_expectations as gx

    suite = [{"type": kind, "kwargs": kwargs, "meta": {"rule": code}} for code, (kind, kwargs) in asked.items()]
    batch = _whole_frames().get_batch(batch_parameters={"dataframe": frame})
    report = batch.validate(gx.ExpectationSuite(name="rules", expectations=suite), result_format=result_format)
    results = {item.expectation_config.meta["rule"]: item for item in report.results}
    missing = sorted(set(asked) - set(results))
    if missing:
        raise PipelineError(f"Great Expectations gave no result for {', '.join(missing)}")
    return results


@cache
def _whole_frames() -> Any:
    """The library's context, made once in a process: making it costs more than judging a small file."""
    # Read when the library is imported: it would otherwise report usage to its makers.
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return (
        context.data_sources.add_pandas("file")
        .add_dataframe_asset("values")
        .add_batch_definition_whole_dataframe("all")
    )


def _success(item: Any, code: str) -> bool:
    """Whether the rule was met; raises PipelineError when evaluating it raised."""
    if _raised(item.exception_info):
        # The library's message may quote a value: the rule's code is all that is said.
        raise PipelineError(f"rule {code} ({item.expectation_config.type}) could not be evaluated")
    return bool(item.success)


def _raised(info: Mapping[str, Any] | None) -> bool:
    """Whether evaluating raised: the library reports it either flat or once per metric."""
    if not info:
        return False
    if info.get("raised_exception"):
        return True
    return any(isinstance(part, Mapping) and part.get("raised_exception") for part in info.values())


@dataclass(frozen=True)
class _Distinct:
    """What stands in a column: its distinct values without null, and whether there are given and missing ones."""

    values: pa.Array
    presence: pa.Array

    @staticmethod
    def of(column: pa.ChunkedArray) -> "_Distinct":
        unique = column.unique()
        # Whatever stands there, it is given; and then the missing.
        return _Distinct(unique.drop_null(), pa.array(["given", None], type=pa.string()))

    def remembered(self, *, presence: bool) -> list[object] | None:
        """The values, if they are few and such as may be kept in memory between files."""
        if presence:
            return [True, None]
        if pa.types.is_boolean(self.values.type):
            return list(self.values.to_pylist())
        if not pa.types.is_string(self.values.type) or len(self.values) > _SHORT:
            return None
        longest = pc.max(pc.utf8_length(self.values)).as_py() or 0
        return list(self.values.to_pylist()) if longest <= _REMEMBERED_LENGTH else None
