"""What a practice has said about a person, and what stands of it when several files say it. Pure functions.

Two files disagree when neither was written with the other in view: then both answers are kept until a later file says
which holds. One that was written with the other in view takes its place. The order of reading decides nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from pipeline.rules.times import day_in_words

ACCEPTED, IN_HAND, NOT_SUITABLE = "accepted", "already in hand", "not suitable"
DECLINED_BY_PATIENT, DONE = "declined by patient", "done"
STATUSES = (ACCEPTED, IN_HAND, NOT_SUITABLE, DECLINED_BY_PATIENT, DONE)
# Whoever has one of these is set aside; who was nominated and has one of these or `done` is nominated no longer.
SETS_ASIDE = (NOT_SUITABLE, DECLINED_BY_PATIENT)
CONSENTS = ("given", "refused", "not asked yet", "best interests decision")
OTHER = "other (say in the note)"
DECLINE_REASONS = (
    "already well supported",
    "end of life care in place",
    "in long-term care or hospital",
    "would not benefit",
    "cannot be reached",
    "risk looks wrong",
    OTHER,
)
CODES: Mapping[str, tuple[str, ...]] = {
    "status": STATUSES,
    "consent": CONSENTS,
    "decline_reason": DECLINE_REASONS,
}
# Days on which something was done cannot lie ahead; days that are planned can.
PAST_DATES = ("status_date", "assessment_date", "care_plan_date", "contact_date")
DATES = (*PAST_DATES, "review_date", "mdt_date")
# Free text may name anybody: it lives in the identified zone alone.
TEXTS = ("status_note", "lead_professional", "answered_by")
ANSWER_FIELDS = (*CODES, *DATES, *TEXTS)
# Kept beside the answers: that a practice put the person on its list, why and who said so.
NOMINATED, NOMINATION_TEXTS = "nominated", ("nomination_reason", "nominated_by")

# Our own choices, to be looked at by a clinician before use (docs/feedback.md): who is set aside without a day of
# review comes back after half a year, with one after a year at most; a nomination stands for a year.
SET_ASIDE_DAYS, SET_ASIDE_DAYS_AT_MOST, NOMINATION_DAYS = 182, 366, 365
CARE_PLAN_DUE_DAYS, CARE_PLAN_OLD_DAYS = 28, 365
CONTACT_WITHIN_DAYS = 30

Value = str | date | None


@dataclass(frozen=True)
class Said:
    """One of the answers that disagree, and the day the file that holds it was received."""

    value: Value
    received_on: date


@dataclass(frozen=True)
class Conflict:
    """A column about which files disagree, the newest of them last."""

    name: str
    said: tuple[Said, ...]


@dataclass(frozen=True)
class Nomination:
    """A person the practice put on its list itself; reason and name are None outside the identified zone."""

    on: date
    reason: str | None = None
    by: str | None = None


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What stands about one person. Names are those of the register's columns; None is not answered.

    Texts are None outside the identified zone. Where files disagree, the newest is shown and `conflicts` has them all.
    `answered_on` is the day on which the newest of the files behind it was received.
    """

    practice_code: str
    answered_on: date
    status: str | None = None
    status_date: date | None = None
    status_note: str | None = None
    lead_professional: str | None = None
    consent: str | None = None
    assessment_date: date | None = None
    care_plan_date: date | None = None
    review_date: date | None = None
    mdt_date: date | None = None
    contact_date: date | None = None
    decline_reason: str | None = None
    answered_by: str | None = None
    nomination: Nomination | None = None
    conflicts: tuple[Conflict, ...] = ()


def printed(answers: Answers | None) -> dict[str, Value]:
    """The answer columns of the next edition: what stands, and nothing where files disagree, to be said anew."""
    if answers is None:
        return dict.fromkeys(ANSWER_FIELDS)
    disputed = {conflict.name for conflict in answers.conflicts}
    return {name: None if name in disputed else getattr(answers, name) for name in ANSWER_FIELDS}


def is_set_aside(answers: Answers | None, *, day: date) -> bool:
    """Whether the practice or the person declined, and the day of looking again has not come on `day`.

    Not while files disagree about it: rather one person too many on a list than one too few.
    """
    if answers is None or answers.status not in SETS_ASIDE:
        return False
    if {conflict.name for conflict in answers.conflicts} & {"status", "review_date"}:
        return False
    return day < looked_at_again_on(answers)


def looked_at_again_on(answers: Answers) -> date:
    """The day from which somebody set aside stands on the list again."""
    since = answers.status_date or answers.answered_on
    latest = since + timedelta(days=SET_ASIDE_DAYS_AT_MOST)
    return min(answers.review_date or since + timedelta(days=SET_ASIDE_DAYS), latest)


