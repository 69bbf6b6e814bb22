"""Every feature column has a specification, and every window has both its edges drawn."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from drawn import drawn

from pipeline.contracts.codelist import load_codelists
from pipeline.contracts.feature import load_features
from pipeline.contracts.feature_catalogue import Spec, feature_catalogue, load_specs
from pipeline.engines.query import load_query

PROJECT = Path(__file__).parents[2]
CATALOGUE = PROJECT / "docs" / "generated" / "feature-catalogue.md"
CONCEPTS = {concept.name: concept for concept in load_features(PROJECT)}
SPECS = load_specs(PROJECT)
# Concepts that read the person's cohort row alone: no event, and no source that may fail to cover it.
FROM_COHORT = {name for name, concept in CONCEPTS.items() if "event" not in load_query(concept.query).reads}


def drawn_columns(concept: str) -> set[str]:
    tables = [expectation.rows for spec in SPECS for expectation in spec.expectations if expectation.concept == concept]
    return {column for table in tables for column in drawn(table)[0]} - {"person_key"}


def months_before(day: date, months: int) -> date:
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(years, month + 1, day.day)


def windows(concept: str) -> set[int]:
    """Months of every window the query writes out."""
    return {int(months) for months in re.findall(r"interval '(\d+)' month", CONCEPTS[concept].query.read_text())}


def event_dates(spec: Spec) -> set[date]:
    return {date.fromisoformat(row["event_date"]) for row in drawn(spec.event) if row["event_date"]}


@pytest.mark.parametrize("concept", sorted(CONCEPTS))
def test_every_column_is_drawn(concept: str) -> None:
    declared = {column.name for column in CONCEPTS[concept].columns}
    assert drawn_columns(concept) == declared


@pytest.mark.parametrize("concept", sorted(set(CONCEPTS) - FROM_COHORT))
def test_edges_are_pinned(concept: str) -> None:
    """Events on the index date and the day before it; on the first day of each window and the day before that."""
    [spec] = [spec for spec in SPECS if concept in spec.concepts]
    day = min(date.fromisoformat(expectation.on) for expectation in spec.expectations)
    edges = {day, day - timedelta(days=1)}
    for months in windows(concept):
        first = months_before(day, months)
        edges |= {first, first - timedelta(days=1)}
    assert edges - event_dates(spec) == set()


def test_every_concept_that_reads_events_draws_an_uncovered_person() -> None:
    for spec in SPECS:
        if not spec.concepts <= FROM_COHORT:
            people = drawn(spec.cohort)
            assert any("no" in row.values() for row in people), spec.path.name


def test_the_catalogue_is_current() -> None:
    text = feature_catalogue(tuple(CONCEPTS.values()), specs=SPECS, codelists=load_codelists(PROJECT))
    assert CATALOGUE.read_text(encoding="utf-8") == text, "docs/generated/feature-catalogue.md is stale: run make docs"
