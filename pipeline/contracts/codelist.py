"""Code lists: which codes mean what, with an owner, a source and a version each (sql/codelists/<name>.csv and .yml).

Checks that a list says what it holds, holds it once, and is the list its version names: the declaration ends in a
history of versions with the digest of the rows each had. Judges no code: whether a list is right is its owner's to say.
"""

import csv
import hashlib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.contracts.faults import first_fault
from pipeline.errors import ContractError

ColumnType = Literal["text", "integer", "decimal"]


@cache
def load_codelists(project: Path) -> dict[str, "CodeList"]:
    """Every code list of the project by name, in order of name.

    Raises ContractError if a list has no declaration or no rows, its columns are not the declared ones, a key
    column is empty, or a key stands twice.
    """
    return read_codelists(project / "sql" / "codelists")


def read_codelists(folder: Path) -> dict[str, "CodeList"]:
    """The code lists of a folder by name; the same errors as `load_codelists`."""
    stems = {path.stem for path in folder.glob("*.csv")} | {path.stem for path in folder.glob("*.yml")}
    if not stems:
        raise ContractError("There are no code lists", where="/".join(folder.parts[-2:]))
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
            "The declaration of a code list does not hold together", where=f"{declaration.name}: {first_fault(error)}"
        ) from error
    _check_rows(codelist)
    if codelist.history:
        _check_version(codelist)
    return codelist


def seal(folder: Path, name: str) -> bool:
    """Write the version and digest of a list at the end of its declaration; False when they stand there already.

    Raises ContractError if the rows have changed and the version has not: one version is one list for good.
    """
    declaration = folder / f"{name}.yml"
    content = yaml.load(declaration.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    digest = hashlib.sha256((folder / f"{name}.csv").read_bytes()).hexdigest()
    history = [Sealed(**entry) for entry in content.get("history", ())]
    if history and history[-1] == Sealed(version=content["version"], sha256=digest):
        return False
    if any(entry.version == content["version"] for entry in history):
        raise _another_list(name)
    text = declaration.read_text(encoding="utf-8").rstrip("\n") + "\n"
    quoted = str(content["version"]).replace("'", "''")
    text += "" if history else "history:\n"
    declaration.write_text(f"{text}- version: '{quoted}'\n  sha256: {digest}\n", encoding="utf-8")
    return True


def _another_list(name: str) -> ContractError:
    return ContractError(
        "The rows of a code list have changed and its version has not",
        where=f"{name}.csv",
        next_step=f"give it a new version in {name}.yml, then: riskstrat seal-codelists",
    )


def _check_version(codelist: "CodeList") -> None:
    versions = [entry.version for entry in codelist.history]
    if len(set(versions)) < len(versions):
        raise ContractError("A version stands twice in the history of a code list", where=f"{codelist.name}.yml")
    if codelist.history[-1].version != codelist.version:
        raise ContractError(
            "The version of a code list is not the last of its history",
            where=f"{codelist.name}.yml: {codelist.version}",
            next_step="write its digest down: riskstrat seal-codelists",
        )
    if codelist.history[-1].sha256 != codelist.digest:
        raise _another_list(codelist.name)


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


class Sealed(BaseModel):
    """A version a list has had, and the SHA-256 of its .csv then."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    sha256: str


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
    history: tuple[Sealed, ...] = ()
    path: Path
    digest: str

    def rows(self) -> list[dict[str, str]]:
        """The list as it lies on the disk, every value as text."""
        with self.path.open(newline="", encoding="utf-8") as handle:
            return list(csv.DictReader(handle))
