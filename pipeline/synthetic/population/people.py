"""The people of one block of the region, as arrays: identity, address, household, registration, care.

Nobody here exists. Says nothing about health.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

NEVER = 10**6  # a day number far beyond any other
ETHNIC_CODES = "ABCDEFGHJKLMNPRSZ"
# People registered outside the frame: three pseudo-practices and two real ones elsewhere.
ELSEWHERE_CODES = ("V81997", "V81999", "F84006", "F82002", "E85005")
HISTORY_DAYS = 1461


def day_number(day: date) -> int:
    """Days since 1 January 1970."""
    return (day - date(1970, 1, 1)).days


@dataclass(frozen=True)
class People:
    """One entry per person in every array. Days are day numbers; NEVER where it has not happened.

    practice, former_practice, second_practice: index into the whole frame, -1 none (for practice: registered
    elsewhere). family_name, given_name, ethnic: indices. borough: GSS code of the council the person lives in.
    household: a number nobody of another block has. cares_for: index of the person cared for, -1 none or not one of
    ours. care_home: -1 none. home_postcode, home_lsoa: the address before a care home. other_nhs_number,
    superseded_nhs_number: '' or ten digits some senders still use.
    """

    nhs_number: np.ndarray
    other_nhs_number: np.ndarray
    superseded_nhs_number: np.ndarray
    family_name: np.ndarray
    given_name: np.ndarray
    birth: np.ndarray
    is_female: np.ndarray
    gender_code: np.ndarray
    ethnic: np.ndarray
    language: np.ndarray
    needs_interpreter: np.ndarray
    household: np.ndarray
    borough: np.ndarray
    lsoa: np.ndarray
    decile: np.ndarray
    postcode: np.ndarray
    home_postcode: np.ndarray
    home_lsoa: np.ndarray
    care_home: np.ndarray
    care_home_from: np.ndarray
    is_carer: np.ndarray
    cares_for: np.ndarray
    carer_from: np.ndarray
    practice: np.ndarray
    elsewhere_code: np.ndarray
    registered: np.ndarray
    left: np.ndarray
    death: np.ndarray
    is_arriving: np.ndarray
    is_confidential: np.ndarray
    former_practice: np.ndarray
    moved: np.ndarray
    second_practice: np.ndarray
    second_registered: np.ndarray
    second_left: np.ndarray

    @property
    def count(self) -> int:
        return len(self.birth)

    @property
    def last_day(self) -> np.ndarray:
        """The last day on which something can happen to each person here."""
        return np.asarray(np.minimum(self.left, self.death))

    @property
    def council(self) -> np.ndarray:
        """The council each person lives in (GSS code); it may be none of the five that send."""
        return self.borough

    def postcode_on(self, person: np.ndarray, day: np.ndarray | int) -> np.ndarray:
        """The postcode of people on days (or one): of the care home from the day they move in."""
        return np.asarray(
            np.where(self.care_home_from[person] <= day, self.postcode[person], self.home_postcode[person])
        )

    def lsoa_on(self, person: np.ndarray, day: np.ndarray | int) -> np.ndarray:
        """The small area people live in on days (or one)."""
        return np.asarray(np.where(self.care_home_from[person] <= day, self.lsoa[person], self.home_lsoa[person]))

    @property
    def ethnic_codes(self) -> np.ndarray:
        return np.asarray(np.array(list(ETHNIC_CODES))[self.ethnic])

    def registered_on(self, day: int) -> np.ndarray:
        """Who is alive and registered with a practice of the frame on a day."""
        return np.asarray((self.practice >= 0) & (self.registered <= day) & (self.left > day) & (self.death > day))
