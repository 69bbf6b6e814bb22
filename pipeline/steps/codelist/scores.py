"""What other code lists would do to scores, registers and reasons, and whether the model in use still fits.

The model is taken as it is: what training anew would give is not shown here. Writes nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.code import CODELISTS, feature_sql_digests
from pipeline.contracts.codelist import CodeList
from pipeline.contracts.codelist_comparison import Moved, ScoreChange
from pipeline.contracts.policy import Policy
from pipeline.contracts.register_dictionary import risk_band
from pipeline.engines.learner import Model, Scores, contributions, predict
from pipeline.engines.query import load_query
from pipeline.errors import ModelUnfit
from pipeline.ledger import models
from pipeline.rules.codelist_changes import overlap
from pipeline.rules.ranking import capacity, rank
from pipeline.rules.reasons import Reasons, reasons
from pipeline.rules.reasons_concepts import only_shown
from pipeline.steps.at_hand.context import Context
from pipeline.steps.model.score import stored_model
from pipeline.steps.run.run import MODEL

TOP_PCT = Decimal("2.0")
POINTS = (1, 5, 10)


class Looked(Protocol):
    """A night with one set of lists: both tables sorted by person_key."""

    @property
    def cohort(self) -> pa.Table: ...
    @property
    def wide(self) -> pa.Table: ...


@dataclass(frozen=True)
class Fit:
    """Whether the promoted model may go on with other lists. `lists`: by place, the digest of each it did not learn
    from; `must_retrain` when no decision of a person can let it score."""

    model_id: str | None
    lists: dict[str, str]
    must_retrain: bool
    says: tuple[str, ...]


def fit_of(context: Context, *, candidate: Mapping[str, CodeList], changed: Sequence[str]) -> Fit:
    """What the lists offered mean for the model in use, in sentences for the person who decides."""
    champion = models.champion(context.ledger, name=MODEL)
    if champion is None:
        return Fit(None, {}, False, ("No model is promoted: train one with the lists that are then in use.",))
    learned = stored_model(context, champion.model_id).manifest["sources_sha256"]
    digests = {name: codelist.digest for name, codelist in candidate.items()}
    present = feature_sql_digests(context.settings.project, digests)
    differing = sorted(name for name in {*learned, *present} if learned.get(name) != present.get(name))
    others = [name for name in differing if not name.startswith(CODELISTS)]
    lists = {name: present[name] for name in differing if name.startswith(CODELISTS) and name in present}
    if others:
        says = f"It learned from other queries ({', '.join(others[:3])}): it must be trained anew whatever the lists."
        return Fit(champion.model_id, lists, True, (f"Model {champion.model_id}.", says))
    asked = _outcome_lists(context, changed)
    if asked:
        says = (
            f"{', '.join(asked)} says what the outcome is: the model answers another question and must be trained anew."
        )
        return Fit(champion.model_id, lists, True, (f"Model {champion.model_id}.", says))
    if not lists:
        return Fit(champion.model_id, {}, False, (f"Model {champion.model_id} goes on: no feature reads these lists.",))
    return Fit(
        champion.model_id,
        lists,
        False,
        (
            f"Model {champion.model_id} learned with other rows of {', '.join(_names(lists))} and refuses to score "
            "with these (exit code 14), unless one of the two is done:",
            "train anew: take the lists, riskstrat train, look at its evaluation, riskstrat promote;",
            "or keep the model: the columns are the same and ask the same with other codes. Then take the lists with "
            "--keep-model, which records that you looked at the numbers below and decided.",
        ),
    )


def score_change(
    context: Context, *, before: Looked, after: Looked, policy: Policy, day: date
) -> tuple[ScoreChange | None, str]:
    """How the promoted model's scores move, or None and why they cannot be told."""
    champion = models.champion(context.ledger, name=MODEL)
    if champion is None:
        return None, "No model is promoted, so nobody has a score that could change."
    try:
        model = stored_model(context, champion.model_id)
        old, new = (predict(model, seen.wide, threads=context.settings.threads) for seen in (before, after))
    except ModelUnfit as error:
        return None, f"The promoted model cannot score these features: {error}"
    lists = [_registers(seen, scores, policy, day) for seen, scores in ((before, old), (after, new))]
    both = sorted(lists[0] & lists[1])
    reasons_changed = _reasons_changed(context, model, before, after, people=both, policy=policy, day=day)
    points = np.abs(new.risk_score - old.risk_score) * 100
    return (
        ScoreChange(
            model_id=model.model_id,
            moved=int((points > 0).sum()),
            higher=int((new.risk_score > old.risk_score).sum()),
            # Half of the last place kept, so that a move of exactly one point counts as one.
            by_points=tuple((limit, int((points >= limit - 5e-5).sum())) for limit in POINTS),
            expected_before=float(old.risk_score.sum()),
            expected_after=float(new.risk_score.sum()),
            words=moved(_words(old), _words(new)),
            area_top=overlap(_area_top(before, old), _area_top(after, new)),
            registers=overlap(*lists),
            reasons_people=len(both),
            reasons_changed=reasons_changed,
        ),
        "",
    )


