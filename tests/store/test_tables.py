"""Slices of Delta tables: replaced whole, read by name, erased down to the bytes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import PipelineError
from pipeline.store import tables


def _rows(*people: str) -> pa.Table:
    return pa.table({"person_key": pa.array(people, pa.string()), "n": pa.array(range(len(people)), pa.int64())})


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "event"
    tables.replace_slice(path, _rows("a", "b"), column="delivery_id", value="one")
    tables.replace_slice(path, _rows("b", "c"), column="delivery_id", value="two")
    return path


def test_a_slice_is_replaced_whole_and_others_stay(table: Path) -> None:
    tables.replace_slice(table, _rows("z"), column="delivery_id", value="one")
    assert tables.read(table, column="delivery_id", values=["one"])["person_key"].to_pylist() == ["z"]
    assert tables.read(table, column="delivery_id", values=["two"]).num_rows == 2


def test_an_empty_slice_clears_only_itself(table: Path) -> None:
    tables.replace_slice(table, _rows(), column="delivery_id", value="one")
    assert tables.slices(table, column="delivery_id") == ["two"]


def test_only_named_slices_are_read(table: Path) -> None:
    assert tables.files(table, column="delivery_id", values=["three"]) == []
    assert len(tables.files(table, column="delivery_id", values=["one", "three"])) == 1


def test_a_commit_that_never_happens_leaves_the_old_slice(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import deltalake

    def killed(*arguments: object, **named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(deltalake, "write_deltalake", killed)
    with pytest.raises(KeyboardInterrupt):
        tables.replace_slice(table, _rows("z"), column="delivery_id", value="one")
    assert tables.read(table, column="delivery_id", values=["one"])["person_key"].to_pylist() == ["a", "b"]


def test_erased_people_leave_the_bytes(table: Path) -> None:
    assert tables.delete_people(table, person_keys=["b"]) == 2
    assert sorted(tables.read(table)["person_key"].to_pylist()) == ["a", "c"]
    in_files = [
        key for path in table.rglob("*.parquet") for key in pq.ParquetFile(path).read()["person_key"].to_pylist()
    ]
    assert sorted(in_files) == ["a", "c"]
    assert tables.delete_people(table, person_keys=["b"]) == 0


def test_a_digest_ignores_the_order_of_rows_and_sees_every_value() -> None:
    one, other = _rows("a", "b"), _rows("a", "b").take([1, 0])
    assert tables.digest(one) == tables.digest(other)
    assert tables.digest(one) != tables.digest(_rows("a", "c"))
    assert tables.digest(pa.table({"n": pa.array([None], pa.string())})) != tables.digest(pa.table({"n": [""]}))


def test_a_name_that_is_not_ours_is_refused(table: Path) -> None:
    with pytest.raises(PipelineError):
        tables.delete_people(table, person_keys=["a' or 1=1 --"])


def test_a_table_never_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="run the step that writes it"):
        tables.read(tmp_path / "nothing")


def test_a_column_of_a_later_release_is_null_in_older_slices(tmp_path: Path) -> None:
    path = tmp_path / "table"
    tables.replace_slice(path, pa.table({"a": [1]}), column="run_key", value="old")
    tables.replace_slice(path, pa.table({"a": [2], "b": ["new"]}), column="run_key", value="new")
    rows = {row["run_key"]: row["b"] for row in tables.read(path).to_pylist()}
    assert rows == {"old": None, "new": "new"}


@pytest.mark.parametrize("name", ["plain", "my data", "données", "a+b&c"])
def test_what_is_in_use_is_kept_wherever_the_home_lies(tmp_path: Path, name: str) -> None:
    """A path that a URI must encode once made every live file look like one left over, and a purge deletes those."""
    (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / name)
    for path in (tmp_path / name / "event", tmp_path / "link" / "event"):
        tables.replace_slice(path, _rows("a", "b"), column="delivery_id", value="one")
        tables.replace_slice(path, _rows("c"), column="delivery_id", value="two")
        tables.replace_slice(path, _rows("d"), column="delivery_id", value="one")
        assert len(tables.superseded(path)) == 1 or path.parent.name == "link"
        tables.delete_slices(path, column="delivery_id", values=["two"])
        assert tables.superseded(path) == []
        assert all(Path(file).is_file() for file in tables.files(path, column="delivery_id", values=["one"]))
        assert tables.slice_sizes(path, column="delivery_id")["one"] > 0
        assert tables.read(path)["person_key"].to_pylist() == ["d"]


def test_a_stream_becomes_the_slices_it_names_in_its_own_order(tmp_path: Path) -> None:
    rows = pa.table({"person_key": ["b", "a", "c"], "delivery_id": ["one", "one", "two"]})
    written = tables.replace_slices_with(tmp_path / "t", rows.to_reader(), column="delivery_id", values=["one", "two"])
    assert written == 3
    assert tables.slices(tmp_path / "t", column="delivery_id") == ["one", "two"]
    lying = tables.read(tmp_path / "t", column="delivery_id", values=["one"])
    assert lying["person_key"].to_pylist() == ["b", "a"]
    fewer = rows.slice(0, 1)
    assert tables.replace_slices_with(tmp_path / "t", fewer.to_reader(), column="delivery_id", values=["one"]) == 1
    assert sorted(tables.read(tmp_path / "t")["person_key"].to_pylist()) == ["b", "c"]


def test_a_stream_without_rows_clears_its_slices_and_keeps_the_columns(tmp_path: Path) -> None:
    rows = pa.table({"person_key": ["a"], "delivery_id": ["one"]})
    for given in (rows, rows.slice(0, 0)):
        tables.replace_slices_with(tmp_path / "t", given.to_reader(), column="delivery_id", values=["one"])
    assert tables.slices(tmp_path / "t", column="delivery_id") == []
    assert set(tables.schema(tmp_path / "t").names) == {"person_key", "delivery_id"}


def test_an_empty_text_and_none_at_all_have_different_digests() -> None:
    one, other = (pa.table({"a": pa.array([value, "x"], type=pa.string())}) for value in ("", None))
    assert tables.digest(one) != tables.digest(other)
    shifted, unshifted = pa.table({"a": ["xy", "z"]}), pa.table({"a": ["x", "yz"]})
    assert tables.digest(shifted) != tables.digest(unshifted)


def test_the_digest_of_a_slice_is_that_of_its_rows_however_they_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_COLUMNS_AT_ONCE", 2)
    path = tmp_path / "feature"
    rows = pa.table(
        {
            "person_key": ["c", "a", "b"],
            "count": pa.array([3, None, 1], pa.int32()),
            "has_it": [True, None, False],
            "share": [0.25, 1e-7, None],
            "text": ["x", "", None],
        }
    )
    tables.replace_slice(path, rows.append_column("gone", pa.array([1, 2, 3])), column="run_key", value="older")
    tables.replace_slice(path, rows, column="run_key", value="one")
    told = tables.slice_digest(path, column="run_key", value="one", columns=rows.column_names)
    assert told == tables.digest(rows)
    twice = pa.concat_tables([rows, rows])
    tables.replace_slice(path, twice, column="run_key", value="two")
    with pytest.raises(PipelineError, match="twice"):
        tables.slice_digest(path, column="run_key", value="two", columns=rows.column_names)


def test_what_a_stream_raises_is_raised_and_the_old_slice_stays(table: Path) -> None:
    schema = _rows("z").schema

    def stopped() -> Iterator[pa.RecordBatch]:
        yield from _rows("z").to_batches()
        raise PipelineError("features are outside the bounds they declare")

    reader = pa.RecordBatchReader.from_batches(schema, stopped())
    with pytest.raises(PipelineError, match="outside the bounds"):
        tables.replace_slice_with(table, reader, column="delivery_id", value="one")
    assert tables.read(table, column="delivery_id", values=["one"])["person_key"].to_pylist() == ["a", "b"]


def test_a_stream_replaces_its_slice_alone_and_leaves_no_file_that_is_not_in_use(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = pa.RecordBatchReader.from_batches(_rows().schema, _rows("z", "y", "x").to_batches(max_chunksize=1))
    monkeypatch.setattr(tables, "ROW_GROUP", 8)
    tables.replace_slice_with(table, stream, column="delivery_id", value="one")
    assert tables.read(table, column="delivery_id", values=["one"])["person_key"].to_pylist() == ["z", "y", "x"]
    assert tables.read(table, column="delivery_id", values=["two"]).num_rows == 2
    [file] = tables.files(table, column="delivery_id", values=["one"])
    with pq.ParquetFile(file) as written:
        assert written.metadata.num_row_groups == 2
    log = "".join(path.read_text() for path in sorted((table / "_delta_log").glob("*.json")))
    assert "person_key" in log and not any(f'"{key}' in log for key in ("x", "y", "z"))
    assert len(tables.superseded(table)) == 1


def test_a_stream_that_breaks_off_leaves_no_file(table: Path) -> None:
    before = set(table.rglob("*.parquet"))

    def stopped() -> Iterator[pa.RecordBatch]:
        yield from _rows("z").to_batches()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reader = pa.RecordBatchReader.from_batches(_rows().schema, stopped())
        tables.replace_slice_with(table, reader, column="delivery_id", value="one")
    assert set(table.rglob("*.parquet")) == before


def test_a_stream_with_a_column_of_a_later_release_is_taken_too(table: Path) -> None:
    later = _rows("z").append_column("told_later", pa.array(["x"]))
    tables.replace_slice_with(table, later.to_reader(), column="delivery_id", value="three")
    told = {row["person_key"]: row["told_later"] for row in tables.read(table).to_pylist()}
    assert told == {"a": None, "b": None, "c": None, "z": "x"}
    # And one of the former release after it: what it does not know is null.
    tables.replace_slice_with(table, _rows("y").to_reader(), column="delivery_id", value="three")
    assert {row["told_later"] for row in tables.read(table).to_pylist()} == {None}


def test_every_type_of_a_stream_comes_back_as_it_was(tmp_path: Path) -> None:
    stamp = datetime(2026, 11, 22, 1, 2, 3, 456789, tzinfo=UTC)
    moment = stamp.replace(tzinfo=None)
    rows = pa.table(
        {
            "person_key": ["a", None],
            "day": pa.array([moment.date(), None], pa.date32()),
            "known_at": pa.array([moment, None], pa.timestamp("us")),
            "stamped_at": pa.array([stamp, None], pa.timestamp("us", "UTC")),
            "value": pa.array([Decimal("1.2500"), None], pa.decimal128(18, 4)),
            "share": [0.1, None],
            "has_it": [True, None],
            "small": pa.array([1, None], pa.int32()),
        }
    )
    for _ in range(2):
        tables.replace_slice_with(tmp_path / "t", rows.to_reader(), column="run_key", value="a.b-c_1")
    read = tables.read(tmp_path / "t", column="run_key", values=["a.b-c_1"])
    assert read.drop_columns(["run_key"]) == rows


def test_slices_that_are_written_at_once_do_not_lose_each_other(table: Path) -> None:
    def write(number: int) -> None:
        for _ in range(5):
            tables.replace_slice_with(table, _rows(f"p{number}").to_reader(), column="delivery_id", value=f"d{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    told = {row["delivery_id"]: row["person_key"] for row in tables.read(table).to_pylist() if row["n"] == 0}
    assert told == {"one": "a", "two": "b", **{f"d{number}": f"p{number}" for number in range(4)}}