def is_nominated(answers: Answers | None, *, day: date) -> bool:
    """Whether the practice's own nomination stands on `day`: for a year, unless it was answered since."""
    if answers is None or answers.nomination is None:
        return False
    is_ended = answers.status in (*SETS_ASIDE, DONE)
    return not is_ended and day < answers.nomination.on + timedelta(days=NOMINATION_DAYS)


def care_plan_overdue(answers: Answers | None, day: date) -> bool:
    """Whether somebody in hand has no care plan after four weeks, one past its review, or one older than a year.

    In hand: accepted or already in hand, and consent not refused. `day` is the index date.
    """
    if answers is None or answers.status not in (ACCEPTED, IN_HAND) or answers.consent == "refused":
        return False
    plan, review = answers.care_plan_date, answers.review_date
    if plan is None:
        since = answers.status_date or answers.answered_on
        return since + timedelta(days=CARE_PLAN_DUE_DAYS) <= day
    if review is not None and plan < review:
        return review < day
    return plan + timedelta(days=CARE_PLAN_OLD_DAYS) < day


def discharged_without_contact(
    answers: Answers | None, *, discharged_on: date | None, last_gp_contact_on: date | None, day: date
) -> bool:
    """Whether somebody left hospital in the 30 days before `day` and no contact since is known.

    A contact the practice itself tells counts from the day of discharge on; one in the GP record from the day after,
    since entries of the very day are often the hospital's own.
    """
    if discharged_on is None or not day - timedelta(days=CONTACT_WITHIN_DAYS) <= discharged_on < day:
        return False
    told = answers.contact_date if answers else None
    is_told = told is not None and told >= discharged_on
    return not is_told and not (last_gp_contact_on is not None and last_gp_contact_on > discharged_on)


def nomination_words(answers: Answers | None) -> str | None:
    """Who put the person on the list, when and why, in a sentence; None when nobody did."""
    if answers is None or answers.nomination is None:
        return None
    one = answers.nomination
    by = f" by {one.by}" if one.by else ""
    return f"Nominated{by} on {day_in_words(one.on)}" + (f": {one.reason}" if one.reason else "")


def disagreement_words(answers: Answers | None) -> str | None:
    """What files disagree about, in words; None when they do not."""
    if answers is None or not answers.conflicts:
        return None
    told = []
    for conflict in answers.conflicts:
        values = " or ".join(f"{_said(one.value)} (received {day_in_words(one.received_on)})" for one in conflict.said)
        told.append(f"{conflict.name}: {values}")
    return "; ".join(told)


def _said(value: Value) -> str:
    if value is None:
        return "empty"
    return day_in_words(value) if isinstance(value, date) else value


@dataclass(frozen=True)
class Change:
    """One column of one person as a returned file changed it. `value` None means emptied.

    `knew` are the files whose answers were printed on the edition that this file answers, and those it was written over
    (rules/written_over.py).
    """

    file_id: str
    received_at: datetime
    knew: frozenset[str] = field(repr=False)
    name: str
    value: Value


def standing(changes: Iterable[Change], *, practice_code: str) -> Answers | None:
    """What stands of one person's changes, in whatever order they come; None without any."""
    by_name: dict[str, list[Change]] = {}
    for change in changes:
        by_name.setdefault(change.name, []).append(change)
    if not by_name:
        return None
    newest: dict[str, Change] = {}
    conflicts = []
    for name, told in sorted(by_name.items()):
        heads = _heads(told)
        newest[name] = heads[-1]
        if name in ANSWER_FIELDS and len({one.value for one in heads}) > 1:
            conflicts.append(Conflict(name, tuple(_distinct(heads))))
    every = [change for told in by_name.values() for change in told]
    values: dict[str, Any] = {name: newest[name].value for name in ANSWER_FIELDS if name in newest}
    answers = Answers(
        practice_code=practice_code,
        answered_on=max(change.received_at for change in every).date(),
        conflicts=tuple(conflicts),
        **values,
    )
    return replace(answers, nomination=_nomination(newest))


def _heads(told: Sequence[Change]) -> list[Change]:
    """Changes that no other one was made in view of, the last received at the end."""
    seen: Collection[str] = {known for change in told for known in change.knew}
    heads = [change for change in told if change.file_id not in seen]
    return sorted(heads, key=lambda change: (change.received_at, change.file_id))


def _distinct(heads: Sequence[Change]) -> list[Said]:
    """The values that disagree, each with the day it was last received."""
    last: dict[Value, Said] = {}
    for change in heads:
        last.pop(change.value, None)
        last[change.value] = Said(change.value, change.received_at.date())
    return list(last.values())


def _nomination(newest: Mapping[str, Change]) -> Nomination | None:
    told = newest.get(NOMINATED)
    if told is None or not isinstance(told.value, date):
        return None
    reason, by = (newest.get(name) for name in NOMINATION_TEXTS)
    return Nomination(
        on=told.value,
        reason=str(reason.value) if reason and reason.value else None,
        by=str(by.value) if by and by.value else None,
    )
