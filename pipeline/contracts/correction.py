"""What an edition says of editions before it that were wrong: which it replaces and why, and which were taken back.

Names of people stand here only as the practice that is handed the pack may see them. What leaves the practice takes
`counts` alone.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True)
class Recalled:
    """An earlier edition that was taken back since the last one that counts."""

    edition_id: str
    as_of: date
    recalled_on: date
    reason: str


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Somebody on both editions with another rank, or gone from the new one (`rank` is None)."""

    nhs_number: str
    name: str
    rank_before: int
    rank: int | None


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What a corrected edition replaces, why, and what differs from it.

    `added` are NHS numbers of people of the new edition; `gone` and `moved` name people of the practice; `gone_other`
    counts those who may not be named: no longer its patients, or not to be used any more.
    """

    replaces: str
    reason: str
    added: tuple[str, ...]
    gone: tuple[Moved, ...]
    gone_other: int
    moved: tuple[Moved, ...]

    def counts(self) -> dict[str, int]:
        """How many differ, and in what; nobody is in it."""
        return {"added": len(self.added), "gone": len(self.gone) + self.gone_other, "moved": len(self.moved)}
