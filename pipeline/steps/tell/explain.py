"""Explain: why a run, and one practice's register in it, look as they do. In counts; small ones are not told.

For whoever is asked "why is Mrs Smith not on it" and may not look: it says how many are on the practice's lists, how
many of them are scored and why the others are not, which sources are not known, and how the list is made up. Reads
the ledger and the store; writes nothing, names nobody.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from pipeline.contracts.policy import load_policy
from pipeline.errors import UserError
from pipeline.ledger import registers, runs, steps
from pipeline.ledger.recalls import recalls
from pipeline.ledger.runs import Run
from pipeline.rules.shown_counts import shown, shown_roughly
from pipeline.rules.times import index_date
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.previous import editions_of_run, reference_of
from pipeline.steps.tell.explain_people import LISTINGS, REASONS, counted
from pipeline.steps.tell.run_report import page_of, run_of
from pipeline.steps.watch.source_states import TITLES


@dataclass(frozen=True)
class Told:
    """One thing that explains: under which heading, what, and how many or how it stands, as text."""

    part: str
    name: str
    says: str


def explain(context: Context, *, run: str, practice_code: str | None = None) -> list[Told]:
    """Everything told of the run (its key, or the as-of date of a night), and of one practice in it.

    Raises UserError when there is no such run, or the practice takes no part in it.
    """
    found = _run(context, run)
    told = list(_of_run(context, found))
    if practice_code is None:
        return told + list(_by_practice(context, found))
    return told + list(_of_practice(context, found, practice_code))


def as_text(told: list[Told]) -> list[str]:
    """Lines under their headings."""
    lines: list[str] = []
    part = ""
    for one in told:
        if one.part != part:
            part = one.part
            lines.append(part)
        lines.append(f"  {one.name}: {one.says}" if one.name else f"  {one.says}")
    return lines


def _run(context: Context, named: str) -> Run:
    try:
        return run_of(context, as_of=date.fromisoformat(named))
    except ValueError:
        found = runs.get_run(context.ledger, named)
    if found is None or found.kind == "train":
        raise UserError(
            "No such run is in the ledger",
            where=f"run {named}",
            next_step="give the run key (every published file names it) or the night's as-of date",
        )
    return found


def _of_run(context: Context, run: Run) -> Iterator[Told]:
    page = page_of(context, run)
    part = f"Run {run.run_key}"
    yield Told(part, "night", f"{run.as_of}, {run.kind}, knowledge {run.knowledge}, {run.state}")
    yield Told(part, "outcome", f"{page.verdict}. {page.says}")
    for figure in page.people[:4]:
        yield Told(part, figure.title.lower(), figure.value)
    for figure in page.model:
        yield Told("Model", figure.title.lower(), f"{figure.value} ({figure.says})" if figure.says else figure.value)
    for why in page.why_model:
        yield Told("Model", "", why)
    for source in page.sources:
        yield Told("Sources", source.title, source.says)
    for look in page.looks:
        yield Told("To look at", "", look.says)


def _by_practice(context: Context, run: Run) -> Iterator[Told]:
    """The whole register by why people are on it, and each practice's edition."""
    record = steps.find_step(context.ledger, scope=run.run_key, step="register")
    for name, count in (record.counts if record is not None else {}).items():
        says = f"{count}" if name == "practices" else shown(int(count))
        yield Told("All practices' registers", name.replace("_", " "), says)
    for line in page_of(context, run).editions:
        says = line.state + (f" ({line.edition_id})" if line.edition_id else "")
        yield Told("Editions", line.code, says)


def _of_practice(context: Context, run: Run, code: str) -> Iterator[Told]:
    policy = load_policy(context.settings.policy_file)
    practice = next((one for one in policy.participating(index_date(run.as_of)) if one.practice_code == code), None)
    if practice is None:
        raise UserError(
            "The practice takes no part in that night",
            where=f"practice {code}, night of {run.as_of}",
            next_step="the policy's practices say who does, from when to when",
        )
    count = counted(context, run, practice_code=code)
    part = f"Practice {code}"
    yield Told(part, "scored", f"{shown_roughly(count.scored)}, of them adults {shown_roughly(count.adults)}")
    yield Told(part, "on its lists and opted out", shown_roughly(count.opted_out))
    for reason, says in REASONS.items():
        if count.left_out[reason]:
            yield Told(part, f"on its lists and not scored, {says}", shown_roughly(count.left_out[reason]))
    for source, people in count.uncovered.items():
        if people:
            unknown = "everybody" if people == count.scored else shown_roughly(people)
            yield Told(part, f"{TITLES[source]} not known for", unknown)
    part = f"Register of {code}"
    yield Told(part, "capacity", f"{practice.capacity_pct:g} in 100 adults, rounded up")
    for listing, says in LISTINGS.items():
        yield Told(part, says, shown_roughly(count.listed[listing]))
    yield from _editions(context, run, code, part=part)


def _editions(context: Context, run: Run, code: str, *, part: str) -> Iterator[Told]:
    own, merged = editions_of_run(context.ledger, reference_of(context, run), code=code, run=run)
    before = ", ".join(one.edition_id for one in (own, *merged.values()) if one is not None)
    yield Told(part, "compares with", before or "nothing: it is the first")
    taken_back = recalls(context.ledger)
    mine = registers.list_editions(context.ledger, plane="practice", code=code)
    for one in mine:
        if one.run_key == run.run_key:
            state = "recalled" if one.edition_id in taken_back else one.kind
            yield Told(part, "edition", f"{one.edition_id} ({state}), published {one.published_at:%Y-%m-%d %H:%M} UTC")
    if not any(one.run_key == run.run_key for one in mine):
        line = next((one for one in page_of(context, run).editions if one.code == code), None)
        yield Told(part, "edition", line.state if line is not None else "none")
