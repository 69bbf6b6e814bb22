"""Invented packs for the tests of the channels: nobody in them exists; NHS numbers are of the 999 test range."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from pipeline.contracts.answers import Answers, Conflict, Nomination, Said
from pipeline.contracts.register import (
    CHANGES,
    Activity,
    CareSpell,
    CutFinds,
    LeftPerson,
    LocalityPack,
    LocalityRow,
    PracticePack,
    RegisterPerson,
    SourceState,
    Stay,
)

AS_OF = date(2026, 11, 22)
FAMILY = (
    "Okafor",
    "Brannigan",
    "Świderska",
    "Patel-Lowe",
    "O'Dowd",
    "Mbeki",
    "Thistlewood",
    "Nguyen",
    "Farrant",
)
GIVEN = ("Miriam", "Desmond", "Agnieszka", "Hema", "Sean", "Thandiwe", "Clement", "Lan", "Rosalind", "Ifor")
SEGMENTS = (
    ("frailty_or_dementia", "Frailty or dementia"),
    ("organ_failure", "Failing heart, lungs or kidneys"),
    ("long_term_condition", "Long-term condition"),
    ("serious_disability", "Serious disability"),
)
REASONS = (
    "3 emergency admissions in 12 months (last 4 March 2026, 9 days, COPD)",
    "14 different medicines in the last 3 months, 4 more than the 3 months before",
    "Heart failure, recorded 12 January 2019",
    "5 A&E attendances in 12 months, 3 of them in the last 6 weeks (last 15 November 2026)",
    "Moderate frailty, recorded 2 June 2026",
    "Aged 85 and living in one of the fifth most deprived areas",
)
BEYOND = (
    "Home care began 2 May 2026 and doubled on 9 October 2026 (council)",
    "Community nursing stopped 12 October 2026 (community services)",
    "3 A&E attendances at hospitals outside the area (last 15 November 2026)",
)
OBSERVED = (
    ("Highest", None, 11),
    ("Extremely high", 78, 64),
    ("Very high", 58, 140),
    ("High", 37, 410),
    ("Raised", 21, 1290),
    ("Moderate", 9, 5210),
    ("Low", 2, 21430),
)
CONDITIONS = ("COPD", "heart failure", "type 2 diabetes", "chronic kidney disease", "depression")


def nhs_number(position: int) -> str:
    """The position-th valid number of the range 999 000 0000 upwards (modulus 11, NHS Data Dictionary)."""
    found, stem = -1, 999_000_000
    while True:
        digits = str(stem)
        check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
        stem += 1
        if check == 10:
            continue
        found += 1
        if found == position:
            return digits + ("0" if check == 11 else str(check))


def person(position: int, *, of: int, kept: bool = False) -> RegisterPerson:
    """Someone plausible; everything follows from the position (0 is the highest risk)."""
    change = CHANGES[(position * 3) % 5] if not kept else "falling"
    listed_before = change not in ("new", "returned")
    risk = Decimal("0.871342") - Decimal("0.55") * position / max(of, 1)
    segment, segment_title = SEGMENTS[position % 4]
    return RegisterPerson(
        nhs_number=nhs_number(position),
        family_name=FAMILY[position % 9],
        given_name=GIVEN[(position * 7) % 10],
        birth_date=date(1928, 3, 9) + timedelta(days=position * 211),
        age_years=98 - position * 211 // 366,
        sex=("female", "male")[position % 2],
        listing="kept" if kept else "by_rank",
        rank=position + 1 + (10 if kept else 0),
        rank_before=(position + 1 if change == "steady" else position + 9) if listed_before else None,
        risk_score=risk.quantize(Decimal("0.000001")),
        risk_before=(risk + (Decimal("0.09") if change == "falling" else Decimal("-0.11"))).quantize(
            Decimal("0.000001")
        )
        if listed_before
        else None,
        change=change,
        first_listed_on=date(2026, 11, 15) if listed_before else AS_OF,
        editions_on_register=2 if listed_before else 1,
        segment=segment,
        segment_title=segment_title,
        segment_before_title="Long-term condition" if position % 6 == 5 else None,
        need_tier_title=("Needs a lot of help", "Needs more help", "Needs some help", "Able")[position % 4],
        reasons=tuple(REASONS[(position + step) % 6] for step in range(2 + position % 4)),
        against="No emergency attendance in the last 6 months" if position % 3 == 0 else None,
        not_in_gp_record=tuple(BEYOND[(position + step) % 3] for step in range(position % 3)),
        emergency_admissions_12m=None if position % 13 == 12 else position % 4,
        emergency_admission_last_date=date(2026, 3, 4) if position % 4 else None,
        emergency_attendances_12m=position % 6,
        in_hospital_since=date(2026, 11, 12) if position % 9 == 4 else None,
        long_term_conditions=CONDITIONS[: position % 6],
        lives_in=("home", "home", "care_home", "unknown")[position % 4],
        has_home_care=(True, False, None)[position % 3],
        news=()
        if position % 4
        else ("Emergency admission 18 November 2026 (pneumonia)", "Fall recorded 9 November 2026"),
        is_pressing=position % 3 == 2,
        data_gaps=("No council data: lives outside the council's area",) if position % 7 == 3 else (),
        practice_key=f"7K-{position:03d}-M2X",
        **beside(position),
        activity=activity(position),
        answers=answers(position),
    )


def beside(position: int) -> dict[str, object]:
    """What is told of somebody beside the reasons."""
    return {
        "frailty": ("Severe frailty, graded 12 June 2026; frailty index 0.39 (severe)", None, "Frailty not graded")[
            position % 3
        ],
        "is_palliative": (False, False, True, None)[position % 4],
        "is_carer": position % 5 == 2,
        "needs_interpreter": (None, False, True)[position % 3],
        "last_gp_contact_date": date(2026, 11, 2) - timedelta(days=13 * (position % 11)),
        "discharged_on": None if position % 9 == 4 else date(2026, 11, 21) - timedelta(days=9 * (position % 7)),
        "attendances_since": position % 3,
        "link_note": "Some records came under an earlier NHS number that this one has replaced"
        if position == 6
        else None,
    }


def activity(position: int) -> Activity:
    """18 months of somebody; every third person's community lane and every fourth's care lane is not known."""
    start = AS_OF - timedelta(days=500 - 31 * (position % 12))
    return Activity(
        stays=tuple(
            Stay(start + timedelta(days=90 * n), start + timedelta(days=90 * n + 4 * n + 1), is_emergency=n % 3 != 1)
            for n in range(position % 5)
        )
        + ((Stay(date(2026, 11, 12), None, is_emergency=True),) if position % 9 == 4 else ()),
        attendances=tuple(start + timedelta(days=41 * n) for n in range(position % 7)),
        community_contacts=None
        if position % 3 == 2
        else tuple(start + timedelta(days=6 * n) for n in range(11 * (position % 4))),
        care=None
        if position % 4 == 3
        else (CareSpell(date(2026, 5, 2), None, "home_care"),)
        if position % 4 == 0
        else (
            CareSpell(date(2024, 1, 9), date(2026, 2, 1), "home_care"),
            CareSpell(date(2026, 2, 2), None, "care_home"),
        )
        if position % 4 == 2
        else (),
    )


def answers(position: int) -> Answers | None:
    """Every third person has been answered about: in hand, with a plan that is overdue or not, or in dispute."""
    if position % 3 != 1:
        return None
    return Answers(
        practice_code="F83999",
        answered_on=date(2026, 11, 18),
        status=("accepted", "already in hand")[position % 2],
        status_date=date(2026, 9, 1),
        status_note="Daughter visits daily" if position % 2 else None,
        lead_professional="District nurse, west team",
        consent="given",
        care_plan_date=date(2025, 10, 1) if position % 4 == 1 else date(2026, 10, 1),
        review_date=date(2026, 11, 1) if position % 12 == 1 else date(2027, 1, 4),
        conflicts=(
            Conflict("status", (Said("accepted", date(2026, 11, 16)), Said("already in hand", date(2026, 11, 18)))),
        )
        if position == 10
        else (),
    )


def apart(position: int, listing: str) -> RegisterPerson:
    """Someone whom the practice put on the list itself, who is set aside by its answer, or who is a child."""
    base = person(position, of=position + 1)
    said = Answers(
        practice_code="F83999",
        answered_on=date(2026, 11, 18),
        status="not suitable" if listing == "declined" else None,
        decline_reason="already well supported" if listing == "declined" else None,
        nomination=Nomination(date(2026, 11, 18), "wife died in October", "Dr Shah")
        if listing == "nominated"
        else None,
    )
    return replace(
        base,
        listing=listing,
        rank=3 if listing == "child" else position + 200,
        birth_date=date(2019, 4, 1) if listing == "child" else base.birth_date,
        age_years=7 if listing == "child" else base.age_years,
        answers=None if listing == "child" else said,
    )


def sources() -> tuple[SourceState, ...]:
    stamp = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
    titles = {
        "gp": "GP record",
        "acute": "Hospital admissions",
        "emergency": "A&E attendances",
        "community": "Community services",
        "social_care": "Council social care",
    }
    return tuple(
        SourceState(
            source=source,
            title=title,
            is_used=source != "community",
            is_shown=source not in ("community",),
            latest_event_date=None if source == "community" else AS_OF - timedelta(days=4 * number),
            received_at=None if source == "community" else stamp - timedelta(days=number),
            says="No lawful basis is in force, so it was not used" if source == "community" else "Taken in as expected",
        )
        for number, (source, title) in enumerate(titles.items())
    )


def left() -> tuple[LeftPerson, ...]:
    return (
        LeftPerson(
            nhs_number=nhs_number(900),
            name="HOLLOWAY, Bertram",
            birth_date=date(1931, 1, 8),
            reason="died",
            rank_before=2,
        ),
        LeftPerson(
            nhs_number=nhs_number(901),
            name="QUAYLE, Ana",
            birth_date=date(1950, 5, 30),
            reason="risk_fell",
            rank_before=61,
        ),
        LeftPerson(nhs_number=None, name="A person who moved", birth_date=None, reason="moved", rank_before=None),
    )


def practice_pack(number: int = 40, *, kept: int = 3) -> PracticePack:
    """A second edition with `number` people by rank and `kept` more."""
    people = [person(position, of=number) for position in range(number)]
    people += [person(number + position, of=number + kept, kept=True) for position in range(kept)]
    return PracticePack(
        practice_code="F83999",
        practice_name="Lantern Yard Surgery",
        pcn_code="U99999",
        pcn_name="Canal Side PCN",
        as_of=AS_OF,
        index_date=AS_OF + timedelta(days=1),
        edition_number=2,
        revision=1,
        previous_as_of=date(2026, 11, 15),
        run_key="5b1d0c9e77a2f340",
        model_id="emergency_admission_12m.2026-11-15.a1b2c3d4",
        model_says="On 4,012 people kept out of its making, 54 of 100 at the top were admitted in 12 months.",
        scored_adults=number * 50,
        k=number,
        kept_count=kept,
        people=tuple(people),
        left=left(),
        left_count_other=1,
        sources=sources(),
        notices=(
            "Community services: the delivery of 21 November was refused; nothing of it is used.",
            "Hospital diagnoses of the last two months are not complete yet.",
        ),
        policy_name="demo policy, version 1",
        is_fictitious=True,
        observed_like_these=OBSERVED,
        observed_in_pcn=(("Very high", 61, 44), ("Moderate", 8, 880)),
        cut=CutFinds(tested_on=date(2025, 10, 16), people=11_204, listed=231, found=161, admitted=1_040),
        left_opted_out=1,
        supersedes=None,
    )


def whole_pack(number: int = 40) -> PracticePack:
    """A pack with everyone a list can have: by rank, kept, nominated, set aside, and a child."""
    pack = practice_pack(number)
    others = (apart(number + 20, "nominated"), apart(number + 21, "declined"), apart(number + 22, "child"))
    return replace(
        pack,
        people=(*pack.people, *others),
        nominated_count=1,
        declined_count=1,
        children_count=1,
        scored_children=812,
    )


def empty_pack() -> PracticePack:
    """A first edition that lists nobody."""
    return replace(
        practice_pack(0, kept=0),
        left=(),
        left_count_other=0,
        edition_number=1,
        previous_as_of=None,
        notices=(),
        observed_like_these=None,
        observed_in_pcn=(),
        cut=None,
        left_opted_out=0,
    )


def locality_pack() -> LocalityPack:
    rows = tuple(
        LocalityRow(
            practice_code=("F83998", "F83999")[position % 2],
            rank=position + 1,
            rank_in_practice=position // 2 + 1,
            risk_score=Decimal("0.912345") - Decimal("0.1") * position / 2,
            segment=SEGMENTS[position % 4][0],
            practice_key=f"7K-{position:03d}-M2X",
        )
        for position in range(12)
    )
    return LocalityPack(
        locality_code="U99999",
        locality_name="Canal Side PCN",
        kind="pcn",
        as_of=AS_OF,
        index_date=AS_OF + timedelta(days=1),
        revision=1,
        run_key="5b1d0c9e77a2f340",
        model_id="emergency_admission_12m.2026-11-15.a1b2c3d4",
        basis="FICTITIOUS-LOCALITY-1",
        policy_name="demo policy, version 1",
        is_fictitious=True,
        rows=rows,
        sources=sources(),
        supersedes=None,
    )
