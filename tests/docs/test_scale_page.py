"""docs/scale.md tells the figures that were measured, and no others."""

from benchmarks.scale.page import PAGE, filled


def test_the_tables_are_those_of_the_measured_figures() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert filled(text) == text, "run: python -m benchmarks.scale.page"
    assert "| not met |" not in text or "Missed: " in text
