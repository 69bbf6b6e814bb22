"""A query file is refused unless its header is whole and true, and it asks neither clock nor chance."""

from pathlib import Path

import pytest

from pipeline.engines.query import HEADER, load_query
from pipeline.errors import ContractError

PROJECT = Path(__file__).parents[2]
FILES = sorted(PROJECT.glob("sql/*/*.sql"))
BODY = """with few as (
    select event.person_key from event where event.event_date < $index_date
)

select
    cohort.person_key,
    count(*) as events,
from cohort
left join few on cohort.person_key = few.person_key
group by cohort.person_key
"""


def written(folder: Path, body: str = BODY, **changed: str | None) -> Path:
    lines = {name: "x" for name in HEADER} | {"Reads": "event, cohort"} | changed
    header = "\n".join(f"-- {name}: {text}" for name, text in lines.items() if text is not None)
    path = folder / "few_events.sql"
    path.write_text(f"{header}\n{body}")
    return path


def test_what_a_query_knows_of_itself(tmp_path: Path) -> None:
    query = load_query(written(tmp_path, Title="Few events"))
    assert (query.name, query.header["Title"]) == ("few_events", "Few events")
    assert query.reads == {"cohort", "event"}
    assert query.parameters == {"index_date"}


@pytest.mark.parametrize("name", HEADER)
def test_each_header_line_is_needed(tmp_path: Path, name: str) -> None:
    with pytest.raises(ContractError, match=f"no {name} line"):
        load_query(written(tmp_path, **{name: None}))


def test_an_empty_header_line_is_none(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no Null line"):
        load_query(written(tmp_path, Null=""))


@pytest.mark.parametrize("reads", ["cohort", "cohort, event, few", "cohort, event, codelist_fall"])
def test_reads_is_exactly_what_is_read(tmp_path: Path, reads: str) -> None:
    with pytest.raises(ContractError, match="Reads"):
        load_query(written(tmp_path, Reads=reads))


@pytest.mark.parametrize(
    "call",
    ["current_date", "current_timestamp", "now()", "today()", "random()", "uuid()", "gen_random_uuid()", "RANDOM()"],
)
def test_neither_clock_nor_chance(tmp_path: Path, call: str) -> None:
    with pytest.raises(ContractError, match="clock or chance"):
        load_query(written(tmp_path, BODY.replace("count(*)", call)))


@pytest.mark.parametrize("star", ["*", "cohort.*"])
def test_no_select_star(tmp_path: Path, star: str) -> None:
    with pytest.raises(ContractError, match="lists its columns"):
        load_query(written(tmp_path, BODY.replace("cohort.person_key,\n    count(*) as events", star)))


@pytest.mark.parametrize("body", ["drop table event\n", BODY + ";\n" + BODY, "select from from\n"])
def test_one_readable_select(tmp_path: Path, body: str) -> None:
    with pytest.raises(ContractError):
        load_query(written(tmp_path, body))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="missing"):
        load_query(tmp_path / "none.sql")


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-2:]))
def test_every_query_of_the_project_loads(path: Path) -> None:
    assert load_query(path).parameters <= {"index_date", "known_before", "reporting_lag_days", "secret"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-2:]))
def test_only_knowledge_link_and_events_take_another_parameter(path: Path) -> None:
    others = load_query(path).parameters - {"index_date"}
    assert not others or path.parent.name in ("knowledge", "link", "events")


@pytest.mark.parametrize("path", [p for p in FILES if p.parent.name == "features"], ids=lambda path: path.stem)
def test_a_feature_reads_cohort_event_stays_and_code_lists_only(path: Path) -> None:
    others = {name for name in load_query(path).reads if not name.startswith("codelist_")}
    assert others <= {"cohort", "event", "stay"}
