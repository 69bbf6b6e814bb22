"""Tables drawn in text, as the specifications use them.

Cells are parted by `|`, an empty cell is null, a rule of dashes is decoration. Values are typed by the relation's
shape.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pyarrow as pa

from pipeline.contracts.feature import FeatureConcept
from pipeline.engines import shapes

COVERED = {name: "yes" for name in shapes.COHORT.names if name.endswith("_covered")}


def drawn(table: str) -> list[dict[str, str | None]]:
    """Rows of a drawn table, by column, as text."""
    lines = [line.strip() for line in table.strip().splitlines() if set(line.strip()) - set("-+| ")]
    header = [cell.strip() for cell in lines[0].split("|")]
    rows = []
    for line in lines[1:]:
        cells = [cell.strip() or None for cell in line.split("|")]
        assert len(cells) == len(header), f"{len(cells)} cells under {len(header)} columns: {line}"
        rows.append(dict(zip(header, cells, strict=True)))
    return rows


def drawn_relation(table: str, schema: pa.Schema) -> pa.Table:
    """The drawn table in this shape; columns that are not drawn are null, but people are covered unless said."""
    rows = [(COVERED if schema is shapes.COHORT else {}) | row for row in drawn(table)]
    typed = [{name: value_of(text, schema.field(name).type) for name, text in row.items()} for row in rows]
    return shapes.relation(schema, typed)


def value_of(text: str | None, kind: pa.DataType) -> object:
    if text is None:
        return None
    if pa.types.is_boolean(kind):
        return {"yes": True, "no": False}[text]
    if pa.types.is_date(kind):
        return date.fromisoformat(text)
    if pa.types.is_integer(kind):
        return int(text)
    return Decimal(text) if pa.types.is_decimal(kind) else text


def expected_rows(table: str, concept: FeatureConcept) -> list[dict[str, object]]:
    """Drawn answers, typed as the concept declares its columns."""
    kinds = {column.name: column.type for column in concept.columns}
    return [{name: _answer(text, kinds.get(name, "text")) for name, text in row.items()} for row in drawn(table)]


def _answer(text: str | None, kind: str) -> object:
    if text is None or kind == "text":
        return text
    if kind == "boolean":
        return {"yes": True, "no": False}[text]
    return int(text) if kind == "integer" else float(text)


def same_rows(found: Sequence[dict[str, object]], expected: Sequence[dict[str, object]]) -> str:
    """What differs, one line a cell; empty if nothing does."""
    by_person = {row["person_key"]: row for row in found}
    drawn_people = {row["person_key"] for row in expected}
    lines = [f"{person}: in the cohort but not drawn" for person in sorted(by_person.keys() - drawn_people)]
    for row in expected:
        answer = by_person.get(row["person_key"], {})
        for name, value in row.items():
            if answer.get(name) != value or type(answer.get(name)) is not type(value):
                lines.append(f"{row['person_key']}.{name}: expected {value!r}, found {answer.get(name)!r}")
    return "\n".join(lines)