def moved(before: Sequence[str], after: Sequence[str]) -> tuple[Moved, ...]:
    """Who changes from one word to another, most people first."""
    pairs = Counter((old, new) for old, new in zip(before, after, strict=True) if old != new)
    ordered = sorted(pairs.items(), key=lambda entry: (-entry[1], entry[0]))
    return tuple(Moved(old, new, people) for (old, new), people in ordered)


def _names(lists: Mapping[str, str]) -> list[str]:
    return [name.removeprefix(CODELISTS).removesuffix(".csv") for name in sorted(lists)]


def _outcome_lists(context: Context, changed: Sequence[str]) -> list[str]:
    read: set[str] = set()
    for path in sorted((context.settings.project / "sql" / "outcomes").glob("*.sql")):
        read |= load_query(path).reads
    return [name for name in changed if f"codelist_{name}" in read]


def _scored(seen: Looked, scores: Scores) -> list[tuple[str, str, Decimal]]:
    """(practice, person key, risk) of every adult."""
    places = dict(zip(scores.person_key, scores.as_table()["risk_score"].to_pylist(), strict=True))
    adults = seen.cohort.filter(seen.cohort["is_adult"]).select(["practice_code", "person_key"])
    return [(row["practice_code"], row["person_key"], places[row["person_key"]]) for row in adults.to_pylist()]


def _area_top(seen: Looked, scores: Scores) -> set[str]:
    ranked = rank([(key, risk) for _, key, risk in _scored(seen, scores)])
    return {person.person_key for person in ranked[: capacity(len(ranked), pct=TOP_PCT)]}


def _registers(seen: Looked, scores: Scores, policy: Policy, day: date) -> set[str]:
    """Everyone listed by rank: each practice's own share of its adults."""
    listed: set[str] = set()
    everyone = _scored(seen, scores)
    for practice in policy.participating(day):
        ranked = rank([(key, risk) for code, key, risk in everyone if code == practice.practice_code])
        k = capacity(len(ranked), pct=Decimal(str(practice.capacity_pct)))
        listed |= {person.person_key for person in ranked[:k]}
    return listed


def _words(scores: Scores) -> list[str]:
    return [risk_band(Decimal(str(risk))).title for risk in scores.risk_score]


def _reasons_changed(
    context: Context, model: Model, before: Looked, after: Looked, *, people: list[str], policy: Policy, day: date
) -> int:
    """Of these people, how many would read other reasons, or another line of what their GP record lacks."""
    if not people:
        return 0
    told = [_reasons(context, model, seen, people=people, policy=policy, day=day) for seen in (before, after)]
    return sum(old != new for old, new in zip(*told, strict=True))


def _reasons(
    context: Context, model: Model, seen: Looked, *, people: list[str], policy: Policy, day: date
) -> list[Reasons]:
    shown, withheld = policy.usable_sources("show", day), policy.not_shown(day)
    wanted = pa.array(people, type=pa.string())
    some, known = (table.filter(pc.is_in(table["person_key"], value_set=wanted)) for table in (seen.wide, seen.cohort))
    shares = contributions(model, some, threads=context.settings.threads)
    found = []
    for person, features, row in zip(known.to_pylist(), some.to_pylist(), shares, strict=True):
        values: dict[str, Any] = only_shown(person | features, sources=shown, withheld=withheld)
        weights = dict.fromkeys(model.all_columns, 0.0)
        weights |= dict(zip(model.feature_columns, (float(share) for share in row), strict=True))
        found.append(reasons(values, weights, index_date=day))
    return found
