"""Laws that every file in sql/features keeps, found by discovery and tried through visibility, cohort and query.

A new concept is under these laws the moment its file exists. The last tests show that the laws can fail.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest
from law_people import INDEX_DATE, KNOWN_BEFORE, SOURCES, future, history, people

from pipeline.contracts.codelist import load_codelists
from pipeline.contracts.feature import FeatureConcept, load_features
from pipeline.engines import shapes
from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query
from pipeline.engines.visible import keep_visible_events
from pipeline.engines.wide import wide_table
from pipeline.rules.times import months_before

PROJECT = Path(__file__).parents[2]
CONCEPTS = load_features(PROJECT)
FROM_EVENTS = [c for c in CONCEPTS if any(column.none_found != "from_cohort" for column in c.columns)]
SEEDS = (1, 2)
COHORT = people(42)
KEYS = [str(person["person_key"]) for person in COHORT]

every_concept = pytest.mark.parametrize("concept", CONCEPTS, ids=lambda concept: concept.name)
every_concept_of_events = pytest.mark.parametrize("concept", FROM_EVENTS, ids=lambda concept: concept.name)
every_seed = pytest.mark.parametrize("seed", SEEDS)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(threads=2, memory_limit="512MB") as opened:
        opened.add_codelists(load_codelists(PROJECT).values())
        opened.add_arrow("usable_source", shapes.relation(shapes.USABLE_SOURCE, [{"source": s} for s in SOURCES]))
        yield opened


def features(
    engine: Engine,
    rows: Sequence[dict[str, object]],
    *,
    cohort: Sequence[dict[str, object]] = COHORT,
    known_before: datetime = KNOWN_BEFORE,
    concepts: Sequence[FeatureConcept] = CONCEPTS,
) -> pa.Table:
    """Features of the cohort, by way of what was visible."""
    engine.add_arrow("cohort", shapes.relation(shapes.COHORT, cohort))
    engine.add_arrow("event_row", shapes.relation(shapes.EVENT_ROW, rows))
    keep_visible_events(engine, project=PROJECT, known_before=known_before, index_date=INDEX_DATE)
    return wide_table(engine, concepts, project=PROJECT, index_date=INDEX_DATE)


@cache
def events_of(world: str) -> pa.Table:
    """Events of a named world in the shape that a query reads, made once for all concepts."""
    rows = {
        "history": lambda: history(KEYS, seed=1),
        "history and future": lambda: history(KEYS, seed=1) + future(KEYS),
        "history and a stranger": lambda: history([*KEYS, "p1_stranger"], seed=1),
        "nothing": list,
    }[world]()
    return shapes.relation(shapes.EVENT, [{name: row.get(name) for name in shapes.EVENT.names} for row in rows])


def features_of_query(engine: Engine, world: str, concept: FeatureConcept, *, project: Path = PROJECT) -> pa.Table:
    """One query alone, handed every event of the world with nothing hidden from it."""
    engine.add_arrow("cohort", shapes.relation(shapes.COHORT, COHORT))
    engine.add_arrow("event", events_of(world))
    return wide_table(engine, [concept], project=project, index_date=INDEX_DATE)


NIGHTS = [c.name for concept in CONCEPTS for c in concept.columns if "bed_days" in c.name or "inpatient_days" in c.name]


def without_overlaps(rows: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """The rows but for stays that begin on the day of an earlier one of their kind, or before it has ended."""
    kept, first_free = [], {}
    for row in sorted(rows, key=lambda one: (one["event_date"], str(one.get("end_date")))):
        if str(row["event_type"]).endswith("admission"):
            place, next_day = (row["person_key"], row["event_type"]), row["event_date"] + timedelta(days=1)
            if row["event_date"] < first_free.get(place, row["event_date"]):
                continue
            first_free[place] = max(next_day, row["end_date"] or next_day)
        kept.append(row)
    return kept


@every_seed
def test_nobody_spends_more_nights_in_hospital_than_a_window_has(engine: Engine, seed: int) -> None:
    """Three stays in ten have no end; whoever came again had left."""
    rows = without_overlaps(history(KEYS, seed=seed))
    found = features(engine, rows)
    assert len(NIGHTS) >= 6
    for name in NIGHTS:
        months = int(name.rpartition("_")[2].removesuffix("m"))
        days = (INDEX_DATE - months_before(INDEX_DATE, months)).days
        assert 0 < max(night for night in found[name].to_pylist() if night is not None) <= days, name


@pytest.fixture(scope="module")
def worlds(engine: Engine) -> Callable[[str, int], pa.Table]:
    """Features of a named variation of the world of a seed, each computed once."""
    known: dict[tuple[str, int], pa.Table] = {}

    def world(variation: str, seed: int) -> pa.Table:
        if (variation, seed) not in known:
            known[variation, seed] = VARIATIONS[variation](engine, history(KEYS, seed=seed))
        return known[variation, seed]

    return world


def with_future(engine: Engine, rows: list[dict[str, object]]) -> pa.Table:
    return features(engine, rows + future(KEYS))


def with_ends_ahead(engine: Engine, rows: list[dict[str, object]]) -> pa.Table:
    """What was open ends on the index date or later, as a row received early would say."""
    ends = (INDEX_DATE, INDEX_DATE + timedelta(days=9))
    ended = [
        row | {"end_date": ends[number % 2], "status_code": "4"} if row.get("end_date", INDEX_DATE) is None else row
        for number, row in enumerate(rows)
    ]
    assert sum(before != after for before, after in zip(rows, ended, strict=True)) > 20
    return features(engine, ended)


def with_late_news(engine: Engine, rows: list[dict[str, object]]) -> pa.Table:
    return features(engine, rows + late_news(rows))


def late_news(rows: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """New events, corrections and withdrawals, received at the very cut-off or after it."""
    late = {"known_at": KNOWN_BEFORE, "received_at": KNOWN_BEFORE, "delivery_id": "later"}
    later = late | {"known_at": KNOWN_BEFORE + timedelta(days=30), "version_at": KNOWN_BEFORE + timedelta(days=30)}
    new = [row | late | {"row_key": f"new.{row['row_key']}"} for row in history(KEYS, seed=99)]
    withdrawn = [row | later | {"is_withdrawn": True} for row in rows[::2]]
    moved = [row | later | {"event_date": INDEX_DATE - timedelta(days=1)} for row in rows[1::2]]
    return new + withdrawn + moved


def with_late_news_known(engine: Engine, rows: list[dict[str, object]]) -> pa.Table:
    return features(engine, rows + late_news(rows), known_before=KNOWN_BEFORE + timedelta(days=31))


def shuffled(engine: Engine, rows: list[dict[str, object]]) -> pa.Table:
    mixed, order = list(rows), list(COHORT)
    Random(5).shuffle(mixed)
    Random(6).shuffle(order)
    return features(engine, mixed, cohort=order)


def one_third_alone(engine: Engine, rows: list[dict[str, object]]) -> pa.Table:
    alone = set(KEYS[::3])
    mine = [person for person in COHORT if person["person_key"] in alone]
    return features(engine, [row for row in rows if row["person_key"] in alone], cohort=mine)


VARIATIONS: dict[str, Callable[[Engine, list[dict[str, object]]], pa.Table]] = {
    "as it is": features,
    "with a future": with_future,
    "with ends ahead": with_ends_ahead,
    "with late news": with_late_news,
    "with late news, known": with_late_news_known,
    "shuffled": shuffled,
    "one third alone": one_third_alone,
}


def columns_of(table: pa.Table, concept: FeatureConcept) -> pa.Table:
    return table.select(["person_key", *(column.name for column in concept.columns)])


@every_seed
@every_concept
def test_the_future_is_invisible(worlds, concept, seed) -> None:
    """Events on the index date and after it change nothing."""
    assert columns_of(worlds("with a future", seed), concept) == columns_of(worlds("as it is", seed), concept)


@every_concept
def test_the_query_alone_does_not_see_the_future(engine, concept) -> None:
    """Without visibility before it: the window is the query's own."""
    assert features_of_query(engine, "history and future", concept) == features_of_query(engine, "history", concept)


