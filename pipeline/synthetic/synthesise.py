"""The invented region as a whole: drawn block by block and told, written as nothing but what lands in senders' folders.

Memory holds one block of people at a time. The same people, seed, as-of date, weeks and dirt give the same bytes.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.contracts.extract import ExtractContract
from pipeline.errors import UserError
from pipeline.synthetic.deliveries.accidents import Accidents, with_accidents
from pipeline.synthetic.deliveries.chosen import Chosen, choose, left_alone
from pipeline.synthetic.deliveries.dirt_plan import DirtPlan, Plants, with_dirt
from pipeline.synthetic.deliveries.files import write_deliveries
from pipeline.synthetic.deliveries.fill import Filling
from pipeline.synthetic.deliveries.planned import Planned
from pipeline.synthetic.deliveries.schedule import schedule
from pipeline.synthetic.deliveries.spool import Spool
from pipeline.synthetic.deliveries.truth import Truth, truth_of
from pipeline.synthetic.latent.block import INDEX_STEP, Block, draw_block
from pipeline.synthetic.latent.oracle import HORIZON, expected_admission
from pipeline.synthetic.population.frame import Frame, blocks, load_frame
from pipeline.synthetic.population.people import day_number
from pipeline.synthetic.records.records import write_records

TRUTH_FOLDER, SPOOL_FOLDER = "_truth", "_spool"
MOST_WEEKS = 12
YEAR = HORIZON


def synthesise(
    out: Path,
    *,
    people: int,
    seed: int,
    as_of: date,
    contracts: Mapping[str, ExtractContract],
    weeks: int = 1,
    oracle_replays: int = 0,
    oracle_months_before: int = YEAR,
    dirt: DirtPlan | None = None,
) -> "SynthesisSummary":
    """Write a region of about `people` people under `out`: four years of history, then live weeks of deliveries.

    `<out>/<sender>/` holds files and receipts, `<out>/_truth/` what is really so; there the oracle, too, when replays
    are asked for (1,000 for evaluation), of the index date so many months before the first night's. Raises UserError
    when the folder already holds deliveries, for a region smaller than 500 or larger than 1,000,000 people, for weeks
    beyond the twelve the region lives, or an oracle whose year lies outside its history.
    """
    _check(out, weeks=weeks, oracle_months_before=oracle_months_before)
    frame = load_frame(people)
    today = day_number(as_of)
    plan = _plan(frame, contracts, today=today, weeks=weeks, seed=seed, dirt=dirt or DirtPlan())
    spool = Spool(out / SPOOL_FOLDER)
    try:
        with truth_of(out / TRUTH_FOLDER) as truth:
            diary = _live(
                spool,
                truth,
                plan,
                frame=frame,
                contracts=contracts,
                as_of=as_of,
                seed=seed,
                oracle=_Oracle(replays=oracle_replays, step=INDEX_STEP + YEAR - oracle_months_before),
            )
            written = write_deliveries(out, plan.deliveries, spool)
            truth.write_defects(
                written, diary=[*plan.accidents.diary, *diary], files=plan.plants.files, contracts=contracts
            )
            truth.write_summary(frame, written, as_of=as_of, seed=seed)
    finally:
        spool.remove()
    return SynthesisSummary(
        people=truth.counts.registered,
        deliveries=len(written),
        rows=sum(int(str(entry["rows"])) for entry in written),
        practices=tuple(practice.code for practice in frame.practices),
    )


def _check(out: Path, *, weeks: int, oracle_months_before: int) -> None:
    if out.is_dir() and (any(out.glob("*/*.receipt.json")) or (out / SPOOL_FOLDER).exists()):
        raise UserError(
            "The landing folder already holds deliveries",
            where=out.name,
            next_step="name an empty folder with --out, or remove the old deliveries yourself",
        )
    if not 1 <= weeks <= MOST_WEEKS:
        raise UserError(
            f"A region lives 1 to {MOST_WEEKS} weeks after its first night",
            where="--weeks",
            next_step="name a number in that range; the demo uses 1",
        )
    if not YEAR <= oracle_months_before <= YEAR + INDEX_STEP:
        raise UserError(
            f"The oracle looks a year ahead, from {YEAR} to {YEAR + INDEX_STEP} months before the first night",
            where="--oracle-months-before",
            next_step="name a number in that range: the plan's holdout_months_before, to hold a model against it",
        )


def _plan(
    frame: Frame,
    contracts: Mapping[str, ExtractContract],
    *,
    today: int,
    weeks: int,
    seed: int,
    dirt: DirtPlan,
) -> "_Plan":
    """Every delivery, with the accidents of the first live week and what a dirt plan asks for."""
    regular = schedule(frame, blocks(frame), contracts, today=today, weeks=weeks)
    changed, accidents = with_accidents(regular, today=today)
    rng = np.random.default_rng([seed, zlib.crc32(b"dirt plan")])
    deliveries, plants = with_dirt(changed, dirt, today=today, taken=accidents.touched, rng=rng)
    before = [one for one in deliveries if not one.is_first and one.received[0] <= today]
    newest = max((one.period_end for one in before), default=0)
    last_quarters = frozenset(one.delivery_id for one in before if one.period_end == newest)
    return _Plan(deliveries=deliveries, accidents=accidents, plants=plants, last_quarters=last_quarters)


def _live(
    spool: Spool,
    truth: Truth,
    plan: "_Plan",
    *,
    frame: Frame,
    contracts: Mapping[str, ExtractContract],
    as_of: date,
    seed: int,
    oracle: "_Oracle",
) -> list[dict[str, object]]:
    """Draw one block after another and spool what is told of it; what happens to the chosen people."""
    today = day_number(as_of)
    filling = Filling(
        plan=plan.deliveries,
        contracts=contracts,
        accidents=plan.accidents,
        today=today,
        seed=seed,
        last_quarters=plan.last_quarters,
        rows_planned=plan.plants.rows,
    )
    diary: list[dict[str, object]] = []
    for number in range(len(blocks(frame))):
        block = draw_block(frame, number, seed=seed, as_of=as_of)
        if oracle.replays:
            truth.write("oracle", _oracle_table(block, oracle))
        chosen: Chosen | None = None
        if number == 0:
            block, chosen = choose(block, today=today, rng=block.rng("plan"))
            plan.accidents.fit = left_alone(block, chosen, today=today)
            diary = chosen.diary(block.people, today=today)
        records = write_records(block, dissents=() if chosen is None else chosen.entries(today=today))
        filling.fill(spool, block, records)
        truth.add(block, chosen=chosen)
    return diary


def _oracle_table(block: Block, oracle: "_Oracle") -> pa.Table:
    """Per person registered on the oracle's index date: the best possible probability, and what came within a year."""
    index_day, end = int(block.lives.starts[oracle.step]), int(block.lives.starts[oracle.step + HORIZON])
    who = np.flatnonzero(block.people.registered_on(index_day - 1))
    return pa.table(
        {
            "nhs_number": block.people.nhs_number[who],
            "index_date": pa.array(np.full(len(who), index_day).astype("datetime64[D]")),
            "probability_12m": np.round(expected_admission(block, who, step=oracle.step, replays=oracle.replays), 6),
            "hazard_per_month": np.round(block.lives.hazard[oracle.step][who].astype(np.float64), 6),
            "was_admitted": block.admitted_within(index_day, end)[who],
        }
    )


@dataclass(frozen=True)
class _Oracle:
    """How many futures are replayed for each person (none: no oracle), and from which step of the grid on."""

    replays: int
    step: int


@dataclass(frozen=True)
class _Plan:
    """What will be sent, and what was planted in it."""

    deliveries: list[Planned]
    accidents: Accidents
    plants: Plants
    last_quarters: frozenset[str]


@dataclass(frozen=True)
class SynthesisSummary:
    """What was written: people registered on the as-of date, deliveries, rows, practices in the frame's order."""

    people: int
    deliveries: int
    rows: int
    practices: tuple[str, ...]
