"""The planted events of the audit: a true feature does not move, one that sees a single day too far is named."""

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from pipeline.contracts.codelist import load_codelists
from pipeline.contracts.feature import load_features
from pipeline.engines import shapes
from pipeline.engines.chance_model import PEOPLE_MOST, chance_log_odds, some_people
from pipeline.engines.embedded import Engine
from pipeline.engines.foresight import planted_columns
from pipeline.engines.query import load_query
from pipeline.rules.evaluation_intervals import auroc_interval_of
from pipeline.rules.evaluation_leakage import windows_that_do_not_end

PROJECT = Path(__file__).parents[2]
INDEX_DATE = date(2025, 4, 1)
CONCEPT = "emergency_admissions"
KEYS = [f"p{number}" for number in range(4)]


@pytest.fixture
def engine() -> Iterator[Engine]:
    people = [{"person_key": key, "is_acute_covered": True} for key in KEYS]
    stays = [
        {
            "person_key": key,
            "event_type": "admission",
            "method_code": "21",
            "event_date": INDEX_DATE - timedelta(days=40 * place + 1),
            "end_date": INDEX_DATE - timedelta(days=40 * place),
        }
        for place, key in enumerate(KEYS)
    ]
    with Engine(threads=2, memory_limit="256MB") as opened:
        opened.add_codelists(load_codelists(PROJECT).values())
        opened.add_arrow("cohort", shapes.relation(shapes.COHORT, people))
        opened.add_arrow("event", shapes.relation(shapes.EVENT, stays))
        yield opened


def a_project(folder: Path, *, body_of=lambda text: text) -> Path:
    """A copy of the one concept and of the queries that plant, with the text changed of where it has its stays from."""
    shutil.copytree(PROJECT / "sql" / "monitoring", folder / "sql" / "monitoring")
    features = folder / "sql" / "features"
    features.mkdir()
    shutil.copyfile(PROJECT / "sql" / "features" / f"{CONCEPT}.yml", features / f"{CONCEPT}.yml")
    shutil.copyfile(PROJECT / "sql" / "features" / f"{CONCEPT}.sql", features / f"{CONCEPT}.sql")
    (folder / "sql" / "knowledge").mkdir()
    text = (PROJECT / "sql" / "knowledge" / "stay.sql").read_text()
    (folder / "sql" / "knowledge" / "stay.sql").write_text(body_of(text))
    return folder


def planted(engine: Engine, project: Path, *, who: list[str] = KEYS):
    return planted_columns(engine, load_features(project), project=project, index_date=INDEX_DATE, person_keys=who)


def test_every_declared_window_ends_before_the_index_date():
    windows = {each.name: load_query(each.query).header["Window"] for each in load_features(PROJECT)}
    assert len(windows) >= 30 and windows_that_do_not_end(windows) == []


def test_a_feature_that_ends_before_the_index_date_does_not_move(engine, tmp_path):
    told = planted(engine, a_project(tmp_path), who=KEYS[:3])
    assert (told.people, told.events, told.moved) == (3, 6, ())


def test_a_feature_that_sees_one_day_too_far_is_named(engine, tmp_path):
    def too_far(text: str) -> str:
        assert "event.event_date < $index_date" in text
        return text.replace("event.event_date < $index_date", "event.event_date <= $index_date")

    told = planted(engine, a_project(tmp_path, body_of=too_far))
    assert "emergency_admissions_3m" in told.moved and "emergency_admission_days_since" in told.moved
    assert "person_key" not in told.moved


def test_from_dealt_outcomes_nothing_is_learnt_and_from_real_ones_much_is():
    random = np.random.default_rng(1)
    matrix = random.normal(size=(4_000, 3))
    outcome = (matrix[:, 0] + random.normal(size=4_000) > 1.5).astype(np.int8)
    given = {"rounds": 30, "columns": ["a", "b", "c"], "seed": 5}
    score, dealt = chance_log_odds(matrix, outcome, **given)
    _, low, high = auroc_interval_of(score, dealt, confidence=0.99)
    assert low < 0.5 < high and len(score) < 2_300
    again, _ = chance_log_odds(matrix, outcome, **given)
    assert (again == score).all()


def test_enough_people_are_drawn_and_always_the_same():
    assert some_people(10, seed=1).tolist() == list(range(10))
    drawn = some_people(PEOPLE_MOST + 5, seed=1)
    assert len(drawn) == PEOPLE_MOST and (np.diff(drawn) > 0).all()
    assert (some_people(PEOPLE_MOST + 5, seed=1) == drawn).all()
