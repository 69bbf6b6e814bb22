"""Every claim a sentence can make, with what the landed files say about it.

A claim is a pattern of words; its numbers and dates are named groups, and beside it stands where each comes from. A
clause that is no known claim is a failure: what nobody recomputes nobody has checked.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from importlib import import_module

from life_facts import Life, listed

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
Found = object
Claim = Callable[[Life, "re.Match[str]"], Iterator[tuple[str, Found]]]

N = r"(?:no|one|two|three|four|five|six|seven|eight|nine|ten|\d+)"
D = rf"\d{{1,2}} (?:{'|'.join(MONTHS)}) \d{{4}}"


def number(text: str) -> int:
    return WORDS.index(text.casefold()) if text.casefold() in WORDS else int(text)


def day(text: str) -> date:
    of_month, month, year = text.split(" ")
    return date(int(year), MONTHS.index(month) + 1, int(of_month))


def last(days: list[date]) -> date | None:
    return max(days) if days else None


def codes_of(name: str, column: str, value: str) -> set[str]:
    return {row["code"] for row in listed(name) if row[column] == value}


# Filled by the modules that state the claims; the catch-all of general practice is asked last.
CLAIMS: list[tuple["re.Pattern[str]", Claim]] = []


def claim(pattern: str) -> Callable[[Claim], Claim]:
    """Register what a clause of these words claims; <n>, <m> are numbers and <d>, <e> days."""
    pattern = re.sub(r"(?<!\?P)<([nm])>", lambda found: f"(?P<{found[1]}>{N})", pattern)
    pattern = re.sub(r"(?<!\?P)<([de])>", lambda found: f"(?P<{found[1]}>{D})", pattern)

    def keep(check: Claim) -> Claim:
        CLAIMS.append((re.compile(pattern, re.IGNORECASE), check))
        return check

    return keep


def counted(how_many: int, what: str) -> str:
    word = WORDS[how_many] if how_many <= 10 else str(how_many)
    return f"{word} {what}" + ("" if how_many == 1 else "s")


def joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def plain(value: Decimal, places: int) -> str:
    exponent = Decimal(1).scaleb(-places)
    return f"{value.quantize(exponent, ROUND_HALF_EVEN).normalize():f}"


def checked(life: Life, clause: str) -> list[tuple[str, str, object]]:
    """(group, said, found) of each number, date and word of the clause; LookupError for a claim nobody recomputes."""
    for module in ("claims_of_hospitals", "claims_of_services", "claims_of_practices"):
        import_module(module)
    for pattern, check in CLAIMS:
        said = pattern.fullmatch(clause)
        if said:
            return [(name, said[name], found) for name, found in check(life, said)]
    raise LookupError(f"nobody recomputes: {clause}")


def agrees(said: str | None, found: object) -> bool:
    """Whether what was said is what was found, as a number, a day or words."""
    if said is None or found is None:
        return said is None and found is None
    if isinstance(found, date):
        return day(said) == found
    if isinstance(found, int):
        return number(said) == found
    if isinstance(found, tuple):
        return said in found
    return said.casefold() == str(found).casefold()
