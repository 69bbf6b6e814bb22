"""Who is named to a practice: its patients now, and nobody else's; re-identified here alone, and audited."""

from typing import Any

from pipeline.steps.at_hand.previous import codes_of
from pipeline.steps.publish.pack_night import Night
from pipeline.store.vault import Identity


def still_here(night: Night, code: str) -> list[dict[str, Any]]:
    """Listed people whom the vault knows as this practice's patients now; others are not named to it.

    Those of a practice that has merged into this one are this one's, though its last list put them in the vault.
    """
    rows, own = night.listed.get(code, []), codes_of(night.reference, code, as_of=night.run.as_of)
    practices = night.vault.practices([str(row["person_key"]) for row in rows])
    return [row for row in rows if practices.get(str(row["person_key"])) in own]


def reidentified(night: Night, *, code: str, person_keys: list[str]) -> dict[str, Identity]:
    """Identities of the practice's people, asked for under the practice that the vault knows each by."""
    own = codes_of(night.reference, code, as_of=night.run.as_of)
    practices = night.vault.practices(person_keys)
    if not set(practices.values()) <= own:
        return night.vault.reidentify(practice_code=code, person_keys=person_keys)  # refused by the vault, in words
    found: dict[str, Identity] = {}
    for known_by in sorted(own):
        keys = [key for key in person_keys if practices.get(key, code) == known_by]
        found |= night.vault.reidentify(practice_code=known_by, person_keys=keys)
    return found