@every_seed
@every_concept
def test_an_end_that_lies_ahead_is_invisible(worlds, concept, seed) -> None:
    """Who is still in hospital, or still served, is the same whether or not a later end is already on file."""
    assert columns_of(worlds("with ends ahead", seed), concept) == columns_of(worlds("as it is", seed), concept)


@every_seed
@every_concept
def test_what_was_not_known_is_invisible(worlds, concept, seed) -> None:
    assert columns_of(worlds("with late news", seed), concept) == columns_of(worlds("as it is", seed), concept)


@every_seed
@every_concept
def test_row_order_does_not_matter(worlds, concept, seed) -> None:
    assert columns_of(worlds("shuffled", seed), concept) == columns_of(worlds("as it is", seed), concept)


@every_seed
@every_concept
def test_people_do_not_depend_on_each_other(worlds, concept, seed) -> None:
    alone = columns_of(worlds("one third alone", seed), concept)
    together = columns_of(worlds("as it is", seed), concept)
    keys = pa.array(KEYS[::3])
    assert alone == together.filter(pa.compute.is_in(together["person_key"], value_set=keys))


@every_concept
def test_one_row_per_person_of_the_cohort(engine, concept) -> None:
    """Asked of the query itself: people without events are there, people outside the cohort are not."""
    features_of_query(engine, "history and a stranger", concept)
    found = engine.fetch(load_query(concept.query), index_date=INDEX_DATE)["person_key"].to_pylist()
    assert sorted(found) == KEYS


