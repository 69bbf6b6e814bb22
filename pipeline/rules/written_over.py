"""Which returned file was written over another: one copy of an edition, sent a second time. Pure functions.

Two colleagues who each fill in a copy of their own do not write each other's answers. A file that repeats what an
earlier one said of everybody else knew it, and may say otherwise of somebody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.rules.answers import NOMINATED, NOMINATION_TEXTS, TEXTS

# What is sealed cannot be compared.
_SEALED = frozenset({*TEXTS, *NOMINATION_TEXTS})


@dataclass(frozen=True)
class Copy:
    """One returned file: whose copy of which edition, and by (person, column) what it changed there as text."""

    file_id: str
    received_at: datetime
    edition: tuple[str, str]
    cells: Mapping[tuple[str, str], str | None] = field(repr=False)


def written_over(copies: Sequence[Copy]) -> dict[str, frozenset[str]]:
    """By file, the earlier ones it was written over, whatever the order of `copies`.

    Monday's file says something of Ann and of Ben. Thursday's of the same edition says the same of Ann and another
    thing of Ben, or of nobody: it was written over Monday's. One that says nothing of Ann was not.
    """
    of_edition: dict[tuple[str, str], list[Copy]] = {}
    for one in copies:
        of_edition.setdefault(one.edition, []).append(one)
    return {
        later.file_id: frozenset(one.file_id for one in of_edition[later.edition] if _is_over(later, one))
        for later in copies
    }


def _is_over(later: Copy, earlier: Copy) -> bool:
    """Whether it has every cell of the earlier, and repeats at least as many people (one or more) as it changes."""
    if (later.received_at, later.file_id) <= (earlier.received_at, earlier.file_id):
        return False
    if not earlier.cells.keys() <= later.cells.keys():
        return False
    changed = {person for person, name in earlier.cells if not _repeats(later, earlier, person, name)}
    # Of somebody of whom there is free text alone it is not known whether it is the same.
    repeated = {person for person, name in earlier.cells if name not in _SEALED} - changed
    return len(repeated) >= max(1, len(changed))


def _repeats(later: Copy, earlier: Copy, person: str, name: str) -> bool:
    before, now = earlier.cells[person, name], later.cells[person, name]
    if name == NOMINATED:
        return True
    if name == "status_date" and (before, now) == (_day(earlier), _day(later)):
        # Given by nobody: a status without a day is of the day on which its file was received.
        return True
    return before == now


def _day(copy: Copy) -> str:
    return copy.received_at.date().isoformat()
