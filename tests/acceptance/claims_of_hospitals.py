"""What sentences about hospitals claim, and what the landed files say."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from life_facts import Life, codes, listed, meaning
from reason_claims import Found, claim, codes_of, counted, joined, last, plain


@claim(r"<n> emergency admissions? in (?P<w>12|24) months(?:, last admitted <d>(?: \((?P<stay>[^)]*)\))?)?")
def admissions(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    stays = life.emergency_stays()
    days = life.within([stay[0] for stay in stays], int(said["w"]))
    yield "n", len(days)
    if said["d"]:
        yield "d", last([stay[0] for stay in stays])
    if said["stay"]:
        latest = sorted(
            (s for s in stays if s[0] == stays[-1][0]), key=lambda s: (s[1] or date.max, s[3]), reverse=True
        )
        yield "stay", tuple(sorted({_told_stay(stay) for stay in latest if stay[1] == latest[0][1]}))


def _told_stay(stay: tuple[date, date | None, str, str, str]) -> str:
    nights = None if stay[1] is None else (stay[1] - stay[0]).days
    words = {row["code"]: row["words"] for row in listed("diagnosis_words")}
    length = "" if nights is None else "discharged the same day" if nights == 0 else counted(nights, "night")
    return ", ".join(part for part in (length, words.get(stay[3][:3], "")) if part)


@claim(r"<n> nights? in hospital in all")
def bed_days(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "n", life.bed_days(12)


@claim(r"<n> planned admissions? in 12 months")
def planned(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "n", len(life.within([s[0] for s in life.stays() if s[2] in codes("elective_admission_method")], 12))


@claim(r"<n> emergency admissions? in 12 months for (?:a condition|conditions) usually managed outside hospital")
def sensitive(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    prefixes = tuple(codes("acsc_icd10"))
    yield "n", len(life.within([s[0] for s in life.emergency_stays() if s[3].startswith(prefixes)], 12))


@claim(r"<n> emergency readmissions? within 30 days in (?P<w>12|24) months")
def readmissions(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    day_cases = {"2", "3", "4"}
    ended = [(s[0], s[1]) for s in life.stays() if s[1] is not None and s[4] not in day_cases]
    again = [
        s[0]
        for s in life.emergency_stays()
        if any(start < s[0] and end is not None and 0 <= (s[0] - end).days < 30 for start, end in ended)
    ]
    yield "n", len(life.within(again, int(said["w"])))


@claim(r"discharged from hospital <d>")
def discharged(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    """Who is discharged had a night there, or came as an emergency: nobody goes home from a day case."""
    emergency = codes("emergency_admission_method")
    nights = [(s[1] - s[0]).days for s in life.stays() if s[1] is not None]
    assert all(night >= 0 for night in nights)
    left = [s[1] for s in life.stays() if s[1] is not None and (s[1] > s[0] or s[2] in emergency)]
    yield "d", last(left)


@claim(r"(?P<now>in hospital now)")
def in_hospital(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    stays = life.stays()
    latest = last([s[0] for s in stays])
    yield "now", "in hospital now" if any(s[0] == latest and s[1] is None for s in stays) else "not in hospital"


@claim(r"<n> A&E attendances? in 12 months(?:, last on <d>)?")
def attendances(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    days = [when for when, _ in life.attendances()]
    yield "n", len(life.within(days, 12))
    if said["d"]:
        yield "d", last(days)


@claim(r"<n> A&E attendances? in 12 months(?:, at least <m>)? without an admission")
def not_admitted(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    attended = len(life.within([when for when, _ in life.attendances()], 12))
    admitted = len(life.within([s[0] for s in life.emergency_stays()], 12))
    yield "n", attended
    if said["m"]:
        yield "m", attended - admitted


@claim(r"<n> outpatient attendances? in 12 months(?:, last on <d>)?")
def outpatients(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    days = [when for when, _ in life.appointments("attended")]
    yield "n", len(life.within(days, 12))
    if said["d"]:
        yield "d", last(days)


@claim(r"did not attend <n> outpatient appointments? in 12 months")
def outpatients_missed(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "n", len(life.within([when for when, _ in life.appointments("did_not_attend")], 12))


@claim(r"seen in <n> specialties in 12 months")
def specialties(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    seen = [row["TREATMENT FUNCTION CODE"] for when, row in life.appointments("attended") if when >= life.since(12)]
    yield "n", len(set(seen) - {""})


@claim(r"<n> urgent appointments? in 12 months")
def urgent(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    states = ("attended", "did_not_attend", "cancelled", "not_seen", "not_yet")
    rows = [row for when, row in life.appointments(*states) if when >= life.since(12)]
    yield "n", sum(row["PRIORITY TYPE CODE"] in {"2", "3"} for row in rows)


@claim(r"Hospital Frailty Risk Score (?P<v>[\d.]+) \((?P<band>intermediate|high)\), from diagnoses of 24 months")
def hospital_frailty(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    points = _frailty_points(life)
    yield "v", plain(points, 1)
    yield "band", "low" if points < 5 else "intermediate" if points <= 15 else "high"


def _frailty_points(life: Life) -> Decimal:
    found = {code[:3] for _, code, _ in life.diagnoses(24)}
    return sum((Decimal(row["points"]) for row in listed("hospital_frailty_risk") if row["code"] in found), Decimal(0))


@claim(r"<n> conditions? of the Charlson index in hospital diagnoses of 24 months")
def charlson(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    found = {
        row["comorbidity"]
        for row in listed("charlson_icd10")
        for _, code, _ in life.diagnoses(24)
        if row["code"] in (code[:3], code[:4])
    }
    milder = {row["comorbidity"] for row in listed("charlson_weight") if row["not_if_also"] in found - {""}}
    yield "n", len(found - milder)


REASONS = {
    "a fall": "fall",
    "a fracture": "fracture",
    "delirium": "delirium",
    "an infection": "infection",
    "self-harm": "self_harm",
}


@claim(r"emergency admissions with (?P<list>.+) in 24 months")
def admission_reasons(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    emergencies = {stay[0] for stay in life.emergency_stays()}
    parts = []
    for words, reason in REASONS.items():
        days = {
            when
            for when, code, place in life.diagnoses(24)
            for row in listed("admission_reason_icd10")
            if row["reason"] == reason
            and row["code"] in (code[:3], code[:4])
            and (place == 0 or row["diagnosis_position"] != "first")
            and when in emergencies
        }
        parts += [f"{words} ({len(days)})"] if days else []
    yield "list", joined(parts)


COMPLAINTS = {
    "a fall": "fall",
    "chest pain, breathlessness or collapse": "heart_or_lungs",
    "self-harm, low mood or anxiety": "mental_distress",
}


@claim(r"came to A&E with (?P<list>.+) in 12 months")
def complaints(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    known = meaning("emergency_complaint", "meaning")
    column = "EMERGENCY CARE CHIEF COMPLAINT (SNOMED CT)"
    came = [known.get(row[column]) for when, row in life.attendances() if when >= life.since(12)]
    parts = [f"{words} ({came.count(what)})" for words, what in COMPLAINTS.items() if what in came]
    yield "list", joined(parts)


@claim(r"<n> maternity admissions? in 12 months")
def maternity(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    methods = codes_of("maternity_admission_method", "meaning", "maternity")
    yield "n", len(life.within([stay[0] for stay in life.stays() if stay[2] in methods], 12))


@claim(r"Attended the A&E of <n> trusts in 12 months")
def trusts(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    came = [row["ORGANISATION CODE (CODE OF PROVIDER)"] for when, row in life.attendances() if when >= life.since(12)]
    yield "n", len({code for code in came if code})
