"""Whoever wants to know a suppressed count, with nothing of the rule's own code.

`worked_out` reads the figures alone: what each may stand for as the bits of a number, added up and taken apart by
shifting. `told_apart` also knows the rule: it makes every table there could be and asks which give these figures.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import product

Figures = Mapping[str, int | None]
Parents = Mapping[str, str | None]


def stands_for(figure: int | None, *, is_leaf: bool, size: int) -> int:
    """Which true counts a figure may be, from the published rounding; a missing parent may be anything."""
    if figure is not None:
        return 0b11111 << (figure - 2)
    return 0b11111111 if is_leaf else (1 << size) - 1


def worked_out(figures: Figures, parents: Parents) -> dict[str, set[int]]:
    """The true counts that remain possible for every area, from all figures together."""
    children: dict[str, list[str]] = defaultdict(list)
    for area, parent in parents.items():
        if parent is not None:
            children[parent].append(area)
    size = 1 + sum(7 if figures[a] is None else figures[a] + 2 for a in parents if not children[a])
    below: dict[str, int] = {}

    def climb(area: str) -> None:
        own = stands_for(figures[area], is_leaf=not children[area], size=size)
        for child in children[area]:
            climb(child)
        below[area] = own & added([below[child] for child in children[area]]) if children[area] else own

    found: dict[str, set[int]] = {}

    def descend(area: str, possible: int) -> None:
        found[area] = set(bits(possible))
        for child in children[area]:
            meets = 0
            for others in bits(added([below[c] for c in children[area] if c != child])):
                meets |= possible >> others
            descend(child, below[child] & meets)

    for area, parent in parents.items():
        if parent is None:
            climb(area)
            descend(area, below[area])
    return found


def added(parts: Iterable[int]) -> int:
    """Bits of every sum of one bit of each."""
    total = 1
    for part in parts:
        total_then, total = total, 0
        for shift in bits(part):
            total |= total_then << shift
    return total


def bits(mask: int) -> list[int]:
    return [place for place, digit in enumerate(reversed(bin(mask)[2:])) if digit == "1"]


def bare(figures: Figures, possible: Mapping[str, Iterable[int]]) -> list[str]:
    """Areas whose missing figure may be a small count and has fewer than three possible values."""
    return sorted(
        area
        for area, values in possible.items()
        if figures[area] is None and 0 < len(set(values)) < 3 and min(values) <= 7
    )


def told_apart(
    leaves: list[str], parents: Parents, publish: Callable[[dict[str, int]], Figures], *, up_to: int
) -> tuple[int, int]:
    """(tables made, missing small counts betrayed) when every table of these leaves up to a count is tried."""
    groups: dict[tuple[tuple[str, int | None], ...], list[dict[str, int]]] = defaultdict(list)
    tables = 0
    for values in product(range(up_to + 1), repeat=len(leaves)):
        table = dict(zip(leaves, values, strict=True))
        groups[tuple(sorted(publish(table).items()))].append(filled(table, parents))
        tables += 1
    betrayed = 0
    for figures, alike in groups.items():
        values_of = {area: {table[area] for table in alike} for area in parents}
        betrayed += len(bare(dict(figures), values_of))
    return tables, betrayed


def filled(table: Mapping[str, int], parents: Parents) -> dict[str, int]:
    """The table with the sums of every area around."""
    found = dict.fromkeys(parents, 0)
    for leaf, count in table.items():
        area: str | None = leaf
        while area is not None:
            found[area] += count
            area = parents[area]
    return found
