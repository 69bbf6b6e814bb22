"""Delta tables cut into slices: one slice per delivery or per run, replaced whole and atomically.

A slice is a partition of the table (`delivery_id=…` or `run_key=…`). Writing the same slice again replaces it in
one commit, so a step killed half-way leaves the old slice whole. Readers name the slices they want, never "latest".
The partition column is not inside the data files; `read` gives it back as a column.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import PipelineError
from pipeline.store import slice_file

# The log would hold the least and greatest value of each column, person keys among them, and erasure cannot reach it.
_NO_STATISTICS = {"delta.dataSkippingNumIndexedCols": "0"}

_TELLING = ("person_key", "row_key", "source_row_number", "delivery_id")
_DIGESTED_AT_ONCE = 100_000
_COLUMNS_AT_ONCE = 16
# Rows whose least and greatest keys a reader can judge by: small enough that a bucket of people skips the rest.
ROW_GROUP = 65_536


def replace_slice(path: Path, rows: pa.Table, *, column: str, value: str) -> None:
    """Make `rows` the whole content of the slice `column = value`, in one commit.

    `rows` need not hold the column. An empty table clears the slice but keeps the table and its schema.
    """
    if column in rows.column_names:
        rows = rows.drop_columns([column])
    keyed = rows.append_column(column, pa.array([value] * rows.num_rows, type=pa.string()))
    replace_slices(path, keyed, column=column, values=[value])


def replace_slices(path: Path, rows: pa.Table, *, column: str, values: Sequence[str]) -> None:
    """Make `rows` (which hold the partition column) the whole content of these slices, in one commit."""
    replace_slices_with(path, rows.to_reader(), column=column, values=values)


def replace_slice_with(path: Path, rows: pa.RecordBatchReader, *, column: str, value: str) -> None:
    """Make a stream of rows the whole content of the slice, in one commit; no more than a few batches are in memory.

    The stream has at least one row and does not hold the column. What it raises is raised, and nothing is committed.
    """
    keyed_schema = rows.schema.append(pa.field(column, pa.string()))
    if not exists(path):
        replace_slices_with(path, _of(keyed_schema, []), column=column, values=[value])
    if _is_of(path, keyed_schema):
        # Delta's own writer holds on to what it cut into slices until the commit: 0.6 GB for each million wide rows.
        slice_file.replace_slice(path, rows, column=column, value=_safe(value), row_group=ROW_GROUP)
        return
    keyed = (
        pa.record_batch([*batch.columns, pa.array([value] * batch.num_rows, type=pa.string())], schema=keyed_schema)
        for batch in rows
    )
    # A column that a later release added, or another type of one.
    replace_slices_with(path, _of(keyed_schema, keyed), column=column, values=[value])


def _of(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_batches(schema, batches)


def _is_of(path: Path, given: pa.Schema) -> bool:
    """Whether the table has these columns, of these very types, and no other."""
    return dict(zip(given.names, given.types, strict=True)) == {field.name: field.type for field in schema(path)}


def replace_slices_with(path: Path, rows: pa.RecordBatchReader, *, column: str, values: Sequence[str]) -> int:
    """Make a stream of rows, which hold the partition column, the whole content of these slices; rows written.

    One commit, a few batches in memory, and the order of the stream is kept within a slice. An empty stream clears the
    slices but keeps the table and its schema. What the stream raises is raised, and nothing is committed.
    """
    counted = _Counted(rows)
    try:
        return _write_slices(path, counted, schema=rows.schema, column=column, values=values)
    except Exception:
        if counted.failed is not None:
            raise counted.failed from None
        raise


def _write_slices(path: Path, counted: "_Counted", *, schema: pa.Schema, column: str, values: Sequence[str]) -> int:
    from deltalake import DeltaTable, WriterProperties, write_deltalake

    listed = ", ".join(f"'{_safe(value)}'" for value in sorted(values))
    stream = pa.RecordBatchReader.from_batches(schema, counted)
    properties = WriterProperties(max_row_group_size=ROW_GROUP)
    path.mkdir(parents=True, exist_ok=True)
    if not DeltaTable.is_deltatable(str(path)):
        write_deltalake(
            str(path),
            stream,
            mode="append",
            partition_by=[column],
            configuration=_NO_STATISTICS,
            writer_properties=properties,
        )
    elif counted.is_empty:
        DeltaTable(str(path)).delete(f"{column} in ({listed})")
    else:
        write_deltalake(
            str(path),
            stream,
            mode="overwrite",
            schema_mode="merge",  # a column a later release added: older slices have it as null
            partition_by=[column],
            predicate=f"{column} in ({listed})",
            writer_properties=properties,
        )
    return counted.rows


class _Counted:
    """A stream of batches that knows whether there is any row, and remembers how many went by and what ended it."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self.rows = 0
        # The writer would tell an error of the stream as one of its own.
        self.failed: Exception | None = None
        self._batches = (batch for batch in batches if batch.num_rows)
        self._first = next(self._batches, None)

    @property
    def is_empty(self) -> bool:
        return self._first is None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in chain([] if self._first is None else [self._first], self._batches):
                self.rows += batch.num_rows
                yield batch
        except Exception as error:
            self.failed = error
            raise


