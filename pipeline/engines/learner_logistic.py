"""The logistic baseline: standardised, saturating terms with an indicator of what was missing, kept as JSON.

It is the model to beat and ships when it is not beaten. Scores are summed term by term, never by a matrix
product, so that a person's score cannot depend on who else is in the table.
"""

import json
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.contracts.model import LogisticDials
from pipeline.errors import ModelUnfit

Floats = npt.NDArray[np.float64]
Outcome = npt.NDArray[np.int8]

_RECENCY_DAYS = 90.0
_AGE_TURNS = (5.0, 20.0, 65.0, 80.0)  # where the risk of an emergency admission bends over a life


def fit_logistic(matrix: Floats, outcome: Outcome, *, columns: Sequence[str], dials: LogisticDials) -> "Logistic":
    """Fit on one thread; raises ModelUnfit if the fit does not settle. Numbers are rounded to ten digits."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    terms = _plan_terms(matrix, columns)
    design = np.column_stack([_standardised(term, matrix[:, columns.index(term.column)]) for term in terms])
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            fitted = LogisticRegression(
                # Newton's method takes a handful of steps where columns that nearly repeat one another stall others.
                C=dials.inverse_penalty,
                solver="newton-cholesky",
                max_iter=dials.iterations_most,
                tol=1e-6,
            ).fit(design, outcome)
        except ConvergenceWarning as error:
            raise ModelUnfit(
                "The logistic baseline did not settle", next_step="raise iterations_most in the plan"
            ) from error
    weighted = tuple(
        Term(**{**asdict(term), "weight": _short(weight)}) for term, weight in zip(terms, fitted.coef_[0], strict=True)
    )
    return Logistic(intercept=_short(fitted.intercept_[0]), terms=weighted)


def out_of_fold_logistic(
    matrix: Floats,
    outcome: Outcome,
    *,
    fold: npt.NDArray[np.int64],
    columns: Sequence[str],
    dials: LogisticDials,
) -> Floats:
    """Raw log-odds of each row from a fit that saw no row of its fold."""
    unseen = np.empty(len(outcome))
    for each in range(int(fold.max()) + 1):
        held = fold == each
        part = fit_logistic(matrix[~held], outcome[~held], columns=columns, dials=dials)
        unseen[held] = logistic_log_odds(part, matrix[held], columns=columns)
    return unseen


def logistic_log_odds(model: "Logistic", matrix: Floats, *, columns: Sequence[str]) -> Floats:
    """Raw log-odds of each row."""
    log_odds = np.full(len(matrix), model.intercept)
    for term in model.terms:
        log_odds += term.weight * _standardised(term, matrix[:, columns.index(term.column)])
    return log_odds


def logistic_contributions(model: "Logistic", matrix: Floats, *, columns: Sequence[str]) -> Floats:
    """Exact log-odds by column against the average of training and, last, the intercept."""
    shares = np.zeros((len(matrix), len(columns) + 1))
    for term in model.terms:
        place = columns.index(term.column)
        shares[:, place] += term.weight * _standardised(term, matrix[:, place])
    shares[:, -1] = model.intercept
    return shares


def read_logistic(text: str) -> "Logistic":
    """The model of a logistic.json; raises ModelUnfit if it does not hold together."""
    try:
        content = json.loads(text)
        return Logistic(intercept=float(content["intercept"]), terms=tuple(Term(**term) for term in content["terms"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnfit("The logistic model cannot be read", where="logistic.json") from error


def _plan_terms(matrix: Floats, columns: Sequence[str]) -> list["Term"]:
    terms: list[Term] = []
    missing: set[bytes] = set()
    for place, name in enumerate(columns):
        column = matrix[:, place]
        known = column[~np.isnan(column)]
        if not len(known):
            continue
        for shape in _shapes(name, known):
            _add(terms, Term(column=name, **shape), column)
        if len(known) < len(column):
            gaps = np.isnan(column).tobytes()
            if gaps not in missing:  # columns of one source are missing for the same people: said once
                missing.add(gaps)
                _add(terms, Term(column=name, kind="missing"), column)
    if not terms:
        raise ModelUnfit("No feature differs between people, so nothing can be learned")
    return terms


def _shapes(name: str, known: Floats) -> list[dict[str, Any]]:
    """How a column enters, by the grammar of feature names: saturating, so that no outlier rules the sum."""
    if name == "age_years":
        turns: list[dict[str, Any]] = [{"kind": "beyond", "at": turn} for turn in _AGE_TURNS]
        return [{"kind": "clipped", "low": 0.0, "high": 110.0}, *turns]
    if "_days_since" in name:
        return [{"kind": "recency"}]
    if name.startswith(("has_", "is_")):
        return [{"kind": "clipped", "low": 0.0, "high": 1.0}]
    if name.endswith(("_3m", "_6m", "_12m", "_24m", "_count")):
        return [{"kind": "log"}]
    low, high = np.percentile(known, [1, 99])
    return [{"kind": "clipped", "low": _short(low), "high": _short(high)}]


def _add(terms: list["Term"], term: "Term", column: Floats) -> None:
    shaped = _shaped(term, column)
    known = shaped[~np.isnan(shaped)]
    fill = _short(np.median(known))
    filled = np.where(np.isnan(shaped), fill, shaped)
    spread = _short(filled.std())
    if spread > 1e-9:  # a constant says nothing and cannot be standardised
        terms.append(Term(**{**asdict(term), "fill": fill, "mean": _short(filled.mean()), "spread": spread}))


def _standardised(term: "Term", column: Floats) -> Floats:
    shaped = _shaped(term, np.ascontiguousarray(column))
    return (np.where(np.isnan(shaped), term.fill, shaped) - term.mean) / term.spread


def _shaped(term: "Term", column: Floats) -> Floats:
    if term.kind == "missing":
        return np.isnan(column).astype(np.float64)
    if term.kind == "log":
        return np.log1p(np.maximum(column, 0.0))
    if term.kind == "recency":
        return _RECENCY_DAYS / (_RECENCY_DAYS + np.maximum(column, 0.0))
    if term.kind == "beyond":
        return np.maximum(column - term.at, 0.0)
    if term.kind == "clipped":
        return np.clip(column, term.low, term.high)
    raise ModelUnfit(f"The logistic model has a term of unknown kind {term.kind}", where="logistic.json")


def _short(number: float) -> float:
    return float(f"{float(number):.10g}")


@dataclass(frozen=True)
class Term:
    """One standardised term of one column. `fill` stands in for a null and is the median of training."""

    column: str
    kind: str
    low: float = 0.0
    high: float = 0.0
    at: float = 0.0
    fill: float = 0.0
    mean: float = 0.0
    spread: float = 1.0
    weight: float = 0.0


@dataclass(frozen=True)
class Logistic:
    """Intercept and terms."""

    intercept: float
    terms: tuple[Term, ...]

    def as_json(self) -> dict[str, object]:
        """What logistic.json holds."""
        return {"intercept": self.intercept, "terms": [asdict(term) for term in self.terms]}
