"""Columns that rules may name in any extract without the contract writing their SQL (DuckDB).

`has_<column>` for a column with `required_when`; `is_check_digit_right` and `is_number_given` of the NHS number.
Only those that a rule names are worked out, so that nothing is computed for nobody.
"""

from collections.abc import Mapping
from typing import Any

CHECK_DIGIT = "is_check_digit_right"
NUMBER_GIVEN = "is_number_given"


def given_columns(declared: dict[str, Any]) -> dict[str, Any]:
    """The declaration with the SQL of such columns added to `derive`; a malformed one is returned as it is."""
    columns, rules = declared.get("columns"), declared.get("expectations")
    derive, person = declared.get("derive") or {}, declared.get("person")
    if not (isinstance(columns, list) and isinstance(rules, list) and isinstance(derive, dict)):
        return declared
    added = dict(_has_columns(columns))
    if isinstance(person, Mapping) and "nhs_number" in person:
        number = f'"{person["nhs_number"]}"'
        added |= {CHECK_DIGIT: check_digit_sql(number), NUMBER_GIVEN: f"{number} is not null"}
    named = {str((rule.get("kwargs") or {}).get("column")) for rule in rules if isinstance(rule, dict)}
    wanted = {name: sql for name, sql in added.items() if name in named and name not in derive}
    return {**declared, "derive": {**derive, **wanted}}


def _has_columns(columns: list[Any]) -> list[tuple[str, str]]:
    found = []
    for column in columns:
        if isinstance(column, dict) and column.get("required_when"):
            name = column["name"] if column.get("type") == "text" else f"{column['name']}_as_sent"
            found.append((f"has_{column['name']}", required_sql(column["required_when"], name)))
    return found


def required_sql(condition: str, column: str) -> str:
    """False where the condition holds and the column is empty; a condition that cannot be judged asks nothing."""
    return f'not coalesce(({condition}), false) or "{column}" is not null'


def check_digit_sql(number: str) -> str:
    """Whether ten digits end in the right check digit (as `rules.nhs_number.is_valid`); null when not ten digits."""
    weighted = " + ".join(f"{11 - place} * try_cast({number}[{place}] as smallint)" for place in range(1, 10))
    right = f"(11 - ({weighted}) % 11) % 11 = try_cast({number}[10] as smallint)"
    # Ten equal digits pass the check but are what systems write for "unknown".
    varied = f"{number} <> repeat({number}[1], 10)"
    return f"case when regexp_full_match({number}, '[0-9]{{10}}') then {right} and {varied} end"
