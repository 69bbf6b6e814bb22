"""Invented lives in which everything that may keep a person off a register happens, alone and together.

Each life is a short story told in facts with the delivery that brings each; what follows from them is worked out here
in plain Python from the words of docs/decisions/0003 and 0011, and never with the pipeline's own SQL or rules.
"""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

SEED = 20261122
PARTICIPATING = ("F83671", "F83039", "F85061", "F85675")
OTHERS = ("F83004", "F83008")
SENDER_OF = {"F83671": "GPS01", "F83039": "GPS01", "F83004": "GPS01", "F83008": "GPS01", "F85061": "GPS02",
             "F85675": "GPS02"}  # fmt: skip
# The deliveries: history of the few a model learns from, history of all, and the second week.
EARLY, MAIN, WEEK = 0, 1, 2
FIRST, SECOND = date(2026, 11, 15), date(2026, 11, 22)
_BEFORE, _SINCE = date(2026, 10, 1), date(2026, 11, 16)


@dataclass(frozen=True)
class Listed:
    """A row of a practice's list, as one delivery brings it; a later row of the same registration replaces it."""

    week: int
    practice: str
    number: str
    start: date
    end: date | None = None
    death: date | None = None
    is_confidential: bool = False
    is_deleted: bool = False
    is_test: bool = False


@dataclass(frozen=True)
class Said:
    """A version of a coded entry about the use of the record, as one delivery brings it.

    `says`: dissent, withdrawal, or other (a code that is neither). Without a day it is sent without one, and set apart
    by a rule. Of one that names nobody the row has no NHS number, and a patient id that no list knows.
    """

    week: int
    practice: str
    number: str
    entry: int
    is_local: bool
    says: str
    day: date | None
    is_deleted: bool = False
    names_nobody: bool = False

    @property
    def is_apart(self) -> bool:
        return self.day is None


def _standing(versions: list[Said]) -> list[Said]:
    """What an entry says: its newest version; one set apart since says so as well, and leaves no withdrawal clear."""
    accepted = [one for one in versions if not one.is_apart]
    since = [one for one in versions if one.is_apart and not [other for other in accepted if other.week > one.week]]
    newest = [one for one in accepted[-1:] if not (one.says == "withdrawal" and since)]
    return [one for one in [*newest, *since] if not one.is_deleted]


@dataclass
class Life:
    """One person: the numbers that are theirs (the current one last), what lists and records say, and what they chose.

    `opted_out` are the checks (0, 1, 2, …) at which the service does not return them.
    """

    place: int
    numbers: tuple[str, ...]
    family_name: str
    given_name: str
    born: date
    rows: list[Listed] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    opted_out: frozenset[int] = frozenset()
    number_change_week: int | None = None
    traits: set[str] = field(default_factory=set)

    @property
    def first_week(self) -> int:
        return min(row.week for row in self.rows)

    def known_as(self, week: int) -> "list[Life]":
        """Themselves; or, before anybody was told that two numbers are one person, somebody under each of them."""
        if len(self.numbers) == 1 or (self.number_change_week or 0) <= week:
            return [self]
        return [
            Life(
                place=self.place,
                numbers=(number,),
                family_name=self.family_name,
                given_name=self.given_name,
                born=self.born,
                rows=[row for row in self.rows if row.number == number],
                said=[one for one in self.said if one.number == number],
                opted_out=self.opted_out if number == self.numbers[-1] else frozenset(),
                traits=self.traits,
            )
            for number in self.numbers
        ]

    def objects(self, week: int) -> bool:
        """Whether they object, by either kind of code, as every delivery up to this one tells it."""
        return any(self._objects(week, is_local=kind) for kind in (False, True))

    def _objects(self, week: int, *, is_local: bool) -> bool:
        entries: dict[tuple[str, int], list[Said]] = {}
        for one in sorted((one for one in self.said if one.week <= week), key=lambda one: one.week):
            entries.setdefault((one.practice, one.entry), []).append(one)
        dissents, withdrawn = [], []
        for versions in entries.values():
            for newest in _standing(versions):
                if newest.is_local == is_local and newest.says == "dissent":
                    dissents.append(newest.day)
                if newest.is_local == is_local and newest.says == "withdrawal" and newest.day is not None:
                    withdrawn.append(newest.day)
        if not dissents:
            return False
        dated = [day for day in dissents if day is not None]
        return len(dated) < len(dissents) or not withdrawn or max(dated) >= max(withdrawn)

    def is_test_identity(self, week: int) -> bool:
        return any(row.is_test for row in self.rows if row.week <= week)

    def may_be_used(self, week: int, *, check: int) -> bool:
        return not (self.objects(week) or check in self.opted_out or self.is_test_identity(week))

    def standing(self, week: int) -> list[Listed]:
        """The newest row of each registration, less those taken back."""
        newest: dict[str, Listed] = {}
        for row in sorted((row for row in self.rows if row.week <= week), key=lambda one: one.week):
            newest[row.practice] = row
        return [row for row in newest.values() if not row.is_deleted]

    def practice_on(self, day: date, *, week: int) -> str | None:
        """Whose patient they are on this index date: alive, not confidential, the registration begun last."""
        rows = self.standing(week)
        if any(row.death is not None and row.death < day for row in rows):
            return None
        open_rows = [row for row in rows if row.start < day and (row.end is None or row.end >= day)]
        if not open_rows or any(row.is_confidential for row in open_rows):
            return None
        return max(open_rows, key=lambda row: row.start).practice

    def listed_at(self, day: date, *, week: int, check: int) -> str | None:
        """The practice that may be told of them, if any."""
        return self.practice_on(day, week=week) if self.may_be_used(week, check=check) else None


