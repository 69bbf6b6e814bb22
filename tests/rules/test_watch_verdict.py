"""Bounds: which side, which of the two, and that nothing is passed by what is not known or not declared."""

import pytest

from pipeline.rules.watch_verdict import above, below, outside, worst


@pytest.mark.parametrize(("value", "level"), [(0.7, "quiet"), (0.6, "quiet"), (0.59, "notice"), (0.19, "hold")])
def test_from_below(value: float, level: str) -> None:
    assert below(value, notice=0.6, hold=0.2) == level


@pytest.mark.parametrize(("value", "level"), [(0.09, "quiet"), (0.1, "notice"), (0.49, "notice"), (0.5, "hold")])
def test_from_above(value: float, level: str) -> None:
    assert above(value, notice=0.1, hold=0.5) == level


@pytest.mark.parametrize(
    ("interval", "level"),
    [
        ((0.9, 1.1), "quiet"),
        ((0.5, 0.9), "quiet"),
        ((0.7, 0.84), "notice"),
        ((0.6, 0.7), "notice"),
        ((0.4, 0.6), "hold"),
        ((1.19, 1.6), "notice"),
        ((1.51, 1.9), "hold"),
    ],
)
def test_an_interval_must_lie_outside_whole(interval: tuple[float, float], level: str) -> None:
    assert outside(*interval, notice=(0.85, 1.18), hold=(0.67, 1.5)) == level


def test_what_is_not_known_or_not_declared_passes_nothing() -> None:
    assert below(None, notice=0.6, hold=0.2) == above(None, notice=0.1, hold=0.5) == "quiet"
    assert below(0.0, notice=None, hold=None) == above(9.0, notice=None, hold=None) == "quiet"
    assert outside(0.1, 0.2, notice=None, hold=None) == "quiet"
    assert below(0.1, notice=0.6, hold=None) == "notice"


def test_the_gravest_counts() -> None:
    assert worst(["notice", "hold", "quiet"]) == "hold"
    assert worst([]) == "quiet"
