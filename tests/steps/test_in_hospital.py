"""Who is in hospital reaches the registers from the slice of the run, and a night without the slice tells nobody."""

from datetime import date
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
from small_home import small_context

from pipeline.contracts.settings import Settings
from pipeline.steps.publish.pack_night import in_hospital_of
from pipeline.store import layout, tables


def the_run(run_key: str) -> Any:
    return SimpleNamespace(run_key=run_key)


def test_the_slice_of_the_run_is_read_and_no_other(home: Settings) -> None:
    context = small_context(home)
    assert in_hospital_of(context, the_run("one")) == {}
    since = {"one": date(2026, 11, 12), "two": date(2026, 11, 20)}
    for run_key, day in since.items():
        rows = pa.table({"person_key": ["p1"], "admission_date": [day]})
        tables.replace_slice(layout.table(home.home, "in_hospital"), rows, column="run_key", value=run_key)
    assert in_hospital_of(context, the_run("one")) == {"p1": since["one"]}
    assert in_hospital_of(context, the_run("three")) == {}
