"""Invented people whose every identifier is unmistakable, to be pushed through whatever can go wrong.

Numbers begin with 999 (right check digit) or 888 (wrong one), surnames with Zq, roads with Xv, postcodes with QV, which
is no postal area; births are of 1910 to 1929, never on the first of a month, which the store keeps as month of birth.
"""

import random
from dataclasses import dataclass
from datetime import date, timedelta

KINDS = ("NHS number", "failing number", "surname", "address", "birth date")
_FIRST_DAY, _DAYS = date(1910, 1, 1), 7_300
_SYLLABLES = ("ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "wo")


@dataclass(frozen=True)
class Planted:
    """One person: five identifiers, the address with its postcode."""

    nhs_number: str
    failing_number: str
    surname: str
    road: str
    postcode: str
    birth_date: date

    @property
    def address(self) -> str:
        return f"12 {self.road} Lane, {self.postcode}"

    def written(self, turn: int) -> dict[str, str]:
        """Every identifier as text; the turn chooses how: numbers in one piece or three, dates in five forms."""
        day, number, failing = self.birth_date, self.nhs_number, self.failing_number
        dates = (day.isoformat(), f"{day:%d/%m/%Y}", f"{day:%Y%m%d}", f"{day:%d-%b-%Y}", f"{day.day} {day:%B %Y}")
        gap = ("", " ", "-")[turn % 3]
        return {
            "NHS number": gap.join((number[:3], number[3:6], number[6:])),
            "failing number": gap.join((failing[:3], failing[3:6], failing[6:])),
            "surname": (self.surname, self.surname.upper())[turn % 2],
            "address": (self.address, self.postcode, self.postcode.replace(" ", ""))[turn % 3],
            "birth date": dates[turn % 5],
        }

    def line(self, turn: int = 0) -> str:
        """All of it, as a row a library might quote."""
        return ", ".join(self.written(turn).values())


def planted_people(count: int) -> list[Planted]:
    """So many people, no two alike in anything; the same ones every time."""
    rng = random.Random("planted people")
    nines = rng.sample(range(1_000_000), 2 * count)
    days = rng.sample([day for day in range(_DAYS) if (_FIRST_DAY + timedelta(day)).day != 1], count)
    words = rng.sample([a + b + c for a in _SYLLABLES for b in _SYLLABLES for c in _SYLLABLES], count)
    numbers = [f"999{nine:06d}{_digit(f'999{nine:06d}')}" for nine in nines if _digit(f"999{nine:06d}") < 10]
    return [
        Planted(
            nhs_number=numbers[place],
            failing_number=_failing(f"888{nines[-1 - place]:06d}"),
            surname=f"Zq{words[place]}",
            road=f"Xv{words[-1 - place]}",
            postcode=f"QV{place % 90 + 10} {place // 90 % 10}{chr(65 + place // 900 % 26)}{chr(65 + place % 26)}",
            birth_date=_FIRST_DAY + timedelta(days[place]),
        )
        for place in range(count)
    ]


def _digit(nine: str) -> int:
    """The check digit of modulus 11; 10 where there is none."""
    return (11 - sum(int(digit) * (10 - place) for place, digit in enumerate(nine)) % 11) % 11


def _failing(nine: str) -> str:
    return f"{nine}{(_digit(nine) + 1) % 10}"
