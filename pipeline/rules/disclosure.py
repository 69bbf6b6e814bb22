"""Counts that may leave the practices: small ones suppressed, the rest rounded, and no small one to be worked out.

The public method is NHS England's for Hospital Episode Statistics and the Emergency Care Data Set (digital.nhs.uk,
"Disclosure control methodology for HES and ECDS"; check before use): 1 to 7 suppressed, 0 shown, the rest rounded to 5,
nothing further. Stricter here: 0 is suppressed with 1 to 7, and a parent area is suppressed too wherever its figure, or
the fact that it is missing, would leave a small count fewer than three possible values. What this protects and what
not: docs/decisions/0014. Pure: no chance, no clock, no store.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

LARGEST_SUPPRESSED = 7
STEP = 5
# How far a true count can lie from the multiple of STEP it is shown as.
REACH = STEP // 2
FEWEST_POSSIBLE = 3

# Whole numbers as sorted ranges that do not touch, first and last included: ((0, 4), (9, 12)).
Ranges = tuple[tuple[int, int], ...]
SMALL: Ranges = ((0, LARGEST_SUPPRESSED),)


@dataclass(frozen=True)
class Released:
    """One figure as it may be shown: a multiple of 5, or None where it is suppressed.

    `possible`: every true count that somebody who knows the rule and all figures of this edition cannot rule out, and
    who takes a suppressed count to be what it was in earlier editions as long as these agree.
    """

    shown: int | None
    possible: Ranges


def rounded(count: int) -> int | None:
    """The nearest multiple of 5, or None for a count from 0 to 7."""
    return None if count <= LARGEST_SUPPRESSED else STEP * ((count + REACH) // STEP)


def percentage(part: int | None, whole: int | None) -> int | None:
    """Whole percentage of two figures as shown; None when either is suppressed. Never from true counts."""
    if part is None or whole is None:
        return None
    return min(100, (200 * part + whole) // (2 * whole))


def has_room(total: int, counts: Iterable[int]) -> bool:
    """Whether an area has so many people that its total says nothing of its categories.

    `counts` leave one category of the table out. Judged by what is shown alone: even with every category at its
    highest possible count somebody is left over for the one left out, which can therefore take up any change.
    """
    shown = rounded(total)
    most = sum(LARGEST_SUPPRESSED if rounded(count) is None else (rounded(count) or 0) + REACH for count in counts)
    return shown is not None and shown - REACH - most >= 0


def release(
    counts: Mapping[str, int],
    *,
    parents: Mapping[str, str | None],
    before: Mapping[str, Released] | None = None,
) -> dict[str, Released]:
    """What may be shown of one count in every area of a tree.

    `counts`: people in each area that has none inside it. `parents`: the area around every area, None for the largest.
    `before`: the same areas, made of the same practices, in the last edition. Areas inside come first: a figure is
    suppressed for those inside it, never for the one around it. The choice is made from what is shown of the areas
    inside, not from true counts, so that it tells nothing either.
    """
    tree = _Tree(parents, before or {})
    true = dict(counts)
    for area in tree.inside_first():
        inside = tree.inside[area]
        if not inside:
            shown = rounded(true[area])
            tree.settle(area, shown=shown, says=SMALL if shown is None else _around(shown))
            continue
        true[area] = sum(true[each] for each in inside)
        hidden = _hidden(tree, area)
        shown = rounded(true[area])
        is_hidden = shown is None or shown in hidden
        says = _union(_figure(one) for one in hidden) if is_hidden else _around(shown or 0)
        tree.settle(area, shown=None if is_hidden else shown, says=says)
    return tree.released()


def _hidden(tree: "_Tree", area: str) -> set[int | None]:
    """Which of the figures this area might have are suppressed; None stands for 0 to 7.

    Those that would betray a small count inside; one that was missing in the last edition and may be what it was; and
    as many beside them as it takes that a missing figure betrays nothing, the last edition's own figure last.
    """
    likely = tree.sum_inside(area)
    figures: list[int | None] = [None] if _both(likely, SMALL) else []
    top = likely[-1][1] + REACH
    figures += [f for f in range(2 * STEP, top + 1, STEP) if _both(likely, _around(f))]
    if all(tree.shown[each] is not None for each in tree.within(area)):
        return set()
    hidden = {f for f in figures if f is None or tree.betrays(area, _around(f), is_suppressed=False)}
    last = tree.before.get(area)
    if last is not None and last.shown is None:
        hidden |= {f for f in figures if _both(_figure(f), last.possible)}
    kept = last.shown if last is not None else None
    while hidden and len(hidden) < len(figures):
        if not tree.betrays(area, _union(_figure(f) for f in hidden), is_suppressed=True):
            break
        places = [place for place, f in enumerate(figures) if f in hidden]
        free = [place for place, f in enumerate(figures) if f not in hidden]
        chosen = min(free, key=lambda p: (figures[p] == kept is not None, min(abs(p - place) for place in places), p))
        hidden.add(figures[chosen])
    return hidden


class _Tree:
    """Areas within areas, and what everyone can know of each so far."""

    def __init__(self, parents: Mapping[str, str | None], before: Mapping[str, Released]) -> None:
        self.before = before
        self.inside: dict[str, list[str]] = {area: [] for area in sorted(parents)}
        self.largest = sorted(area for area, parent in parents.items() if parent is None)
        for area in sorted(parents):
            parent = parents[area]
            if parent is not None:
                self.inside[parent].append(area)
        self.shown: dict[str, int | None] = {}
        # What a figure and those inside it leave possible, without the areas around it.
        self.upward: dict[str, Ranges] = {}

    def inside_first(self) -> list[str]:
        """Every area after all areas inside it."""
        return [each for area in self.largest for each in (*reversed(self.within(area)), area)]

    def within(self, area: str) -> list[str]:
        """Areas inside this one at any depth, each before those inside it."""
        found, waiting = [], list(self.inside[area])
        while waiting:
            each = waiting.pop(0)
            found.append(each)
            waiting += self.inside[each]
        return found

    def sum_inside(self, area: str) -> Ranges:
        """What the areas directly inside may come to together."""
        return _sum([self.upward[each] for each in self.inside[area]])

    def settle(self, area: str, *, shown: int | None, says: Ranges) -> None:
        self.shown[area] = shown
        self.upward[area] = _both(says, self.sum_inside(area)) if self.inside[area] else says

    def betrays(self, area: str, says: Ranges, *, is_suppressed: bool) -> bool:
        """Whether a small count in or of this area had fewer than three possible values if its figure said this."""
        possible = self.downward(area, _both(says, self.sum_inside(area)))
        judged = [each for each in self.within(area) if self.shown[each] is None]
        return any(self._is_bare(each, possible[each]) for each in [*judged, *([area] if is_suppressed else [])])

    def _is_bare(self, area: str, possible: Ranges) -> bool:
        return any(0 < _size(known) < FEWEST_POSSIBLE and _both(known, SMALL) for known in self._views(area, possible))

    def _views(self, area: str, possible: Ranges) -> tuple[Ranges, ...]:
        """As this edition alone tells, and as whoever takes the count to be what it was would have it."""
        earlier = self.before.get(area)
        if earlier is None or earlier.shown is not None:
            return (possible,)
        return possible, _both(possible, earlier.possible)

    def downward(self, area: str, known: Ranges) -> dict[str, Ranges]:
        """What is possible for an area and for every one inside it, once this is known of it. Exact: a tree has no
        two ways from one figure to another."""
        found = {area: known}
        for around in (area, *self.within(area)):
            inside = self.inside[around]
            parts = [self.upward[each] for each in inside]
            firsts, lasts = _running(parts), _running(parts[::-1])[::-1]
            for place, each in enumerate(inside):
                others = _sum([firsts[place], lasts[place + 1]])
                rest = _sum([found[around], tuple((-last, -first) for first, last in reversed(others))])
                found[each] = _both(self.upward[each], rest)
        return found

    def released(self) -> dict[str, Released]:
        """Every area's figure, and what is possible of it when all are seen together."""
        possible: dict[str, Ranges] = {}
        for area in self.largest:
            possible |= self.downward(area, self.upward[area])
        found = {}
        for area in sorted(possible):
            kept = possible[area] if self.shown[area] is not None else self._views(area, possible[area])[-1]
            found[area] = Released(self.shown[area], kept or possible[area])
        return found


def _around(shown: int) -> Ranges:
    """True counts that are shown as this figure."""
    return ((shown - REACH, shown + REACH),)


def _figure(shown: int | None) -> Ranges:
    return SMALL if shown is None else _around(shown)


def _size(ranges: Ranges) -> int:
    return sum(last - first + 1 for first, last in ranges)


def _union(several: Iterable[Ranges]) -> Ranges:
    """Every number of any of them."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(one for ranges in several for one in ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def _both(one: Ranges, other: Ranges) -> Ranges:
    """Numbers of both."""
    found = [(max(a, c), min(b, d)) for a, b in one for c, d in other]
    return tuple(sorted((first, last) for first, last in found if first <= last))


def _sum(several: Sequence[Ranges]) -> Ranges:
    """Every sum of one number of each."""
    total: Ranges = ((0, 0),)
    for ranges in several:
        total = _union([tuple((a + c, b + d) for a, b in total for c, d in ranges)])
    return total


def _running(parts: Sequence[Ranges]) -> list[Ranges]:
    """Sums of the first none, one, two... of them."""
    found: list[Ranges] = [((0, 0),)]
    for part in parts:
        found.append(_sum([found[-1], part]))
    return found
