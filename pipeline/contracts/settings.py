"""One frozen Settings object, built once at the edge from the environment; nothing below the edge reads it again.

Every `RISKSTRAT_…` variable must be one of these: a misspelt one is an error that names the nearest known one.
"""

import difflib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pipeline.errors import SettingsError

# Declarations that travel with the code: sql/, expectations/, models/, policy/, reference/.
PROJECT = Path(__file__).resolve().parents[2]

VARIABLES = {
    "RISKSTRAT_HOME": "folder that holds all data (default ./riskstrat-data)",
    "RISKSTRAT_POLICY": "policy file (default: policy.yml in the home)",
    "RISKSTRAT_DELIVERY": "file that says how packs leave and messages come (default: delivery.yml in the home)",
    "RISKSTRAT_NOTIFY": "file that says how notices leave (default: notify.yml in the home)",
    "RISKSTRAT_KEYS": "folder of key files (default: vault/keys in the home; production keeps them elsewhere)",
    "RISKSTRAT_LEDGER_URL": "SQLAlchemy URL of the ledger (default: SQLite in the home)",
    "RISKSTRAT_VAULT_URL": "SQLAlchemy URL of the identity vault (default: SQLite under vault/ in the home)",
    "RISKSTRAT_AUDIT_ANCHOR": "file the audit's heads are added to (default: audit-anchor.jsonl in the home)",
    "RISKSTRAT_BACKUPS": "folder outside the home in which housekeeping makes its backups (default: it makes none)",
    "RISKSTRAT_BACKUP_PASSPHRASE": "file whose first line seals the keys into them (default: keys are left out)",
    "RISKSTRAT_THREADS": "threads for the engine and the model (default 2; never changes a result)",
    "RISKSTRAT_MEMORY": "memory limit of the engine (default 4GB)",
    "RISKSTRAT_NOW": "pretend this is the present moment, ISO 8601 with offset (for tests and drills)",
}


class Settings(BaseModel):
    """Where this deployment keeps things and how much machine it may use."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path
    policy_file: Path
    delivery_file: Path
    notify_file: Path
    keys_folder: Path
    ledger_url: str
    vault_url: str
    audit_anchor: Path
    backups: Path | None = None
    backup_passphrase: Path | None = None
    threads: int = 2
    memory_limit: str = "4GB"
    now: datetime | None = None
    project: Path = PROJECT


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from `RISKSTRAT_…` variables; raises SettingsError for an unknown or unusable one."""
    for name in environment:
        if name.startswith("RISKSTRAT_") and not name.startswith("RISKSTRAT_TEST_") and name not in VARIABLES:
            nearest = difflib.get_close_matches(name, VARIABLES, n=1)
            hint = f"did you mean {nearest[0]}?" if nearest else f"known: {', '.join(sorted(VARIABLES))}"
            raise SettingsError(f"Unknown setting {name}", where="environment", next_step=hint)
    home = Path(environment.get("RISKSTRAT_HOME", "riskstrat-data")).resolve()
    return Settings(
        home=home,
        policy_file=Path(environment.get("RISKSTRAT_POLICY", home / "policy.yml")),
        delivery_file=Path(environment.get("RISKSTRAT_DELIVERY", home / "delivery.yml")),
        notify_file=Path(environment.get("RISKSTRAT_NOTIFY", home / "notify.yml")),
        keys_folder=Path(environment.get("RISKSTRAT_KEYS", home / "vault" / "keys")),
        ledger_url=environment.get("RISKSTRAT_LEDGER_URL", f"sqlite:///{home / 'ledger.db'}"),
        vault_url=environment.get("RISKSTRAT_VAULT_URL", f"sqlite:///{home / 'vault' / 'vault.db'}"),
        audit_anchor=Path(environment.get("RISKSTRAT_AUDIT_ANCHOR", home / "audit-anchor.jsonl")),
        backups=_path(environment.get("RISKSTRAT_BACKUPS")),
        backup_passphrase=_path(environment.get("RISKSTRAT_BACKUP_PASSPHRASE")),
        threads=_threads(environment.get("RISKSTRAT_THREADS", "2")),
        memory_limit=environment.get("RISKSTRAT_MEMORY", "4GB"),
        now=_moment(environment.get("RISKSTRAT_NOW")),
    )


def _path(text: str | None) -> Path | None:
    return Path(text).resolve() if text else None


def _threads(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 64:
        raise SettingsError(
            "RISKSTRAT_THREADS is not a number from 1 to 64", where="environment", next_step="set it to 2"
        )
    return int(text)


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise SettingsError(
            "RISKSTRAT_NOW is not an ISO 8601 moment with an offset",
            where="environment",
            next_step="write it like 2026-11-23T06:00:00+00:00",
        )
    return moment
