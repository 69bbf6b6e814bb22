"""What a corrected edition of a practice says of the one it replaces: why, who was added, who went, whose rank moved.

Compared with what the ledger says of the replaced edition. Named are the practice's own people alone.
"""

from collections.abc import Sequence
from typing import Any

from pipeline.contracts.correction import Correction, Moved
from pipeline.contracts.register import RegisterPerson
from pipeline.ledger import registers
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.previous import codes_of
from pipeline.steps.publish.pack_identities import reidentified
from pipeline.steps.publish.pack_night import Night


def correction_of(
    context: Context,
    night: Night,
    *,
    code: str,
    supersedes: str | None,
    listed: Sequence[dict[str, Any]],
    people: Sequence[RegisterPerson],
) -> Correction | None:
    """What differs from the edition in `supersedes`; None where there is no such edition, or nobody said why.

    `people` are those of `listed`, in the same order.
    """
    reason = night.run.inputs.get("correction")
    replaced = registers.get_edition(context.ledger, supersedes) if supersedes is not None else None
    if replaced is None or not reason:
        return None
    before = {one.person_key: one.rank for one in registers.entries(context.ledger, edition_id=replaced.edition_id)}
    now = {str(row["person_key"]): person for row, person in zip(listed, people, strict=True)}
    gone, gone_other = _gone(night, code=code, before=before, now=now.keys())
    return Correction(
        replaces=replaced.edition_id,
        reason=str(reason),
        added=tuple(sorted(person.nhs_number for key, person in now.items() if key not in before)),
        gone=gone,
        # Whom the ledger no longer knows of was there when the edition was published.
        gone_other=gone_other + int(replaced.counts.get("people", len(before))) - len(before),
        moved=tuple(
            Moved(nhs_number=person.nhs_number, name=_name(person), rank_before=before[key], rank=person.rank)
            for key, person in sorted(now.items(), key=lambda each: each[1].rank)
            if key in before and before[key] != person.rank
        ),
    )


def _gone(night: Night, *, code: str, before: dict[str, int], now: Any) -> tuple[tuple[Moved, ...], int]:
    """Who is no longer on it: named those whom the vault knows as the practice's, the others counted."""
    gone = sorted(before.keys() - now)
    own = codes_of(night.reference, code, as_of=night.run.as_of)
    practices = night.vault.practices(gone)
    ours = [key for key in gone if practices.get(key) in own]
    identities = reidentified(night, code=code, person_keys=ours)
    named = tuple(
        Moved(
            nhs_number=identities[key].nhs_number,
            name=f"{identities[key].family_name.upper()}, {identities[key].given_name}",
            rank_before=before[key],
            rank=None,
        )
        for key in sorted(ours, key=lambda key: (before[key], key))
    )
    return named, len(gone) - len(ours)


def _name(person: RegisterPerson) -> str:
    return f"{person.family_name.upper()}, {person.given_name}"