def lives(people: int, *, numbers: list[str], early: int) -> list[Life]:
    """That many lives, the first `early` of them known from the early delivery on; the same for the same arguments."""
    chance = random.Random(SEED)
    spare = iter(numbers)
    return [_life(chance, place, spare=spare, week=EARLY if place < early else MAIN) for place in range(people)]


def _life(chance: random.Random, place: int, *, spare: "object", week: int) -> Life:
    number = next(spare)
    born = date(1930, 1, 1) + timedelta(days=chance.randrange(33_500))
    life = Life(place, (number,), f"Zq{_word(place)}", f"Xo{_word(place * 7 + 3)}", born)
    home = chance.choice(PARTICIPATING) if chance.random() < 0.5 else chance.choice(OTHERS)
    start = max(born, date(2012, 1, 1)) + timedelta(days=chance.randrange(1, 1_200))
    life.rows.append(Listed(week, home, number, start))
    for tell in (_numbers, _moves, _dies, _hides, _objects, _opts_out):
        if tell is _numbers:
            _numbers(chance, life, spare)
        else:
            tell(chance, life)
    return life


def _numbers(chance: random.Random, life: Life, spare: "object") -> None:
    """One in sixteen has had another number before; half of those changes are learnt in the second week alone."""
    if chance.random() < 0.06:
        old = next(spare)
        life.numbers = (old, life.numbers[0])
        life.number_change_week = chance.choice((MAIN, WEEK))
        life.traits.add("two numbers")
        if chance.random() < 0.5:
            # A former practice still has them under the number of then, closed long ago.
            former = chance.choice([code for code in SENDER_OF if code != life.rows[0].practice])
            begun = life.rows[0].start
            life.rows.append(
                Listed(life.rows[0].week, former, old, begun - timedelta(days=1), begun + timedelta(days=9))
            )
            life.traits.add("listed under both")


def _moves(chance: random.Random, life: Life) -> None:
    here = life.rows[0]
    there = chance.choice([code for code in SENDER_OF if code not in {row.practice for row in life.rows}])
    day = _BEFORE - timedelta(days=chance.randrange(20, 400))
    late = _SINCE + timedelta(days=chance.randrange(4))
    draw = chance.random()
    new = Listed(here.week, there, here.number, max(day, here.start + timedelta(days=30)))
    if draw < 0.06:
        life.rows[0] = Listed(here.week, here.practice, here.number, here.start, new.start)
        life.rows.append(new)
        life.traits.add("moved")
    elif draw < 0.09:
        life.rows.append(new)
        life.traits.add("registered twice")
    elif draw < 0.12:
        life.rows.append(Listed(WEEK, here.practice, here.number, here.start, late))
        life.rows.append(Listed(WEEK, there, here.number, late))
        life.traits.add("moved late")
    elif draw < 0.13:
        life.rows.append(Listed(WEEK, there, here.number, late))
        life.traits.add("registered twice late")
    elif draw < 0.14:
        life.rows[0] = Listed(here.week, here.practice, here.number, here.start, _BEFORE)
        life.traits.add("left")
    elif draw < 0.15:
        life.rows.append(Listed(WEEK, here.practice, here.number, here.start, late))
        life.traits.add("left late")


