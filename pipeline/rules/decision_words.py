"""Who decided something and why, as it may stand in a record that many read. Pure; it judges only the words."""

from pipeline.errors import UserError
from pipeline.rules import nhs_number

LONGEST_NAME = 120  # characters, the ledger's column


def check_words(who: str, reason: str) -> None:
    """Raises UserError when either is empty, the name is too long, or they hold what looks like an NHS number."""
    if not who.strip() or not reason.strip():
        raise UserError("A decision needs a name and a reason", where="--who, --reason", next_step="give both")
    if len(who) > LONGEST_NAME:
        raise UserError(
            "The name is too long for the record", where="--who", next_step=f"at most {LONGEST_NAME} characters"
        )
    _check_numbers(f"{who} {reason}", where="--who, --reason")


def check_correction(reason: str) -> None:
    """Raises UserError when the reason for a corrected edition is empty or holds what looks like an NHS number."""
    if not reason.strip():
        raise UserError("A corrected edition needs a reason", where="--correct", next_step="say why, for its readers")
    _check_numbers(reason, where="--correct")


def _check_numbers(text: str, *, where: str) -> None:
    if nhs_number.mask(text) != text:
        raise UserError(
            "The words hold what looks like an NHS number", where=where, next_step="say it without: many will read it"
        )
