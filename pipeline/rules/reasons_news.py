"""What is new about a person since the practice's last edition: dated events first, then what raised the risk.

Two nights' knowledge of the same person is compared, as each night knew it: a referral of last month that arrived this
week is news, and said to have been told since. A window that slides makes no news: only a later day, a count that rose
or a state that changed does. Where a source did not reach the person before, nothing of it is called new.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from pipeline.rules.reasons_concepts import CONDITIONS
from pipeline.rules.reasons_facts import count, day, known_false, sentence, truth, word
from pipeline.rules.reasons_sentences import FOR_RISK
from pipeline.rules.times import day_in_words

Values = Mapping[str, object]

GRADES = {1: "mild", 2: "moderate", 3: "severe"}
ONE_VISIT = timedelta(days=1)  # an attendance the day before an admission is the same visit


@dataclass(frozen=True)
class Knowledge:
    """What one night knew of a person; `index_date` is the day after the last it covers."""

    values: Values
    index_date: date


def news(now: Knowledge, before: Knowledge | None) -> tuple[str, ...]:
    """Sentences, the most pressing first; none where the person was not known on the night of the last edition."""
    if before is None:
        return ()
    told = (tell(now, before) for tell in _EVENTS)
    return tuple(sentence(each) for each in told if each is not None)


def rose_most(now: Knowledge, weights: Mapping[str, float], weights_before: Mapping[str, float]) -> str | None:
    """The sentence of the topic whose log-odds rose most between the two nights; None where none rose and speaks."""
    gained = {name: weights[name] - weights_before.get(name, 0.0) for name in weights}
    rising = sorted((name for name in gained if gained[name] > 0), key=lambda name: (-gained[name], name))
    told = (FOR_RISK[name](now.values, now.index_date) for name in rising if name in FOR_RISK)
    return next((each for each in told if each is not None), None)


def _newer(now: Knowledge, before: Knowledge, days: str, *, looked: str) -> date | None:
    """The day of `days`, when it lies after the one known before; `looked` is a count of the same source."""
    known, earlier = _day(now, days), _day(before, days)
    if known is None or count(before.values, looked) is None:
        return None
    return known if earlier is None or known > earlier else None


def _day(night: Knowledge, column: str) -> date | None:
    days = count(night.values, column)
    return None if days is None else night.index_date - timedelta(days=days)


def _dated(text: str, on: date, before: Knowledge) -> str:
    """The text with its day; of what lies before the last edition, that it was told since."""
    return f"{text} {day_in_words(on)}" + (", told to us since" if on < before.index_date else "")


def _admitted(now: Knowledge, before: Knowledge) -> str | None:
    on = _newer(now, before, "emergency_admission_days_since", looked="emergency_admissions_24m")
    if on is None:
        return None
    why = word(now.values, "emergency_stay_diagnosis") if day(now.values, "emergency_stay_date") == on else None
    return _dated("emergency admission", on, before) + (f" ({why})" if why else "")


def _attended(now: Knowledge, before: Knowledge) -> str | None:
    on = _newer(now, before, "emergency_attendance_days_since", looked="emergency_attendances_24m")
    admitted = _day(now, "emergency_admission_days_since")
    if on is None or (admitted is not None and on <= admitted <= on + ONE_VISIT):
        return None
    return _dated("A&E attendance", on, before)


def _discharged(now: Knowledge, before: Knowledge) -> str | None:
    on = _newer(now, before, "discharge_days_since", looked="emergency_discharges_1m")
    return None if on is None or truth(now.values, "is_in_hospital") else _dated("discharged from hospital", on, before)


def _crisis(now: Knowledge, before: Knowledge) -> str | None:
    on = _newer(now, before, "mental_health_crisis_days_since", looked="mental_health_crisis_contacts_12m")
    return None if on is None else _dated("contact with a mental health crisis team", on, before)


def _mental_health_stay(now: Knowledge, before: Knowledge) -> str | None:
    begun = known_false(before.values, "is_mental_health_inpatient") and truth(now.values, "is_mental_health_inpatient")
    return "now in a mental health hospital" if begun else None


def _fell(now: Knowledge, before: Knowledge) -> str | None:
    on = _newer(now, before, "gp_fall_days_since", looked="gp_falls_24m")
    return None if on is None else _dated("fall recorded", on, before)


def _referred(now: Knowledge, before: Knowledge) -> str | None:
    on = _newer(now, before, "community_referral_days_since", looked="community_referrals_opened_12m")
    if on is None:
        return None
    nursing = known_false(before.values, "has_community_nursing") and truth(now.values, "has_community_nursing")
    said = _dated("referred to community services", on, before)
    return said + ("; a referral to community nursing is open now and was not before" if nursing else "")


def _care_home(now: Knowledge, before: Knowledge) -> str | None:
    moved = known_false(before.values, "is_care_home_resident") and truth(now.values, "is_care_home_resident")
    return "now in a care home that the council pays for" if moved else None


def _home_care(now: Knowledge, before: Knowledge) -> str | None:
    if known_false(before.values, "has_home_care") and truth(now.values, "has_home_care"):
        return "has home care from the council now, and had none before"
    if truth(before.values, "has_home_care") and known_false(now.values, "has_home_care"):
        return "has no home care from the council any more"
    return None


def _care_stopped(now: Knowledge, before: Knowledge) -> str | None:
    stopped = known_false(before.values, "has_care_stopped_12m") and truth(now.values, "has_care_stopped_12m")
    told = truth(before.values, "has_home_care") and known_false(now.values, "has_home_care")
    return "support from the council stopped" if stopped and not told else None


def _reablement(now: Knowledge, before: Knowledge) -> str | None:
    on = _newer(now, before, "reablement_days_since", looked="reablement_services_12m")
    if on is None or truth(now.values, "has_reablement"):
        return None if on is None else _dated("reablement began", on, before)
    # Of one that is told after its end it must not read as if it ran.
    ended = day(now.values, "reablement_end_date")
    return None if ended is None else f"had reablement from {day_in_words(on)} to {day_in_words(ended)}"


def _care_requested(now: Knowledge, before: Knowledge) -> str | None:
    asked, asked_before = count(now.values, "care_requests_12m"), count(before.values, "care_requests_12m")
    if asked is None or asked_before is None or asked <= asked_before:
        return None
    # A count of twelve months that rose holds at least one request that was not known before.
    return "new request to adult social care"


def _palliative(now: Knowledge, before: Knowledge) -> str | None:
    new = known_false(before.values, "has_palliative_care") and truth(now.values, "has_palliative_care")
    return "now on the palliative care register" if new else None


def _frailer(now: Knowledge, before: Knowledge) -> str | None:
    grade, grade_before = count(now.values, "frailty_grade"), count(before.values, "frailty_grade")
    on = _newer(now, before, "frailty_grade_days_since", looked="frailty_grade")
    if grade is None or grade_before is None or on is None or grade <= grade_before:
        return None
    return _dated(f"{GRADES[grade]} frailty graded", on, before)


def _condition(now: Knowledge, before: Knowledge) -> str | None:
    on, known = day(now.values, "newest_condition_date"), day(before.values, "newest_condition_date")
    name = CONDITIONS.get(f"has_{word(now.values, 'newest_condition')}")
    if on is None or name is None or count(before.values, "conditions_new_12m") is None:
        return None
    return _dated(f"{name} first coded", on, before) if known is None or on > known else None


_EVENTS: tuple[Callable[[Knowledge, Knowledge], str | None], ...] = (
    _admitted, _discharged, _attended, _crisis, _mental_health_stay, _fell, _care_stopped, _home_care, _care_home,
    _referred, _reablement, _care_requested, _palliative, _frailer, _condition,
)  # fmt: skip
