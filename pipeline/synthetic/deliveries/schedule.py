"""Who sends what when: the history of the first night, councils' earlier quarters, and the live weeks.

Follows the cadence each contract declares. What is sent is the records' business, what goes wrong is `accidents`'.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pipeline.contracts.extract import ExtractContract
from pipeline.synthetic.deliveries.days import (
    day_number,
    day_of,
    is_working,
    month_of,
    quarter_of,
    working_days_after,
    year_to,
)
from pipeline.synthetic.deliveries.planned import Ask, Planned, in_order, stamp
from pipeline.synthetic.deliveries.senders import GP, HOSPITAL, REFERENCE, new_councils, senders
from pipeline.synthetic.population.frame import Frame

HISTORY_DAYS = 1461
QUARTERS, QUARTERS_OF_NEW_COUNCILS = 12, 2
PATIENTS_IN_A_PART = 50_000
# A month's hospital activity is sent when due (flex) and once more a month later (freeze).
_FREEZE = 1
_FIRST_HOUR, _MINUTES_BETWEEN = 17, 2


def schedule(
    frame: Frame,
    blocks: Sequence[Sequence[int]],
    contracts: Mapping[str, ExtractContract],
    *,
    today: int,
    weeks: int,
) -> list[Planned]:
    """Every delivery of the region in the order of receipt; `today` is the day of the first night."""
    scene = _Scene(frame=frame, blocks=blocks, contracts=contracts, today=today)
    plan = [*_quarters_before(scene), *_at_times(_history(scene), day=today)]
    for day in range(today + 1, today + 7 * weeks + 1):
        plan += _at_times(_live(scene, day), day=day)
    return in_order(plan)


def _history(scene: "_Scene") -> Iterator[Planned]:
    """The bulk loads of the first night: everything up to each source's reporting lag."""
    today, start = scene.today, scene.today - HISTORY_DAYS
    for extract, contract in scene.contracts.items():
        if contract.cadence.content == "rolling_12_months":
            continue
        last = today if extract == "gp_patient" or extract in REFERENCE else today - contract.reporting_lag_days
        ask = Ask(extract, known=last, stamp=_cds_stamp(contract, today - 1, "04:00:00"))
        for sender in senders(scene.frame, extract):
            first = Planned(ask, sender, "bulk", start, last, (0, 0, 0), scene.form(extract, last), is_first=True)
            if extract in GP:
                yield from (replace(first, blocks=part) for part in _parts(scene, sender))
            else:
                yield from _by_format(first, contract)


def _by_format(one: Planned, contract: ExtractContract) -> Iterator[Planned]:
    """One bulk load, or one for the reporting periods of each format that was ever in force."""
    if len(contract.formats) < 2 or "reporting_period_end" not in contract.names():
        yield one
        return
    since = one.period_start
    for old in sorted(contract.formats, key=lambda form: form.valid_to or date.max):
        until = one.period_end if old.valid_to is None else min(day_number(old.valid_to), one.period_end)
        if until < since:
            continue
        # A month's submission ends with its month, also where the load breaks off within it.
        last_reported = month_of(until)[1] if until == one.period_end else until
        yield replace(one, period_start=since, period_end=until, form=old.name, reported=(since, last_reported))
        since = until + 1


def _parts(scene: "_Scene", supplier: str) -> Iterator[frozenset[int]]:
    """Blocks in groups of about 50,000 patients of the supplier."""
    part: list[int] = []
    patients = 0
    for number, practices in enumerate(scene.blocks):
        listed = [scene.frame.practices[index] for index in practices]
        own = sum(practice.list_size for practice in listed if practice.supplier == supplier)
        if part and patients and patients + own > PATIENTS_IN_A_PART:
            yield frozenset(part)
            part, patients = [], 0
        part.append(number)
        patients += own
    yield frozenset(part)


