"""The words of what a practice has answered before: what stands, what is due, what its files disagree about."""

from pipeline.contracts.answers import Answers, disagreement_words, nomination_words, printed
from pipeline.contracts.register import PracticePack, RegisterPerson
from pipeline.rules import answers as rules
from pipeline.rules.times import day_in_words

_LABELS = {
    "lead_professional": "led by",
    "consent": "consent",
    "decline_reason": "because",
    "assessment_date": "assessed",
    "care_plan_date": "care plan",
    "review_date": "review due",
    "mdt_date": "MDT",
    "contact_date": "last contact",
    "status_note": "note",
    "answered_by": "said by",
}


def is_in_hand(answers: Answers | None) -> bool:
    """Whether the practice has said that it looks after this person already."""
    return answers is not None and printed(answers)["status"] in (rules.ACCEPTED, rules.IN_HAND)


def told(answers: Answers | None) -> str | None:
    """Already in hand since 1 September 2026; led by District nurse; care plan …; None when nothing stands."""
    values = printed(answers)
    parts = []
    if values["status"]:
        since = values["status_date"]
        parts.append(str(values["status"]) + (f" since {_words(since)}" if since else ""))
    parts += [f"{label} {_words(values[name])}" for name, label in _LABELS.items() if values[name]]
    if not parts or answers is None:
        return None
    if answers.status in rules.SETS_ASIDE:
        parts.append(f"looked at again on {day_in_words(rules.looked_at_again_on(answers))}")
    said = "; ".join(parts)
    return said[:1].upper() + said[1:]


def plan(answers: Answers | None) -> str:
    """What is known of the care plan, for those whose plan is overdue."""
    values = printed(answers)
    made, review = values["care_plan_date"], values["review_date"]
    if made is None:
        since = values["status_date"]
        return "No care plan yet" + (f", {values['status']} since {_words(since)}" if since else "")
    return f"Care plan of {_words(made)}" + (f", review due {_words(review)}" if review else "")


def nomination(answers: Answers | None) -> str | None:
    return nomination_words(answers)


def disagreement(answers: Answers | None) -> str | None:
    return disagreement_words(answers)


def is_plan_overdue(pack: PracticePack, person: RegisterPerson) -> bool:
    return rules.care_plan_overdue(person.answers, pack.index_date)


def is_without_contact(pack: PracticePack, person: RegisterPerson) -> bool:
    return rules.discharged_without_contact(
        person.answers,
        discharged_on=person.discharged_on,
        last_gp_contact_on=person.last_gp_contact_date,
        day=pack.index_date,
    )


def _words(value: rules.Value) -> str:
    return str(value) if value is None or isinstance(value, str) else day_in_words(value)
