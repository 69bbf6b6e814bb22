"""The shapes of the relations that queries read, as Arrow schemas (docs/architecture.md, "Tables in the store").

For relations that may be empty, and for building small ones by hand. Holds no rows and reads nothing.
"""

from collections.abc import Iterable, Mapping

import pyarrow as pa

_BITEMPORAL = [
    ("row_key", pa.string()),
    ("scope_key", pa.string()),
    ("version_at", pa.timestamp("us")),
    ("known_at", pa.timestamp("us")),
    ("is_known_at_assumed", pa.bool_()),
    ("received_at", pa.timestamp("us")),
    ("is_withdrawn", pa.bool_()),
    ("supersession", pa.string()),
    ("source_row_number", pa.int64()),
    ("delivery_id", pa.string()),
]
# What is left of a row that is nobody's: that its place was taken anew, when and by which row, so that what it replaced
# stays replaced. Of a hospital record also which stay it was: it outweighs the daily feed's notice of it.
VERSION = tuple(name for name, _ in _BITEMPORAL)
LINKED_VERSION = (*VERSION, "sender")
STAY = ("provider_code", "spell_number")
EVENT_VERSION = (*VERSION, "source", "event_type", "spell_key")
_EVENT = [
    ("person_key", pa.string()),
    ("source", pa.string()),
    ("event_type", pa.string()),
    ("event_date", pa.date32()),
    ("end_date", pa.date32()),
    ("code_system", pa.string()),
    ("code", pa.string()),
    ("method_code", pa.string()),
    ("class_code", pa.string()),
    ("status_code", pa.string()),
    ("detail", pa.string()),
    ("value_number", pa.decimal128(18, 4)),
    ("value_unit", pa.string()),
    ("provider_code", pa.string()),
]
# In the store an event also says which hospital stay it tells of, so that one told twice is counted once.
_SPELL = [("spell_key", pa.string())]
_REGISTRATION = [
    ("person_key", pa.string()),
    ("practice_code", pa.string()),
    ("birth_month", pa.date32()),
    ("gender_code", pa.string()),
    ("ethnic_category", pa.string()),
    ("lsoa_code", pa.string()),
    ("registration_start_date", pa.date32()),
    ("registration_end_date", pa.date32()),
    ("death_date", pa.date32()),
    ("is_confidential", pa.bool_()),
    ("language_code", pa.string()),
    ("needs_interpreter", pa.bool_()),
    ("household_key", pa.string()),
]

# In the store a registration also carries what tells two people under one number apart.
_CHECKS = [("birth_check", pa.string()), ("name_check", pa.string())]

# As kept in the store, every version of every row.
EVENT_ROW = pa.schema(_EVENT + _SPELL + _BITEMPORAL)
REGISTRATION_ROW = pa.schema([_REGISTRATION[0], ("source", pa.string()), *_REGISTRATION[1:], *_CHECKS, *_BITEMPORAL])
# Pseudonyms of superseded NHS numbers, and of those that took their place.
NUMBER_CHANGE = pa.schema([("person_key", pa.string()), ("current_person_key", pa.string())])
# As visible at a cut-off; what feature and outcome queries read.
EVENT = pa.schema([*_EVENT, ("known_at", pa.timestamp("us"))])
REGISTRATION = pa.schema([*_REGISTRATION, ("row_key", pa.string())])
COHORT = pa.schema(
    [
        ("person_key", pa.string()),
        ("practice_code", pa.string()),
        ("pcn_code", pa.string()),
        ("borough_code", pa.string()),
        ("age_years", pa.int32()),
        ("is_adult", pa.bool_()),
        ("sex", pa.string()),
        ("ethnic_group", pa.string()),
        ("lsoa_code", pa.string()),
        ("imd_decile", pa.int32()),
        ("registration_start_date", pa.date32()),
        ("language_code", pa.string()),
        ("needs_interpreter", pa.bool_()),
        ("household_key", pa.string()),
        ("household_size", pa.int32()),
        ("household_people_65_and_over", pa.int32()),
        ("is_gp_covered", pa.bool_()),
        ("is_acute_covered", pa.bool_()),
        ("is_emergency_covered", pa.bool_()),
        ("is_outpatient_covered", pa.bool_()),
        ("is_community_covered", pa.bool_()),
        ("is_mental_health_covered", pa.bool_()),
        ("is_social_care_covered", pa.bool_()),
        ("gp_covered_since", pa.date32()),
        ("acute_covered_since", pa.date32()),
        ("emergency_covered_since", pa.date32()),
        ("outpatient_covered_since", pa.date32()),
        ("community_covered_since", pa.date32()),
        ("mental_health_covered_since", pa.date32()),
        ("social_care_covered_since", pa.date32()),
    ]
)
# What the cohort reads beside registrations.
ORGANISATION = pa.schema(
    [(name, pa.string()) for name in ("practice_code", "practice_name", "pcn_code", "pcn_name")]
    + [(name, pa.string()) for name in ("borough_code", "borough_name", "icb_code")]
    + [("valid_from", pa.date32()), ("valid_to", pa.date32()), ("successor_code", pa.string())]
)
AREA = pa.schema(
    [("lsoa_code", pa.string()), ("borough_code", pa.string()), ("imd_rank", pa.int32()), ("imd_decile", pa.int32())]
)
SUPPLY = pa.schema(
    [(name, pa.string()) for name in ("source", "sender", "area_type", "area_code")]
    + [("valid_from", pa.date32()), ("valid_to", pa.date32())]
)
# Closed practices whose patients another practice took over, as of the index date (pipeline/rules/organisations.py).
SUCCESSION = pa.schema([("practice_code", pa.string()), ("current_practice_code", pa.string())])
PARTICIPATING_PRACTICE = pa.schema([("practice_code", pa.string())])
HOSPITAL_DEATH = pa.schema([("person_key", pa.string()), ("death_date", pa.date32())])
USABLE_SOURCE = pa.schema([("source", pa.string())])


def relation(schema: pa.Schema, rows: Iterable[Mapping[str, object]] = ()) -> pa.Table:
    """An Arrow table of this shape; columns that a row does not mention are null, an unknown one is a KeyError."""
    listed = list(rows)
    unknown = {name for row in listed for name in row} - set(schema.names)
    if unknown:
        raise KeyError(f"not in this shape: {', '.join(sorted(unknown))}")
    return pa.Table.from_pylist([dict(row) for row in listed], schema=schema)