def schema(path: Path) -> pa.Schema:
    """The columns of a table that was written, the partition column among them."""
    from deltalake import DeltaTable

    return DeltaTable(str(path)).to_pyarrow_dataset().schema


def clear_slice(path: Path, *, column: str, value: str, schema: pa.Schema) -> None:
    """Leave the slice without rows; a table that was never written is made, so that readers find its columns."""
    if not exists(path) or files(path, column=column, values=[value]):
        replace_slice(path, schema.empty_table(), column=column, value=value)


def files(path: Path, *, column: str, values: Sequence[str]) -> list[str]:
    """Data files of the named slices, sorted; slices that were never written have none."""
    from deltalake import DeltaTable

    if not values or not DeltaTable.is_deltatable(str(path)):
        return []
    wanted = {f"{column}={value}" for value in values}
    return sorted(str(file) for file in _in_use(path) if file.parent.name in wanted)


def slices(path: Path, *, column: str) -> list[str]:
    """Values of the partition column that hold at least one row."""
    from deltalake import DeltaTable

    if not DeltaTable.is_deltatable(str(path)):
        return []
    return sorted({file.parent.name.removeprefix(f"{column}=") for file in _in_use(path)})


def read(
    path: Path,
    *,
    column: str | None = None,
    values: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> pa.Table:
    """Rows of the named slices (all, without `column`), the partition column included.

    Raises PipelineError if the table was never written.
    """
    from deltalake import DeltaTable

    if not DeltaTable.is_deltatable(str(path)):
        raise PipelineError(f"the store holds no table {path.name}: run the step that writes it first")
    table = DeltaTable(str(path))
    chosen = [(column, "in", list(values))] if column is not None and values is not None else None
    return table.to_pyarrow_table(filters=chosen, columns=list(columns) if columns else None)


def batches(path: Path, *, column: str, value: str, rows: int) -> Iterator[pa.Table]:
    """The rows of one slice, about so many at a time, with the partition column; at least one table, maybe empty."""
    from deltalake import DeltaTable

    dataset = DeltaTable(str(path)).to_pyarrow_dataset()
    stream = dataset.to_batches(
        filter=pc.field(column) == value, batch_size=rows, batch_readahead=1, fragment_readahead=1
    )
    gathered: list[pa.RecordBatch] = []
    held = sent = 0
    for batch in stream:
        gathered.append(batch)
        held += batch.num_rows
        if held >= rows:
            yield pa.Table.from_batches(gathered, schema=dataset.schema)
            gathered, held, sent = [], 0, sent + 1
    if held or not sent:
        yield pa.Table.from_batches(gathered, schema=dataset.schema)


def some_columns(
    path: Path, *, column: str, values: Sequence[str], columns: Sequence[str], rows: int
) -> Iterator[pa.Table]:
    """These columns of the named slices, at most so many rows at a time; nothing of slices that were never written."""
    from deltalake import DeltaTable

    if not values or not DeltaTable.is_deltatable(str(path)):
        return
    dataset = DeltaTable(str(path)).to_pyarrow_dataset()
    chosen = pc.field(column).isin(list(values))
    stream = dataset.to_batches(
        columns=list(columns), filter=chosen, batch_size=rows, batch_readahead=2, fragment_readahead=1
    )
    yield from (pa.Table.from_batches([batch]) for batch in stream)


def exists(path: Path) -> bool:
    """Whether the table was ever written."""
    from deltalake import DeltaTable

    return DeltaTable.is_deltatable(str(path))


def delete_people(path: Path, *, person_keys: Sequence[str], leaving: Sequence[str] = ()) -> int:
    """Delete every row of these people from all slices and drop the files that held them; rows deleted.

    With `leaving`, each of them leaves a row that holds these columns of it and nothing else, nobody's and withdrawn:
    what it had replaced stays replaced.

    Erasure must reach the bytes. Slices are written anew without the people, one commit each, because a deletion by
    predicate would put their keys into the table's log; superseded files go at once instead of being kept for history.
    """
    from deltalake import DeltaTable

    if not person_keys or not DeltaTable.is_deltatable(str(path)):
        return 0
    table = DeltaTable(str(path))
    (column,) = table.metadata().partition_columns
    gone = pa.array(sorted({_safe(key) for key in person_keys}), type=pa.string())
    held = read(path, columns=[column, "person_key"])
    affected = held.filter(pc.is_in(held["person_key"], value_set=gone))
    for value in sorted(affected[column].unique().to_pylist()):
        rows = read(path, column=column, values=[value])
        is_gone = pc.is_in(rows["person_key"], value_set=gone)
        kept = rows.filter(pc.invert(is_gone))
        if leaving:
            kept = pa.concat_tables([kept, _bare(rows.filter(is_gone), leaving=(*leaving, column))])
        replace_slices_with(path, kept.to_reader(ROW_GROUP), column=column, values=[value])
    DeltaTable(str(path)).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    return int(affected.num_rows)


def _bare(rows: pa.Table, *, leaving: Sequence[str]) -> pa.Table:
    """The rows with only these columns left, marked as withdrawn."""
    columns = [
        rows[field.name] if field.name in leaving else pa.nulls(rows.num_rows, field.type) for field in rows.schema
    ]
    place = rows.column_names.index("is_withdrawn")
    columns[place] = pa.repeat(pa.scalar(True), rows.num_rows)
    return pa.table(columns, schema=rows.schema)


def slice_sizes(path: Path, *, column: str) -> dict[str, int]:
    """Bytes of each slice that holds at least one row."""
    from deltalake import DeltaTable

    sizes: dict[str, int] = {}
    if DeltaTable.is_deltatable(str(path)):
        for file in _in_use(path):
            value = file.parent.name.removeprefix(f"{column}=")
            sizes[value] = sizes.get(value, 0) + file.stat().st_size
    return sizes


def superseded(path: Path) -> list[Path]:
    """Data files that no version in use refers to: rows written anew since, and what a killed write left."""
    from deltalake import DeltaTable

    if not DeltaTable.is_deltatable(str(path)):
        return []
    in_use = set(_in_use(path))
    return sorted(file for file in path.rglob("*.parquet") if "_delta_log" not in file.parts and file not in in_use)


def delete_slices(path: Path, *, column: str, values: Sequence[str]) -> None:
    """Delete these slices, down to the bytes, with everything else of the table that is not in use any more."""
    from deltalake import DeltaTable

    if not DeltaTable.is_deltatable(str(path)):
        return
    if values:
        listed = ", ".join(f"'{_safe(value)}'" for value in sorted(values))
        DeltaTable(str(path)).delete(f"{column} in ({listed})")
    # Vacuum asks the log; a file of a write that was killed before its commit is in no log.
    DeltaTable(str(path)).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    for file in superseded(path):
        file.unlink()


def digest(table: pa.Table, *, leave_out: Sequence[str] = ()) -> str:
    """SHA-256 of the rows as a set with counts: row order, file layout and chunking do not matter."""
    kept = table.select(sorted(name for name in table.column_names if name not in leave_out))
    if kept.num_rows:
        # Any fixed order will do; columns that tell rows apart come first, so that few rows are compared further.
        telling = [name for name in _TELLING if name in kept.column_names]
        order = [*telling, *(name for name in kept.column_names if name not in telling)]
        kept = kept.sort_by([(name, "ascending") for name in order])
    hasher = hashlib.sha256()
    for name in kept.column_names:
        _digest_column(hasher, name, kept[name])
    return hasher.hexdigest()


def slice_digest(path: Path, *, column: str, value: str, columns: Sequence[str]) -> str:
    """`digest` of these columns of a written slice with a row for each person_key, a few columns in memory at a time.

    Raises PipelineError where a person has several rows: their order would need the other columns.
    """
    from deltalake import DeltaTable

    dataset, chosen = DeltaTable(str(path)).to_pyarrow_dataset(), pc.field(column) == value
    keys = dataset.to_table(columns=["person_key"], filter=chosen)["person_key"].combine_chunks()
    if pc.count_distinct(keys, mode="all").as_py() != len(keys):
        raise PipelineError(f"the slice {value} of {path.name} holds a person twice")
    order, names = pc.sort_indices(keys), sorted(columns)
    hasher = hashlib.sha256()
    for start in range(0, len(names), _COLUMNS_AT_ONCE):
        some = names[start : start + _COLUMNS_AT_ONCE]
        held = dataset.to_table(columns=some, filter=chosen)
        for name in some:
            _digest_column(hasher, name, pa.chunked_array([held[name].combine_chunks().take(order)]))
    return hasher.hexdigest()


def _digest_column(hasher: "hashlib._Hash", name: str, values: pa.ChunkedArray) -> None:
    hasher.update(name.encode())
    for start in range(0, len(values), _DIGESTED_AT_ONCE):
        text = pc.cast(values.slice(start, _DIGESTED_AT_ONCE), pa.large_string())
        # Lengths keep neighbours apart and tell an empty text from none at all.
        hasher.update(pc.fill_null(pc.binary_length(text), -1).combine_chunks().to_numpy().tobytes())
        hasher.update("".join(pc.fill_null(text, "").to_pylist()).encode())


def _in_use(path: Path) -> list[Path]:
    """Data files of the newest version, below the path as it was given.

    From the log's own relative names: the table's URIs are resolved and percent-encoded, and a file of a home whose
    path holds a space or a letter with an accent would be taken for one that no version refers to, and deleted.
    """
    from deltalake import DeltaTable

    return [path / name for name in pa.table(DeltaTable(str(path)).get_add_actions(flatten=True))["path"].to_pylist()]


def _safe(value: str) -> str:
    """A slice value or person key as it may stand in a predicate: our own ids only."""
    if not all(char.isalnum() or char in "._-" for char in value):
        raise PipelineError("a slice name or person key holds a character that ids of ours never hold")
    return value
