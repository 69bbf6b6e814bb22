"""What community services and the council do for somebody, and how far their records reach.

Both come by the month or quarter. So what runs is told with the last day told of, and a silence is one only where that
day lies well after the last contact: what is not told yet has not stopped.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from pipeline.rules.reasons_facts import count, counted, day, in_words, told_day, truth
from pipeline.rules.times import day_in_words, months_before

Values = Mapping[str, object]

REGULAR = 3  # contacts in 12 months that make a silence worth telling
SILENT_DAYS = 91  # of records without a contact, a quarter; most packages of visits are weekly to monthly
RISE = 3  # contacts more in three months; fewer is chance
ENDED_MONTHS = 3  # reablement that ended longer ago is history
CHANGED_MONTHS = 12


def community_silence(values: Values, index_date: date) -> str | None:
    """That nobody of the community services is known to have come for a quarter of the records or longer."""
    year = count(values, "community_contacts_12m")
    last = _day_of(values, "community_contact_days_since", index_date)
    if year is None or year < REGULAR or last is None or not _is_silent(values, last):
        return None
    told = f"no community contact known since {day_in_words(last)}{_reaching(values, 'community_records_date')}"
    told += f", after {in_words(year)} in 12 months"
    is_open = truth(values, "has_community_nursing")
    return f"{told}; referral to community nursing still open" if is_open else told


def nursing_silence(values: Values, index_date: date) -> str | None:
    """The same for nurses, where somebody else of the community services still comes."""
    year = count(values, "community_nursing_contacts_12m")
    last = _day_of(values, "community_nursing_days_since", index_date)
    if year is None or year < REGULAR or last is None or not _is_silent(values, last):
        return None
    if community_silence(values, index_date):
        return None
    told = f"no visit by a district nurse or community matron known since {day_in_words(last)}"
    told += _reaching(values, "community_records_date")
    return f"{told}, referral still open" if truth(values, "has_community_nursing") else told


def community_rise(values: Values, index_date: date) -> str | None:
    """More contacts in the three months that are told whole than in the three before; never beside a silence."""
    more = count(values, "community_contacts_change_3m")
    if more is None or more < RISE or community_silence(values, index_date) or nursing_silence(values, index_date):
        return None
    first, end = months_before(index_date, 5), months_before(index_date, 2)
    what = counted(more, "community contact", "community contacts")
    last = day_in_words(end - timedelta(days=1))
    return f"{what} more from {day_in_words(first)} to {last} than in the three months before"


def _is_silent(values: Values, last: date) -> bool:
    reach, unclear = day(values, "community_records_date"), day(values, "community_unclear_date")
    if reach is None or (unclear is not None and unclear > last):
        return False  # without an attendance status nobody knows whether somebody came
    return (reach - last).days >= SILENT_DAYS


def _day_of(values: Values, column: str, index_date: date) -> date | None:
    days = count(values, column)
    return None if days is None else index_date - timedelta(days=days)


def _reaching(values: Values, fact: str, whose: str = "") -> str:
    reach = told_day(values, fact)
    return f" ({whose}records reach {reach})" if reach else ""


def council_care(values: Values) -> str | None:
    """What runs, since when without a break; a review that began a new line of the same is no new beginning."""
    if truth(values, "is_care_home_resident"):
        since = told_day(values, "care_home_date")
        return "lives in a care home that the council pays for" + (f", since {since}" if since else "")
    if not truth(values, "has_home_care"):
        return None
    since = told_day(values, "home_care_date")
    return f"home care from the council since {since}" if since else "home care from the council"


def care_change(values: Values, index_date: date) -> str | None:
    """That home care has ended, or goes on with something new in it."""
    changed, ended = day(values, "home_care_changed_date"), day(values, "home_care_end_date")
    if truth(values, "has_care_stopped_12m") and ended is not None:
        return f"home care from the council ended {day_in_words(ended)}{_reaching(values, 'care_records_date')}"
    # Of somebody in a care home the care home is told.
    if not truth(values, "has_home_care") or truth(values, "is_care_home_resident") or changed is None:
        return None
    is_recent = changed >= months_before(index_date, CHANGED_MONTHS)
    return f"home care package changed {day_in_words(changed)}" if is_recent else None


def reablement(values: Values, index_date: date) -> str | None:
    """Reablement that runs by the council's records, or ended lately. It lasts weeks: what began is not what runs."""
    if truth(values, "has_reablement"):
        since = told_day(values, "reablement_date")
        reach = _reaching(values, "care_records_date", whose="council ")
        return f"has reablement since {since}{reach}" if since else None
    ended = day(values, "reablement_end_date")
    if ended is None or ended < months_before(index_date, ENDED_MONTHS):
        return None
    return f"reablement ended {day_in_words(ended)}"


def care_requests(values: Values) -> str | None:
    """How often somebody asked the council for help, and how often a hospital did."""
    asked, left = count(values, "care_requests_12m"), count(values, "care_requests_from_hospital_12m")
    if not asked:
        return None
    told = f"{counted(asked, 'request', 'requests')} to adult social care in 12 months"
    if not left:
        return told
    if left < asked:
        return f"{told}, {in_words(left)} of them on leaving hospital"
    return f"{told}, {'' if asked == 1 else 'both ' if asked == 2 else 'all '}on leaving hospital"


def care_review(values: Values) -> str | None:
    if not truth(values, "is_care_review_overdue"):
        return None
    return f"no review of the care package known for a year{_reaching(values, 'care_records_date', whose='council ')}"
