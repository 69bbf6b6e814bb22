"""One reader for every declaration that lies in a model's folder: plan, thresholds, watching.

Each says in its own words what is missing; what is wrong in a file is named by its field.
"""

import hashlib
from pathlib import Path
from typing import Any, Protocol, TypeVar

import yaml
from pydantic import ValidationError

from pipeline.contracts.faults import first_fault
from pipeline.errors import ContractError


class Named(Protocol):
    """A declaration that says which model it is of."""

    def __init__(self, **content: Any) -> None: ...

    @property
    def name(self) -> str: ...


Declaration = TypeVar("Declaration", bound=Named)


def read_model_file(path: Path, declaration: type[Declaration], *, called: str, absent: ContractError) -> Declaration:
    """The declaration of `models/<name>/<file>.yml` with its `digest` (SHA-256 of the bytes).

    `called` is what the file is called in a sentence ("The plan"). Raises `absent` when there is no file, and
    ContractError that names the field when it does not hold together or names another model than its folder.
    """
    if not path.is_file():
        raise absent
    where, raw = f"models/{path.parent.name}/{path.name}", path.read_bytes()
    verb = "do" if called.endswith("s") else "does"
    try:
        read = declaration(**yaml.load(raw, Loader=yaml.CSafeLoader), digest=hashlib.sha256(raw).hexdigest())
    except (ValidationError, TypeError, yaml.YAMLError) as error:
        raise ContractError(f"{called} {verb} not hold together", where=f"{where}: {first_fault(error)}") from error
    if read.name != path.parent.name:
        names = "name" if called.endswith("s") else "names"
        raise ContractError(f"{called} {names} another model than its folder", where=where)
    return read
