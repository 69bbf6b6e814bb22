"""What a network's multidisciplinary meeting is handed: keys of people to talk about, and why. Names nobody.

No day, place, diagnosis or number of a person stands in it: the practice looks all that up under the key.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pipeline.contracts.correction import Recalled


@dataclass(frozen=True, kw_only=True)
class MeetingRow:
    """One person to talk about. `why` holds codes of rules/meeting.py, the most pressing first."""

    practice_code: str
    practice_key: str
    rank_in_practice: int
    risk_score: Decimal
    segment: str
    segment_title: str
    why: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class MeetingPractice:
    """One practice of the network: the night of the register its keys are on, and how many more it might bring.

    `as_of` is None for a practice that has no register yet.
    """

    code: str
    name: str
    as_of: date | None
    left_over: int


@dataclass(frozen=True, kw_only=True)
class MeetingPack:
    """One edition of a network's list for its meeting, practice by practice."""

    locality_code: str
    locality_name: str
    as_of: date
    revision: int
    run_key: str
    basis: str
    policy_name: str
    is_fictitious: bool
    practices: tuple[MeetingPractice, ...]
    rows: tuple[MeetingRow, ...]
    supersedes: str | None
    reason: str | None
    recalled: tuple[Recalled, ...]

    def __post_init__(self) -> None:
        ordered = sorted(self.rows, key=lambda row: (row.practice_code, row.rank_in_practice, row.practice_key))
        object.__setattr__(self, "rows", tuple(ordered))
