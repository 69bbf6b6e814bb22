"""Measure the invented region against published facts, in memory, and write the page that shows both."""

from datetime import date
from pathlib import Path

from pipeline.log import say


def region_facts(out: Path, *, people: int, seed: int, as_of: date, replays: int) -> int:
    """Write the page to `out`; returns how many targets are missed.

    Raises UserError for a region of another size than 500 to 1,000,000 people, or an odd number of replays.
    """
    from pipeline.synthetic.facts.measure import load_facts, measure
    from pipeline.synthetic.facts.page import write_page
    from pipeline.synthetic.facts.tally import tally_region

    tally = tally_region(people, seed=seed, as_of=as_of, replays=replays)
    facts, achieved = load_facts(), measure(tally)
    command = f"riskstrat region-facts --people {people} --seed {seed} --as-of {as_of} --replays {replays}"
    out.write_text(write_page(facts, achieved, tally, command=command), encoding="utf-8")
    missed = [fact for fact in facts if not fact.is_met(achieved[fact.name])]
    say(f"{len(facts) - len(missed)} of {len(facts)} targets met: {out}")
    for fact in missed:
        say(f"  not met: {fact.label}: {achieved[fact.name]:.4f}, not within {fact.lowest} to {fact.highest}")
    return len(missed)
