"""Reads `expectations/extracts/*.yml`, one file an extract, and says precisely what does not hold together."""

import re
from functools import cache
from pathlib import Path

import yaml
from pydantic import ValidationError

from pipeline.contracts.extract_checks import inconsistencies
from pipeline.contracts.extract_contract import ExtractContract
from pipeline.contracts.extract_format import Format
from pipeline.contracts.extract_parts import Column, Expectation
from pipeline.errors import ContractError

__all__ = ["Column", "Expectation", "ExtractContract", "Format", "check_name", "load_extracts"]


@cache
def load_extracts(project: Path) -> dict[str, ExtractContract]:
    """Every extract contract by its name; raises ContractError naming the file and the field."""
    contracts: dict[str, ExtractContract] = {}
    owners: dict[str, str] = {}
    for path in sorted((project / "expectations" / "extracts").glob("*.yml")):
        contract = _read(path)
        for rule in contract.expectations:
            if rule.rule in owners:
                raise _wrong(path, f"expectations: {rule.rule} is taken by {owners[rule.rule]}")
            owners[rule.rule] = path.name
        contracts[contract.extract] = contract
    if not contracts:
        raise ContractError(
            "No extract is declared",
            where="expectations/extracts",
            next_step="restore the project's own files",
        )
    return contracts


def _read(path: Path) -> ExtractContract:
    try:
        contract = ExtractContract.model_validate(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
    except yaml.YAMLError as error:
        raise _wrong(path, "is not YAML") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "(file)"
        raise _wrong(path, f"{field}: {first['msg']}") from error
    if contract.extract != path.stem:
        raise _wrong(path, f"extract: must be {path.stem}, as the file is named")
    for problem in inconsistencies(contract):
        raise _wrong(path, problem)
    return contract


def _wrong(path: Path, problem: str) -> ContractError:
    return ContractError(
        "An extract contract does not hold together",
        where=f"{path.name}, {problem}",
        next_step="correct the file",
    )


def check_name(name: str) -> bool:
    """Whether a sender or file name holds only what is safe in an id and in a path."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}", name) is not None
