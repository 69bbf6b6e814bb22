"""Invented people with much history, drawn by a seed: the ground on which the laws are tried.

Dates crowd around the edges of windows on purpose. Rows have the store's shape, so that the whole chain is tried.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

INDEX_DATE = date(2025, 4, 1)
# Stamps in the store are UTC without saying so.
KNOWN_BEFORE = datetime(2025, 4, 1, 1, tzinfo=UTC).replace(tzinfo=None)
EDGES = (1, 2, 90, 91, 92, 182, 183, 365, 366, 730, 731, 732)
SOURCES = ("gp", "acute", "emergency", "outpatient", "community", "mental_health", "social_care")
CONDITIONS = ("49436004", "195967001", "254837009", "53741008", "433144002", "13645005", "52448006")
CONDITIONS += ("35489007", "44054006", "84114007", "38341003", "191526005", "230690007")
GP_CODES = ("11429006", "185317003", "439708006", "161898004", "1912002", "925831000000107", "160689007")
READINGS = (("271649006", "mmHg", 140), ("60621009", "kg/m2", 27), ("1011481000000105", "mL/min/1.73m2", 60))
READINGS += (("1022431000000105", "g/L", 120), ("271650006", "mmHg", 80), ("27113001", "kg", 70))
READINGS += (("999791000000106", "mmol/mol", 48), ("1005671000000105", "mmol/L", 5))
# What practices write down beside contacts and the thirteen conditions: further conditions, signs, circumstances.
FURTHER = ("84757009", "110359009", "414916001", "64859006", "400047006", "69896004", "48694002", "15188001")
SIGNS = ("267036007", "404640003", "68566005", "89362005", "46742003", "48167000", "8510008", "193462001", "281399006")
CIRCUMSTANCES = ("925791000000100", "925861000000102", "103735009", "224484003", "199361000000101", "105529008")
CIRCUMSTANCES += ("267076002", "306238000", "160774006", "248171000000108", "266919005", "8517006", "77176002")
SECTIONS = ("0106", "0202", "0205", "0208", "0209", "0212", "0301", "0401", "0402", "0403", "0407", "0501", "0601")
SECTIONS += ("0603", "1001")
SERVICES = ("Long term support: Community", "Long term support: Nursing care", "Long term support: Residential care")
SHORT_TERM = ("Short term support: ST-Max", "Short term support: Ongoing low level")
FOR_CARERS = ("Unpaid carer support: Direct to unpaid carer",)
PROVIDERS = ("RKE", "RAP", "RAL")
DIAGNOSES = ("J441", "J181", "N390", "L031", "S720", "W190", "R296", "X600", "F059", "F03X", "I500", "C509", "C780")
DIAGNOSES += ("E119", "E112", "N183", "K259", "E669", "R634", "I10X", "I739", "G811", "M069")


def people(count: int) -> list[dict[str, object]]:
    """Cohort rows; every seventh person is covered by nothing."""
    return [
        {
            "person_key": f"p1_{number:032x}",
            "age_years": number % 100,
            "sex": ("female", "male", None)[number % 3],
            "imd_decile": number % 10 + 1,
            "registration_start_date": INDEX_DATE - timedelta(days=EDGES[number % len(EDGES)]),
            "needs_interpreter": (None, True, False)[number % 3],
            "household_size": number % 4 or None,
            "household_people_65_and_over": number % 4 and number % 3,
        }
        | {f"is_{source}_covered": number % 7 != 0 for source in SOURCES}
        for number in range(count)
    ]


def history(person_keys: list[str], *, seed: int, events: int = 170) -> list[dict[str, object]]:
    """Event rows of these people, all before the index date and known before the cut-off.

    Each person's rows depend on the seed and the person alone.
    """
    rows = []
    for person_key in person_keys:
        random = Random(f"{seed}/{person_key}")
        for number in range(random.randrange(events)):
            days = random.choice(EDGES) if random.random() < 0.4 else random.randrange(1, 1500)
            kind = random.choice(OFTEN)
            row = event(kind, person_key, INDEX_DATE - timedelta(days=days), random)
            rows.append(stored(row, key=f"{seed}.{person_key}.{number}"))
        rows.extend(_services(person_key, seed))
    return rows


def _services(person_key: str, seed: int, *, events: int = 90) -> list[dict[str, object]]:
    """What hospitals, community teams, mental health services and the council tell of a person besides, often stays."""
    random, rows = Random(f"{seed}/{person_key}/services"), []
    for number in range(random.randrange(events)):
        days = random.choice(EDGES) if random.random() < 0.4 else random.randrange(1, 1500)
        kind = random.choice(SERVICE_KINDS)
        row = event(kind, person_key, INDEX_DATE - timedelta(days=days), random)
        told = [row, *_coded(row, random)] if kind == "admission" else [row]
        rows.extend(stored(each, key=f"{seed}.{person_key}.s{number}.{n}") for n, each in enumerate(told))
    return rows


def _coded(admission: dict[str, object], random: Random) -> list[dict[str, object]]:
    """Diagnoses of a stay, as its own row tells them once it is over."""
    of_stay = {name: admission[name] for name in ("person_key", "source", "event_date", "end_date", "provider_code")}
    codes = [admission["code"], *random.sample(DIAGNOSES, 2)] if admission["code"] and admission["end_date"] else []
    return [
        {"event_type": "diagnosis", "code": code, "class_code": str(position)} | of_stay
        for position, code in enumerate(codes, start=1)
    ]


def future(person_keys: list[str]) -> list[dict[str, object]]:
    """Every kind of event for everyone, on the index date itself and after it, known before the cut-off."""
    return [
        stored(event(kind, person_key, INDEX_DATE + timedelta(days=days), Random(f"{person_key}/{copy}"), is_open=True))
        | {"row_key": f"future.{person_key}.{kind}.{days}.{copy}"}
        for person_key in person_keys
        for kind in KINDS
        for days in (0, 1, 200)
        for copy in range(3)
    ]


def event(kind: str, person_key: str, day: date, random: Random, *, is_open: bool = False) -> dict[str, object]:
    """One event of the kind, as its source would send it."""
    last = INDEX_DATE - timedelta(days=1)
    end = None if is_open or random.random() < 0.3 else min(day + timedelta(days=random.randrange(20)), last)
    base: dict[str, object] = {"person_key": person_key, "event_type": kind.split("/")[0], "event_date": day}
    return base | {"source": SOURCE_OF[base["event_type"]]} | TOLD[kind](random, end)


def _reading(random: Random, _: date | None) -> dict[str, object]:
    code, unit, middle = random.choice(READINGS)
    return {"code": code, "value_unit": unit, "value_number": Decimal(middle + random.randrange(9))}


# What each kind tells beside its day: a kind that ends has its end under `end_date`, also while that is unknown.
TOLD: dict[str, Callable[[Random, date | None], dict[str, object]]] = {
    "admission": lambda random, end: {
        "end_date": end,
        "method_code": random.choice(("21", "22", "2A", "2B", "11", "13", "31", "82")),
        "code": random.choice(("J441", "J181", "L031", "I50X", "S720", None)),
        "class_code": random.choice(("1", "1", "2", None)),
        "status_code": "1",
        "provider_code": random.choice(PROVIDERS),
    },
    "diagnosis": lambda random, end: {
        "end_date": end,
        "code": random.choice(DIAGNOSES),
        "class_code": random.choice("1234"),
        "provider_code": random.choice(PROVIDERS),
    },
    "attendance": lambda random, end: {
        "end_date": end,
        "method_code": random.choice("1234"),
        "class_code": random.choice(("01", "01", "03", "04", "05")),
        "code": random.choice(("161898004", "267036007", "48694002", "21522001", None)),
        "provider_code": random.choice(PROVIDERS),
    },
    "outpatient_appointment": lambda random, _: {
        "status_code": random.choice(("5", "5", "6", "3", "2", "0", None)),
        "class_code": random.choice(("1", "2", "4", "5", None)),
        "method_code": random.choice(("1", "1", "2", "3", None)),
        "detail": random.choice(("320", "430", "110")),
    },
    "community_contact": lambda random, _: {
        "status_code": random.choice(("5", "6", "3", "2", None)),
        "class_code": random.choice(("12", "19", "27", "35", "99")),
    },
    "community_referral": lambda random, end: {
        "end_date": end,
        "class_code": random.choice(("12", "27", "99")),
        "method_code": random.choice("122"),
    },
    "mental_health_contact": lambda random, _: {
        "status_code": random.choice(("5", "5", "6", "3", None)),
        "class_code": random.choice(("A02", "A06", "A11", "F05")),
    },
    "mental_health_admission": lambda random, end: {"end_date": end, "method_code": random.choice(("25", "11"))},
    "care_service": lambda random, end: {
        "end_date": end,
        "code": random.choice(SERVICES + SHORT_TERM),
        "class_code": random.choice(("Home care", "Meals", "Day support")),
        "status_code": "x",
    },
    "care_request": lambda random, _: {
        "code": random.choice(("Community / other route", "Discharge from hospital")),
        "method_code": random.choice(("Service user", "Unpaid carer")),
    },
    "care_assessment": lambda random, _: {
        "code": "Long term assessment",
        "method_code": random.choice(("Service user", "Unpaid carer")),
    },
    "care_review": lambda random, _: {"code": random.choice(("Planned", "Unplanned - change in needs"))},
    "care_service/carer": lambda random, end: {
        "end_date": end,
        "code": random.choice(FOR_CARERS),
        "method_code": "Unpaid carer",
        "status_code": "x",
    },
    "gp_medication": lambda random, _: {"detail": random.choice(("0212", "0205", "0301", None))},
    "gp_medication/any": lambda random, _: {"detail": random.choice(SECTIONS)},
    "gp_code/contact": lambda random, _: {"code": random.choice(GP_CODES)},
    "gp_code/condition": lambda random, _: {"code": random.choice(CONDITIONS)},
    "gp_code/reading": _reading,
    "gp_code/further": lambda random, _: {"code": random.choice(FURTHER)},
    "gp_code/sign": lambda random, _: {"code": random.choice(SIGNS)},
    "gp_code/circumstance": lambda random, _: {"code": random.choice(CIRCUMSTANCES)},
}
KINDS = tuple(TOLD)
# Readings, medicines and conditions are drawn more often, so that the same comes again in two years running.
OFTEN = (*KINDS, *["gp_code/reading"] * 8, *["gp_medication", "gp_medication/any", "gp_code/condition"] * 4)
SERVICE_KINDS = (*[kind for kind in KINDS if not kind.startswith("gp_")], *["admission"] * 5)
SOURCE_OF = {
    "admission": "acute",
    "attendance": "emergency",
    "outpatient_appointment": "outpatient",
    "community_contact": "community",
    "community_referral": "community",
    "mental_health_contact": "mental_health",
    "mental_health_admission": "mental_health",
    "care_service": "social_care",
    "care_request": "social_care",
    "care_assessment": "social_care",
    "care_review": "social_care",
    "diagnosis": "acute",
    "gp_medication": "gp",
    "gp_code": "gp",
}


def stored(row: dict[str, object], *, key: str = "") -> dict[str, object]:
    """The row with its bitemporal columns: first version, known before the cut-off."""
    return {
        "row_key": key,
        "scope_key": None,
        "supersession": "key",
        "version_at": KNOWN_BEFORE - timedelta(days=90),
        "known_at": KNOWN_BEFORE - timedelta(seconds=1),
        "received_at": KNOWN_BEFORE - timedelta(seconds=1),
        "is_known_at_assumed": False,
        "is_withdrawn": False,
        "delivery_id": "first",
        "source_row_number": 1,
    } | row
