"""What sentences from the practice's own record claim, and what the landed files say. Imported last: see the end."""

import re
from collections.abc import Iterator

from life_facts import Life, codes, listed, meaning
from reason_claims import Found, claim, codes_of, joined, last, plain

CONDITIONS = {
    "heart failure": "heart_failure",
    "COPD": "copd",
    "dementia": "dementia",
    "learning disability": "learning_disability",
    "cancer": "cancer",
    "coronary heart disease": "coronary_heart_disease",
    "stroke or TIA": "stroke_or_tia",
    "chronic kidney disease": "chronic_kidney_disease",
    "diabetes": "diabetes",
    "severe mental illness": "severe_mental_illness",
    "atrial fibrillation": "atrial_fibrillation",
    "asthma": "asthma",
    "depression": "depression",
    "hypertension": "hypertension",
    "epilepsy": "epilepsy",
    "peripheral arterial disease": "peripheral_arterial_disease",
    "rheumatoid arthritis": "rheumatoid_arthritis",
    "osteoporosis": "osteoporosis",
}
MEDICINES = {
    "anticoagulants": {"0208"},
    "diuretics": {"0202"},
    "medicines for diabetes": {"0601"},
    "antipsychotics": {"0402"},
    "sedatives": {"0401"},
    "anti-inflammatory or gout medicines": {"1001"},
}
SYMPTOMS = {
    "breathlessness": "breathlessness",
    "dizziness or fainting": "dizziness_or_syncope",
    "urinary infection": "urinary_infection",
    "weight loss or poor appetite": "weight_loss",
    "skin ulcer": "skin_ulcer",
    "memory problems": "memory",
    "reduced mobility": "mobility",
    "anxiety or poor sleep": "low_mood_or_sleep",
}
MEASURES = {
    "eGFR": ("egfr", False, 0),
    "haemoglobin": ("haemoglobin", False, 0),
    "systolic blood pressure": ("systolic_pressure", True, 0),
    "BMI": ("body_mass_index", False, 1),
    "HbA1c": ("hba1c", True, 0),
    "weight": ("body_weight", False, 1),
}


