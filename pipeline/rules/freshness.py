"""How long a sender may be silent before somebody should ask: by source, from how often each is expected.

Twice the usual interval between deliveries, rounded up to days that can be said aloud. A source that falls silent
lowers nobody's need, only what we see of it.
"""

from datetime import date

# GP, admissions and attendances come daily; community services weekly to monthly, outpatients and mental health
# services monthly and some weeks late; councils quarterly, six weeks late.
SILENT_AFTER_DAYS = {
    "gp": 3,
    "acute": 3,
    "emergency": 3,
    "outpatient": 63,
    "community": 35,
    "mental_health": 63,
    "social_care": 140,
}


def is_silent(source: str, *, last_received: date, as_of: date) -> bool:
    """Whether the last good delivery came so long before the night that the sender should be asked."""
    return (as_of - last_received).days > SILENT_AFTER_DAYS[source]
