"""The `expect` of the specifications: runs one concept over a module's drawn tables and compares every drawn
cell."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from drawn import drawn_relation, expected_rows, same_rows

from pipeline.contracts.codelist import load_codelists
from pipeline.contracts.feature import load_features
from pipeline.engines import shapes
from pipeline.engines.embedded import Engine
from pipeline.engines.wide import wide_table

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    with Engine(threads=2, memory_limit="512MB") as opened:
        opened.add_codelists(load_codelists(PROJECT).values())
        yield opened


@pytest.fixture
def expect(engine: Engine, request: pytest.FixtureRequest) -> Callable[..., None]:
    """`expect(features=concept, on=index date, rows=drawn answers)` over the module's `cohort` and `event`."""
    module = request.module
    concepts = {concept.name: concept for concept in load_features(PROJECT)}

    def check(*, features: str, on: str, rows: str) -> None:
        concept = concepts[features]
        engine.add_arrow("cohort", drawn_relation(module.cohort, shapes.COHORT))
        engine.add_arrow("event", drawn_relation(module.event, shapes.EVENT))
        found = wide_table(engine, [concept], project=PROJECT, index_date=date.fromisoformat(on)).to_pylist()
        differing = same_rows(found, expected_rows(rows, concept))
        assert not differing, f"{module.title}, on {on}:\n{differing}"

    return check
