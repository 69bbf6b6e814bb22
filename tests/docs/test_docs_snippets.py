"""The Python that the guide shows runs as it stands, against a store of our own shape."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from project_pages import fenced, text_of

from pipeline.store import layout, tables

GUIDE = "docs/for-data-engineers.md"


def test_the_snippets_of_the_guide_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    home = tmp_path / "riskstrat-data"
    events = pa.table({"source": ["gp"], "event_type": ["gp_code"], "event_date": [date(2026, 11, 2)]})
    scores = pa.table({"person_key": ["p1_a"], "risk_score": pa.array([Decimal("0.123456")], pa.decimal128(7, 6))})
    tables.replace_slice(layout.table(home, "event"), events, column="delivery_id", value="gp_event.S.20261115T200100Z")
    tables.replace_slice(layout.table(home, "score"), scores, column="run_key", value="0123456789abcdef")
    monkeypatch.chdir(tmp_path)
    snippets = list(fenced(text_of(GUIDE), "python"))
    assert snippets
    for snippet in snippets:
        exec(compile(snippet, GUIDE, "exec"), {})
    shown = capfd.readouterr().out
    assert "gp_code" in shown and "0123456789abcdef" in shown and "0.123456" in shown
