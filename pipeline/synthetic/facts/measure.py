"""The region's own figures for every published fact, from its people, lives and records."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.rules.evaluation import auroc
from pipeline.synthetic.facts.tally import Tally

_TARGETS = Path(__file__).with_name("targets.csv")
_BANDS = (("under_20", 0, 20), ("20", 20, 30), ("30", 30, 40), ("50", 50, 60), ("60", 60, 70), ("70", 70, 80))
_OLDEST_FROM = 80
_TIERS = (1, 2, 4)  # the most conditions of each tier but the last; the published tiers say sizes only


@dataclass(frozen=True)
class Fact:
    """One published figure: what it is, its target, and the bounds within which the region meets it."""

    name: str
    group: str
    label: str
    target: float
    lowest: float
    highest: float
    source: str

    def is_met(self, value: float) -> bool:
        return self.lowest <= value <= self.highest


def load_facts() -> tuple[Fact, ...]:
    """The facts in the order of targets.csv."""
    with _TARGETS.open(newline="", encoding="utf-8") as handle:
        return tuple(
            Fact(
                name=row["fact"],
                group=row["group"],
                label=row["label"],
                target=float(row["target"]),
                lowest=float(row["lowest"]),
                highest=float(row["highest"]),
                source=row["source"],
            )
            for row in csv.DictReader(handle)
        )


def measure(tally: Tally) -> dict[str, float]:
    """The achieved figure by the name of its fact."""
    return {
        "admitted_12m": float(tally.admitted.mean()),
        **_by_age(tally),
        "deprivation": _by_deprivation(tally),
        **_recorded(tally),
        "oracle_auroc": auroc(tally.oracle, tally.admitted),
        "age_sex_auroc": auroc(age_and_sex_risk(tally.age, tally.is_female, tally.admitted), tally.admitted),
        **_segments(tally),
    }


def age_and_sex_risk(age: np.ndarray, is_female: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Fitted probabilities of a logistic regression on age (to the third power), sex and their product.

    Fitted and judged on the same people: with five numbers for thousands of people that flatters nothing.
    """
    scaled = (age - 45) / 25
    columns = np.column_stack([np.ones(len(age)), scaled, scaled**2, scaled**3, is_female, is_female * scaled])
    weights = np.zeros(columns.shape[1])
    for _ in range(25):
        risk = 1 / (1 + np.exp(-columns @ weights))
        curvature = columns.T @ (columns * (risk * (1 - risk))[:, None]) + 1e-6 * np.eye(len(weights))
        weights = weights + np.linalg.solve(curvature, columns.T @ (outcome - risk))
    return np.asarray(1 / (1 + np.exp(-columns @ weights)))


def _by_age(tally: Tally) -> dict[str, float]:
    """Admission or death within 12 months among people with recent contact, as a multiple of the 40 to 50 band's."""
    event = tally.admitted | tally.died

    def rate(low: float, high: float) -> float:
        return _rate(event, tally.has_contact & (tally.age >= low) & (tally.age < high))

    middle = rate(40, 50)
    bands = {f"ratio_{name}": _ratio(rate(low, high), middle) for name, low, high in _BANDS}
    return {**bands, "ratio_80": _ratio(rate(_OLDEST_FROM, np.inf), middle)}


def _by_deprivation(tally: Tally) -> float:
    event = tally.admitted | tally.died
    most, least = (_rate(event, tally.has_contact & (tally.decile == tenth)) for tenth in (1, 10))
    return _ratio(most, least)


def _rate(event: np.ndarray, among: np.ndarray) -> float:
    """Share of these people; not a number when there are none."""
    return float(event[among].mean()) if among.any() else float("nan")


def _ratio(one: float, other: float) -> float:
    """Not a number, and so met by no fact, where a small region has nothing to divide by."""
    return one / other if other > 0 else float("nan")


def _recorded(tally: Tally) -> dict[str, float]:
    shares = tally.coded[tally.has_gp_record].mean(axis=0)
    found = {f"recorded_{name}": float(share) for name, share in zip(tally.conditions, shares, strict=True)}
    return {**found, "recorded_carer": float(tally.is_coded_carer[tally.has_gp_record].mean())}


def _segments(tally: Tally) -> dict[str, float]:
    known = tally.has_gp_record
    segment, spend = tally.segment[known], tally.spend[known]
    people = [float((segment == index).mean()) for index in range(3)]
    money = [float(spend[segment == index].sum() / spend.sum()) for index in range(3)]
    conditions = tally.coded[known].sum(axis=1)
    tier = np.searchsorted(_TIERS, conditions, side="left")
    return {
        **{f"tier_{index + 1}": float((tier == index).mean()) for index in range(len(_TIERS) + 1)},
        "healthy_people": people[0],
        "healthy_spend": money[0],
        "chronic_people": people[1],
        "severe_people": people[2],
        "severe_spend": money[2],
    }
