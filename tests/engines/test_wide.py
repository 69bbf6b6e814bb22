"""The wide table holds every concept to its declaration, and bounds are counted."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.contracts.feature import FeatureConcept, feature_columns, load_features
from pipeline.engines import shapes
from pipeline.engines.embedded import Engine
from pipeline.engines.wide import BrokenCheck, broken_checks, wide_table
from pipeline.errors import PipelineError

HEADER = "-- Title: x\n-- Grain: x\n-- Reads: {reads}\n-- Window: x\n-- Source: x\n-- Null: x\n"
DECLARED = """
title: Age
rationale: x
sources: [gp]
owner: x
columns:
  - {name: age_years, type: integer, unit: years, meaning: x, "null": never, none_found: from_cohort,
     checks: [{minimum: 0, level: stop}, {maximum: 110, level: warn}]}
"""
GOOD = "select cohort.person_key, cohort.age_years from cohort where $index_date is not null"


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(threads=2, memory_limit="256MB") as opened:
        people = [{"person_key": key, "age_years": age} for key, age in (("b", 111), ("c", None), ("a", -1))]
        opened.add_arrow("cohort", shapes.relation(shapes.COHORT, people))
        opened.add_arrow("event", shapes.EVENT.empty_table())
        yield opened


def concepts(project: Path, body: str, *, reads: str = "cohort") -> tuple[FeatureConcept, ...]:
    folder = project / "sql" / "features"
    folder.mkdir(parents=True)
    (folder / "age.sql").write_text(HEADER.format(reads=reads) + body)
    (folder / "age.yml").write_text(DECLARED)
    return load_features(project)


def wide(engine: Engine, project: Path, body: str, *, reads: str = "cohort") -> pa.Table:
    return wide_table(engine, concepts(project, body, reads=reads), project=project, index_date=date(2025, 4, 1))


def test_one_row_per_person_sorted_and_typed(engine: Engine, tmp_path: Path) -> None:
    found = wide(engine, tmp_path, GOOD)
    assert found.schema == pa.schema([("person_key", pa.string()), ("age_years", pa.int32())])
    assert found.to_pydict() == {"person_key": ["a", "b", "c"], "age_years": [-1, 111, None]}


@pytest.mark.parametrize(
    "body",
    [
        GOOD + " and cohort.age_years is not null",
        GOOD + " union all " + GOOD,
        "select 'stranger' as person_key, cohort.age_years from cohort where $index_date is not null",
    ],
    ids=["someone is missing", "twice", "a stranger"],
)
def test_other_people_than_the_cohort_are_refused(engine: Engine, tmp_path: Path, body: str) -> None:
    with pytest.raises(PipelineError, match="exactly once for each person"):
        wide(engine, tmp_path, body)


def test_other_columns_than_declared_are_refused(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="declares person_key, age_years"):
        wide(engine, tmp_path, GOOD.replace("cohort.age_years", "cohort.age_years as age"))


def test_a_value_that_is_not_of_its_declared_type_is_refused(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(pa.ArrowInvalid):
        wide(engine, tmp_path, GOOD.replace("cohort.age_years", "cohort.age_years + 0.5 as age_years"))


def test_broken_bounds_are_counted_with_their_level(engine: Engine, tmp_path: Path) -> None:
    declared = concepts(tmp_path, GOOD)
    found = wide_table(engine, declared, project=tmp_path, index_date=date(2025, 4, 1))
    assert broken_checks(found, declared) == (
        BrokenCheck("age", "age_years", "minimum 0", "stop", 1),
        BrokenCheck("age", "age_years", "maximum 110", "warn", 1),
    )
    fine = found.set_column(1, "age_years", pa.array([0, 110, None], pa.int32()))
    assert broken_checks(fine, declared) == ()


def test_columns_of_the_project() -> None:
    columns = feature_columns(load_features(Path(__file__).parents[2]))
    assert len(columns) == len(set(columns)) >= 57
    assert {"emergency_admissions_12m", "has_copd", "care_package_days_since_start"} <= set(columns)
