"""A declared plan of dirt for the live weeks: which kinds, in which extracts, how many. Read from YAML.

`files`: kind, extracts and count of deliveries to be damaged, one fault to a delivery. `rows`: kind, extracts and
count of rows, spread over deliveries without a damaged file. The history keeps its own life-like dirt.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import UserError
from pipeline.synthetic.deliveries.damage import FILE_KINDS
from pipeline.synthetic.deliveries.days import is_working, month_of
from pipeline.synthetic.deliveries.planned import Ask, Planned

ROW_KINDS = (
    "invalid_check_digit",
    "missing_nhs_number",
    "exact_duplicate",
    "future_date",
    "birth_after_event",
    "unknown_code",
    "impossible_pressure",
    "impossible_body_mass",
    "impossible_unit",
    "pseudo_practice",
    "after_death",
    "withdrawn",
    "resubmission",
)
# Five weeks: always another month, and the same day of the week.
_DAYS_OF_ANOTHER_MONTH = 35
# What shows only beside a sender's earlier deliveries is planted once there are some, and on days that bring rows.
_OF_A_KIND = 4
_COMPARED, _HISTORY = ("half_volume", "wrong_month"), 28


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Kind(_Declared):
    """One kind, where it may be planted, and how many times."""

    kind: str
    extracts: tuple[str, ...]
    count: int = Field(ge=1)


class DirtPlan(_Declared):
    """What is planted in the live weeks besides the accidents of the first."""

    files: tuple[Kind, ...] = ()
    rows: tuple[Kind, ...] = ()


def read_dirt_plan(path: Path) -> DirtPlan:
    """The plan in this file; raises UserError naming the field."""
    try:
        plan = DirtPlan.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise _wrong(path, str(error).splitlines()[0]) from error
    known = {"files": FILE_KINDS, "rows": ROW_KINDS}
    for part, kinds in known.items():
        for one in getattr(plan, part):
            if one.kind not in kinds:
                raise _wrong(path, f"{part}: no kind {one.kind}; there are {', '.join(kinds)}")
    return plan


def _wrong(path: Path, problem: str) -> UserError:
    return UserError(f"The dirt plan cannot be used: {problem}", where=path.name, next_step="correct the plan")


@dataclass(frozen=True)
class Plants:
    """What was planned into the live deliveries: file faults by delivery, rows of each kind by delivery."""

    files: tuple[dict[str, object], ...]
    rows: dict[str, dict[str, int]]


def with_dirt(
    plan: Sequence[Planned], dirt: DirtPlan, *, today: int, taken: frozenset[str], rng: np.random.Generator
) -> tuple[list[Planned], Plants]:
    """The plan with file faults in it, and where rows are to be planted; deliveries in `taken` are left alone."""
    damage: dict[str, str] = {}
    live = [one for one in plan if not one.is_first and one.received[0] > today and one.delivery_id not in taken]
    for wanted in dirt.files:
        free = [one for one in live if one.extract in wanted.extracts and one.delivery_id not in damage]
        if wanted.kind in _COMPARED:
            free = [one for one in free if one.received[0] > today + _HISTORY and is_working(one.period_end)]
        for one in _drawn(free, wanted, rng):
            damage[one.delivery_id] = wanted.kind
    rows: dict[str, dict[str, int]] = {}
    # Days that bring rows: on others there is little to spoil.
    sound = [one for one in live if one.delivery_id not in damage and is_working(one.period_end)]
    for wanted in dirt.rows:
        free = [one for one in sound if one.extract in wanted.extracts]
        if not free:
            raise _too_few(wanted, 0)
        # A few rows of a kind to a delivery, in deliveries that have some already, so that most stay as they are.
        free = [free[int(place)] for place in rng.permutation(len(free))]
        free.sort(key=lambda one: one.delivery_id not in rows)
        for number in range(wanted.count):
            name = free[number // _OF_A_KIND % len(free)].delivery_id
            kinds = rows.setdefault(name, {})
            kinds[wanted.kind] = kinds.get(wanted.kind, 0) + 1
    return list(_damaged_plan(plan, damage)), Plants(files=tuple(_told(plan, damage)), rows=rows)


def _drawn(free: Sequence[Planned], wanted: Kind, rng: np.random.Generator) -> Iterator[Planned]:
    if len(free) < wanted.count:
        raise _too_few(wanted, len(free))
    yield from (free[int(place)] for place in sorted(rng.permutation(len(free))[: wanted.count]))


def _too_few(wanted: Kind, there: int) -> UserError:
    return UserError(
        f"The dirt plan wants {wanted.count} of {wanted.kind}, but {there} deliveries are left for it",
        where=", ".join(wanted.extracts),
        next_step="ask for more --weeks or fewer plants",
    )


def _damaged_plan(plan: Sequence[Planned], damage: dict[str, str]) -> Iterator[Planned]:
    for one in plan:
        kind = damage.get(one.delivery_id, "")
        if kind == "nothing_sent":
            continue
        changed = replace(one, damage=kind) if kind else one
        yield replace(changed, ask=_of_another_month(one.ask)) if kind == "wrong_month" else changed


def _of_another_month(ask: Ask) -> Ask:
    """What the sender would have sent a month earlier: the month before, or for a delta five weeks back."""
    if ask.period is not None:
        return replace(ask, period=month_of(ask.period[0] - 1))
    after = None if ask.changed_after is None else ask.changed_after - _DAYS_OF_ANOTHER_MONTH
    return replace(ask, known=ask.known - _DAYS_OF_ANOTHER_MONTH, changed_after=after)


def _told(plan: Sequence[Planned], damage: dict[str, str]) -> Iterator[dict[str, object]]:
    for one in plan:
        if one.delivery_id in damage:
            yield {
                "kind": damage[one.delivery_id],
                "delivery_id": one.delivery_id,
                "extract": one.extract,
                "sender": one.sender,
                "period_end": str(np.datetime64(one.period_end, "D")),
            }
