"""What differs between two versions of a code list, and how much two lists of people have in common.

Pure functions of rows and keys. Judges nothing: whether a difference is right is for the person who takes a list.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass


@dataclass(frozen=True)
class RowChanges:
    """Keys of rows (their parts joined by ' / '), each in order."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def is_none(self) -> bool:
        return not (self.added or self.removed or self.changed)


@dataclass(frozen=True)
class Overlap:
    """Two sets of people by size. `jaccard`: those in both over those in either; None when both are empty."""

    before: int
    after: int
    both: int

    @property
    def jaccard(self) -> float | None:
        either = self.before + self.after - self.both
        return self.both / either if either else None


def row_changes(
    before: Sequence[Mapping[str, str]], after: Sequence[Mapping[str, str]], *, key: Sequence[str]
) -> RowChanges:
    """Rows that came, went, or say something else under the same key."""
    old, new = _by_key(before, key), _by_key(after, key)
    return RowChanges(
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(sorted(name for name in old.keys() & new.keys() if old[name] != new[name])),
    )


def overlap(before: Set[str], after: Set[str]) -> Overlap:
    """How many people stand in either list and how many in both."""
    return Overlap(len(before), len(after), len(before & after))


def _by_key(rows: Sequence[Mapping[str, str]], key: Sequence[str]) -> dict[str, dict[str, str]]:
    return {" / ".join(row[column] for column in key): dict(row) for row in rows}
