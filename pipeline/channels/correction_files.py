"""How files say that an edition replaces another, or was taken back: the manifest's part, and the notice beside a pack.

The manifest counts and the notice names an edition; neither names a person. Who differs stands on the practice's page.
"""

from collections.abc import Iterable
from datetime import date

from pipeline.contracts.correction import Recalled
from pipeline.contracts.register import LocalityPack, PracticePack
from pipeline.rules.times import day_in_words


def told_in_manifest(pack: PracticePack | LocalityPack) -> dict[str, object]:
    """Why the edition replaces another and how many differ, and which editions before it were taken back."""
    if isinstance(pack, PracticePack):
        corrected = pack.correction
        why = None if corrected is None else {"reason": corrected.reason, "differs": corrected.counts()}
    else:
        why = None if pack.reason is None else {"reason": pack.reason}
    return {"correction": why, "recalled": told_recalled(pack.recalled)}


def told_recalled(editions: Iterable[Recalled]) -> list[dict[str, object]]:
    """Editions that were taken back, for machines."""
    return [
        {"edition_id": one.edition_id, "recalled_on": one.recalled_on.isoformat(), "reason": one.reason}
        for one in editions
    ]


def recall_notice(*, edition_id: str, code: str, as_of: date, recalled_on: date, reason: str) -> bytes:
    """RECALLED.txt as UTF-8 with CRLF, for a person who opens the folder; nobody is named in it."""
    why = " ".join(reason.split())
    lines = [
        "RECALLED: do not use the files in this folder",
        "",
        f"Edition:     {edition_id}",
        f"For:         {code}, events up to {day_in_words(as_of)}",
        f"Recalled on: {day_in_words(recalled_on)}",
        f"Why:         {why}",
        "",
        "Please delete these files and every copy of them. Act on nothing that rests on them alone.",
        "The next edition says on its first page that this one was recalled. It compares with the edition before it.",
    ]
    return "\r\n".join([*lines, ""]).encode("utf-8")
