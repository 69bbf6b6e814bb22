"""What sentences about community services, mental health and the council claim, and what the landed files say."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from life_facts import Life, listed, meaning, months_before
from reason_claims import Found, claim, last
from reason_claims import day as day_of

# community and mental health


@claim(r"<n> community contacts? in 12 months(?:, last on <d>)?")
def community(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    days = [when for when, _ in life.community("attended")]
    yield "n", len(life.within(days, 12))
    if said["d"]:
        yield "d", last(days)


NURSES = {"12", "19"}  # district nursing, community matron: SERVICE OR TEAM TYPE REFERRED TO (COMMUNITY CARE)
TEAM = "SERVICE OR TEAM TYPE REFERRED TO (COMMUNITY CARE)"
CAME = {"5", "6"}  # ATTENDANCE STATUS: seen, on time or late
DID_NOT = {"2", "3", "4", "7"}
A_WHILE = 60  # days of records without anybody: less is between two visits


def _rows_of_visits(life: Life, teams: set[str] | None) -> list[tuple[date, str]]:
    """(day, attendance status) of every landed contact of these teams, whoever attended it."""
    return [
        (date.fromisoformat(row["CARE CONTACT DATE"]), row.get("ATTENDANCE STATUS") or row.get(OLDER_STATUS) or "")
        for row in life.landed.of(life.number, "community_contact")
        if teams is None or row[TEAM] in teams
    ]


OLDER_STATUS = "ATTENDED OR DID NOT ATTEND CODE"  # the standard's name for it changed with its version


def _nobody_since(life: Life, said: "re.Match[str]", teams: set[str] | None) -> Iterator[tuple[str, Found]]:
    """The plain question: was the last visit on that day, and is there a long stretch of records without another?

    No window and no count of the pipeline comes in: every row after the day must say that nobody was seen.
    """
    visits = _rows_of_visits(life, teams)
    yield "d", last([day for day, status in visits if status in CAME])
    senders = {row["_sender"] for row in life.landed.of(life.number, "community_contact")}
    reach = min(life.landed.reach["community_contact", sender] for sender in senders)
    yield "e", reach
    told = day_of(said["d"])
    later = [status for day, status in visits if day > told]
    assert set(later) <= DID_NOT, "somebody may have come since"
    assert (reach - told).days >= A_WHILE, "the records do not reach far enough to speak of a silence"


@claim(r"no community contact known since <d> \(records reach <e>\), after <n> in 12 months")
def community_silence(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "n", len(life.within([when for when, _ in life.community("attended")], 12))
    yield from _nobody_since(life, said, None)


@claim(
    r"no visit by a district nurse or community matron known since <d> \(records reach <e>\)"
    r"(?P<open>, referral still open)?"
)
@claim(r"(?P<open>referral to community nursing still open)(?P<d>)")
def nursing_silence(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    open_now = [row for row, end in life.referrals() if end is None and row[TEAM] in NURSES]
    yield "open", (said["open"] or ", referral still open") if open_now else None
    if said["d"]:
        yield from _nobody_since(life, said, NURSES)


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


@claim(r"<n> community contacts more from <d> to <e> than in the three months before")
def community_more(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    """Counted between the days that are told, and in the three calendar months before the first of them."""
    first, end = day_of(said["d"]), day_of(said["e"])
    days = [day for day, status in _rows_of_visits(life, None) if status in CAME]
    during = sum(first <= day <= end for day in days)
    before = sum(months_before(first, 3) <= day < first for day in days)
    yield "n", during - before
    yield "e", months_before(first, -3) - timedelta(days=1)


@claim(r"<n> mental health contacts? in 12 months(?:, last on <d>)?")
def mental_health(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    days = life.mental_health("attended")
    yield "n", len(life.within(days, 12))
    if said["d"]:
        yield "d", last(days)


@claim(r"<n> contacts? with a mental health crisis team in 12 months(?:, last on <d>)?")
def crises(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "n", len(life.within(life.mental_health("attended", "crisis"), 12))
    if said["d"]:
        yield "d", last(life.mental_health("attended", "crisis"))


@claim(r"<n> contacts? with a liaison team in hospital in 12 months")
def liaison(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "n", len(life.within(life.mental_health("attended", "liaison"), 12))


@claim(r"<n> missed mental health appointments? in 12 months")
def mental_health_missed(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "n", len(life.within(life.mental_health("did_not_attend"), 12))


@claim(r"<n> days? in a mental health hospital in 12 months")
def ward_days(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    latest = max((start for start, _ in life.ward_stays()), default=life.index)
    stays = [(start, end or (life.index if start == latest else start)) for start, end in life.ward_stays()]
    spans = [(max(start, life.since(12)), end) for start, end in stays]
    yield "n", sum(max((end - start).days, 0) for start, end in spans)


@claim(r"<n> stays? in a mental health hospital in 24 months(?:, discharged <d>)?")
def ward_stays(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "n", len(life.within([start for start, _ in life.ward_stays()], 24))
    if said["d"]:
        yield "d", last([end for _, end in life.ward_stays() if end is not None])


@claim(r"(?P<word>in a mental health hospital now)")
def on_a_ward(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    latest = max((start for start, _ in life.ward_stays()), default=None)
    is_in = any(end is None and start == latest for start, end in life.ward_stays())
    yield "word", "in a mental health hospital now" if is_in else "no"


# the council


KINDS = {
    "long term support: community": "home",
    "long term support: residential care": "care home",
    "long term support: nursing care": "care home",
}


def _lines(life: Life, *kinds: str) -> list[tuple[date, date | None]]:
    """(first day, last day if told and over) of every landed service of these kinds."""
    return [(day, end) for day, end, row in life.care("service") if KINDS.get(row["Service_Type"].casefold()) in kinds]


def _provided(lines: list[tuple[date, date | None]], day: date) -> bool:
    return any(first <= day and (end is None or day <= end) for first, end in lines)


def _unbroken_since(life: Life, kind: str) -> date | None:
    """Walked back day by day from the day before the list, while any line covers the day."""
    lines, day = _lines(life, kind), life.index - timedelta(days=1)
    if not _provided(lines, day):
        return None
    while _provided(lines, day - timedelta(days=1)):
        day -= timedelta(days=1)
    return day


def _council_reach(life: Life, *kinds: str) -> date | None:
    councils = {row["_sender"] for row in life.landed.of(life.number, "social_care_event") if row["Service_Type"]}
    return min((life.landed.reach["social_care_event", one] for one in councils), default=None)


@claim(r"home care from the council(?: since <d>)?")
def home_care(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    since = _unbroken_since(life, "home")
    assert since is not None, "no home care runs"
    if said["d"]:
        yield "d", since


@claim(r"home care package changed <d>")
def home_care_changed(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    """On that day a line began, on the day before another covered the person, and nothing has begun since."""
    lines, told = _lines(life, "home"), day_of(said["d"])
    assert _provided(lines, life.index - timedelta(days=1)) and _provided(lines, told - timedelta(days=1))
    yield "d", max(first for first, _ in lines)


@claim(r"home care from the council ended <d>(?: \(records reach <e>\))?")
def home_care_ended(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    told = day_of(said["d"])
    after = [told + timedelta(days=ahead) for ahead in range(1, (life.index - told).days)]
    assert not any(_provided(_lines(life, "home", "care home"), day) for day in after), "there is care after its end"
    yield "d", max(end for _, end in _lines(life, "home") if end is not None)
    if said["e"]:
        yield "e", _council_reach(life)


@claim(r"lives in a care home that the council pays for(?:, since <d>)?")
def care_home(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    since = _unbroken_since(life, "care home")
    assert since is not None, "no care home is paid for"
    if said["d"]:
        yield "d", since


@claim(
    r"<n> requests? to adult social care in 12 months"
    r"(?P<how>, (?:(?:both |all )?on leaving hospital|<m> of them on leaving hospital))?"
)
def requests(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    asked = [(day, row["Request_Route_of_Access"].casefold()) for day, _, row in life.care("request")]
    routes = [route for day, route in asked if life.since(12) <= day]
    left = sum(route == "discharge from hospital" for route in routes)
    yield "n", len(routes)
    if said["m"]:
        yield "m", left
    elif said["how"]:
        assert left == len(routes), "not every request was made on leaving hospital"
    else:
        assert left == 0, "a hospital asked too, and it is not told"


def _reablement(life: Life) -> list[tuple[date, date | None]]:
    kind = "short term support: st-max"
    return [(day, end) for day, end, row in life.care("service") if row["Service_Type"].casefold() == kind]


@claim(r"has reablement since <d>(?: \(council records reach <e>\))?")
def reablement(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    """A line that began on the day and of which no end is told."""
    yield "d", last([first for first, end in _reablement(life) if end is None])
    if said["e"]:
        yield "e", _council_reach(life)


@claim(r"reablement ended <d>")
def reablement_ended(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    """None runs, the last one ended on the day, and that is not long ago."""
    lines = _reablement(life)
    assert all(end is not None for _, end in lines), "one still runs"
    yield "d", last([end for _, end in lines if end is not None])
    assert (life.index - day_of(said["d"])).days <= 100, "long over, and told as news"


@claim(r"<n> reviews? by the council because needs had changed in 12 months")
def unplanned_reviews(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    reasons = meaning("care_review_reason", "meaning")
    days = [s for s, _, row in life.care("review") if reasons.get(row["Review_Reason"].casefold()) == "unplanned"]
    yield "n", len(life.within(days, 12))


@claim(r"(?P<word>no review of the care package known for a year)(?: \(council records reach <e>\))?")
def overdue(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    long = [s for s, end, _ in life.services("social_care_service") if end is None and s < life.since(12)]
    reviewed = life.within([start for start, _, _ in life.care("review")], 12)
    yield "word", said["word"].casefold() if long and not reviewed else "reviewed"
    if said["e"]:
        yield "e", _council_reach(life)


@claim(r"(?P<word>supported|known)(?: by| to) the council as an unpaid carer")
def unpaid_carer(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    service = {row["code"].casefold() for row in listed("unpaid_carer_service")}
    kinds = ("service", "request", "assessment")
    theirs = [(k, s, e, r) for k in kinds for s, e, r in life.care(k) if r["Client_Type"].casefold() == "unpaid carer"]
    supported = any(k == "service" and e is None and r["Service_Type"].casefold() in service for k, _, e, r in theirs)
    asked = life.within([start for kind, start, _, _ in theirs if kind != "service"], 24)
    yield "word", "supported" if supported else "known" if asked else "unknown"
