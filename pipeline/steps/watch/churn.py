"""From the night before to this one: how many stayed at the top, what moved the others, and the model's own part.

Frozen against fresh: today's records are ranked with the model of before as well. Reads the slices of both nights and
the rows that became known in between; writes nothing.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.policy import SOURCES
from pipeline.contracts.watching import Watching
from pipeline.engines.learner import predict
from pipeline.errors import ModelUnfit
from pipeline.ledger import runs
from pipeline.ledger.runs import Run
from pipeline.rules.watch_churn import Facts, causes_of, jaccard, rank_correlation, top
from pipeline.steps.at_hand.context import Context
from pipeline.steps.model.score import stored_model
from pipeline.steps.watch.scored import COVERED, Floats, Scored, listed, scored
from pipeline.store import layout, tables


def churn(context: Context, *, run: Run, before: Run, watching: Watching) -> dict[str, Any]:
    """Every measure of the two nights and the counts behind them, as plain numbers."""
    then, now = scored(context, before), scored(context, run)
    adults = [each.adults() for each in (then, now)]
    lists = [top(each.keys, each.risk, pct=watching.top_pct) for each in adults]
    frozen, why_not = _by_the_model_before(context, run=run, before=before, now=now)
    middle = None if frozen is None else _top_of(now, frozen, pct=watching.top_pct)
    both = _both(then, now, frozen)
    came, left = (sorted(set(one) - set(other)) for one, other in ((lists[1], lists[0]), (lists[0], lists[1])))
    facts = Facts(
        before=frozenset(adults[0].keys),
        now=frozenset(adults[1].keys),
        died=_died(context, run),
        data_change=_data_change(both, [*came, *left]),
        coverage_changed=_coverage_changed(then, now, people=[*came, *left]),
        news=_news(context, run=run, before=before, people=[*came, *left]),
        top_without_model_change=middle if _model_changed(run, before) and middle is not None else None,
    )
    causes = causes_of(came, left, facts)
    return {
        "before": {"as_of": before.as_of.isoformat(), "run_key": before.run_key, **_model_of(before)},
        "top": [len(one) for one in lists],
        "stayed": len(set(lists[0]) & set(lists[1])),
        "jaccard": jaccard(*lists),
        "registers_jaccard": jaccard(listed(context, before), listed(context, run)),
        "rank_correlation": rank_correlation(both["then"], both["now"]),
        "people": {"then": len(then.keys), "now": len(now.keys), "both": len(both["then"])},
        "causes": vars(causes),
        "frozen": _frozen(lists, middle, both, why_not=why_not, changed=_model_changed(run, before)),
        "new_deliveries": _new_deliveries(context, run=run, before=before),
        "code_changed": run.inputs.get("code") != before.inputs.get("code"),
        "code_lists_changed": run.inputs.get("codelist_release") != before.inputs.get("codelist_release"),
    }


def _model_of(run: Run) -> dict[str, Any]:
    return {"model_id": run.model_id, "source_set": run.inputs.get("source_set")}


def _model_changed(run: Run, before: Run) -> bool:
    return _model_of(run) != _model_of(before)


def _by_the_model_before(context: Context, *, run: Run, before: Run, now: Scored) -> tuple[Floats | None, str | None]:
    """Today's records by the model of the night before, in the order of `now`; or why it cannot score them."""
    if not _model_changed(run, before):
        return now.risk, None
    try:
        model = stored_model(context, str(before.model_id), source_set=before.inputs.get("source_set"))
        path = layout.table(context.settings.home, "feature")
        wide = tables.read(path, column="run_key", values=[run.run_key]).sort_by("person_key")
        return predict(model, wide, threads=context.settings.threads).risk_score, None
    except ModelUnfit as error:
        return None, error.what


def _top_of(people: Scored, risk: Floats, *, pct: float) -> frozenset[str]:
    """The list that other risks of the same people would give."""
    adult = np.asarray(people.table["is_adult"].to_numpy(zero_copy_only=False), dtype=bool)
    keys = people.table.filter(people.table["is_adult"])["person_key"].to_pylist()
    return frozenset(top(keys, risk[adult], pct=pct))