def _dies(chance: random.Random, life: Life) -> None:
    draw = chance.random()
    if draw >= 0.05:
        return
    is_late = draw < 0.02
    rows = life.standing(WEEK if is_late else MAIN)
    row = chance.choice(rows)
    day = _SINCE + timedelta(days=2) if is_late else _BEFORE - timedelta(days=chance.randrange(1, 15))
    told = Listed(WEEK if is_late else row.week, row.practice, row.number, row.start, row.end, day)
    if is_late and row.week != WEEK:
        life.rows.append(told)
    else:
        # One delivery tells of a registration once: what else it says of it stands in the same row.
        life.rows[life.rows.index(row)] = told
    life.traits.add("died late" if is_late else "died")


def _hides(chance: random.Random, life: Life) -> None:
    """Confidential, taken back, or nobody at all: from the start, or from the second week on."""
    draw = chance.random()
    if draw >= 0.03:
        return
    is_late = chance.random() < 0.5
    row = life.rows[0] if not is_late else life.standing(WEEK)[-1] if life.standing(WEEK) else life.rows[0]
    changed = {
        "confidential": {"is_confidential": True},
        "taken back": {"is_deleted": True},
        "a test identity": {"is_test": True},
    }
    trait = "confidential" if draw < 0.015 else "taken back" if draw < 0.025 else "a test identity"
    told = Listed(**{**vars(row), **changed[trait], "week": WEEK if is_late else row.week})
    if is_late and row.week != WEEK:
        life.rows.append(told)
    else:
        life.rows[life.rows.index(row)] = told
    life.traits.add(f"{trait} late" if is_late else trait)


def _objects(chance: random.Random, life: Life) -> None:
    draw = chance.random()
    row = chance.choice([row for row in life.rows if row.week < WEEK] or life.rows)
    is_early = row.week == EARLY
    if draw >= (0.3 if is_early else 0.2):
        return
    number = chance.choice(life.numbers)
    is_local = chance.random() < 0.25
    early = _BEFORE - timedelta(days=chance.randrange(100, 300))
    later = early + timedelta(days=chance.randrange(1, 90))
    new = _SINCE + timedelta(days=chance.randrange(4))
    stories = _stories(row.week, early=early, later=later, new=new)
    if is_early and chance.random() < 0.6:
        stories = _corrected_twice(early=early, later=later)
    trait, told = chance.choice(stories)
    for week, entry, what, day in told:
        says, *how = what.split(", ")
        is_of_this_kind = is_local != ("other kind" in how)
        life.said.append(
            Said(week, row.practice, number, entry, is_of_this_kind, says, day, "deleted" in how, "nobody" in how)
        )
    life.traits.add(f"{trait} (local)" if is_local else trait)


# A name, and the versions of entries that came: delivery, entry, what it says and how, and its day.
Story = tuple[str, list[tuple[int, int, str, date | None]]]


