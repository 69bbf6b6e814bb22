"""One person of a practice's page, already in words: what the template shows, filters and sorts by.

None and empty are left out by the template, never shown as nought.
"""

from collections.abc import Iterable
from datetime import date

from pipeline.channels import page_answers, page_text
from pipeline.channels.page_strip import strip
from pipeline.contracts.register import PracticePack, RegisterPerson
from pipeline.contracts.register_dictionary import risk_band

BEYOND_SHOWN = 5  # facts from outside the record; the rest stands in the spreadsheet
NEVER = ""  # sorts before every day


def person_view(pack: PracticePack, person: RegisterPerson) -> dict[str, object]:
    """What the template shows of one person."""
    band = risk_band(person.risk_score)
    return {
        "id": f"{'c' if person.listing == 'child' else 'p'}{person.rank}",
        "rank": person.rank,
        "rank_change": page_text.rank_change(person),
        "name": page_text.full_name(person),
        "nhs_number": page_text.spaced_nhs_number(person.nhs_number),
        "born": page_text.day(person.birth_date),
        "who": page_text.who(person),
        "segment": page_text.need_group(person),
        "living": page_text.where_living(person),
        "practice_key": person.practice_key,
        "in_100": page_text.in_100(person.risk_score),
        "width": page_text.bar_width(person.risk_score),
        "was": None if person.risk_before is None else page_text.bar_width(person.risk_before),
        "band": band,
        "risk_change": page_text.risk_before(person),
        "like_these": page_text.like_these(pack, band.title),
        "change": person.change,
        "change_word": page_text.CHANGE_WORDS[person.change],
        "news": page_text.news(person),
        "on_register": page_text.on_register(person),
        "reasons": page_text.reasons_told(person),
        "against": person.against,
        "in_hospital": page_text.in_hospital(person),
        "home": page_text.came_home(person, pack.previous_as_of),
        "last_home": page_text.last_home(person),
        "discharged": _iso(person.discharged_on),
        "badges": badges(person),
        "attended": page_text.attended_since(person),
        "hospital_use": page_text.hospital_use(person),
        "conditions": ", ".join(person.long_term_conditions),
        "frailty": person.frailty,
        "last_contact": page_text.last_gp_contact(person),
        "beyond": page_text.beyond_reasons(person)[:BEYOND_SHOWN],
        "beyond_more": max(0, len(page_text.beyond_reasons(person)) - BEYOND_SHOWN),
        "gaps": "; ".join(person.data_gaps),
        "not_known": ", ".join(not_known(person)),
        "link_note": person.link_note,
        "answers": page_answers.told(person.answers),
        "nominated": page_answers.nomination(person.answers),
        "disagree": page_answers.disagreement(person.answers),
        "plan": page_answers.plan(person.answers),
        "due": due(pack, person),
        "strip": strip(person.activity, index_date=pack.index_date),
        "tags": " ".join(tags(pack, person)),
        "sorts": sorts(person),
    }


def badges(person: RegisterPerson) -> list[str]:
    """What changes how somebody is spoken with or looked after, a word or two each."""
    said = (
        (page_answers.is_in_hand(person.answers), "In hand"),
        (bool(person.is_palliative), "Palliative care"),
        (person.lives_in == "care_home", "Care home"),
        (bool(person.is_carer), "Is an unpaid carer"),
        (bool(person.needs_interpreter), "Needs an interpreter"),
        ((person.frailty or "").startswith("Severe"), "Severe frailty"),
    )
    return [word for is_so, word in said if is_so]


def not_known(person: RegisterPerson) -> list[str]:
    """What nobody has told, where a missing word could be taken for a no."""
    said = (
        (person.is_palliative, "palliative care"),
        (person.is_carer, "carer"),
        (person.needs_interpreter, "interpreter"),
        (person.frailty, "frailty"),
        (None if person.lives_in == "unknown" else person.lives_in, "home or care home"),
    )
    return [word for value, word in said if value is None]


def due(pack: PracticePack, person: RegisterPerson) -> list[str]:
    """What waits for the practice, by its own answers and the latest discharge."""
    said = []
    if page_answers.is_without_contact(pack, person):
        said.append("Discharged, no contact yet")
    if page_answers.is_plan_overdue(pack, person):
        said.append("Care plan overdue")
    return said


def tags(pack: PracticePack, person: RegisterPerson) -> Iterable[str]:
    """Words to filter by."""
    yield person.change
    said = (
        (bool(person.news), "news"),
        (person.is_pressing, "beyond"),
        (person.in_hospital_since is not None, "inside"),
        (page_text.came_home(person, pack.previous_as_of) is not None, "home"),
        (page_answers.is_without_contact(pack, person), "nocontact"),
        (page_answers.is_plan_overdue(pack, person), "overdue"),
        (person.answers is None or person.answers.status is None, "open"),
    )
    yield from (word for is_so, word in said if is_so)


def sorts(person: RegisterPerson) -> dict[str, str | int]:
    """Values to sort by: thousandths of risk gained, and days as text."""
    gained = 0 if person.risk_before is None else int((person.risk_score - person.risk_before) * 1000)
    return {
        "rise": gained,
        "adm": _iso(person.emergency_admission_last_date),
        "home": _iso(person.discharged_on),
        "seen": _iso(person.last_gp_contact_date),
    }


def _iso(day: date | None) -> str:
    return NEVER if day is None else day.isoformat()
