"""Code lists: which codes mean what, with an owner, a source and a version each (sql/codelists/<name>.csv and .yml).

Checks that a list says what it holds and holds it once. Judges no code: whether a list is right is its owner's to say.
"""

import csv
import hashlib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.errors import ContractError

ColumnType = Literal["text", "integer", "decimal"]


@cache
def load_codelists(project: Path) -> dict[str, "CodeList"]:
    """Every code list of the project by name, in order of name.

    Raises ContractError if a list has no declaration or no rows, its columns are not the declared ones, a key
    column is empty, or a key stands twice.
    """
    folder = project / "sql" / "codelists"
    stems = {path.stem for path in folder.glob("*.csv")} | {path.stem for path in folder.glob("*.yml")}
    if not stems:
        raise ContractError("There are no code lists", where="sql/codelists")
    return {stem: _load(folder, stem) for stem in sorted(stems)}


def _load(folder: Path, stem: str) -> "CodeList":
    path, declaration = folder / f"{stem}.csv", folder / f"{stem}.yml"
    for needed in (path, declaration):
        if not needed.is_file():
            raise ContractError("A code list is a .csv and a .yml of the same name", where=f"missing {needed.name}")
    try:
        content = yaml.load(declaration.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        codelist = CodeList(name=stem, path=path, digest=digest, **content)
    except (ValidationError, TypeError, yaml.YAMLError) as error:
        raise ContractError(
            "The declaration of a code list does not hold together", where=f"{declaration.name}: {_fault(error)}"
        ) from error
    _check_rows(codelist)
    return codelist


def _check_rows(codelist: "CodeList") -> None:
    where = codelist.path.name
    if not set(codelist.key) <= set(codelist.columns):
        raise ContractError("The key of a code list names a column it does not have", where=where)
    with codelist.path.open(newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        if list(reader.fieldnames or []) != list(codelist.columns):
            raise ContractError(
                "The columns of a code list are not the declared ones",
                where=f"{where}: {', '.join(reader.fieldnames or [])}",
                next_step=f"it should have {', '.join(codelist.columns)}",
            )
        keys = Counter(tuple(row[column] or "" for column in codelist.key) for row in reader)
    if not keys:
        raise ContractError("A code list is empty", where=where)
    if any("" in key for key in keys):
        raise ContractError("A code list has a row without its key", where=where)
    doubled = sorted(key for key, times in keys.items() if times > 1)
    if doubled:
        raise ContractError(
            "A code stands twice in a code list", where=f"{where}: {'; '.join(map(', '.join, doubled))}"
        )


def _fault(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return str(error).splitlines()[0]


class CodeList(BaseModel):
    """One list: where it comes from, its columns with their types, what makes a row unique, and its bytes' digest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    owner: str
    source: str
    version: str
    licence: str
    note: str = ""
    columns: dict[str, ColumnType]
    key: tuple[str, ...]
    path: Path
    digest: str

    def rows(self) -> list[dict[str, str]]:
        """The list as it lies on the disk, every value as text."""
        with self.path.open(newline="", encoding="utf-8") as handle:
            return list(csv.DictReader(handle))
