"""Loads one SQL file and refuses it unless its header is whole and true.

A query is a function of named tables and named parameters: no clock, no chance, no `select *`. Nothing here runs
SQL, and no text is ever put into it.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipeline.errors import ContractError

HEADER = ("Title", "Grain", "Reads", "Window", "Source", "Null")
_HEADER_LINE = re.compile(r"^-- (?P<key>[A-Z][a-z]+): (?P<text>\S.*)$")
_CLOCK_OR_CHANCE = (exp.CurrentDate, exp.CurrentDatetime, exp.CurrentTime, exp.CurrentTimestamp, exp.Rand, exp.Uuid)
_FORBIDDEN_FUNCTIONS = frozenset(
    {"now", "today", "get_current_time", "get_current_timestamp", "current_localtime", "current_localtimestamp"}
    | {"transaction_timestamp", "statement_timestamp", "random", "setseed", "nextval"}
    | {"uuid", "uuidv4", "uuidv7", "gen_random_uuid"}
)


def load_query(path: Path) -> "Query":
    """Read and check one SQL file.

    Raises ContractError if a header line is missing, `Reads` is not exactly the tables it reads, it asks the clock
    or chance, selects `*`, or is not one readable `select`.
    """
    if not path.is_file():
        raise ContractError("A query is missing", where=_place(path), next_step="restore it from the repository")
    return _checked(path, path.read_text(encoding="utf-8"))


@lru_cache(maxsize=256)
def _checked(path: Path, text: str) -> "Query":
    """The same text is parsed once: training asks for the same queries on many index dates."""
    header = _header(path, text)
    tree = _tree(path, text)
    _refuse_clock_chance_and_star(path, tree)
    reads = _tables(tree)
    declared = frozenset(part.strip() for part in header["Reads"].split(","))
    if declared != reads:
        differing = ", ".join(sorted(declared ^ reads))
        raise ContractError(
            "The Reads line is not what the query reads",
            where=f"{_place(path)}: {differing}",
            next_step="name in Reads every table the query reads, and no other",
        )
    parameters = frozenset(str(found.this) for found in tree.find_all(exp.Placeholder))
    return Query(name=path.stem, path=path, text=text, header=header, reads=reads, parameters=parameters)


def _header(path: Path, text: str) -> dict[str, str]:
    header: dict[str, str] = {}
    for expected, line in zip(HEADER, text.splitlines()[: len(HEADER)], strict=False):
        found = _HEADER_LINE.match(line)
        if found is None or found["key"] != expected:
            break
        header[expected] = found["text"].strip()
    if len(header) < len(HEADER):
        raise ContractError(
            f"The query's header has no {HEADER[len(header)]} line in its place",
            where=_place(path),
            next_step=f"begin the file with six comment lines, in this order: {', '.join(HEADER)}",
        )
    return header


def _tree(path: Path, text: str) -> exp.Query:
    try:
        statements = [tree for tree in sqlglot.parse(text, dialect="duckdb") if tree is not None]
    except SqlglotError as error:
        # The parser's own message quotes SQL, never data: a query holds none.
        raise ContractError("The query cannot be read", where=f"{_place(path)}: {error}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise ContractError("A query file holds exactly one select", where=_place(path))
    return statements[0]


def _refuse_clock_chance_and_star(path: Path, tree: exp.Query) -> None:
    for function in tree.find_all(*_CLOCK_OR_CHANCE, exp.Anonymous):
        is_known = not isinstance(function, exp.Anonymous)
        if is_known or str(function.this).lower() in _FORBIDDEN_FUNCTIONS:
            raise ContractError(
                "A query may not ask the clock or chance",
                where=f"{_place(path)}: {function.sql(dialect='duckdb')}",
                next_step="pass what it needs as a parameter",
            )
    for star in tree.find_all(exp.Star):
        if not isinstance(star.parent, exp.Count):
            raise ContractError("A query lists its columns", where=f"{_place(path)}: select *")


def _tables(tree: exp.Query) -> frozenset[str]:
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    return frozenset(table.name for table in tree.find_all(exp.Table) if table.name not in own)


def _place(path: Path) -> str:
    return "/".join(path.parts[-3:])


@dataclass(frozen=True)
class Query:
    """One SQL file: its text, its six header lines, the tables it reads and the parameters it mentions."""

    name: str
    path: Path
    text: str
    header: dict[str, str]
    reads: frozenset[str]
    parameters: frozenset[str]
