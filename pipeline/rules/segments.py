"""Which kind of need a person has: a ladder of five rungs, first match wins, from recorded facts alone.

Risk says who comes first; the segment says what help fits, and it changes rarely. It uses no score and no
model. Nothing here tells the end of life: no such register is among the features yet, so no rung claims it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.rules.reasons_facts import number, truth

CONDITIONS_COMPLEX = 4
AGE_FRAILTY = 65


def segment(values: Mapping[str, object]) -> "Segment":
    """The first rung that matches the feature values of one person; a null matches no rung.

    Rungs: (1) council-funded care home; (2) moderate or severe frailty or dementia on the GP record, or, from
    65 on, housebound or with home care; (3) four or more long-term conditions; (4) one to three; (5) none,
    when the GP record was looked at. A person whose GP record is unknown and who matches nothing is
    `not_known`, never well.
    """
    if truth(values, "is_care_home_resident"):
        return CARE_HOME
    if _is_frail(values):
        return FRAILTY_OR_DEMENTIA
    conditions = number(values, "long_term_condition_count")
    if conditions is None:
        return NOT_KNOWN
    if conditions >= CONDITIONS_COMPLEX:
        return COMPLEX_MULTIMORBIDITY
    return LONG_TERM_CONDITION if conditions >= 1 else GENERALLY_WELL


def _is_frail(values: Mapping[str, object]) -> bool:
    if truth(values, "has_frailty_code") or truth(values, "has_dementia"):
        return True
    age = number(values, "age_years")
    at_home = truth(values, "is_housebound") or truth(values, "has_home_care")
    return bool(at_home and age is not None and age >= AGE_FRAILTY)


@dataclass(frozen=True)
class Segment:
    """A rung: `code` is stable across releases, `title` is what people read."""

    code: str
    title: str
    meaning: str


CARE_HOME = Segment("care_home", "Lives in a care home", "The council pays for residential or nursing care now")
FRAILTY_OR_DEMENTIA = Segment(
    "frailty_or_dementia",
    "Frailty or dementia",
    "Moderate or severe frailty or dementia on the GP record; or 65 and over, housebound or with home care",
)
COMPLEX_MULTIMORBIDITY = Segment(
    "complex_multimorbidity", "Four or more long-term conditions", "Four or more conditions on the GP record"
)
LONG_TERM_CONDITION = Segment(
    "long_term_condition", "One to three long-term conditions", "One to three conditions on the GP record"
)
GENERALLY_WELL = Segment("generally_well", "Generally well", "No long-term condition on the GP record")
NOT_KNOWN = Segment("not_known", "Not known", "The GP record could not be used and nothing else places the person")

SEGMENTS: tuple[Segment, ...] = (
    CARE_HOME,
    FRAILTY_OR_DEMENTIA,
    COMPLEX_MULTIMORBIDITY,
    LONG_TERM_CONDITION,
    GENERALLY_WELL,
    NOT_KNOWN,
)
