"""The embedded engine: naming, keeping and fetching relations, and the files of Delta slices."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.contracts.codelist import load_codelists
from pipeline.engines.embedded import Engine
from pipeline.engines.query import Query, load_query
from pipeline.errors import PipelineError
from pipeline.store import tables

PROJECT = Path(__file__).parents[2]
HEADER = "-- Title: x\n-- Grain: x\n-- Reads: {reads}\n-- Window: x\n-- Source: x\n-- Null: x\n"


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(threads=2, memory_limit="256MB") as opened:
        yield opened


def query(folder: Path, body: str, *, reads: str = "thing", name: str = "answer") -> Query:
    path = folder / f"{name}.sql"
    path.write_text(HEADER.format(reads=reads) + body)
    return load_query(path)


def numbers(*values: int) -> pa.Table:
    return pa.table({"number": pa.array(values, pa.int64())})


def test_exactly_the_parameters_a_query_mentions_are_passed(engine: Engine, tmp_path: Path) -> None:
    engine.add_arrow("thing", numbers(1, 2, 3))
    some = query(tmp_path, "select thing.number from thing where thing.number < $below")
    assert engine.fetch(some, below=3, index_date=date(2025, 4, 1))["number"].to_pylist() == [1, 2]
    with pytest.raises(PipelineError, match="needs below"):
        engine.fetch(some, index_date=date(2025, 4, 1))


def test_keep_names_the_answer_and_counts_it(engine: Engine, tmp_path: Path) -> None:
    engine.add_arrow("thing", numbers(1, 2, 3))
    some = query(tmp_path, "select thing.number from thing where thing.number < $below;")
    assert engine.keep(some, below=3) == 2
    assert engine.keep(some, name="other", below=2) == 1
    assert engine.table("answer")["number"].to_pylist() == [1, 2]
    assert engine.table("other")["number"].to_pylist() == [1]


def test_a_query_may_replace_what_it_reads(engine: Engine, tmp_path: Path) -> None:
    """Whether that was an Arrow table or was kept before."""
    engine.add_arrow("thing", numbers(1, 2, 3))
    some = query(tmp_path, "select thing.number + 1 as number, from thing where thing.number < 3")
    assert engine.keep(some, name="thing") == 2
    assert engine.keep(some, name="thing") == 1
    assert engine.table("thing")["number"].to_pylist() == [3]
    engine.add_arrow("thing", numbers(7))
    assert engine.table("thing")["number"].to_pylist() == [7]


def test_the_files_of_delta_slices_with_their_slice(engine: Engine, tmp_path: Path) -> None:
    """Slice values come back as text even when they look like a number or a date."""
    store = tmp_path / "table"
    tables.replace_slice(store, numbers(1, 2), column="delivery_id", value="2025-04-01")
    tables.replace_slice(store, numbers(3), column="delivery_id", value="007")
    tables.replace_slice(store, numbers(9), column="delivery_id", value="unwanted")
    files = tables.files(store, column="delivery_id", values=["2025-04-01", "007"])
    engine.add_parquet("thing", files)
    found = engine.table("thing").sort_by("number")
    assert found.to_pylist() == [
        {"number": 1, "delivery_id": "2025-04-01"},
        {"number": 2, "delivery_id": "2025-04-01"},
        {"number": 3, "delivery_id": "007"},
    ]
    schema = pa.schema([("delivery_id", pa.string()), ("number", pa.int64())])
    engine.add_parquet("thing", files, schema=schema)
    assert engine.table("thing").schema == schema
    assert engine.count("thing") == 3


def test_a_column_that_no_file_has_yet_is_null(engine: Engine, tmp_path: Path) -> None:
    """As after an upgrade: slices of an earlier release do not know it."""
    store = tmp_path / "table"
    tables.replace_slice(store, numbers(1, 2), column="run_key", value="a")
    schema = pa.schema([("run_key", pa.string()), ("told_later", pa.date32())])
    engine.add_parquet("thing", tables.files(store, column="run_key", values=["a"]), schema=schema)
    found = engine.table("thing")
    assert found.schema == schema and found.num_rows == 2
    assert found["told_later"].null_count == found.num_rows


def test_no_file_is_an_empty_relation_of_the_shape(engine: Engine) -> None:
    schema = pa.schema([("number", pa.int64())])
    engine.add_parquet("thing", [], schema=schema)
    assert engine.table("thing").schema == schema
    assert engine.count("thing") == 0
    with pytest.raises(PipelineError, match="no data file and no schema"):
        engine.add_parquet("thing", [])


def test_a_quote_in_a_path_is_part_of_the_path(engine: Engine, tmp_path: Path) -> None:
    store = tmp_path / "it's here"
    tables.replace_slice(store, numbers(1), column="run_key", value="a")
    engine.add_parquet("thing", tables.files(store, column="run_key", values=["a"]))
    assert engine.count("thing") == 1


def test_code_lists_are_text_but_for_declared_columns(engine: Engine) -> None:
    codelists = load_codelists(PROJECT)
    engine.add_codelists([codelists["measurement"], codelists["emergency_admission_method"]])
    kinds = {field.name: str(field.type) for field in engine.table("codelist_measurement").schema}
    assert kinds["code"] == "string"
    assert kinds["minimum"].startswith("decimal128")
    codes = engine.table("codelist_emergency_admission_method")["code"].to_pylist()
    assert codes == ["21", "22", "23", "24", "25", "28", "2A", "2D"]


def test_stamps_are_utc_whatever_the_machine_thinks(engine: Engine, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    moment = datetime(2025, 4, 1, 23, 30, tzinfo=UTC)
    engine.add_arrow("thing", pa.table({"at": pa.array([moment], pa.timestamp("us", "UTC"))}))
    found = engine.fetch(query(tmp_path, "select cast(thing.at as date) as day from thing"))
    assert found["day"].to_pylist() == [date(2025, 4, 1)]


def test_what_was_added_is_gone_when_the_engine_closes(tmp_path: Path) -> None:
    with Engine(threads=1, memory_limit="256MB") as first:
        first.add_arrow("thing", numbers(1))
        first.keep(query(tmp_path, "select thing.number from thing"))
    with Engine(threads=1, memory_limit="256MB") as second, pytest.raises(Exception, match="answer"):
        second.table("answer")
    assert [path.name for path in tmp_path.iterdir()] == ["answer.sql"]


def test_numbered_values_answer_as_the_texts_they_are(engine: Engine, tmp_path: Path) -> None:
    rows = {"person_key": ["b", "a", "c", "a"], "code": ["2", "10", "3", None], "kind": ["x", "y", "x", "x"]}
    engine.add_arrow("thing", pa.table(rows))
    engine.add_arrow("listed", pa.table({"person_key": ["a", "b"]}))
    engine.number("person_key", of="listed")
    engine.number("code", of="thing", also=("7",))
    listed = query(tmp_path, "select thing.person_key, thing.code, thing.kind from thing", name="listed_thing")
    kept = engine.keep_numbered(listed, name="kept", columns=("code",), people_of="listed")
    assert kept == 3
    asked = query(
        tmp_path,
        "select kept.person_key, max(kept.code) as code, count(case when kept.code = '8' then 1 end) as eights "
        "from kept group by kept.person_key order by kept.person_key",
        reads="kept",
    )
    answer = engine.fetch(asked)
    assert answer.schema.field("code").type == pa.string()
    # As texts, "2" is greater than "10"; a value that has no number is simply not there.
    assert answer.to_pylist() == [
        {"person_key": "a", "code": "10", "eights": 0},
        {"person_key": "b", "code": "2", "eights": 0},
    ]
    assert engine.table("kept")["person_key"].type == pa.string()
    engine.forget("kept", "never there")
    engine.number("person_key", of="thing")
    assert not engine.holds("kept")


def test_nothing_at_all_can_be_numbered(engine: Engine) -> None:
    engine.add_arrow("thing", pa.table({"code": pa.array([], pa.string())}))
    engine.number("code", of="thing")
    engine.keep_all_numbered("kept", of="thing", columns=("code",))
    assert engine.count("kept") == 0


def test_people_are_told_by_their_numbers_in_the_order_of_their_keys(engine: Engine, tmp_path: Path) -> None:
    engine.add_arrow("thing", pa.table({"person_key": ["b", "a", "c"]}))
    engine.number("person_key", of="thing")
    engine.keep_all_numbered("thing", of="thing", columns=("person_key",))
    assert engine.is_numbered("thing", "person_key")
    last_first = query(tmp_path, "select thing.person_key from thing order by thing.person_key desc")
    numbers_told = engine.fetch_by_number(last_first)["person_key"].to_pylist()
    assert numbers_told == sorted(engine.numbers_of("thing", "person_key").to_pylist(), reverse=True)
    assert engine.fetch(last_first)["person_key"].to_pylist() == ["c", "b", "a"]
    engine.rename("thing", to="other")
    assert engine.is_numbered("other", "person_key")
    engine.add_arrow("other", pa.table({"person_key": ["a"]}))
    assert not engine.is_numbered("other", "person_key")


def test_a_relation_and_a_list_share_the_numbers_of_their_codes(engine: Engine, tmp_path: Path) -> None:
    engine.add_arrow("thing", pa.table({"code": ["b", "a", None, "d"]}))
    engine.add_arrow("listed", pa.table({"code": ["c", "b"], "meaning": ["three", "two"]}))
    engine.number("code", of="thing", also_of=[("listed", "code")])
    for name in ("thing", "listed"):
        engine.keep_all_numbered(name, of=name, columns=("code",))
    joined = query(
        tmp_path,
        "select thing.code, listed.meaning from thing inner join listed on thing.code = listed.code",
        reads="listed, thing",
    )
    assert engine.fetch(joined).to_pylist() == [{"code": "b", "meaning": "two"}]


def test_a_person_listed_twice_is_kept_once(engine: Engine, tmp_path: Path) -> None:
    engine.add_arrow("thing", pa.table({"person_key": ["a", "b"]}))
    engine.add_arrow("listed", pa.table({"person_key": ["a", "a"]}))
    engine.number("person_key", of="listed")
    some = query(tmp_path, "select thing.person_key from thing")
    assert engine.keep_numbered(some, name="kept", columns=(), people_of="listed") == 1
