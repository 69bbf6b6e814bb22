"""The words of a practice's page: risks, dates, changes and sources as a clinician would say them.

Pure functions from contract values to plain text; markup and escaping belong to the template.
"""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from pipeline.contracts.register import CutFinds, LeftPerson, PracticePack, RegisterPerson, SourceState
from pipeline.rules.times import LONDON, day_in_words

MARKING = "OFFICIAL-SENSITIVE: contains patient information"

# A space that does not break, so that a number stays on one line.
FIXED_SPACE = "\u00a0"

CHANGE_WORDS = {
    "new": "New",
    "returned": "Returned",
    "rising": "Rising",
    "falling": "Falling",
    "steady": "Steady",
    "joined": "Joined",
}
LEFT_WORDS = {
    "died": "Died",
    "moved": "No longer registered here",
    "risk_fell": "Risk fell",
    "removed": "Taken off the list",
    "source_missing": "Risk looks lower, but a source used last time is missing: not a sign of being better",
}


def in_100(risk: Decimal) -> str:
    """62 in 100; never 0 or 100, since no risk is nothing and none is certain."""
    whole = int((risk * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    if whole < 1:
        return "fewer than 1 in 100"
    if whole > 99:
        return "more than 99 in 100"
    return f"about {whole} in 100"


def bar_width(risk: Decimal) -> int:
    """Length of the bar, 1 to 100."""
    return min(100, max(1, int((risk * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))))


def risk_before(person: RegisterPerson) -> str | None:
    """About 48 in 100, up 14; None when the person was not on the last edition."""
    if person.risk_before is None:
        return None
    points = bar_width(person.risk_score) - bar_width(person.risk_before)
    moved = "" if points == 0 else f", up {points}" if points > 0 else f", down {-points}"
    return in_100(person.risk_before) + moved


def like_these(pack: PracticePack, band_title: str) -> str | None:
    """What happened to people of this band in the test: in the PCN, else, where too few were tested, in the region.

    None where too few were tested in either.
    """
    for where, told in ((pack.pcn_name, pack.observed_in_pcn), ("the whole region", pack.observed_like_these or ())):
        for title, admitted, tested in told:
            if title == band_title and admitted is not None:
                return f"In {where}, {admitted} in 100 such people were admitted ({tested:,} tested)"
    return None


def rank_change(person: RegisterPerson) -> str | None:
    """Rank was 11; None when the person was not on the last edition."""
    if person.rank_before is None:
        return None
    return "rank as before" if person.rank_before == person.rank else f"rank was {person.rank_before}"


def spaced_nhs_number(nhs_number: str) -> str:
    """999 000 0018, as it is read out, in one piece."""
    return FIXED_SPACE.join((nhs_number[:3], nhs_number[3:6], nhs_number[6:]))


def day(value: date | None) -> str:
    return "not known" if value is None else day_in_words(value)


def moment(value: datetime | None) -> str:
    """16 November 2026, 01:30, in London."""
    if value is None:
        return "nothing received"
    local = value.astimezone(LONDON)
    return f"{day_in_words(local.date())}, {local:%H:%M}"


def days_old(source: SourceState, as_of: date) -> str:
    """How far the newest event lies before the last day covered."""
    if source.latest_event_date is None:
        return "not known"
    days = (as_of - source.latest_event_date).days
    return "up to the day" if days <= 0 else counted(days, "day", "days") + " old"


def counted(number: int, one: str, many: str) -> str:
    """1 person, 2 people, 1,204 people."""
    return f"{number:,} {one if number == 1 else many}"


def full_name(person: RegisterPerson) -> str:
    """OKAFOR, Miriam: family name first and in capitals, as NHS screens show it."""
    return ", ".join(part for part in (person.family_name.upper(), person.given_name) if part)


def who(person: RegisterPerson) -> str:
    """85 years, female."""
    return ", ".join(part for part in (counted(person.age_years, "year", "years"), person.sex) if part)


def where_living(person: RegisterPerson) -> str | None:
    """Lives at home; has council home care. None for a care home, which is a badge of its own."""
    if person.lives_in == "care_home":
        return None
    parts = ["lives at home"] if person.lives_in == "home" else []
    if person.has_home_care is not None:
        parts.append("has council home care" if person.has_home_care else "no council home care")
    return sentence("; ".join(parts)) if parts else None


def need_group(person: RegisterPerson) -> str:
    """The need group, how much help is needed now, and the group of the last edition where it was another."""
    told = f"{person.segment_title}; {person.need_tier_title.lower()}"
    return told if person.segment_before_title is None else f"{told} (was: {person.segment_before_title.lower()})"


def hospital_use(person: RegisterPerson) -> str:
    """Emergency admissions and attendances of the last 12 months; unknown is said, not shown as nought.

    An older admission is told as what it is, so that nought and a date never contradict each other.
    """
    admissions, attendances = person.emergency_admissions_12m, person.emergency_attendances_12m
    last = person.emergency_admission_last_date
    if admissions is None:
        said_admissions = "emergency admissions not known"
    elif admissions == 0:
        said_admissions = "no emergency admissions" + (
            "" if last is None else f" (the last was earlier, on {day_in_words(last)})"
        )
    else:
        said_admissions = counted(admissions, "emergency admission", "emergency admissions")
        said_admissions += "" if last is None else f" (last one {day_in_words(last)})"
    said_attendances = (
        "A&E attendances not known"
        if attendances is None
        else "no A&E attendances"
        if attendances == 0
        else counted(attendances, "A&E attendance", "A&E attendances")
    )
    return f"{said_admissions}, {said_attendances}"


def in_hospital(person: RegisterPerson) -> str | None:
    """In hospital since 12 November 2026; None when no stay is known to be open."""
    return None if person.in_hospital_since is None else f"In hospital since {day_in_words(person.in_hospital_since)}"


def reasons_told(person: RegisterPerson) -> list[tuple[str, bool]]:
    """(reason, whether part of it is what the GP record alone may not show)."""
    beyond = {clause for fact in person.not_in_gp_record for clause in _clauses(fact)}
    return [(reason, bool(beyond & _clauses(reason))) for reason in person.reasons]


def beyond_reasons(person: RegisterPerson) -> list[str]:
    """What the GP record alone may not show and no reason has said yet."""
    told = {clause for reason in person.reasons for clause in _clauses(reason)}
    return [fact for fact in person.not_in_gp_record if not _clauses(fact) <= told]


def came_home(person: RegisterPerson, previous_as_of: date | None) -> str | None:
    """Discharged 19 November 2026, when that was since the last edition; None otherwise."""
    if person.discharged_on is None or previous_as_of is None or person.discharged_on <= previous_as_of:
        return None
    return last_home(person)


def last_home(person: RegisterPerson) -> str | None:
    """Discharged 19 November 2026, however long ago; None when no discharge is known."""
    return None if person.discharged_on is None else f"Discharged {day_in_words(person.discharged_on)}"


def news(person: RegisterPerson) -> str | None:
    """What is new since the last edition; of whose risk rose without any, what weighs more; None for the others."""
    if person.news:
        return "; ".join(person.news)
    return f"No new event known; weighs more than last time: {person.weighs_more}" if person.weighs_more else None


def attended_since(person: RegisterPerson) -> str | None:
    """2 A&E attendances since the last edition; None when there was none, or it is not known."""
    if not person.attendances_since:
        return None
    return counted(person.attendances_since, "A&E attendance", "A&E attendances") + " since the last edition"


def last_gp_contact(person: RegisterPerson) -> str:
    return f"last contact with you {day(person.last_gp_contact_date)}"


def on_register(person: RegisterPerson) -> str | None:
    """On 3 editions since 1 November 2026; None for someone listed for the first time."""
    if person.editions_on_register <= 1:
        return None
    editions = counted(person.editions_on_register, "edition", "editions")
    return f"on {editions} since {day_in_words(person.first_listed_on)}"


def left_why(person: LeftPerson) -> str:
    return LEFT_WORDS[person.reason]


def share_listed(pack: PracticePack) -> str:
    """How long the list is, of how many, and why."""
    text = f"Exactly {counted(pack.k, 'person', 'people')} by rank, as your practice can work with: the highest risk"
    text += f" of {counted(pack.scored_adults, 'adult', 'adults')} scored"
    if pack.scored_adults:
        tenths = Decimal(100 * pack.k) / Decimal(pack.scored_adults)
        text += f" ({tenths.quantize(Decimal('0.1'), rounding=ROUND_HALF_UP)} in 100)"
    apart = (
        (pack.kept_count, "kept from earlier editions"),
        (pack.nominated_count, "nominated by you"),
        (pack.declined_count, "set aside by your answer"),
        (pack.children_count, "under 18"),
    )
    told = [f"{count:,} {what}" for count, what in apart if count]
    return text + (f". Counted apart: {', '.join(told)}." if told else ".")


def cut_says(cut: CutFinds) -> str:
    """What lists of this length find and miss, in plain words."""
    right = _share(cut.found, cut.listed)
    found = _share(cut.found, cut.admitted)
    return (
        f"Tried on {cut.people:,} adults at {day_in_words(cut.tested_on)}, a date the model had not learned from, with "
        f"a list of this share at each practice: {right} in 100 of those listed had an emergency admission within 12 "
        f"months, {100 - right} did not. They were {found} in 100 of all who had one; {100 - found} in 100 of the "
        "people admitted were on no list."
    )


def others_left(pack: PracticePack) -> str:
    """Who left and is not named, as counts."""
    told = f"{counted(pack.left_count_other, 'further person', 'further people')} left and may not be named here"
    moved = pack.left_count_other - pack.left_opted_out
    parts = []
    if pack.left_opted_out:
        parts.append(f"{pack.left_opted_out:,} opted out, or may not be used for another reason")
    if moved:
        parts.append(f"{moved:,} no longer yours, or confidential")
    return f"{told}: {'; '.join(parts)}."


def what_to_do(pack: PracticePack) -> tuple[str, str, str]:
    """Three lines for a busy morning, after whom to phone."""
    by_change = {change: sum(person.change == change for person in pack.people) for change in CHANGE_WORDS}
    if not pack.people:
        first = "Nobody is listed this time."
    elif pack.previous_as_of is None:
        first = "This is your first edition, so everyone is new: start at the top and take what you can."
    else:
        joined = f"{by_change['joined']} joined from a merged practice, " if by_change["joined"] else ""
        first = (
            f"Look at what changed: {by_change['new'] + by_change['returned']} new or returned, {joined}"
            f"{by_change['rising']} rising, {len(pack.left) + pack.left_count_other} left. "
            "The rest you have seen: look people up there, do not read it through."
        )
    return (
        first,
        "For each person, read the reasons beside your own record and decide as you would: "
        "the list asks for a clinician's judgement and does not replace it.",
        "Write what you decide into the YOUR ANSWER columns of the spreadsheet that came with this page and send it "
        "back: your answers stand on the next edition, so that you never write them twice.",
    )


def _share(part: int, whole: int) -> int:
    return (200 * part + whole) // (2 * whole)


def _clauses(sentence: str) -> set[str]:
    """The statements of a sentence: reasons and facts word the same statement the same way (pipeline/rules)."""
    return {clause.strip().casefold() for clause in sentence.split(";")} - {""}


def sentence(text: str) -> str:
    """The text with a capital first letter; the rest keeps its own."""
    return text[:1].upper() + text[1:]
