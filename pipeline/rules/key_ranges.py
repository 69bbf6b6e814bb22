"""Buckets of people: ranges of person keys that hold about equally many, in order, each person in exactly one.

A person key is a keyed hash, so its digits are as good as drawn, and a range of keys is a fair share of people. Rows
that lie sorted by person key can then be read bucket by bucket, without a column that names the bucket and without
reading the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

# Four hexadecimal digits tell buckets apart: more of them than a home of any size needs.
_FINEST = 16**4


@dataclass(frozen=True)
class KeyRange:
    """Keys from `first` (the empty text: from the beginning) up to `before` (None: to the end), that one left out."""

    first: str
    before: str | None


EVERYONE = KeyRange("", None)


def key_ranges(prefix: str, *, buckets: int) -> Sequence[KeyRange]:
    """So many ranges that together hold every key once; `prefix` is what all keys begin with (`p<key id>_`).

    The first also holds what sorts before the prefix and the last what sorts after it: nobody falls between.
    Raises ValueError for less than one bucket or more than can be told apart.
    """
    if not 1 <= buckets <= _FINEST:
        raise ValueError(f"from 1 to {_FINEST} buckets of people can be told apart, not {buckets}")
    inner = [f"{prefix}{place * _FINEST // buckets:04x}" for place in range(1, buckets)]
    return [KeyRange(first, before) for first, before in zip(["", *inner], [*inner, None], strict=True)]


def buckets_for(rows: int, *, rows_per_bucket: int) -> int:
    """How many buckets keep each at about so many rows; one for no rows at all."""
    return min(_FINEST, max(1, -(-rows // rows_per_bucket)))