def _both(then: Scored, now: Scored, frozen: Floats | None) -> dict[str, Any]:
    """Risks of everyone scored on both nights, in one order: then, now, and today's records by the model before."""
    first = pa.table({"person_key": then.table["person_key"], "then": pa.array(then.risk)})
    second = pa.table({"person_key": now.table["person_key"], "now": pa.array(now.risk)})
    if frozen is not None:
        second = second.append_column("frozen", pa.array(frozen))
    joined = first.join(second, keys="person_key", join_type="inner").sort_by("person_key")
    return {name: joined[name] if name == "person_key" else joined[name].to_numpy() for name in joined.column_names}


def _data_change(both: dict[str, Any], people: Sequence[str]) -> dict[str, float]:
    """What new records alone did to the risks of these people; by today's model where the one before is not there."""
    wanted = pc.is_in(both["person_key"], value_set=pa.array(people, pa.string())).to_numpy(zero_copy_only=False)
    moved = (both.get("frozen", both["now"]) - both["then"])[wanted]
    return dict(
        zip(both["person_key"].filter(pa.array(wanted)).to_pylist(), (float(each) for each in moved), strict=True)
    )


def _frozen(
    lists: Sequence[Sequence[str]],
    middle: frozenset[str] | None,
    both: dict[str, Any],
    *,
    why_not: str | None,
    changed: bool,
) -> dict[str, Any]:
    """The change of data and the change of model, told apart: lists, order and mean risk of those scored twice."""
    told: dict[str, Any] = {"model_changed": changed, "not_known": why_not}
    if middle is None:
        return told
    return {
        **told,
        "data_jaccard": jaccard(lists[0], middle),
        "model_jaccard": jaccard(middle, lists[1]),
        "model_moved": len(set(lists[1]) - middle),
        "data_rank_correlation": rank_correlation(both["then"], both["frozen"]),
        "model_rank_correlation": rank_correlation(both["frozen"], both["now"]),
        "mean_risk": {name: _mean(both[name]) for name in ("then", "frozen", "now")},
    }


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if len(values) else None


def _died(context: Context, run: Run) -> frozenset[str]:
    rows = tables.read(
        layout.table(context.settings.home, "death"), column="run_key", values=[run.run_key], columns=["person_key"]
    )
    return frozenset(rows["person_key"].to_pylist())


def _coverage_changed(then: Scored, now: Scored, *, people: list[str]) -> frozenset[str]:
    """Of these people, whom a source covers on one night only."""
    first, second = (
        {row["person_key"]: [row[name] for name in COVERED.values()] for row in each.of(people).table.to_pylist()}
        for each in (then, now)
    )
    return frozenset(key for key in first.keys() & second.keys() if first[key] != second[key])


def _new_ids(context: Context, *, run: Run, before: Run) -> list[str]:
    """Deliveries that this night uses and the one before did not."""
    old = set(runs.run_deliveries(context.ledger, before.run_key))
    return [one for one in runs.run_deliveries(context.ledger, run.run_key) if one not in old]


def _new_deliveries(context: Context, *, run: Run, before: Run) -> dict[str, int]:
    """By source, how many deliveries came in between; a source with none has told nothing new."""
    source_of = {name: contract.source for name, contract in load_extracts(context.settings.project).items()}
    ids = _new_ids(context, run=run, before=before)
    found = Counter(str(source_of.get(one.partition(".")[0])) for one in ids)
    return {source: found[source] for source in SOURCES}


def _news(context: Context, *, run: Run, before: Run, people: list[str]) -> dict[str, frozenset[str]]:
    """Of these people, the sources with rows that became known in between: new ones and corrections."""
    path = layout.table(context.settings.home, "event")
    ids = _new_ids(context, run=run, before=before)
    if not people or not tables.files(path, column="delivery_id", values=ids):
        return {}
    rows = tables.read(path, column="delivery_id", values=ids, columns=["person_key", "source"])
    rows = rows.filter(pc.is_in(rows["person_key"], value_set=pa.array(people, pa.string())))
    found: dict[str, set[str]] = {}
    for row in rows.group_by(["person_key", "source"]).aggregate([]).to_pylist():
        found.setdefault(row["person_key"], set()).add(row["source"])
    return {key: frozenset(sources) for key, sources in found.items()}
