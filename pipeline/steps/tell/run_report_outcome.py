"""What the run report says of the model, of what watching found, and of who got what."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from pipeline.channels.run_page import EditionLine, Figure, Look, Table, Tone, Watched
from pipeline.contracts.policy import SOURCES, Policy
from pipeline.ledger import models, outbox, registers, watched
from pipeline.ledger.models import Promotion
from pipeline.ledger.recalls import recalls
from pipeline.ledger.registers import Edition
from pipeline.ledger.runs import Run
from pipeline.rules.shown_counts import shown
from pipeline.rules.times import day_in_words, index_date
from pipeline.rules.watch_churn import CAUSES
from pipeline.steps.at_hand.context import Context
from pipeline.steps.run.run import MODEL
from pipeline.steps.watch.source_states import TITLES, without_says
from pipeline.steps.watch.told import VERDICTS

PLANES = {"practice": "Practice", "locality": "Area"}
TONES: dict[str, Tone] = {"quiet": "good", "notice": "care", "hold": "bad"}
KINDS = {"lightgbm": "boosted trees", "logistic": "logistic regression"}
EARLIER_NIGHTS = 8
FEATURES_TOLD = 5


def model_figures(context: Context, run: Run) -> tuple[Figure, ...]:
    """Which model scored, or is to score."""
    model = models.find_model(context.ledger, name=MODEL, model_id=str(run.model_id))
    if model is None:
        return (Figure("Model", str(run.model_id)),)
    return (
        Figure("Model", model.model_id, KINDS.get(model.kind, model.kind)),
        Figure("Learned from", day_in_words(model.trained_as_of), "what was known that night"),
        Figure("Set of sources", str(run.inputs.get("source_set") or "–")),
    )


def why_model(context: Context, run: Run, *, unused: Mapping[str, str]) -> tuple[str, ...]:
    """Why this model, and why this set of its sources. `unused`: sources that could not be used tonight, and why."""
    lines = [_decided(one) for one in _promotion_of(context, run)]
    model = models.find_model(context.ledger, name=MODEL, model_id=str(run.model_id))
    sets = {} if model is None else {str(one["name"]): list(one["sources"]) for one in model.source_sets or []}
    chosen = run.inputs.get("source_set")
    if chosen in sets:
        names = list(sets)
        reads = ", ".join(TITLES[source] for source in SOURCES if source in sets[str(chosen)])
        lines.append(f"The set “{chosen}” reads {reads}: the first of {', '.join(names)} that needs nothing else")
        for name in names[: names.index(str(chosen))]:
            lacking = [source for source in SOURCES if source in sets[name] and source not in sets[str(chosen)]]
            whys = "; ".join(f"{TITLES[one]} ({unused.get(one, 'covers nobody here')})" for one in lacking)
            lines.append(f"The larger set “{name}” was not used: it also needs {whys}")
    return (*lines, *without_says(context, run))


def _promotion_of(context: Context, run: Run) -> list[Promotion]:
    """The decision by which the run's model scored; the last one before the run was frozen."""
    every = models.promotions(context.ledger, name=MODEL)
    mine = [one for one in every if one.model_id == run.model_id and one.promoted_at <= run.started_at]
    return mine[-1:]


def _decided(one: Promotion) -> str:
    verb = {"promote": "Promoted", "rollback": "Put back"}[one.verb]
    despite = f", despite {'; '.join(one.objections or [])} ({one.despite})" if one.objections and one.despite else ""
    return f"{verb} on {day_in_words(one.promoted_at.date())} by {one.who}: {one.reason}{despite}"


def watched_part(context: Context, run: Run) -> Watched | None:
    """What watching found of the run, with the nights before it; None before that stage."""
    found = watched.find_watched(context.ledger, run.run_key)
    if found is None:
        return None
    content = found.content
    release = watched.release_of(context.ledger, run.run_key)
    says = VERDICTS[found.verdict]
    if release is not None:
        says = f"Was held, and let through by {release.who} on {day_in_words(release.at.date())}: {release.reason}"
    tables = [*_churn_tables(content["churn"]), *_drift_tables(content["drift"]), *_came_true(content["calibration"])]
    return Watched(
        tone="care" if release is not None else TONES[found.verdict],
        says=says,
        findings=tuple(findings(content)),
        figures=(*_churn_figures(content["churn"]), *_drift_figures(content["drift"])),
        tables=(*tables, *_earlier(context, run)),
        not_known=tuple(content["not_known"]),
    )


def findings(content: Mapping[str, Any]) -> Iterator[Look]:
    """Findings of a watched night, gravest first."""
    for one in content["findings"]:
        yield Look(TONES[one["level"]], f"Watching: {one['says']}", "See riskstrat watch", one["runbook"])


def _churn_figures(churn: Mapping[str, Any] | None) -> Iterator[Figure]:
    if churn is None:
        return
    then = day_in_words_of(churn["before"]["as_of"])
    yield Figure("Stayed at the top", f"{shown(churn['stayed'])} of {shown(churn['top'][1])}", f"since {then}")
    yield Figure(
        "Overlap of the top", number(churn["jaccard"]), f"Jaccard index; registers {number(churn['registers_jaccard'])}"
    )
    yield Figure("Order of everyone", number(churn["rank_correlation"]), "Spearman’s rank correlation")
    risk = churn["frozen"].get("mean_risk")
    if risk is not None:
        says = f"then {percent(risk['then'])}; by the model of then {percent(risk['frozen'])}"
        yield Figure("Mean risk", percent(risk["now"]), says)


