"""What is read of a night's people: those who are listed are held, others are read when they are asked for."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest
from deltalake.exceptions import TableNotFoundError

from pipeline.steps.publish import night_people
from pipeline.steps.publish.night_people import Details
from pipeline.store import layout, tables

RUN = SimpleNamespace(run_key="a")


@pytest.fixture
def context(tmp_path: Path) -> SimpleNamespace:
    keys = [f"p{number:02}" for number in range(30)]
    features = pa.table({"person_key": keys, "admissions": pa.array(range(30), pa.int32())})
    tables.replace_slice(layout.table(tmp_path, "feature"), features, column="run_key", value="a")
    others = features.set_column(1, "admissions", pa.array([99] * 30, pa.int32()))
    tables.replace_slice(layout.table(tmp_path, "feature"), others, column="run_key", value="b")
    return SimpleNamespace(settings=SimpleNamespace(home=tmp_path))


def test_only_the_listed_are_held_and_others_are_read_when_asked_for(
    context: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(night_people, "ROWS_AT_ONCE", 7)
    facts = pa.table({"person_key": ["p03", "p29"], "told": ["x", "y"]})
    tables.replace_slice(layout.table(context.settings.home, "fact"), facts, column="run_key", value="a")
    details = Details(context, RUN, listed=["p29", "p03"])
    assert "told" in details.fact_names
    assert details.features_of(["p29", "p03"])["admissions"].to_pylist() == [3, 29]
    found = details.of(["p03", "p07"])
    assert [found[key]["admissions"] for key in ("p03", "p07")] == [3, 7]
    assert found["p03"]["told"] == "x" and "told" not in found["p07"]
    assert details.features_of([]).num_rows == 0
    # The listed are held; the others are nowhere but in the store.
    shutil.rmtree(layout.table(context.settings.home, "feature"))
    assert details.features_of(["p29"])["admissions"].to_pylist() == [29]
    with pytest.raises(TableNotFoundError):
        details.features_of(["p07"])


def test_a_night_without_facts_tells_features_alone(context: SimpleNamespace) -> None:
    details = Details(context, RUN, listed=["p01"])
    assert details.of(["p01"])["p01"]["admissions"] == 1
    assert "told" not in details.fact_names
