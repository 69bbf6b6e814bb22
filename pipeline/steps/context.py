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

# Lies in a home while a backup is restored into it.
RESTORING = ".restoring"


@dataclass(frozen=True)
class Context:
    """The world as a step may meet it."""

    settings: Settings
    ledger: "Ledger"
    keys: "Keys"
    # Code lists to look through instead of those in use; only a comparison sets them.
    other_codelists: Mapping[str, CodeList] | None = None

    def codelists(self) -> Mapping[str, CodeList]:
        """The code lists in use: those that ship with the code, with the home's released ones in their place."""
        if self.other_codelists is not None:
            return self.other_codelists
        return codelists_in_use(self.settings.project, layout.codelists(self.settings.home))

    def now(self) -> datetime:
        """The present moment for stamps in the ledger; a setting may pretend another."""
        return self.settings.now or clock.now()


@dataclass(frozen=True)
class StepResult:
    """What a step did: counts by name, and a digest of what it wrote."""

    counts: dict[str, int]
    digest: str | None = None


def open_context(settings: Settings) -> Context:
    """Open the ledger and the keys of this home; raises UserError when the keys are not there, or a restore stopped."""
    from pipeline.ledger.connect import open_ledger
    from pipeline.store.keys import read_keys

    if (settings.home / RESTORING).exists():
        raise UserError(
            "A backup was being restored into this home and has not come to its end",
            where=RESTORING,
            next_step="run riskstrat restore again with the same backup",
        )
    keys = read_keys(settings.keys_folder)
    ledger = open_ledger(settings.ledger_url, anchor=settings.audit_anchor)
    return Context(settings=settings, ledger=ledger, keys=keys)
