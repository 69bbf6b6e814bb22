"""What should become of each kind of dirty row, and under which rule of the contract its sender is told.

The rule is found in the contract by the column it asserts on, so that it stays right when rules are renumbered.
"""

from pipeline.contracts.extract import ExtractContract
from pipeline.synthetic.deliveries.dirt_plan import ROW_KINDS
from pipeline.synthetic.deliveries.shapes import SHAPES

# What becomes of a row: set apart under a rule, kept and counted under one, kept apart at linkage for want of a
# person, counted as a repeat, used in place of an older version, or counted after linkage.
SET_APART, COUNTED, NOBODY, REPEAT, NEWER, AFTER_LINKAGE = (
    "set_apart",
    "counted",
    "nobody",
    "repeat",
    "newer_version",
    "after_linkage",
)
_COMPUTED = {
    "invalid_check_digit": "is_check_digit_right",
    "missing_nhs_number": "is_number_given",
    "pseudo_practice": "is_practice_known",
    "impossible_pressure": "systolic_pressure_mmhg",
    "impossible_body_mass": "body_mass_index",
}
_WITHOUT_RULE = {
    "exact_duplicate": REPEAT,
    "withdrawn": NEWER,
    "resubmission": NEWER,
    "after_death": AFTER_LINKAGE,
}


def expected(contract: ExtractContract) -> dict[str, dict[str, str]]:
    """By kind of dirty row: what becomes of it, and the rule ('' where no rule of the contract speaks of it)."""
    if contract.extract not in SHAPES:
        return {}
    return {kind: _expected(contract, kind) for kind in ROW_KINDS}


def _expected(contract: ExtractContract, kind: str) -> dict[str, str]:
    if kind in _WITHOUT_RULE:
        return {"becomes": _WITHOUT_RULE[kind], "rule": ""}
    column = _column(contract, kind)
    for rule in contract.expectations:
        # Values a rule takes as 'mostly' judge the file, not the row.
        if rule.kwargs.get("column") == column and rule.level != "refuse" and not _is_emptiness(rule.type):
            becomes = SET_APART if rule.level == "quarantine" else COUNTED
            if kind in ("invalid_check_digit", "missing_nhs_number"):
                becomes = NOBODY
            return {"becomes": becomes, "rule": rule.rule}
    return {"becomes": NOBODY if kind in ("invalid_check_digit", "missing_nhs_number") else COUNTED, "rule": ""}


def _column(contract: ExtractContract, kind: str) -> str:
    shape = SHAPES[contract.extract]
    if kind == "unknown_code":
        return _our_name(contract, shape.unknown[0])
    if kind == "impossible_unit":
        return next((name for name in contract.derive if "unit" in name), "")
    if kind == "birth_after_event":
        return next((name for name in contract.derive if name.endswith("after_birth")), "")
    if kind == "future_date":
        date = _our_name(contract, shape.date)
        fits = [name for name, sql in contract.derive.items() if date in sql and "received_on" in sql]
        return fits[0] if fits else ""
    return _COMPUTED[kind]


def _our_name(contract: ExtractContract, header: str) -> str:
    return next((column.name for column in contract.columns if column.header == header), "")


def _is_emptiness(kind: str) -> bool:
    return kind == "expect_column_values_to_not_be_null"
