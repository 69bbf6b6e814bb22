"""Whether an extract contract holds together: every name it uses exists, and its formats leave no day uncovered."""

from collections.abc import Sequence
from datetime import date, timedelta

import sqlglot
from sqlglot import exp

from pipeline.contracts.extract_contract import ExtractContract
from pipeline.contracts.extract_format import Format
from pipeline.contracts.extract_parts import Column, Expectation

# Columns every file gets while it is checked; `derive` may read them and rules may name them.
GIVEN = ("received_on", "period_start", "period_end")
COMPUTED = ("is_readable", "is_only_version")
PLACEHOLDERS = ("$codes", "$rows_on_receipt", "$rows_on_header", "$minimum_rows")


def inconsistencies(contract: ExtractContract) -> list[str]:
    """What does not fit, each with its field; empty when the contract is sound."""
    names = [column.name for column in contract.columns]
    sent = {column.as_sent for column in contract.columns}
    known = {*names, *sent, *contract.derive, *GIVEN, *COMPUTED}
    problems = [f"columns: {name} is declared twice" for name in sorted(set(names)) if names.count(name) > 1]
    for field, columns in _referred(contract).items():
        problems += [f"{field}: no column {name}" for name in columns if name not in names]
    for column in contract.columns:
        problems += _column(column, {*names, *GIVEN})
    for name, expression in contract.derive.items():
        problems += [f"derive.{name}: {text}" for text in _unknown_in_sql(expression, {*names, *sent, *GIVEN})]
    for one in contract.formats:
        problems += [f"formats.{one.name}: {text}" for text in _format(one, contract)]
    problems += [f"formats: {text}" for text in _gaps(contract.formats)]
    for rule in contract.expectations:
        problems += [f"expectations.{rule.rule}: {text}" for text in _unknown_in_rule(rule, contract, known)]
    return problems


def _referred(contract: ExtractContract) -> dict[str, Sequence[str]]:
    person = contract.person
    return {
        "key": contract.key,
        "version": (contract.version,) if contract.version else (),
        "withdrawn": (contract.withdrawn.column,) if contract.withdrawn else (),
        "event_date": contract.event_date,
        "known_from": contract.known_from,
        "person": (person.nhs_number, person.birth_date) if person else (),
        "supersession.within": contract.supersession.within,
        "watch": tuple(watch.column for watch in contract.watch),
        "sample": tuple(name for row in contract.sample for name in row),
    }


def _column(column: Column, known: set[str]) -> list[str]:
    where = f"columns.{column.name}"
    if bool(column.required_when) != bool(column.required_when_says):
        return [f"{where}: required_when and required_when_says go together"]
    if column.required and column.required_when:
        return [f"{where}: is required always, so not under a condition"]
    return [f"{where}.required_when: {text}" for text in _unknown_in_sql(column.required_when or "true", known)]


def _unknown_in_sql(expression: str, known: set[str]) -> list[str]:
    try:
        tree = sqlglot.parse_one(expression, dialect="duckdb")
    except sqlglot.errors.ParseError:
        return ["is not an SQL expression"]
    return [f"no column {column.name}" for column in tree.find_all(exp.Column) if column.name not in known]


def _format(one: Format, contract: ExtractContract) -> list[str]:
    names = contract.names()
    named = [*one.headers, *one.absent, *one.values]
    problems = [f"no column {name}" for name in named if name not in names]
    problems += [f"{name} is absent and has a header" for name in one.absent if name in one.headers]
    if problems:
        return problems
    if len(set(one.header_line(contract.columns))) < len(one.names(contract.columns)):
        problems.append("two columns have the same header")
    for name, values in one.values.items():
        codes = contract.column(name).codes
        # Either would make a file of the current format change under an older format's mapping.
        problems += [f"values.{name}: a value of today is mapped" for old in values if old in codes]
        problems += [f"values.{name}: maps to no code" for new in values.values() if codes and new not in codes]
    return problems


def _gaps(formats: Sequence[Format]) -> list[str]:
    """One format is the current one, in force until further notice; no day before it is without a format."""
    current = [one for one in formats if one.is_current]
    if len(current) != 1 or current[0].valid_to is not None:
        return ["exactly one is the current one, without differences and without an end"]
    names = [one.name for one in formats]
    if len(set(names)) < len(names):
        return ["two have the same name"]
    ordered = sorted(formats, key=lambda one: one.valid_from or date.min)
    if ordered[0].valid_from is not None:
        return ["the first has no beginning"]
    reached = ordered[0].valid_to
    for one in ordered[1:]:
        if reached is not None and one.valid_from is not None and one.valid_from > reached + timedelta(days=1):
            return [f"no format is in force before {one.name}"]
        reached = None if one.valid_to is None or reached is None else max(reached, one.valid_to)
    return []


def _unknown_in_rule(rule: Expectation, contract: ExtractContract, known: set[str]) -> list[str]:
    column = rule.kwargs.get("column")
    problems = [f"no column {column}"] if column is not None and column not in known else []
    for argument, value in rule.kwargs.items():
        if isinstance(value, str) and value.startswith("$") and value not in PLACEHOLDERS:
            problems.append(f"{argument}: unknown placeholder {value}")
        if value == "$codes" and not any(c.codes for c in contract.columns if c.name == column):
            problems.append(f"{argument}: column {column} declares no codes")
    return problems