def _quarters_before(scene: "_Scene") -> Iterator[Planned]:
    """What councils submitted up to the first night: each the twelve months to the end of a quarter."""
    for extract, contract in scene.contracts.items():
        if contract.cadence.content != "rolling_12_months":
            continue
        ends = [quarter_of(scene.today, back=back)[1] for back in range(1, QUARTERS + 3)]
        due = {end: working_days_after(end, contract.cadence.due_working_days) for end in ends}
        past = sorted(end for end in ends if due[end] <= scene.today)[-QUARTERS:]
        for end in past:
            for place, council in enumerate(senders(scene.frame, extract)):
                if council in new_councils(scene.frame) and end not in past[-QUARTERS_OF_NEW_COUNCILS:]:
                    continue
                yield _rolling(scene, extract, council, end, (due[end], 10, 5 * place))


def _rolling(scene: "_Scene", extract: str, council: str, end: int, received: tuple[int, int, int]) -> Planned:
    period = year_to(end)
    ask = Ask(extract, known=end, period=period)
    return Planned(ask, council, "regular", *period, received, scene.form(extract, end))


def _live(scene: "_Scene", day: int) -> Iterator[Planned]:
    """What one day of the live weeks brings."""
    for extract, contract in scene.contracts.items():
        for sender in senders(scene.frame, extract):
            for period, ask in _due(scene, contract, day):
                yield Planned(ask, sender, "regular", *period, (0, 0, 0), scene.form(extract, period[1]))


def _due(scene: "_Scene", contract: ExtractContract, day: int) -> Iterator[tuple[tuple[int, int], Ask]]:
    """(period, what is asked) of each delivery of one extract that is due on a day."""
    cadence, extract = contract.cadence, contract.extract
    if cadence.every == "day":
        if cadence.on == "every_day" or is_working(day):
            yield (day, day), _delta(scene, contract, day)
    elif cadence.content == "snapshot":
        period = month_of(day, back=1)
        if working_days_after(period[1], cadence.due_working_days) == day:
            yield period, Ask(extract, known=day)
    elif cadence.content == "rolling_12_months":
        end = quarter_of(day, back=1)[1]
        if working_days_after(end, cadence.due_working_days) == day:
            yield year_to(end), Ask(extract, known=end, period=year_to(end))
    elif cadence.every == "month":
        yield from _monthly(contract, day)


def _monthly(contract: ExtractContract, day: int) -> Iterator[tuple[tuple[int, int], Ask]]:
    applicable = _cds_stamp(contract, day, "06:00:00")
    for back in range(1, 4):
        period = month_of(day, back=back)
        due = working_days_after(period[1], contract.cadence.due_working_days)
        if due != day:
            continue
        yield period, Ask(contract.extract, known=day - 1, period=period, stamp=applicable)
        if contract.extract in HOSPITAL:
            before = month_of(day, back=back + _FREEZE)
            yield before, Ask(contract.extract, known=day - 1, period=before, stamp=applicable)


def _delta(scene: "_Scene", contract: ExtractContract, day: int) -> Ask:
    """What is new or changed since the last delivery: GP systems know the day itself, others lag as declared."""
    extract = contract.extract
    lag = 0 if extract in GP else contract.reporting_lag_days
    before = day - 1
    while contract.cadence.on == "working_day" and before > scene.today and not is_working(before):
        before -= 1
    since = before - lag
    if before == scene.today and extract != "gp_patient":
        since = scene.today - contract.reporting_lag_days
    return Ask(extract, known=day - lag, changed_after=since, stamp=_cds_stamp(contract, day, "06:00:00"))


def _cds_stamp(contract: ExtractContract, day: int, time: str) -> str | None:
    return stamp(day, time) if contract.version and contract.extract in HOSPITAL else None


def _at_times(plan: Iterator[Planned], *, day: int) -> Iterator[Planned]:
    """The deliveries of one evening, a few minutes apart, so that no two share a stamp."""
    for place, one in enumerate(plan):
        minutes = place * _MINUTES_BETWEEN
        yield replace(one, received=(day, _FIRST_HOUR + minutes // 60, minutes % 60))


@dataclass(frozen=True)
class _Scene:
    """What every part of the schedule looks at."""

    frame: Frame
    blocks: Sequence[Sequence[int]]
    contracts: Mapping[str, ExtractContract]
    today: int

    def form(self, extract: str, period_end: int) -> str:
        """The format a sender uses for a period: the newest in force."""
        return self.contracts[extract].format_for(day_of(period_end)).name
