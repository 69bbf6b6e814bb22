"""Code lists in use: those that ship with the code, with the ones a deployment has released in their place.

A release is a folder of its own, numbered, never changed, that holds every list that differs from the shipped one and
a manifest: who took it, why, which shipped rows each list replaces, and which models may score with it though they
learned with other rows. Reads and checks; `pipeline.steps.codelist.release` writes.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.contracts.codelist import CodeList, load_codelists, read_codelists
from pipeline.errors import ContractError
from pipeline.rules.run_key import digest_of

MANIFEST = "manifest.json"
_NUMBER = re.compile(r"^[0-9]{4}$")


class ReleasedList(BaseModel):
    """One list of a release: its version and rows, and the shipped rows it stands in place of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    sha256: str
    replaces_sha256: str


class Release(BaseModel):
    """A release's manifest. `accepted_models`: per model id, the digest of each list it may score with all the same."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: int
    run_key: str
    who: str
    reason: str
    at: str
    compared_on: str
    lists: dict[str, ReleasedList]
    accepted_models: dict[str, dict[str, str]]

    @property
    def digest(self) -> str:
        """What decides a result: lists and models, not who took them or when."""
        return digest_of({"lists": _dumped(self.lists), "accepted_models": self.accepted_models})


def releases(folder: Path) -> list[Release]:
    """Every release of a home, oldest first; raises ContractError for a manifest that does not hold together."""
    return [_manifest(path) for path in _folders(folder)]


def release_in_use(folder: Path, *, number: int | None = None) -> Release | None:
    """The newest release of a home, or the one of this number; None while the shipped lists are used as they are."""
    found = _folders(folder, number=number)
    return _manifest(found[-1]) if found else None


def codelists_in_use(
    project: Path, folder: Path, *, deciding: frozenset[str] = frozenset(), number: int | None = None
) -> Mapping[str, CodeList]:
    """Every code list by name: the newest release's (or that of this number) where it has one, else the shipped one.

    Raises ContractError if a shipped list has changed since the release replaced it: someone must decide which holds,
    and may look at those that are being decided.
    """
    found = _folders(folder, number=number)
    return _with_release(project, found[-1], deciding) if found else load_codelists(project)


def with_candidate(
    project: Path, folder: Path, candidate: Path
) -> tuple[Mapping[str, CodeList], Mapping[str, CodeList]]:
    """The code lists in use, and with those of `candidate` (some .csv and .yml) in their place.

    Raises ContractError if one is unknown to the code, has other columns, has no sealed version, or carries the
    version in use with other rows.
    """
    offered = read_codelists(candidate)
    present = codelists_in_use(project, folder, deciding=frozenset(offered))
    for name, codelist in offered.items():
        _check_fits(codelist, load_codelists(project).get(name))
        if not codelist.history:
            raise ContractError(
                "A code list has no sealed version",
                where=f"{name}.yml",
                next_step=f"riskstrat seal-codelists --from {candidate}",
            )
        if codelist.digest != present[name].digest and codelist.version == present[name].version:
            raise ContractError(
                "A code list has other rows than the one in use and the same version",
                where=f"{name}, {codelist.version}",
                next_step="give it a new version, then: riskstrat seal-codelists",
            )
    return present, {**present, **offered}


def digest_of_lists(codelists: Mapping[str, CodeList]) -> str:
    """SHA-256 that names a whole set of lists."""
    return digest_of({name: codelist.digest for name, codelist in codelists.items()})


@cache
def _with_release(project: Path, path: Path, deciding: frozenset[str]) -> Mapping[str, CodeList]:
    shipped, release = load_codelists(project), _manifest(path)
    lists = read_codelists(path) if release.lists else {}
    held = {name: (found.version, found.digest) for name, found in lists.items()}
    if held != {name: (entry.version, entry.sha256) for name, entry in release.lists.items()}:
        raise ContractError(
            "A release of code lists is not what its manifest says",
            where=f"codelists/{path.name}",
            next_step="restore it from the backup",
        )
    for name, codelist in lists.items():
        _check_fits(codelist, shipped.get(name))
        if name not in deciding and shipped[name].digest != release.lists[name].replaces_sha256:
            raise ContractError(
                f"Code list {name} was released here in place of a shipped one that has changed since",
                where=f"codelists/{path.name}: version {codelist.version}, shipped now {shipped[name].version}",
                next_step="decide which rows hold, and release the list again (docs/code-lists.md)",
            )
    return {**shipped, **lists}


def _check_fits(codelist: CodeList, shipped: CodeList | None) -> None:
    if shipped is None:
        raise ContractError(
            f"No query reads a code list named {codelist.name}",
            where=codelist.path.name,
            next_step="a new list comes with the query that reads it, in sql/",
        )
    if (codelist.columns, codelist.key) != (shipped.columns, shipped.key):
        raise ContractError(
            f"Code list {codelist.name} has other columns than the queries read",
            where=codelist.path.name,
            next_step=f"it should have {', '.join(shipped.columns)}, with key {', '.join(shipped.key)}",
        )


def _folders(folder: Path, *, number: int | None = None) -> list[Path]:
    """Folders of releases, oldest first; of one number where it is given (0, the shipped lists, has none)."""
    if not folder.is_dir():
        return []
    found = sorted(path for path in folder.iterdir() if _NUMBER.match(path.name) and (path / MANIFEST).is_file())
    return found if number is None else [path for path in found if int(path.name) == number]


def _manifest(path: Path) -> Release:
    try:
        content: Any = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        return Release(**content)
    except (ValidationError, TypeError, ValueError) as error:
        raise ContractError(
            "The manifest of a code list release does not hold together", where=f"codelists/{path.name}"
        ) from error


def _dumped(lists: Mapping[str, ReleasedList]) -> dict[str, dict[str, str]]:
    return {name: entry.model_dump() for name, entry in lists.items()}
