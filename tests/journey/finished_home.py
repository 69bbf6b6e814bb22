"""What the journey's fixtures hand to its tests: the finished home, and the truth about the region it was made of."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from small_plan import small_plan

from pipeline.contracts.settings import Settings
from pipeline.rules.pseudonym import person_key
from pipeline.steps.at_hand.context import Context
from pipeline.steps.model.promote import promote
from pipeline.steps.model.train import train
from pipeline.steps.night.nightly import Night, nightly
from pipeline.store.keys import read_keys

PEOPLE, SEED = 1_600, 1
FIRST, SECOND = date(2026, 11, 15), date(2026, 11, 22)


@dataclass(frozen=True)
class Truth:
    """What is really so in the region: people (one dictionary each), what was planted, and the best possible risk."""

    people: list[dict[str, Any]]
    history: dict[str, dict[str, int]]
    rows: dict[str, dict[str, list[int]]]
    expected: dict[str, dict[str, dict[str, str]]]
    second_week: list[dict[str, Any]]
    oracle: list[dict[str, Any]]

    def planted(self, what: str) -> dict[str, Any]:
        """The one thing of this kind that was planted in the second week."""
        (found,) = [one for one in self.second_week if one["what"] == what]
        return found

    def dissenting(self, *, on: date) -> list[dict[str, Any]]:
        """People who dissent as known on that night, by what the region says of them."""
        kinds = {"dissents", "same_day"} | ({"second_week"} if on >= SECOND else set())
        return [person for person in self.people if person["type_1"] in kinds]

    def registered(self, practice_code: str, *, on: date) -> list[dict[str, Any]]:
        """People alive and on the practice's list on that day."""
        return [one for one in self.people if practice_on(one, on) == practice_code]


@dataclass(frozen=True)
class Demo:
    """A finished home, and what was kept on the way: the home before its second night, touches, what it said."""

    settings: Settings
    before_second: Path
    nights: tuple[Night, Night]
    touches: dict[str, list[str]]
    output: str

    @property
    def home(self) -> Path:
        return self.settings.home

    def person_key(self, nhs_number: str) -> str:
        """The pseudonym of a person in this home."""
        keys = read_keys(self.settings.keys_folder)
        return person_key(nhs_number, key=keys.person, key_id=keys.person_id)


def trained_first_night(context: Context) -> Night:
    """Train as of the first night, promote what came of it, and run that night."""
    model = train(context, as_of=FIRST, hold_back=True, plan=small_plan())
    promote(context, model_id=model.model_id, who="demo", reason="first model of an invented region", despite="a test")
    return nightly(context, as_of=FIRST, hold_back=True)


def practice_on(person: dict[str, Any], day: date) -> str | None:
    """The practice whose list holds this person on that day, or None. Of two lists, the one joined last counts."""
    after = day + timedelta(days=1)
    if person["death_date"] is not None and person["death_date"] < after:
        return None
    second_end = person["second_registration_end_date"]
    second_start = person["second_registration_start_date"]
    if second_start is not None and second_start <= day and (second_end is None or second_end >= after):
        return person["second_practice_code"]
    end = person["registration_end_date"]
    if person["registration_start_date"] > day or (end is not None and end < after):
        return None
    moved = person["moved_date"]
    return person["practice_code"] if moved is None or moved <= day else person["former_practice_code"]
