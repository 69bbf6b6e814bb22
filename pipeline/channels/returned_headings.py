"""The headings of a returned register: which column is which, by its declared name or title, and nothing else."""

from collections.abc import Iterable, Sequence

from pipeline.contracts.answers import KEY_COLUMNS, NOMINATION_COLUMNS
from pipeline.contracts.register_dictionary import practice_contract
from pipeline.contracts.returned import refused

_MOST_TOLD = 6


def register_headings() -> list[tuple[str, str]]:
    """Name and title of every column of the register."""
    return [(column.name, column.title) for column in practice_contract().columns]


def nomination_headings() -> list[tuple[str, str]]:
    """Name and title of the columns of the sheet of nominations."""
    return [(name, title) for name, title, _ in NOMINATION_COLUMNS]


def is_heading(cells: Iterable[str]) -> bool:
    """Whether a row is one of headings: it holds that of the NHS number."""
    (name, title), found = register_headings()[0], {cell.strip() for cell in cells}
    return name in found or title in found


def named(cells: Sequence[str], known: Sequence[tuple[str, str]], *, needed: Sequence[str], where: str) -> list[str]:
    """Names of the columns in order of place, empty for a place without heading at the end.

    Raises RefusedByRule (BACK-008): a heading that is none of the register's, one that stands twice, one that is
    needed and not there.
    """
    by_heading = {heading: name for name, title in known for heading in (name, title)}
    headings = [cell.strip() for cell in cells]
    while headings and not headings[-1]:
        headings.pop()
    names = [by_heading.get(heading, "") for heading in headings]
    told = [f"column {place} is none of the register's" for place, name in enumerate(names, start=1) if not name]
    told += [f"'{name}' stands twice" for name in sorted(set(names)) if name and names.count(name) > 1]
    told += [f"'{name}' is missing" for name in needed if name not in names]
    if told:
        more = f" and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
        raise refused("BACK-008", where=f"{where}: {'; '.join(told[:_MOST_TOLD])}{more}")
    return names


def register_names(cells: Sequence[str], *, where: str) -> list[str]:
    """Names of the columns of a returned register."""
    return named(cells, register_headings(), needed=KEY_COLUMNS, where=where)
