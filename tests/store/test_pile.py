"""Rows that wait for a verdict: the same rows in the same order from memory and from a file; nothing is left."""

from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.store import tables
from pipeline.store.pile import Pile


def batch(start: int, rows: int) -> pa.Table:
    return pa.table({"source_row_number": pa.array(range(start, start + rows), pa.int64()), "text": ["a"] * rows})


@pytest.mark.parametrize("limit", [0, 5, 1000])
def test_rows_come_out_as_they_went_in_and_the_file_goes(tmp_path: Path, limit: int) -> None:
    path = tmp_path / "zone" / "kept.parquet"
    with Pile(path, rows_in_memory=limit) as pile:
        for start in range(0, 12, 4):
            pile.add(batch(start, 4))
        assert path.exists() == (limit < 12)
        stream = pile.stream()
        assert stream is not None
        assert stream.read_all().equals(batch(0, 12))
    assert not path.exists()


def test_an_empty_pile_has_no_stream_and_one_of_empty_tables_has_its_columns(tmp_path: Path) -> None:
    with Pile(tmp_path / "kept.parquet") as pile:
        assert pile.stream() is None
    with Pile(tmp_path / "kept.parquet") as pile:
        pile.add(batch(0, 0))
        stream = pile.stream()
        assert stream is not None
        assert stream.schema == batch(0, 0).schema


def test_a_failure_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "kept.parquet"
    with pytest.raises(ValueError, match="planted"), Pile(path, rows_in_memory=0) as pile:
        pile.add(batch(0, 4))
        raise ValueError("planted")
    assert not path.exists()


def test_a_stream_replaces_a_slice_whole_and_leaves_the_others(tmp_path: Path) -> None:
    for value, rows in (("one", 3), ("two", 4), ("one", 5)):
        tables.replace_slice_with(tmp_path / "t", batch(0, rows).to_reader(), column="delivery_id", value=value)
    counts = {
        value: tables.read(tmp_path / "t", column="delivery_id", values=[value]).num_rows for value in ("one", "two")
    }
    assert counts == {"one": 5, "two": 4}


def test_clearing_makes_the_table_and_empties_the_slice(tmp_path: Path) -> None:
    schema = batch(0, 0).schema
    tables.clear_slice(tmp_path / "t", column="delivery_id", value="one", schema=schema)
    assert tables.read(tmp_path / "t").num_rows == 0
    tables.replace_slice_with(tmp_path / "t", batch(0, 3).to_reader(), column="delivery_id", value="one")
    tables.clear_slice(tmp_path / "t", column="delivery_id", value="one", schema=schema)
    assert tables.read(tmp_path / "t").num_rows == 0
