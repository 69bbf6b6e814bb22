"""From the records of one block of people to the rows of every delivery that holds some of them.

Row faults are planted here, the format's headers come last. Nothing is kept between blocks but what lies in the spool.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.extract import ExtractContract
from pipeline.errors import PipelineError
from pipeline.synthetic.deliveries.accidents import Accidents
from pipeline.synthetic.deliveries.days import day_of
from pipeline.synthetic.deliveries.dirt import Circumstances, joined, shares_of, soil, spoilt
from pipeline.synthetic.deliveries.formats import in_format
from pipeline.synthetic.deliveries.planned import Ask, Planned
from pipeline.synthetic.deliveries.references import reference_rows
from pipeline.synthetic.deliveries.senders import REFERENCE, senders
from pipeline.synthetic.deliveries.shapes import SHAPES
from pipeline.synthetic.deliveries.spool import Spool
from pipeline.synthetic.latent.block import Block
from pipeline.synthetic.records.rows import Rows

# Dates that no delivery of these weeks can hold lie two years on.
_IMPOSSIBLE_AFTER = 730
# A list's nightly delta also holds rows whose details a practice confirmed: this share of the list, this many at least.
_CONFIRMED_SHARE, _CONFIRMED_LEAST = 0.003, 24
FROM_HISTORY = ("withdrawn", "resubmission", "after_death")
_LONG_AGO_DAYS = 100
_OTHER_IDENTIFIERS = 900  # beyond those of the rows that are spoilt in place


class Told(Protocol):
    """What is asked of the records of a block."""

    def told(
        self,
        extract: str,
        *,
        known: int,
        changed_after: int | None = None,
        period: tuple[int, int] | None = None,
        stamp: str | None = None,
    ) -> Rows: ...


@dataclass(frozen=True)
class Filling:
    """What filling a block needs besides the block: the plan by what is asked, accidents, and dirt by delivery."""

    plan: Sequence[Planned]
    contracts: Mapping[str, ExtractContract]
    accidents: Accidents
    today: int
    seed: int
    last_quarters: frozenset[str]
    rows_planned: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each delivery in the plan."""
        return {one.delivery_id: place for place, one in enumerate(self.plan)}

    def fill(self, spool: Spool, block: Block, records: Told) -> None:
        """Spool the rows of this block for every delivery that holds some of them."""
        part = _Part(filling=self, block=block, records=records)
        by_ask: dict[Ask, list[Planned]] = {}
        for one in self.plan:
            if one.holds(block.number) and not one.copy_of:
                by_ask.setdefault(one.ask, []).append(one)
        for ask, group in by_ask.items():
            rows = part.rows(ask, is_first=group[0].is_first)
            for one in group:
                table, planted = part.of_delivery(one, rows)
                spool.add(one.delivery_id, table, planted=planted)


