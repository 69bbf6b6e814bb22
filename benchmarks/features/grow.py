"""A home of more people than a demo's: its people again under other keys, as often as it takes.

Events and registrations as they lie in the store, sorted and in slices of a delivery, with everything of one copy under
keys of its own. The histories repeat, so nothing can be learned from such a home; what it costs to work on it can.
"""

import json
import shutil
from pathlib import Path

# What a copy needs keys of its own for: persons, rows, stays, households.
KEYED = {"event": ("row_key", "scope_key", "spell_key"), "registration": ("row_key", "household_key")}
TAKEN = ("ledger.db", "audit-anchor.jsonl", "policy.yml", "vault", "models")
TABLES = ("reference_organisation", "number_change")
GROWN = "grown.json"


def grow(base: Path, home: Path, *, people: int) -> dict[str, int]:
    """Make `home` from the home of a demo, with about so many people registered; a home made before is left."""
    if (home / GROWN).exists():
        return dict(json.loads((home / GROWN).read_text()))
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    for name in TAKEN:
        place = base / name
        if place.is_dir():
            shutil.copytree(place, home / name)
        elif place.exists():
            shutil.copy2(place, home / name)
    for name in TABLES:
        if (base / "pseudonymised" / name).exists():
            shutil.copytree(base / "pseudonymised" / name, home / "pseudonymised" / name)
    copies = max(1, round(people / _registered(base)))
    rows = {name: _copied(base, home, name, copies=copies) for name in KEYED}
    told = {"copies": copies, **rows}
    (home / GROWN).write_text(json.dumps(told))
    return told


def _registered(base: Path) -> int:
    """People with a registration, of which a demo of 20,000 has about as many."""
    import pyarrow.compute as pc

    from pipeline.store import layout, tables

    rows = tables.read(layout.table(base, "registration"), columns=["person_key"])
    return int(pc.count_distinct(rows["person_key"]).as_py())


def _copied(base: Path, home: Path, name: str, *, copies: int) -> int:
    """Write each delivery's slice of a table with all copies of its rows, sorted as `events` sorts them."""
    import duckdb

    from pipeline.steps.features.events import ORDER, ROWS_AT_ONCE
    from pipeline.store import layout, tables

    source, target, written = layout.table(base, name), layout.table(home, name), 0
    layout.spill(home).mkdir(parents=True, exist_ok=True)
    with duckdb.connect(config={"memory_limit": "3GB", "temp_directory": str(layout.spill(home))}) as engine:
        for delivery in tables.slices(source, column="delivery_id"):
            rows = tables.read(source, column="delivery_id", values=[delivery])
            engine.register("stored", rows)
            statement = (
                f"select * replace ({_other_keys(rows.column_names, name)}) from stored, range({copies}) as part(copy) "
                f"order by {', '.join(ORDER)}"
            )
            stream = engine.sql(statement).project(", ".join(rows.column_names)).to_arrow_reader(ROWS_AT_ONCE)
            written += tables.replace_slices_with(target, stream, column="delivery_id", values=[delivery])
            engine.unregister("stored")
    return written


def _other_keys(columns: list[str], name: str) -> str:
    """A key as long as the one it stands for and under the same key id, so that buckets and reading stay."""
    person = "case when copy = 0 then person_key else left(person_key, 10) || md5(person_key || '.' || copy) end"
    others = (
        f"case when copy = 0 then {column} else md5({column} || '.' || copy) || substr({column}, 33) end as {column}"
        for column in KEYED[name]
        # A submission's scope is its sender's: every copy of it is in the same submission.
        if column in columns and column != "scope_key"
    )
    return ", ".join([f"{person} as person_key", *others])
