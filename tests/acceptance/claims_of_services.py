"""What sentences about community services, mental health and the council claim, and what the landed files say."""

import re
from collections.abc import Iterator
from datetime import date

from life_facts import Life, listed, meaning, months_before
from reason_claims import Found, claim, last

# community and mental health


@claim(r"<n> community contacts? in 12 months(?:, last on <d>)?")
def community(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    days = [when for when, _ in life.community("attended")]
    yield "n", len(life.within(days, 12))
    if said["d"]:
        yield "d", last(days)


@claim(r"community contacts have stopped: <n> in 12 months, none since <d>")
def community_stopped(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    days = [when for when, _ in life.community("attended")]
    yield "n", len(life.within(days, 12))
    yield "d", last(days) if not life.within(days, 3) else None


@claim(r"did not attend <n> community appointments? in 12 months")
def community_missed(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "n", len(life.within([when for when, _ in life.community("did_not_attend")], 12))


@claim(r"<n> open referrals? to community services(?P<nursing>, to nursing(?: too)?)?")
def referrals(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    open_now = [row for row, end in life.referrals() if end is None]
    team = "SERVICE OR TEAM TYPE REFERRED TO (COMMUNITY CARE)"
    nursing = any(meaning("community_team", "meaning").get(row[team]) == "nursing" for row in open_now)
    yield "n", len(open_now)
    yield "nursing", (", to nursing" if len(open_now) == 1 else ", to nursing too") if nursing else None


@claim(r"<n> community referrals? closed in the last 3 months")
def referrals_closed(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "n", len(life.within([end for _, end in life.referrals() if end is not None], 3))


def _nursing(life: Life) -> list[date]:
    team, known = "SERVICE OR TEAM TYPE REFERRED TO (COMMUNITY CARE)", meaning("community_team", "meaning")
    return [when for when, row in life.community("attended") if known.get(row[team]) == "nursing"]


def _between(life: Life, days: list[date], first: int, end: int) -> int:
    return sum(life.since(first) <= when < life.since(end) for when in days)


@claim(r"community nursing has stopped, last on <d>")
def nursing_stopped(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    days = _nursing(life)
    stopped = _between(life, days, 8, 5) and not _between(life, days, 5, 2)
    yield "d", last(days) if stopped else None


@claim(r"<n> community contacts? more in three months than in the three before")
def community_more(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    days = [when for when, _ in life.community("attended")]
    yield "n", _between(life, days, 5, 2) - _between(life, days, 8, 5)


@claim(r"<n> mental health contacts? in 12 months(?:, last on <d>)?")
def mental_health(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    days = life.mental_health("attended")
    yield "n", len(life.within(days, 12))
    if said["d"]:
        yield "d", last(days)


@claim(r"<n> contacts? with a mental health crisis team in 12 months")
def crises(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "n", len(life.within(life.mental_health("attended", "crisis"), 12))


@claim(r"last contact with a mental health crisis team on <d>")
def last_crisis(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "d", last(life.mental_health("attended", "crisis"))


@claim(r"<n> contacts? with a liaison team in hospital in 12 months")
def liaison(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "n", len(life.within(life.mental_health("attended", "liaison"), 12))


@claim(r"<n> missed mental health appointments? in 12 months")
def mental_health_missed(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "n", len(life.within(life.mental_health("did_not_attend"), 12))


@claim(r"<n> days? in a mental health hospital in 12 months")
def ward_days(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    spans = [(max(start, life.since(12)), end or life.index) for start, end in life.ward_stays()]
    yield "n", sum(max((end - start).days, 0) for start, end in spans)


@claim(r"<n> stays? in a mental health hospital in 24 months(?:, home since <d>)?")
@claim(r"(?P<n>no) mental health admission in 24 months(?P<d>)")
def ward_stays(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "n", len(life.within([start for start, _ in life.ward_stays()], 24))
    if said["d"]:
        yield "d", last([end for _, end in life.ward_stays() if end is not None])


@claim(r"(?P<word>in a mental health hospital now)")
def on_a_ward(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "word", "in a mental health hospital now" if any(end is None for _, end in life.ward_stays()) else "no"


# the council


@claim(r"home care from the council(?: since <d>)?")
def home_care(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    running = [(start, kind) for start, end, kind in life.services("social_care_service") if end is None]
    if said["d"]:
        yield "d", min(start for start, _ in running) if {kind for _, kind in running} == {"home_care"} else None


@claim(r"(?P<word>lives in a care home that the council pays for)")
def care_home(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    kinds = {kind for _, end, kind in life.services("social_care_service") if end is None}
    yield "word", said["word"].casefold() if "care_home" in kinds else "no"


@claim(r"(?P<n>no) care package from the council")
def no_package(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "n", sum(end is None for _, end, _ in life.services("social_care_service"))


@claim(r"<n> requests? to adult social care in 12 months")
def requests(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "n", len(life.within([start for start, _, _ in life.care("request")], 12))


@claim(r"<n> council services? (?P<how>begun|ended) in the last 6 months")
def services_changed(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    services = life.services("social_care_service")
    days = [start for start, _, _ in services] if said["how"] == "begun" else [end for _, end, _ in services if end]
    yield "n", len(life.within(days, 6))


@claim(r"(?P<word>support from the council stopped in the last 12 months)")
def care_stopped(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    services = life.services("social_care_service")
    ended = life.within([end for _, end, kind in services if end and kind == "home_care"], 12)
    yield "word", said["word"].casefold() if ended and not any(end is None for _, end, _ in services) else "no"


@claim(r"reablement began <d>")
def reablement(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "d", last([start for start, _, kind in life.services("short_term_care_service") if kind == "reablement"])


@claim(r"<n> (?:piece of equipment|pieces of equipment) or low-level support from the council in 12 months")
def low_level(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    days = [start for start, _, kind in life.services("short_term_care_service") if kind == "low_level"]
    yield "n", len(life.within(days, 12))


@claim(r"<n> requests? to social care on leaving hospital in 12 months")
def from_hospital(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    routes = meaning("care_request_route", "meaning")
    asked = [(start, routes.get(row["Request_Route_of_Access"].casefold())) for start, _, row in life.care("request")]
    yield "n", len(life.within([start for start, route in asked if route == "hospital"], 12))


@claim(r"<n> reviews? by the council because needs had changed in 12 months")
def unplanned_reviews(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    reasons = meaning("care_review_reason", "meaning")
    days = [s for s, _, row in life.care("review") if reasons.get(row["Review_Reason"].casefold()) == "unplanned"]
    yield "n", len(life.within(days, 12))


@claim(r"(?P<word>no review of the care package for a year)")
def overdue(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    long = [s for s, end, _ in life.services("social_care_service") if end is None and s < life.since(12)]
    reviewed = life.within([start for start, _, _ in life.care("review")], 12)
    yield "word", said["word"].casefold() if long and not reviewed else "reviewed"


@claim(r"(?P<word>supported|known)(?: by| to) the council as an unpaid carer")
def unpaid_carer(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    service = {row["code"].casefold() for row in listed("unpaid_carer_service")}
    kinds = ("service", "request", "assessment")
    theirs = [(k, s, e, r) for k in kinds for s, e, r in life.care(k) if r["Client_Type"].casefold() == "unpaid carer"]
    supported = any(k == "service" and e is None and r["Service_Type"].casefold() in service for k, _, e, r in theirs)
    asked = life.within([start for kind, start, _, _ in theirs if kind != "service"], 24)
    yield "word", "supported" if supported else "known" if asked else "unknown"


# who somebody is


@claim(r"aged <n>")
def aged(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    born = date.fromisoformat(life.landed.people[life.number]["birth_date"])
    yield "n", life.index.year - born.year - ((life.index.month, life.index.day) < (born.month, born.day))


@claim(r"(?P<word>under one year old)")
def newborn(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    born = date.fromisoformat(life.landed.people[life.number]["birth_date"])
    yield "word", said["word"].casefold() if born > months_before(life.index, 12) else "older"