def _stories(week: int, *, early: date, later: date, new: date) -> list[Story]:
    """What was said and, from the second week on, said again of the same entry."""
    objects, withdraws = (week, 1, "dissent", early), (week, 2, "withdrawal", later)
    return [
        ("dissents", [objects]),
        ("dissents", [objects]),
        ("withdrew", [objects, withdraws]),
        ("dissents again", [(week, 1, "withdrawal", early), (week, 2, "dissent", later)]),
        ("both on one day", [(week, 1, "withdrawal", early), (week, 2, "dissent", early)]),
        ("undated dissent", [(week, 1, "dissent", None), withdraws]),
        ("undated withdrawal", [objects, (week, 2, "withdrawal", None)]),
        ("dissents late", [(WEEK, 1, "dissent", new)]),
        ("dissents late", [(WEEK, 1, "dissent", new)]),
        ("backdated dissent", [(WEEK, 1, "dissent", early)]),
        ("undated dissent late", [(WEEK, 1, "dissent", None)]),
        ("withdraws late", [objects, (WEEK, 2, "withdrawal", new)]),
        ("dissents again late", [objects, withdraws, (WEEK, 3, "dissent", new)]),
        ("both on one late day", [(WEEK, 1, "dissent", new), (WEEK, 2, "withdrawal", new)]),
        # The same entry again: what the newest version says holds, whatever the one before said.
        ("withdrawal was another code", [objects, withdraws, (WEEK, 2, "other", later)]),
        ("withdrawal was of the other kind", [objects, withdraws, (WEEK, 2, "withdrawal, other kind", later)]),
        ("withdrawal was a dissent", [(week, 2, "withdrawal", later), (WEEK, 2, "dissent", later)]),
        ("withdrawal was deleted", [objects, withdraws, (WEEK, 2, "withdrawal, deleted", later)]),
        ("withdrawal was nobody's", [objects, withdraws, (WEEK, 2, "other, nobody", later)]),
        ("withdrawal deleted as nobody's", [objects, withdraws, (WEEK, 2, "withdrawal, deleted, nobody", later)]),
        ("withdrawal in doubt", [objects, withdraws, (WEEK, 2, "other", None)]),
        ("withdrawal dated anew", [objects, withdraws, (WEEK, 2, "withdrawal", early)]),
        ("dissent was another code", [objects, (WEEK, 1, "other", early)]),
        ("dissent was of the other kind", [objects, withdraws, (WEEK, 1, "dissent, other kind", early)]),
        ("dissent was a withdrawal", [objects, (WEEK, 1, "withdrawal", early)]),
        ("dissent deleted as nobody's", [objects, (WEEK, 1, "dissent, deleted, nobody", early)]),
        ("dissent without a day was another code", [(week, 1, "dissent", None), (WEEK, 1, "other", early)]),
        ("another code was a dissent", [(week, 1, "other", early), (WEEK, 1, "dissent", early)]),
    ]


def _corrected_twice(*, early: date, later: date) -> list[Story]:
    """Of those known from the first delivery on: to another code or kind, and back."""
    objects = (EARLY, 1, "dissent", early)
    return [
        ("dissent, another code and back", [objects, (MAIN, 1, "other", early), (WEEK, 1, "dissent", early)]),
        (
            "withdrawal, another code and back",
            [objects, (EARLY, 2, "withdrawal", later), (MAIN, 2, "other", later), (WEEK, 2, "withdrawal", later)],
        ),
        (
            "withdrawal, the other kind and back",
            [
                objects,
                (EARLY, 2, "withdrawal", later),
                (MAIN, 2, "withdrawal, other kind", later),
                (WEEK, 2, "withdrawal", later),
            ],
        ),
        (
            "withdrawal, deleted and back",
            [objects, (EARLY, 2, "withdrawal", later), (MAIN, 2, "withdrawal, deleted", later),
             (WEEK, 2, "withdrawal", later)],
        ),
    ]  # fmt: skip


def _opts_out(chance: random.Random, life: Life) -> None:
    """The National Data Opt-Out: from the start, learnt before the second night, after it, or given up."""
    draw = chance.random()
    if draw < 0.03:
        life.opted_out, trait = frozenset(range(9)), "opted out"
    elif draw < 0.045:
        life.opted_out, trait = frozenset(range(2, 9)), "opted out late"
    elif draw < 0.055:
        life.opted_out, trait = frozenset(range(3, 9)), "opted out after publication"
    elif draw < 0.065:
        life.opted_out, trait = frozenset((0, 1)), "opted in again"
    else:
        return
    life.traits.add(trait)


def _word(number: int) -> str:
    """Letters that stand for the number and for no other, and for no word."""
    letters = ""
    for _ in range(5):
        number, place = divmod(number, 20)
        letters += "bcdfghjklmnpqrstvwxz"[place]
    return letters