@claim(rf"(?P<what>{'|'.join(CONDITIONS)}) first coded on <d>")
def first_coded(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    first = {name: day for name, day in life.first_codes().items() if name in CONDITIONS.values()}
    name = next(code for words, code in CONDITIONS.items() if words.casefold() == said["what"].casefold())
    yield "d", first[name] if first[name] == max(first.values()) else None


@claim(r"(?P<n>no) long-term condition on the GP record")
def no_condition(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "n", len(life.first_codes())


@claim(r"<n> falls? recorded in 12 months(?:, last on <d>)?")
def falls(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    days = life.gp_days(codes("fall"))
    yield "n", len(life.within(days, 12))
    if said["d"]:
        yield "d", last(days)


@claim(r"(?P<grade>mild|moderate|severe) frailty by the practice's judgement of <d>")
def frailty(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    levels = ("mild", "moderate", "severe")
    known = meaning("frailty", "level")
    graded = [(when, levels.index(known[row["Code"]])) for when, row in life.gp() if row["Code"] in known]
    latest = max(graded)
    yield "grade", levels[latest[1]]
    yield "d", latest[0]


@claim(r"(?P<word>housebound)")
def housebound(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "word", "housebound" if life.gp_days(codes("housebound")) else "not housebound"


@claim(r"<n> of 36 frailty deficits on the GP record")
def deficits(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    by_code: dict[str, set[str]] = {}
    for row in listed("frailty_deficit"):
        by_code.setdefault(row["code"], set()).add(row["deficit"])
    found = {deficit for _, row in life.gp() for deficit in by_code.get(row["Code"], ())}
    yield "n", len(found) + (len({section for _, section in life.medicines(6)}) >= 5)


@claim(r"(?P<n>no) fall and no frailty recorded")
def no_frailty(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    frail = codes_of("frailty", "level", "moderate") | codes_of("frailty", "level", "severe")
    yield "n", len(life.within(life.gp_days(codes("fall")), 12)) + len(life.gp_days(frail, codes("housebound")))


@claim(r"<n> different kinds of medicine in the last 6 months(?:, (?P<list>.+) among them)?")
def medicines(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    sections = {section for _, section in life.medicines(6)}
    yield "n", len(sections)
    if said["list"]:
        yield "list", joined([name for name, group in MEDICINES.items() if group & sections])


@claim(r"<n> kinds? of medicine in the last 6 months")
def few_medicines(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "n", len({section for _, section in life.medicines(6)})


@claim(r"<n> of them (?:is|are) new")
def new_medicines(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    recent = {section for _, section in life.medicines(6)}
    yield "n", len(recent - {section for when, section in life.medicines(18) if when < life.since(6)})


@claim(r"<n> issues of antibacterials in 12 months")
def antibacterials(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "n", sum(section == "0501" for _, section in life.medicines(12))


@claim(
    rf"(?P<what>{'|'.join(MEASURES)}) (?P<v>[\d.]+)(?: g/L| mmHg| mmol/mol| kg)? on <d>"
    r"(?:, (?P<u>[\d.]+)(?: kg)? on <e>)?"
)
def measured(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    measure, worst_is_high, places = next(
        found for words, found in MEASURES.items() if words.casefold() == said["what"].casefold()
    )
    values = life.measured(measure, worst_is_high=worst_is_high)
    yield "d", values[-1][0]
    yield "v", plain(values[-1][1], places)
    if said["u"]:
        before = [one for one in values if one[0] < life.since(12)]
        yield "e", before[-1][0]
        yield "u", plain(before[-1][1], places)


@claim(r"(?P<what>eGFR) (?P<v>[\d.]+) \(latest in 24 months\)")
def good_kidneys(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "v", plain(life.measured("egfr", worst_is_high=False)[-1][1], 0)


@claim(r"<n> GP contacts? in 12 months(?:, last on <d>)?")
def gp_contacts(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    days = life.gp_days(codes("gp_contact"))
    yield "n", len(life.within(days, 12))
    if said["d"]:
        yield "d", last(days)


@claim(r"<n> home visits? by the practice in 12 months(?:, last on <d>)?")
def home_visits(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    days = life.gp_days(codes_of("gp_contact", "kind", "home"))
    yield "n", len(life.within(days, 12))
    if said["d"]:
        yield "d", last(days)


@claim(r"<n> days with a missed GP appointment in 12 months")
def gp_missed(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    yield "n", len(life.within(life.gp_days(codes("gp_missed_appointment")), 12))


@claim(r"(?P<list>.+) coded by the practice in 12 months")
def symptoms(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    found = [n for n, s in SYMPTOMS.items() if life.within(life.gp_days(codes_of("gp_symptom", "symptom", s)), 12)]
    yield "list", joined(found) if found else "none"


@claim(r"on the palliative care register, first coded on <d>")
def palliative(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    days, ended = life.gp_days(codes("palliative_care")), life.gp_days(codes("palliative_care_ended"))
    yield "d", days[0] if not ended or ended[-1] <= days[-1] else None


@claim(r"(?P<word>smoker), by the GP record(?: of <d>)?")
def smoking(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    levels = {row["code"]: int(row["level"]) for row in listed("smoking_status")}
    latest = max((when, levels[row["Code"]]) for when, row in life.gp() if row["Code"] in levels)
    yield "word", ("never smoked", "has stopped", "smoker")[latest[1]]
    if said["d"]:
        yield "d", latest[0]


@claim(r"(?P<word>noted as living alone|noted as lonely) in the last 24 months")
def alone(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    kind = "lives_alone" if "alone" in said["word"] else "lonely"
    noted = life.within(life.gp_days(codes_of("social_circumstance", "circumstance", kind)), 24)
    yield "word", said["word"].casefold() if noted else "not noted"


@claim(r"(?P<word>looks after somebody)")
def carer(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    cares, not_any_more = (life.gp_days(codes_of("carer", "status", one)) for one in ("carer", "not_a_carer"))
    does = cares and (not not_any_more or not_any_more[-1] <= cares[-1])
    yield "word", "looks after somebody" if does else "does not"


@claim(r"(?P<word>noted as living in a care home)")
def noted_in_care_home(life: Life, _: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    noted = life.gp_days(codes_of("social_circumstance", "circumstance", "care_home"))
    yield "word", "noted as living in a care home" if noted else "not noted"


# The pattern takes nearly any words, so it is asked last.
@claim(r"(?P<list>.+?)(?: and <n> more conditions)? on the GP record")
def conditions(life: Life, said: "re.Match[str]") -> Iterator[tuple[str, Found]]:
    known = [name for name, condition in CONDITIONS.items() if condition in life.first_codes()]
    yield "list", joined(known) if len(known) <= 5 else ", ".join(known[:4])
    if said["n"]:
        yield "n", len(known) - 4
