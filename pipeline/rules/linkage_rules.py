"""What is told to a supplier once rows are held against people: rules with their sentences. They change no linkage."""

# code: (what the supplier reads, what to do next)
LINKAGE_RULES = {
    "LINK-001": (
        "The NHS number is empty: the row is kept apart and counts for nobody",
        "trace the person and send the row again",
    ),
    "LINK-002": (
        "The NHS number has a wrong check digit: the row is kept apart and counts for nobody",
        "trace the person and send the row again",
    ),
    "LINK-003": (
        "The row is dated after the person's death as their practice recorded it",
        "check the date and the person; the row is kept",
    ),
    "LINK-004": (
        "The NHS number was superseded by another: what the row says is not seen beside the person's other records",
        "send the person's current number",
    ),
    "LINK-005": (
        "The NHS number is not on any GP list, or stands twice on one, and birth date and address are those of "
        "a person listed under another number: likely one person under two numbers",
        "trace the person",
    ),
}


def linkage_summary(*, valid: int, linked: int, opted_out: int) -> str:
    """How many of the accepted rows found their person; who dissents is not told apart from who is unknown."""
    found = linked + opted_out
    return f"{found:,} of {valid:,} accepted rows found their person; {valid - found:,} are kept apart."
