"""Which faults the acceptance suite plants, how many of each, and where; read by the fixture that makes the region.

Whole files and rows apart. Everything else in the region's live weeks is clean.
"""

from datetime import date

from pipeline.synthetic.deliveries.dirt_plan import DirtPlan, Kind

PEOPLE, SEED, WEEKS, AS_OF = 16_000, 11, 12, date(2026, 11, 15)
AT_LEAST = 20
DAILY = ("gp_patient", "gp_event", "gp_medication", "acute_daily", "acute_ecds")
# Faults of the bytes, spread over what comes nightly and monthly. What a sender's history must show is planted in
# the two extracts with the most rows, a few weeks apart: who fails every other day has no history to be held against.
EVERYWHERE = (
    "gp_patient",
    "acute_daily",
    "acute_ecds",
    "acute_apc",
    "acute_outpatient",
    "community_contact",
    "community_referral",
)
BUSY = ("gp_event", "gp_medication")

FILES = (
    # First, because they need deliveries late enough to have a history.
    Kind(kind="half_volume", extracts=BUSY, count=AT_LEAST),
    Kind(kind="wrong_month", extracts=BUSY, count=AT_LEAST),
    *(
        Kind(kind=kind, extracts=EVERYWHERE, count=AT_LEAST)
        for kind in (
            "latin_1",
            "utf_16",
            "bom",
            "delimiter",
            "truncated",
            "truncated_at_line_end",
            "renamed_column",
            "extra_column",
        )
    ),
    Kind(kind="nothing_sent", extracts=DAILY, count=AT_LEAST),
)
ROWS = (
    *(
        Kind(kind=kind, extracts=DAILY, count=2 * AT_LEAST)
        for kind in (
            "invalid_check_digit",
            "missing_nhs_number",
            "exact_duplicate",
            "future_date",
            "birth_after_event",
            "unknown_code",
        )
    ),
    *(
        Kind(kind=kind, extracts=("gp_event",), count=3 * AT_LEAST)
        for kind in ("impossible_pressure", "impossible_body_mass", "impossible_unit")
    ),
    Kind(kind="pseudo_practice", extracts=("acute_ecds", "acute_daily"), count=2 * AT_LEAST),
    Kind(kind="after_death", extracts=("acute_ecds", "gp_event"), count=2 * AT_LEAST),
    Kind(kind="withdrawn", extracts=("gp_event", "gp_medication", "acute_ecds"), count=2 * AT_LEAST),
    Kind(kind="resubmission", extracts=("gp_event", "gp_medication", "acute_ecds"), count=2 * AT_LEAST),
)
PLAN = DirtPlan(files=FILES, rows=ROWS)
FILE_KINDS = tuple(kind.kind for kind in FILES)
ROW_KINDS = tuple(kind.kind for kind in ROWS)
# Lives in what every history holds, not in the plan.
HISTORY_KINDS = ("superseded_number", "two_numbers", "reused_contact_id")