def _drift_figures(drift: Mapping[str, Any] | None) -> Iterator[Figure]:
    if drift is not None:
        yield Figure("Risks against the hold-out", number(drift["score"]["psi"]), "population stability index")
        yield Figure("Features shifted", f"{drift['shifted']} of {drift['looked_at']}")


def _churn_tables(churn: Mapping[str, Any] | None) -> Iterator[Table]:
    if churn is None:
        return
    causes = churn["causes"]
    rows = [
        (says, *(shown(causes[way][cause]) if cause in causes[way] else "–" for way in ("entered", "left")))
        for cause, says in CAUSES.items()
        if cause in causes["entered"] or cause in causes["left"]
    ]
    if rows:
        yield Table("Why people came onto the list of the top, and left it", ("Cause", "Came", "Left"), tuple(rows))


def _drift_tables(drift: Mapping[str, Any] | None) -> Iterator[Table]:
    if drift is None:
        return
    rows = tuple(
        (
            TITLES.get(one["source"], one["source"]),
            f"{one['shifted']} of {one['features']}",
            percent(one["unknown_now"]),
            percent(one["unknown_then"]),
        )
        for one in drift["sources"]
    )
    heads = ("Source", "Features shifted", "Unknown for", "In the hold-out")
    if rows:
        yield Table("Do the records look like those the model was judged on?", heads, rows)
    most = tuple((one["feature"], number(one["psi"])) for one in drift["features"][:FEATURES_TOLD])
    if most:
        yield Table("Features that shifted most", ("Feature", "Stability index"), most)


def _came_true(calibration: Mapping[str, Any]) -> Iterator[Table]:
    titles = {"early": "First 30 days", "whole": "Twelve months"}
    rows = tuple(
        (
            f"{titles[name]} of the night of {day_in_words_of(one['of']['as_of'])}",
            shown(one["observed"]),
            shown(round(one["expected"])),
            f"{number(one['ratio'])} ({number(one['low'])} to {number(one['high'])})",
            "yes" if one["judged"] else "too few",
        )
        for name, one in calibration.items()
        if "not_known" not in one
    )
    if rows:
        heads = ("Scored then", "Observed", "Expected", "Observed over expected", "Judged")
        yield Table("Did older scores come true?", heads, rows)


def _earlier(context: Context, run: Run) -> Iterator[Table]:
    """The nights before, a row each: a slow change shows in a row of them."""
    before = [one for one in watched.list_watched(context.ledger) if one.as_of < run.as_of][-EARLIER_NIGHTS:]
    rows = []
    for one in before:
        churn, calibration = one.content["churn"] or {}, one.content["calibration"]
        drift = (one.content["drift"] or {}).get("shifted")
        ratios = (number(calibration[name].get("ratio")) for name in ("early", "whole"))
        shifted = "–" if drift is None else f"{drift}"
        rows.append((one.as_of.isoformat(), one.verdict, number(churn.get("jaccard")), shifted, *ratios))
    if rows:
        heads = (
            "Night", "Verdict", "Overlap of the top", "Features shifted", "Observed over expected, 30 days",
            "Observed over expected, twelve months",
        )  # fmt: skip
        yield Table("Nights before", heads, tuple(rows))


def editions(context: Context, run: Run, policy: Policy | None) -> tuple[EditionLine, ...]:
    """Every practice that takes part and every area that got something: its edition, or why there is none."""
    every = registers.list_editions(context.ledger)
    mine = {(one.plane, one.code): one for one in every if one.run_key == run.run_key}
    taken_back = recalls(context.ledger)
    leaves = {row.edition_id: row.state for row in outbox.list_outbox(context.ledger) if row.kind == "register"}
    lines = []
    part = () if policy is None else policy.participating(index_date(run.as_of))
    wanted = {("practice", one.practice_code) for one in part} | set(mine)
    for plane, code in sorted(wanted, key=lambda each: (each[0] != "practice", each[1])):
        one = mine.get((plane, code))
        if one is None:
            tone, says = _without(run, [each for each in every if (each.plane, each.code) == (plane, code)])
            lines.append(EditionLine(PLANES[plane], code, tone, says, "", None, ""))
            continue
        is_recalled = one.edition_id in taken_back
        state = "recalled" if is_recalled else "replay" if one.kind == "replay" else "published"
        listed = int(one.counts.get("people", 0)) if plane == "practice" else None
        tone = "bad" if is_recalled else "good"
        sent = leaves.get(one.edition_id, "")
        lines.append(EditionLine(PLANES[plane], code, tone, state, one.edition_id, listed, sent))
    return tuple(lines)


def _without(run: Run, earlier: list[Edition]) -> tuple[Tone, str]:
    """Why a practice has no edition of this run."""
    current = [one for one in earlier if one.kind == "current"]
    same = [one for one in current if one.as_of == run.as_of]
    if same:
        return "plain", f"has one of another run ({same[-1].run_key})"
    if run.state != "finished":
        return "bad", "not published"
    before = [one.as_of for one in current if one.as_of < run.as_of]
    return "plain", f"not due: the last is of {max(before)}" if before else "not due"


def day_in_words_of(text: str) -> str:
    """An ISO date of a record, in words."""
    return day_in_words(date.fromisoformat(text))


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}%"
