"""The one way in: an invented region written as the deliveries its suppliers would send.

The same people, seed and as-of date give the same bytes. Nothing here is about anyone; nothing here is read by the
pipeline but what lands in the senders' folders.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipeline.errors import UserError
from pipeline.synthetic.landing_files import write_deliveries
from pipeline.synthetic.planted import second_week
from pipeline.synthetic.region import draw_region
from pipeline.synthetic.sending import council_quarters, history
from pipeline.synthetic.truth import write_truth

TRUTH_FOLDER = "_truth"


def synthesise(out: Path, *, people: int, seed: int, as_of: date) -> "SynthesisSummary":
    """Write a region of about `people` people under `out`: four years of history, then a second week of deliveries.

    `<out>/<sender>/` holds files and receipts; `<out>/_truth/` what is really so. Raises UserError when the folder
    already holds deliveries, or for a region smaller than 500 or larger than 800,000 people.
    """
    if out.is_dir() and any(out.glob("*/*.receipt.json")):
        raise UserError(
            "The landing folder already holds deliveries",
            where=out.name,
            next_step="name an empty folder with --out, or remove the old deliveries yourself",
        )
    region = draw_region(people=people, seed=seed, as_of=as_of)
    week, planted = second_week(region)
    written = write_deliveries(out, council_quarters(region))
    written += write_deliveries(out, history(region))
    written += write_deliveries(out, week)
    summary = write_truth(out / TRUTH_FOLDER, region, written=written, planted=planted, seed=seed)
    return SynthesisSummary(
        people=int(str(summary["people"])),
        deliveries=len(written),
        rows=sum(int(str(entry["rows"])) for entry in written),
        practices=tuple(practice.code for practice in region.frame.practices),
    )


@dataclass(frozen=True)
class SynthesisSummary:
    """What was written: people registered on the as-of date, deliveries, rows, practices in the frame's order."""

    people: int
    deliveries: int
    rows: int
    practices: tuple[str, ...]
