"""Put other pseudonyms in the place of those in the store's tables, and look for any that were left.

Tables are found by what they hold, not by a list that could go stale: every Delta table below the home with a column
that names people. A slice is written anew in one commit; one that is under the new keys already is left alone.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.store import tables

COLUMN = "person_key"
_CHUNK = 2**22


def person_tables(home: Path) -> dict[Path, list[str]]:
    """Every table of the home that names people by pseudonym, with the columns that do, in order of path."""
    from deltalake import DeltaTable

    found = {}
    for log in sorted([*home.glob("identified/**/_delta_log"), *home.glob("pseudonymised/**/_delta_log")]):
        columns = [field.name for field in DeltaTable(str(log.parent)).schema().fields if field.name.endswith(COLUMN)]
        if columns:
            found[log.parent] = columns
    return found


def keys_with(path: Path, columns: list[str], *, prefix: str) -> frozenset[str]:
    """Distinct pseudonyms in this table that begin so."""
    found: set[str] = set()
    rows = tables.read(path, columns=columns)
    for name in columns:
        # A table that holds no row yet may have written its columns without a type.
        distinct = rows[name].unique().cast(pa.string())
        found.update(distinct.filter(pc.fill_null(pc.starts_with(distinct, prefix), False)).to_pylist())
    return frozenset(found)


def rekey_table(path: Path, columns: list[str], new_keys: Mapping[str, str], *, prefix: str) -> tuple[int, int]:
    """Rows changed, and rows dropped because no new pseudonym is known for whom they name; old files go at once."""
    from deltalake import DeltaTable

    (slice_column,) = DeltaTable(str(path)).metadata().partition_columns
    old = pa.array(list(new_keys), type=pa.string())
    new = pa.array(list(new_keys.values()), type=pa.string())
    changed = dropped = 0
    for value in tables.slices(path, column=slice_column):
        named = tables.read(path, column=slice_column, values=[value], columns=columns)
        if not any(_begins(named[name], prefix).true_count for name in columns):
            continue
        rows = tables.read(path, column=slice_column, values=[value])
        known = _known(rows, columns, old, prefix=prefix)
        kept = rows.filter(known)
        for name in columns:
            renamed = pc.coalesce(pc.take(new, pc.index_in(kept[name], value_set=old)), kept[name])
            kept = kept.set_column(kept.column_names.index(name), name, renamed)
        # Buckets of people are ranges of keys: rows lie in the order of the new ones.
        reader = kept.sort_by(columns[0]).to_reader(tables.ROW_GROUP)
        tables.replace_slices_with(path, reader, column=slice_column, values=[value])
        changed, dropped = changed + kept.num_rows, dropped + rows.num_rows - kept.num_rows
    tables.delete_slices(path, column=slice_column, values=[])
    return changed, dropped


def files_with(home: Path, prefix: str, *, leave_out: Callable[[Path], bool]) -> list[str]:
    """Files below the home, Parquet apart, in whose bytes a pseudonym that begins so stands; by path, sorted."""
    found = []
    for path in sorted(path for path in home.rglob("*") if path.is_file()):
        place = path.relative_to(home)
        if path.suffix != ".parquet" and not leave_out(place) and _stands_in(path, prefix.encode()):
            found.append(place.as_posix())
    return found


def _begins(column: pa.ChunkedArray, prefix: str) -> pa.BooleanArray:
    answer = pc.fill_null(pc.starts_with(column, prefix), False)
    return pa.concat_arrays(answer.chunks) if answer.num_chunks else pa.array([], type=pa.bool_())


def _known(rows: pa.Table, columns: list[str], old: pa.Array, *, prefix: str) -> pa.ChunkedArray:
    """Rows that name nobody whose new pseudonym is not known."""
    known = pa.chunked_array([pa.array([True] * rows.num_rows, type=pa.bool_())])
    for name in columns:
        lost = pc.and_(
            pc.fill_null(pc.starts_with(rows[name], prefix), False), pc.invert(pc.is_in(rows[name], value_set=old))
        )
        known = pc.and_(known, pc.invert(lost))
    return known


def _stands_in(path: Path, wanted: bytes) -> bool:
    """Read piece by piece, each with the end of the one before it."""
    end = b""
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            if wanted in end + piece:
                return True
            end = piece[-len(wanted) :]
    return False
