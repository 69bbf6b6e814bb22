"""What general practice writes down: the list of patients, coded entries and medicines.

Rates depend on the latent state and on how readily a person sees a doctor; what is coded is a part of what is so.
No weekday effect: a nightly delta is about as long on a Sunday.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from pipeline.synthetic.frame import Frame, read_reference
from pipeline.synthetic.hidden import Lives, Traits
from pipeline.synthetic.people import NEVER, People
from pipeline.synthetic.rows import (
    Part,
    Rows,
    blanked,
    dates,
    decimals,
    draw_happenings,
    numbered,
    picked,
    same,
    state_at,
)

CONTACT_CODES = ("11429006", "185317003", "439708006")
FALL_CODES = ("161898004", "1912002")
FRAILTY_CODES = (("925791000000100", 0.7), ("925831000000107", 1.4), ("925861000000102", 2.3))
HOUSEBOUND = "160689007"
SYSTOLIC, BODY_MASS, EGFR, HAEMOGLOBIN = "271649006", "60621009", "1011481000000105", "1022431000000105"
DISSENT, DISSENT_WITHDRAWN = "827241000000103", "827261000000102"
# Cough, backache, rash, fatigue, headache.
SYMPTOM_CODES = ("49727002", "161891005", "271807003", "84229001", "25064002")
SMOKING_CODES = ("266919005", "8517006", "77176002")  # never, ex, current
UNITS = ("mmHg", "kg/m2", "mL/min/1.73m2", "g/L")
PATIENT_ID, FORMER_PATIENT_ID = 2_000_000, 5_000_000


def patient_rows(people: People, frame: Frame, *, known: int) -> Rows:
    """gp_patient as known on a day: one row per person and practice with a supplier, in the order of persons.

    `day` of a row is the last day on or before `known` that something about the registration changed.
    """
    now = np.flatnonzero(_supplied(frame)[people.practice])
    then = np.flatnonzero(people.former_practice >= 0)
    person = np.append(then, now)
    is_former = np.arange(len(person)) < len(then)
    start = np.where((people.moved[person] < NEVER) & ~is_former, people.moved[person], people.registered[person])
    order = np.lexsort((~is_former, person))
    order = order[start[order] <= known]
    person, is_former, start = person[order], is_former[order], start[order]
    practice = np.where(is_former, people.former_practice[person], people.practice[person])
    end = np.where(is_former, people.moved[person], people.left[person])
    end = np.where(end <= known, end, NEVER)
    death = np.where(~is_former & (people.death[person] <= known), people.death[person], NEVER)
    table = pa.table(
        {
            "PatientID": numbered("", np.where(is_former, FORMER_PATIENT_ID, PATIENT_ID) + person),
            "NHSNumber": picked(people.nhs_number, person),
            "FamilyName": picked(frame.family_names, people.family_name[person]),
            "GivenName": picked(frame.given_names, people.given_name[person]),
            "DateOfBirth": dates(people.birth[person]),
            "GenderCode": numbered("", people.gender_code[person]),
            "Postcode": picked(people.postcode, person),
            "EthnicCategory": picked(people.ethnic_codes, person),
            "LSOA": picked(people.lsoa, person),
            "PracticeCode": picked([p.code for p in frame.practices], practice),
            "RegistrationStartDate": dates(start),
            "RegistrationEndDate": dates(end),
            "DateOfDeath": dates(death),
            "MainLanguage": same("", len(person)),
            "InterpreterRequired": same("", len(person)),
            "HouseholdID": same("", len(person)),
            "IsConfidential": numbered("", people.is_confidential[person]),
            "IsDeleted": same("0", len(person)),
        }
    )
    changed = np.maximum.reduce([start, np.where(end < NEVER, end, 0), np.where(death < NEVER, death, 0)])
    return Rows(table, person, changed, _suppliers(frame)[practice])


def write_coded_events(
    people: People,
    frame: Frame,
    lives: Lives,
    traits: Traits,
    *,
    dissents: list[tuple[int, int, str]],
    rng: np.random.Generator,
) -> Rows:
    """gp_event: contacts, measurements, diagnoses, falls, frailty and the given dissents (person, day, code)."""
    parts = [
        *_contacts(people, lives, traits, rng),
        *_measurements(people, lives, traits, rng),
        *_diagnoses(people, lives, traits, rng),
        *_falls_and_frailty(people, lives, rng),
        *[
            (np.array([p]), np.array([d]), np.array([code]), np.array([np.nan]), np.array([-1]))
            for p, d, code in dissents
        ],
    ]
    person, day, code, value, unit = (np.concatenate([part[i] for part in parts]) for i in range(5))
    practice = _practice_on(people, person, day)
    kept = _supplied(frame)[practice] & (day >= people.birth[person]) & (day <= people.last_day[person])
    order = np.lexsort((code[kept], person[kept], day[kept]))
    person, day, code, value, unit, practice = (a[kept][order] for a in (person, day, code, value, unit, practice))
    codes, code_index = np.unique(code, return_inverse=True)
    columns = {
        "ObservationID": numbered("O-", 1_000_000 + np.arange(len(person))),
        **_person_columns(people, frame, person, practice),
        "Code": picked(codes, code_index),
        "EffectiveDate": dates(day),
        "Value": decimals(value, places=1),
        "Unit": blanked(picked(UNITS, np.maximum(unit, 0)), unit < 0),
        "IsDeleted": same("0", len(person)),
    }
    return Rows(pa.table(columns), person, day, _suppliers(frame)[practice])


def write_medication(people: People, frame: Frame, lives: Lives, traits: Traits, *, rng: np.random.Generator) -> Rows:
    """gp_medication: repeats for recorded diseases, and short courses when people are unwell.

    DrugCode holds invented eight-digit codes that stand for no product of dm+d.
    """
    parts = list(_repeats(people, lives, traits, rng))
    frailty, instability = lives.matrix("frailty"), lives.matrix("instability")
    for name, rate in (
        ("0501", 0.04 * np.exp(0.3 * frailty + 0.35 * instability)),
        ("0407", 0.08 * np.exp(0.35 * frailty + 0.25 * lives.dependence)),
        ("0106", 0.008 * np.exp(0.6 * lives.dependence)),
        ("1305", np.full(frailty.shape, 0.03)),
    ):
        person, day = draw_happenings(rate, people, lives, rng=rng)
        parts.append((person, day, np.full(len(person), name)))
    person, day, section = (np.concatenate([part[i] for part in parts]) for i in range(3))
    practice = _practice_on(people, person, day)
    kept = _supplied(frame)[practice]
    order = np.lexsort((section[kept], person[kept], day[kept]))
    person, day, section, practice = (a[kept][order] for a in (person, day, section, practice))
    sections, index = np.unique(section, return_inverse=True)
    columns = {
        "MedicationOrderID": numbered("M-", 1_000_000 + np.arange(len(person))),
        **_person_columns(people, frame, person, practice),
        "DrugCode": picked([f"9{code}{variant}01" for code in sections for variant in (1, 2)], index * 2 + person % 2),
        "BNFReference": picked(sections, index),
        "IssueDate": dates(day),
        "Quantity": picked(("28", "56"), person % 2),
        "IsDeleted": same("0", len(person)),
    }
    return Rows(pa.table(columns), person, day, _suppliers(frame)[practice])


def _contacts(people: People, lives: Lives, traits: Traits, rng: np.random.Generator) -> Iterator[Part]:
    frailty, instability = lives.matrix("frailty"), lives.matrix("instability")
    illnesses = np.array([state.has.sum(axis=1) for state in lives.states])
    age = (lives.starts[:-1, None] - people.birth) / 365.25
    by_age = np.interp(age, [0, 2, 6, 16, 30, 60, 80], [1.6, 1.3, 0.8, 0.6, 0.8, 0.95, 1.25])
    rate = 0.29 * traits.contact_habit * by_age * np.exp(0.28 * frailty + 0.3 * instability) * (1 + 0.18 * illnesses)
    person, day = draw_happenings(rate, people, lives, rng=rng)
    needs = state_at(lives.dependence, lives, person, day)
    at_home = rng.random(len(person)) < np.minimum(0.02 + 0.08 * needs, 0.5)
    kind = np.where(at_home, 2, (rng.random(len(person)) < 0.28).astype(int))
    yield _part(person, day, np.array(CONTACT_CODES)[kind])
    person, day = draw_happenings(rate * 0.3, people, lives, rng=rng)
    yield _part(person, day, rng.choice(np.array(SYMPTOM_CODES), len(person)))
    grown_up = (age > 16) * 0.025
    person, day = draw_happenings(grown_up, people, lives, rng=rng)
    habit = (person * 7919 % 100 < 55).astype(int)
    yield _part(person, day, np.array(SMOKING_CODES)[np.where(habit == 1, 0, 1 + person % 2)])


def _measurements(people: People, lives: Lives, traits: Traits, rng: np.random.Generator) -> Iterator[Part]:
    has = {name: lives.condition(column) for column, name in enumerate(traits.conditions)}
    age = (lives.starts[:-1, None] - people.birth) / 365.25
    frailty = lives.matrix("frailty")
    watched = has["hypertension"] | has["diabetes"] | has["chronic_kidney_disease"] | has["coronary_heart_disease"]
    grown_up = age > 18
    own = rng.standard_normal(people.count)
    systolic = 112 + 0.25 * age + 11 * has["hypertension"] + 6 * own - 2.5 * lives.dependence
    body_mass = 26.5 + 4.2 * own[::-1] + 2.5 * has["diabetes"] - 0.6 * lives.dependence
    egfr = 112 - 0.62 * age - 24 * has["chronic_kidney_disease"] - 3 * frailty
    blood = 138 - 8 * people.is_female - 1.5 * lives.dependence - 2.5 * frailty - 7 * has["chronic_kidney_disease"]
    for unit, (code, mean, spread, low, high, rate) in enumerate(
        (
            (SYSTOLIC, systolic, 12, 75, 230, grown_up * (0.045 + 0.16 * watched + 0.03 * (age > 50))),
            (BODY_MASS, body_mass, 1.2, 13, 65, grown_up * (0.02 + 0.04 * has["diabetes"])),
            (EGFR, egfr, 7, 6, 140, grown_up * (0.012 + 0.08 * watched)),
            (HAEMOGLOBIN, blood, 8, 55, 195, grown_up * (0.018 + 0.02 * (age > 60) + 0.02 * watched)),
        )
    ):
        person, day = draw_happenings(rate, people, lives, rng=rng)
        value = state_at(mean, lives, person, day) + spread * rng.standard_normal(len(person))
        places = 1 if code == BODY_MASS else 0
        yield (
            person,
            day,
            np.full(len(person), code),
            np.round(np.clip(value, low, high), places),
            np.full(len(person), unit),
        )


def _diagnoses(people: People, lives: Lives, traits: Traits, rng: np.random.Generator) -> Iterator[Part]:
    codes = read_reference("condition_codes")
    for column, name in enumerate(traits.conditions):
        has = lives.condition(column)
        ever = np.flatnonzero(has.any(axis=0) & (rng.random(people.count) < 0.94))
        first = has[:, ever].argmax(axis=0)
        onset = lives.starts[first] + np.floor(rng.exponential(25, len(ever))).astype(np.int64)
        # Ill before our four years: the entry in the record is years old.
        earlier = lives.starts[0] - np.floor(rng.exponential(1800, len(ever))).astype(np.int64)
        onset = np.where(first == 0, np.maximum(earlier, people.birth[ever] + 30), onset)
        chosen = [row for row in codes if row["condition"] == name]
        share = np.array([float(row["share"]) for row in chosen])
        snomed = np.array([row["snomed_code"] for row in chosen])
        yield _part(ever, onset, rng.choice(snomed, len(ever), p=share / share.sum()))
        person, day = draw_happenings(has * 0.03, people, lives, rng=rng)
        again = np.isin(person, ever)
        yield _part(person[again], day[again], np.full(int(again.sum()), snomed[0]))


def _falls_and_frailty(people: People, lives: Lives, rng: np.random.Generator) -> Iterator[Part]:
    age = (lives.starts[:-1, None] - people.birth) / 365.25
    person, day = draw_happenings((age > 50) * 0.006 * np.exp(0.65 * lives.dependence), people, lives, rng=rng)
    yield _part(person, day, rng.choice(np.array(FALL_CODES), len(person), p=(0.7, 0.3)))
    # A practice's view of frailty is late and partial.
    blur = 0.5 * rng.standard_normal(people.count)
    for code, level, share in (*((code, level, 0.45) for code, level in FRAILTY_CODES), (HOUSEBOUND, 2.2, 0.4)):
        beyond = (lives.dependence + blur >= level) & (age >= 60)
        ever = np.flatnonzero(beyond.any(axis=0) & (rng.random(people.count) < share))
        day = lives.starts[beyond[:, ever].argmax(axis=0)] + rng.integers(0, 120, len(ever))
        yield _part(ever, day, np.full(len(ever), code))


def _repeats(people: People, lives: Lives, traits: Traits, rng: np.random.Generator) -> Iterator[Part]:
    age = (lives.starts[:-1, None] - people.birth) / 365.25
    plans = [(row["condition"], row["bnf_section"], float(row["share_treated"])) for row in read_reference("medicines")]
    plans += [("", "0103", 0.3), ("", "0906", 0.16), ("", "0407", 0.1)]
    adherence = 0.7 + 0.28 * rng.random(people.count)
    for condition, section, share in plans:
        treated = np.flatnonzero(rng.random(people.count) < share)
        on = age[:, treated] > 45
        if condition:
            on = lives.condition(traits.conditions.index(condition))[:, treated]
            treated = treated[on.any(axis=0)]
            on = on[:, on.any(axis=0)]
        rate = 0.95 if section not in ("0301", "0302", "0407", "0901") else 0.5
        issued = rng.random(on.shape) < on * adherence[treated] * rate
        issued[-1] &= rng.random(len(treated)) < 0.26  # the last step is a week
        step, who = np.nonzero(issued)
        day = lives.starts[step] + np.floor(rng.random(len(step)) * np.diff(lives.starts)[step]).astype(np.int64)
        person = treated[who]
        inside = (day >= people.birth[person]) & (day <= people.last_day[person])
        yield person[inside], day[inside], np.full(int(inside.sum()), section)


def _part(person: np.ndarray, day: np.ndarray, code: np.ndarray) -> tuple[np.ndarray, ...]:
    return person, day, code, np.full(len(person), np.nan), np.full(len(person), -1)


def _practice_on(people: People, person: np.ndarray, day: np.ndarray) -> np.ndarray:
    return np.asarray(
        np.where(
            (people.former_practice[person] >= 0) & (day < people.moved[person]),
            people.former_practice[person],
            people.practice[person],
        )
    )


def _person_columns(people: People, frame: Frame, person: np.ndarray, practice: np.ndarray) -> dict[str, pa.Array]:
    former = practice != people.practice[person]
    return {
        "PatientID": numbered("", np.where(former, FORMER_PATIENT_ID, PATIENT_ID) + person),
        "NHSNumber": picked(people.nhs_number, person),
        "DateOfBirth": dates(people.birth[person]),
        "PracticeCode": picked([p.code for p in frame.practices], practice),
    }


def _suppliers(frame: Frame) -> np.ndarray:
    # The last entry stands for index -1: registered elsewhere.
    return np.array([practice.supplier or "" for practice in frame.practices] + [""])


def _supplied(frame: Frame) -> np.ndarray:
    return np.asarray(_suppliers(frame) != "")
