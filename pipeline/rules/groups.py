"""How many things are shared out among processes."""

from collections.abc import Sequence


def groups(names: Sequence[str], *, at_most: int, at_least: int) -> list[list[str]]:
    """The names in their order, in at most so many groups, each of at least so many where there are as many.

    Groups are as even as these two allow, so that none is waited for alone.
    """
    if not names:
        return []
    number = min(at_most, max(1, len(names) // at_least))
    size, larger = divmod(len(names), number)
    cuts = [position * size + min(position, larger) for position in range(number + 1)]
    return [list(names[first:last]) for first, last in zip(cuts, cuts[1:], strict=False)]
