"""Puts a hold-out's measures together as evaluation.json says them: parts, groups, differences, sources, oracle.

Decides nothing by itself: rules measure and judge. All intervals come from the same draws of people.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.contracts.evaluation import ReferenceScore, Thresholds
from pipeline.contracts.model import Plan
from pipeline.rules import evaluation_differences as differences
from pipeline.rules import evaluation_groups as groups
from pipeline.rules import evaluation_measures as measures
from pipeline.rules.evaluation_intervals import auroc_interval_of
from pipeline.rules.evaluation_resampling import Draws, Measure, list_size, ranked, resample
from pipeline.rules.reference_scores import columns_needed, people_of, score_of
from pipeline.steps.model.evaluate_holdout import HoldOut
from pipeline.steps.model.holdout import SEEN, UNSEEN

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
CANDIDATES = ("model", "lightgbm", "logistic", "age_sex")  # all other risks are of smaller sets of sources
# Pairs with the true risk and with age and sex, of everyone and of people in practices that taught nothing.
ORACLE, ORACLE_UNSEEN = ("oracle", "plain"), ("oracle_unseen", "plain_unseen")
BASELINES = {"logistic": "Logistic regression on the same features", "age_sex": "Age and sex"}


@dataclass(frozen=True)
class Prepared:
    """Everything that is measured, sorted once: populations by (outcome, part), pairs by name, and the draws of all."""

    populations: Mapping[tuple[str, str], measures.Population]
    pairs: Mapping[str, differences.Pair]
    asked: Mapping[str, "Asked"]
    source_sets: tuple[str, ...]
    draws: Draws


@dataclass(frozen=True)
class Asked:
    """One score the model is held against, and why it was not measured, if it was not."""

    score: str
    title: str
    population: str
    outcome: str
    why_not: str | None = None


def prepare(held: HoldOut, *, plan: Plan, thresholds: Thresholds, oracle: Floats | None) -> Prepared:
    """Sort every score once and draw people once for all of them."""
    populations = _populations(held, plan=plan)
    pairs, asked = _score_pairs(held, thresholds=thresholds)
    cut = thresholds.published_cut_pct
    everyone = np.ones(held.people, dtype=np.bool_)
    # Sets without one source first, then the smaller ones.
    for name in sorted(held.risks, key=lambda each: (not each.startswith("without_"), each)):
        if name not in CANDIDATES:
            _add(pairs, name, held.risks["model"], held.risks[name], held.outcome, among=everyone, cut_pct=cut)
    if oracle is not None:
        told = ~np.isnan(oracle)
        for among, names in ((told, ORACLE), (told & held.is_unseen, ORACLE_UNSEEN)):
            for name, other in zip(names, (oracle, held.risks.get("age_sex")), strict=True):
                if other is not None:
                    _add(pairs, name, held.risks["model"], other, held.outcome, among=among, cut_pct=cut)
    asked_of: dict[str, Measure] = {
        "/".join(key): measures.measure_of(population) for key, population in populations.items()
    }
    asked_of |= {name: differences.measure_pair(pair) for name, pair in pairs.items()}
    draws = resample(asked_of, people=held.people, resamples=plan.evaluation.resamples, seed=plan.seed)
    source_sets = tuple(name for name in pairs if name in held.risks and name not in CANDIDATES)
    return Prepared(populations=populations, pairs=pairs, asked=asked, source_sets=source_sets, draws=draws)


def parts_of(prepared: Prepared, outcome: str) -> dict[str, Any]:
    """Measures by part; null where nobody, or only one kind of outcome, is in it."""
    return {
        part: measures.described(prepared.populations[outcome, part], prepared.draws[f"{outcome}/{part}"])
        if (outcome, part) in prepared.populations
        else None
        for part in ("all", SEEN, UNSEEN)
    }


def subgroups_of(held: HoldOut, *, thresholds: Thresholds) -> list[dict[str, Any]]:
    """Every group of every grouping, judged at the published cut."""
    declared = thresholds.groups
    order = ranked(held.risks["model"], held.outcome).order
    listed = np.zeros(held.people, dtype=np.bool_)
    listed[order[: list_size(held.people, thresholds.published_cut_pct)]] = True
    return groups.judge_groups(
        groups.Judged(risk=held.risks["model"], outcome=held.outcome, listed=listed),
        held.groupings,
        titles={("segment", code): title for code, title in held.segments.items()},
        rules=groups.GroupRules(
            confidence=declared.confidence,
            oe_low=declared.oe_low,
            oe_high=declared.oe_high,
            hidden_below=declared.hidden_below,
            sensitivity_share_least=declared.sensitivity_share_least,
            sensitivity_by=declared.sensitivity_by,
        ),
    )


def differences_of(prepared: Prepared) -> list[dict[str, Any]]:
    """The model beside each baseline and known score; what could not be measured says why."""
    told = []
    for name, asked in prepared.asked.items():
        entry = {"score": asked.score, "title": asked.title, "population": asked.population, "outcome": asked.outcome}
        if name in prepared.pairs:
            has_list = asked.outcome == "emergency_admission_12m"
            told.append(entry | differences.compared(prepared.pairs[name], prepared.draws[name], has_list=has_list))
        else:
            told.append(entry | {"why_not": asked.why_not or "too few people with the outcome"})
    return told


def sources_of(prepared: Prepared) -> list[dict[str, Any]]:
    """What each source is worth: the model of all sources beside the one without it."""
    return [
        {"set": name, "source": name.removeprefix("without_") if name.startswith("without_") else None}
        | differences.source_priced(pair, prepared.draws[name])
        for name, pair in prepared.pairs.items()
        if name in prepared.source_sets
    ]


def readmission_of(held: HoldOut) -> dict[str, Any] | None:
    """How the risk orders people discharged alive from an emergency stay by whether they were back within 30 days."""
    asked = ~np.isnan(held.readmission)
    outcome = held.readmission[asked].astype(np.int8)
    area = auroc_interval_of(held.risks["model"][asked], outcome, confidence=0.95)
    return {"people": len(outcome), "events": int(outcome.sum()), "auroc": list(area)} if area else None


def oracle_of(prepared: Prepared, names: tuple[str, str] = ORACLE) -> dict[str, Any] | None:
    """The model between age and sex and the true risk, where that is known of such people."""
    if not set(names) <= prepared.pairs.keys():
        return None
    first, second = (prepared.pairs[name] for name in names)
    return differences.beside_the_oracle(first, second, prepared.draws, names=names)


def _populations(held: HoldOut, *, plan: Plan) -> dict[tuple[str, str], measures.Population]:
    parts = {"all": np.ones(held.people, dtype=np.bool_), SEEN: ~held.is_unseen, UNSEEN: held.is_unseen}
    outcomes = {"admission": held.outcome, "admission_or_death": held.outcome_or_death}
    found = {}
    for outcome, happened in outcomes.items():
        for part, among in parts.items():
            one = measures.population(
                held.risks["model"],
                happened,
                among=among,
                bins=plan.evaluation.bins,
                top_pct=plan.evaluation.top_pct,
            )
            if one is not None:
                found[outcome, part] = one
    return found


def _score_pairs(held: HoldOut, *, thresholds: Thresholds) -> tuple[dict[str, differences.Pair], dict[str, Asked]]:
    pairs: dict[str, differences.Pair] = {}
    asked: dict[str, Asked] = {}
    cut = thresholds.published_cut_pct
    everyone = np.ones(held.people, dtype=np.bool_)
    for score, title in BASELINES.items():
        why_not = None
        if score in held.risks:
            _add(pairs, score, held.risks["model"], held.risks[score], held.outcome, among=everyone, cut_pct=cut)
        else:
            why_not = "it is not among the hold-out's risks"
        asked[score] = Asked(score, title, "everyone", "emergency_admission_12m", why_not)
    for declared in thresholds.reference_scores:
        who = _who(declared)
        why_not = _add_reference(pairs, held, declared, cut_pct=cut)
        asked[declared.score] = Asked(declared.score, declared.title, who, declared.outcome, why_not)
    return pairs, asked


def _add_reference(
    pairs: dict[str, differences.Pair], held: HoldOut, declared: ReferenceScore, *, cut_pct: float
) -> str | None:
    """Adds the pair on the score's own people and outcome; why not, if it cannot."""
    columns = held.features
    lacking = [name for name in columns_needed(declared.column) if name not in columns]
    score = score_of(declared.column, columns)
    people = people_of(declared.people, declared.ages, columns) if "age_years" in columns else None
    if score is None:
        return f"not among the features: {', '.join(lacking)}"
    if people is None:
        return "the features do not tell whom it is for"
    outcome, among = held.outcome, people & ~np.isnan(score)
    if declared.outcome == "emergency_admission_30d":
        among &= ~np.isnan(held.soon)
        outcome = np.nan_to_num(held.soon, nan=0.0).astype(np.int8)
        if np.isnan(held.soon).all():
            return "its outcome is not among the hold-out's"
    _add(pairs, declared.score, held.risks["model"], score, outcome, among=among, cut_pct=cut_pct)
    return None


def _who(declared: ReferenceScore) -> str:
    low, high = declared.ages
    ages = f"aged {low} to {high}" if high < 120 else f"aged {low} and over"
    words = {
        "everyone": ages,
        "admitted": f"{ages}, admitted in the two years before",
        "admitted_as_emergency": f"{ages}, admitted as an emergency in the two years before",
        "discharged_within_30_days": f"{ages}, discharged in the 30 days before",
    }
    return words[declared.people]


def _add(
    pairs: dict[str, differences.Pair],
    name: str,
    model: Floats,
    other: Floats,
    outcome: npt.NDArray[np.int8],
    *,
    among: Flags,
    cut_pct: float,
) -> None:
    one = differences.pair(model, other, outcome, among=among, cut_pct=cut_pct)
    if one is not None:
        pairs[name] = one
