"""The feature catalogue as text: every column, its meaning and null rule, and the drawn tables that prove it.

Reads the specifications (tests/spec) as text, without running them, and writes nothing: the command line does.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.contracts.codelist import CodeList
from pipeline.contracts.feature import FeatureColumn, FeatureConcept
from pipeline.errors import ContractError

_HEAD = """# Feature catalogue

Generated from `sql/features/*.yml`, `sql/codelists/*.yml` and the specifications under `tests/spec`; do not edit.
Each concept is one query, `sql/features/<concept>.sql`. The drawn tables are run as tests: given these events and
people, the query answers exactly this. An empty cell is null; columns of a person that are not drawn are null, except
that every source covers the person.
"""


def load_specs(project: Path) -> tuple["Spec", ...]:
    """Every specification under tests/spec, in order of file name.

    Raises ContractError if one lacks its title, docstring, tables or expectations, or they are not plain text.
    """
    return tuple(_spec(path) for path in sorted((project / "tests" / "spec").glob("test_spec_*.py")))


def feature_catalogue(
    concepts: Sequence[FeatureConcept], *, specs: Sequence["Spec"], codelists: Mapping[str, CodeList]
) -> str:
    """The whole page, in Markdown, ending in a newline."""
    columns = sum(len(concept.columns) for concept in concepts)
    parts = [_HEAD, f"{len(concepts)} concepts, {columns} columns.\n"]
    for concept in concepts:
        parts.append(_concept(concept))
        parts.extend(_drawn(spec) for spec in specs if concept.name in spec.concepts)
    parts.append(_codelists(codelists))
    return "\n".join(parts)


def _concept(concept: FeatureConcept) -> str:
    lines = [
        f"## {concept.title} (`{concept.name}`)",
        "",
        concept.rationale.strip(),
        "",
        f"Sources: {', '.join(concept.sources)}. Owner: {concept.owner}.",
        "",
        "| column | type | unit | meaning | null when | checks |",
        "|---|---|---|---|---|---|",
    ]
    lines += [_row(column) for column in concept.columns]
    return "\n".join([*lines, ""])


def _row(column: FeatureColumn) -> str:
    checks = [
        f"{'≥' if check.minimum is not None else '≤'} {_bound(check.minimum, check.maximum):g} ({check.level})"
        for check in column.checks
    ]
    cells = [f"`{column.name}`", column.type, column.unit or "", column.meaning, column.null_rule, ", ".join(checks)]
    return "| " + " | ".join(" ".join(cell.split()) for cell in cells) + " |"


def _bound(minimum: float | None, maximum: float | None) -> float:
    return next(bound for bound in (minimum, maximum) if bound is not None)


def _drawn(spec: "Spec") -> str:
    lines = [f"### Specification: {spec.title}", "", spec.description, "", "People and events:", ""]
    lines += ["```text", spec.cohort, "```", ""]
    if len(spec.event.splitlines()) > 1:
        lines += ["```text", spec.event, "```", ""]
    for expectation in spec.expectations:
        lines += [f"On {expectation.on}: {expectation.says}", "", "```text", expectation.rows, "```", ""]
    return "\n".join(lines)


def _codelists(codelists: Mapping[str, CodeList]) -> str:
    lines = ["## Code lists", "", "| list | what | source | version | licence | note |", "|---|---|---|---|---|---|"]
    for name in sorted(codelists):
        found = codelists[name]
        cells = [f"`{name}`", found.title, found.source, found.version, found.licence, found.note]
        lines.append("| " + " | ".join(" ".join(cell.split()) for cell in cells) + " |")
    return "\n".join([*lines, ""])


def _spec(path: Path) -> "Spec":
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    expectations = tuple(found for function in functions for found in _expectations(path, function))
    description = ast.get_docstring(tree)
    missing = [name for name in ("title", "cohort", "event") if name not in texts]
    if missing or not description or not expectations:
        raise ContractError(
            "A specification has a docstring, title, cohort, event and at least one expectation", where=path.name
        )
    return Spec(
        path=path,
        title=texts["title"],
        description=" ".join(description.split()),
        cohort=_tidy(texts["cohort"]),
        event=_tidy(texts["event"]),
        expectations=expectations,
    )


def _expectations(path: Path, function: ast.FunctionDef) -> list["Expectation"]:
    says = ast.get_docstring(function)
    found = []
    for call in ast.walk(function):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "expect":
            given = {word.arg: word.value.value for word in call.keywords if isinstance(word.value, ast.Constant)}
            if set(given) != {"features", "on", "rows"} or not says:
                raise ContractError(
                    "An expectation has a sentence, and features, on and rows as plain text",
                    where=f"{path.name}: {function.name}",
                )
            plain = {name: str(value) for name, value in given.items()}
            rows = _tidy(plain["rows"])
            found.append(Expectation(plain["features"], plain["on"], " ".join(says.split()), rows))
    return found


def _tidy(table: str) -> str:
    return "\n".join(line.strip() for line in table.strip().splitlines())


@dataclass(frozen=True)
class Expectation:
    """What a concept answers on an index date: a sentence and a drawn table."""

    concept: str
    on: str
    says: str
    rows: str


@dataclass(frozen=True)
class Spec:
    """One specification, as text."""

    path: Path
    title: str
    description: str
    cohort: str
    event: str
    expectations: tuple[Expectation, ...]

    @property
    def concepts(self) -> frozenset[str]:
        return frozenset(expectation.concept for expectation in self.expectations)