@every_concept_of_events
def test_uncovered_is_null_and_nothing_found_is_as_declared(worlds, concept, engine) -> None:
    full = worlds("as it is", 1).to_pylist()
    empty = features_of_query(engine, "nothing", concept).to_pylist()
    for number, (person, nothing) in enumerate(zip(full, empty, strict=True)):
        for column in concept.columns:
            if number % 7 == 0:
                assert person[column.name] is None, column.name
            else:
                assert nothing[column.name] == column.none_found, column.name
                assert type(nothing[column.name]) is type(column.none_found), column.name


def test_thread_count_does_not_matter(worlds) -> None:
    with Engine(threads=1, memory_limit="512MB") as single:
        single.add_codelists(load_codelists(PROJECT).values())
        single.add_arrow("usable_source", shapes.relation(shapes.USABLE_SOURCE, [{"source": s} for s in SOURCES]))
        assert features(single, history(KEYS, seed=1)) == worlds("as it is", 1)


# The laws can fail


@every_concept
def test_the_invented_people_differ(worlds, concept) -> None:
    """A law over columns that are all the same would prove nothing."""
    for column in concept.columns:
        assert len(set(worlds("as it is", 1)[column.name].to_pylist())) > 2 - (column.type == "boolean"), column.name


@every_concept_of_events
def test_late_news_counts_once_it_is_known(worlds, concept) -> None:
    assert columns_of(worlds("with late news, known", 1), concept) != columns_of(worlds("as it is", 1), concept)


@every_concept_of_events
def test_a_query_that_sees_the_index_date_breaks_the_law(engine, concept, tmp_path) -> None:
    """With `<` made `<=` the law must fail, because some of the future lies on the date itself.

    In the query, or where it has its stays from.
    """
    reads = load_query(concept.query).reads
    paths = [concept.query, *([PROJECT / "sql" / "knowledge" / "stay.sql"] if "stay" in reads else [])]
    assert any("event_date < $index_date" in path.read_text() for path in paths)
    for path in paths:
        copy = tmp_path / path.relative_to(PROJECT)
        copy.parent.mkdir(parents=True)
        copy.write_text(path.read_text().replace("event_date < $index_date", "event_date <= $index_date"))
    seen = features_of_query(engine, "history and future", concept, project=tmp_path)
    assert seen != features_of_query(engine, "history", concept)