@dataclass(frozen=True)
class _Part:
    """One block while its rows are spooled."""

    filling: Filling
    block: Block
    records: Told
    earlier: dict[str, Rows] = field(default_factory=dict)

    def rows(self, ask: Ask, *, is_first: bool) -> Rows:
        """The rows all senders of an extract would send; raises PipelineError for a sender nobody planned."""
        headers = self.filling.contracts[ask.extract].headers()
        if ask.extract in REFERENCE:
            return reference_rows(ask.extract, self.block, headers=headers, today=ask.known)
        if ask.extract == "gp_patient" and not is_first:
            return self._list_delta(ask)
        rows = self.records.told(
            ask.extract, known=ask.known, changed_after=ask.changed_after, period=ask.period, stamp=ask.stamp
        )
        unplanned = set(np.unique(rows.sender).tolist()) - set(senders(self.block.frame, ask.extract))
        if unplanned:
            raise PipelineError(f"{ask.extract}: rows of senders without a delivery: {', '.join(sorted(unplanned))}")
        return rows

    def _list_delta(self, ask: Ask) -> Rows:
        """Registrations that changed, and some whose details the practice confirmed."""
        everyone = self.records.told(ask.extract, known=ask.known)
        since = ask.known - 1 if ask.changed_after is None else ask.changed_after
        is_open = np.array(pc.is_null(everyone.table["RegistrationEndDate"]), dtype=bool)
        size = max(_CONFIRMED_LEAST, round(_CONFIRMED_SHARE * len(everyone.person)))
        confirmed = np.zeros(len(everyone.person), dtype=bool)
        rng = self._rng(f"confirmed {ask.known}")
        confirmed[rng.permutation(len(everyone.person))[:size]] = True
        return everyone.where((everyone.day > since) | (confirmed & is_open))

    def of_delivery(self, one: Planned, rows: Rows) -> tuple[pa.Table, dict[str, list[int]]]:
        """The rows of one delivery as they lie in its file, and the places of planted ones."""
        own = rows.where(rows.sender == one.sender)
        if one.reported is not None:
            own = own.where(self._reported(own, one))
        if self.block.number == 0:
            own = self.filling.accidents.changed(one, own, lambda: self._sent_before(one.extract))
        if one.damage == "half_volume":
            own = own.where(np.arange(len(own.person)) % 2 == 0)
        own, planted = self._soiled(one, own)
        contract = self.filling.contracts[one.extract]
        return in_format(own.table, contract=contract, form=one.form), planted

    def _reported(self, rows: Rows, one: Planned) -> np.ndarray:
        header = self.filling.contracts[one.extract].column("reporting_period_end").header
        first, last = one.reported or (0, 0)
        ends = rows.table[header]
        inside = pc.and_(pc.greater_equal(ends, str(day_of(first))), pc.less_equal(ends, str(day_of(last))))
        return np.array(inside, dtype=bool)

    def _soiled(self, one: Planned, rows: Rows) -> tuple[Rows, dict[str, list[int]]]:
        wanted = dict(self.filling.rows_planned.get(one.delivery_id, {})) if self.block.number == 0 else {}
        again = {kind: wanted.pop(kind) for kind in FROM_HISTORY if kind in wanted}
        if one.is_first or one.delivery_id in self.filling.last_quarters:
            wanted = shares_of(one.extract, rows)
        if not wanted and not again:
            return rows, {}
        rng = self._rng(f"dirt {one.delivery_id}")
        given = Circumstances(
            impossible=self.filling.today + _IMPOSSIBLE_AFTER,
            last=one.ask.known,
            death=self.block.people.death,
            serial=self._serial(one),
        )
        planted: dict[str, list[int]] = {}
        if wanted and len(rows.person):
            rows, planted = soil(rows, wanted, extract=one.extract, given=given, rng=rng)
        for kind, count in again.items():
            more = self._again(one, kind, count, rng, given)
            planted[kind] = list(range(len(rows.person), len(rows.person) + len(more.person)))
            rows = joined([rows, more])
        return rows, planted

    def _again(self, one: Planned, kind: str, count: int, rng: np.random.Generator, given: Circumstances) -> Rows:
        """Rows of the history sent once more: as they were, taken back, or as if of the dead; with this stamp."""
        before = self._sent_before(one.extract)
        fits = (before.sender == one.sender) & (before.day < self.filling.today - _LONG_AGO_DAYS)
        if kind == "after_death":
            # Known to be dead by a practice that sends its list.
            supplied = np.array([bool(practice.supplier) for practice in self.block.frame.practices] + [False])
            has_died = self.block.people.death < self.filling.today - _LONG_AGO_DAYS
            fits &= (has_died & supplied[self.block.people.practice])[before.person]
        old = np.flatnonzero(fits)
        rows = before.take(rng.choice(old, min(count, len(old)), replace=False))
        if kind == "after_death":
            rows = spoilt(rows, kind, extract=one.extract, given=given, first=_OTHER_IDENTIFIERS)
        if one.ask.stamp is not None:
            rows = rows.with_columns({"CDS APPLICABLE DATE TIME": one.ask.stamp})
        header, value = SHAPES[one.extract].withdrawn
        return rows.with_columns({header: value}) if kind == "withdrawn" else rows

    def _sent_before(self, extract: str) -> Rows:
        """What the history of the first night holds of this extract and block; asked once and kept."""
        if extract not in self.earlier:
            (ask,) = {one.ask for one in self.filling.plan if one.is_first and one.extract == extract}
            self.earlier[extract] = self.records.told(extract, known=ask.known, stamp=ask.stamp)
        return self.earlier[extract]

    def _serial(self, one: Planned) -> int:
        return self.filling.places[one.delivery_id] * 64 + self.block.number

    def _rng(self, what: str) -> np.random.Generator:
        return np.random.default_rng([self.filling.seed, self.block.number, zlib.crc32(what.encode())])
