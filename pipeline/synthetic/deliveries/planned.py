"""One file to come, before its rows are known: who sends what for which period, when, and what is asked of records.

Days are day numbers (days since 1 January 1970). Pure descriptions; `schedule` makes them, `spool` fills them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Ask:
    """What is asked of the records of a block: the arguments of `Records.told`."""

    extract: str
    known: int
    changed_after: int | None = None
    period: tuple[int, int] | None = None
    stamp: str | None = None


@dataclass(frozen=True)
class Planned:
    """One delivery. received: day number, hour, minute (UTC). form: name of the contract's format.

    blocks: the blocks of people it holds, None for all. reported: only rows whose reporting period ends within these
    days. damage: the kind of file fault planted in it. is_first: belongs to the history of the first night.
    copy_of: the delivery whose very bytes this one repeats.
    """

    ask: Ask
    sender: str
    kind: str
    period_start: int
    period_end: int
    received: tuple[int, int, int]
    form: str
    blocks: frozenset[int] | None = None
    reported: tuple[int, int] | None = None
    damage: str = ""
    is_first: bool = False
    copy_of: str = ""

    @property
    def extract(self) -> str:
        return self.ask.extract

    @property
    def delivery_id(self) -> str:
        day, hour, minute = self.received
        return f"{self.extract}.{self.sender}.{np.datetime64(day, 'D').item():%Y%m%d}T{hour:02}{minute:02}00Z"

    def holds(self, block: int) -> bool:
        """Whether rows of this block belong in it."""
        return self.blocks is None or block in self.blocks


def stamp(day: int, time: str) -> str:
    """A local stamp as CDS writes it."""
    return f"{np.datetime64(day, 'D')}T{time}"


def in_order(plan: Sequence[Planned]) -> list[Planned]:
    """By the moment of receipt, then extract and sender."""
    return sorted(plan, key=lambda one: (one.received, one.extract, one.sender, one.delivery_id))
