"""What every step is handed: settings, ledger, keys, and the one clock. Built once at the edge."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline import clock
from pipeline.contracts.codelist import CodeList
from pipeline.contracts.codelist_release import codelists_in_use
from pipeline.contracts.settings import Settings
from pipeline.errors import UserError
from pipeline.store import layout

if TYPE_CHECKING:
    from pipeline.ledger.connect import Ledger
    from pipeline.store.keys import Keys

# Rows of the audit whose subject says which keys the home is under.
KEYS_ENTERED = ("create_keys", "keys_rotated")
# What the audit calls it that a home was restored.
RESTORED = "restore"
# Lies in a home while a backup is restored into it.
RESTORING = ".restoring"
# Lies in a home from the moment a rotation of its keys counts as begun until everything is under the new ones.
ROTATING = ".rotating"


@dataclass(frozen=True)
class Context:
    """The world as a step may meet it."""

    settings: Settings
    ledger: "Ledger"
    keys: "Keys"
    # Code lists to look through instead of those in use; only a comparison sets them.
    other_codelists: Mapping[str, CodeList] | None = None
    # Number of the release of code lists to go by, 0 for those that ship with the code; the newest where it is None.
    # Only the replay of a night sets it.
    release: int | None = None

    def codelists(self) -> Mapping[str, CodeList]:
        """The code lists in use: those that ship with the code, with the home's released ones in their place."""
        if self.other_codelists is not None:
            return self.other_codelists
        return codelists_in_use(self.settings.project, layout.codelists(self.settings.home), number=self.release)

    def now(self) -> datetime:
        """The present moment for stamps in the ledger; a setting may pretend another."""
        return self.settings.now or clock.now()


@dataclass(frozen=True)
class StepResult:
    """What a step did: counts by name, and a digest of what it wrote."""

    counts: dict[str, int]
    digest: str | None = None


def open_context(settings: Settings) -> Context:
    """Open the ledger and the keys of this home.

    Raises UserError when the keys are not there or not those the home is under, or a restore or a rotation stopped.
    """
    from pipeline.ledger.connect import open_ledger
    from pipeline.store.keys import read_keys

    if (settings.home / RESTORING).exists():
        raise UserError(
            "A backup was being restored into this home and has not come to its end",
            where=RESTORING,
            next_step="run riskstrat restore again with the same backup",
        )
    if (settings.home / ROTATING).exists():
        raise UserError(
            "The keys of this home are being rotated, and that has not come to its end",
            where=ROTATING,
            next_step="run riskstrat keys rotate again; it finishes what was begun",
        )
    keys = read_keys(settings.keys_folder)
    ledger = open_ledger(settings.ledger_url, anchor=settings.audit_anchor)
    check_keys(ledger, keys)
    return Context(settings=settings, ledger=ledger, keys=keys)


def check_keys(ledger: "Ledger", keys: "Keys") -> None:
    """Raises UserError when the audit says that the home is under other keys: no night may mix two.

    A home whose keys were copied in, before anything was entered, is not judged.
    """
    from pipeline.ledger import audit

    entered = audit.newest_of(ledger, actions=KEYS_ENTERED)
    known = dict(part.split("=") for part in entered.subject.split()) if entered else keys.ids
    other = sorted(purpose for purpose, key_id in keys.ids.items() if known.get(purpose, key_id) != key_id)
    if other:
        raise UserError(
            f"The {', '.join(other)} keys are not those this home is under",
            where=f"keys {' '.join(keys.ids[one] for one in other)}, home {' '.join(known[one] for one in other)}",
            next_step="give it the key files of those ids (RISKSTRAT_KEYS); new ones are made by riskstrat keys rotate",
        )
