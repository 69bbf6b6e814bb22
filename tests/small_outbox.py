"""Packs of invented practices in a small home, recorded as publication records them, with what is to leave."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import yaml

from pipeline.channels.folder import MANIFEST
from pipeline.contracts.settings import Settings, read_settings
from pipeline.ledger import outbox, registers, runs
from pipeline.ledger.connect import open_ledger
from pipeline.ledger.outbox import Outgoing
from pipeline.ledger.registers import Edition
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.leaving import pack_leaves
from pipeline.store.keys import create_keys

NIGHT = date(2026, 11, 15)
AT = datetime(2026, 11, 16, 6, tzinfo=UTC)
RUN_KEY = "0123abcd4567ef89"


def a_home(home: Path, *, plan: dict[str, object] | None = None, now: datetime | None = None) -> Context:
    """An empty home with keys and ledger, and a delivery plan if one is given."""
    home.mkdir(parents=True, exist_ok=True)
    settings = settings_of(home, now=now)
    if plan is not None:
        settings.delivery_file.write_text(yaml.safe_dump({"delivery": "test", "version": 1, **plan}))
    if not settings.keys_folder.exists():
        create_keys(settings.keys_folder)
    return opened(settings)


def settings_of(home: Path, *, now: datetime | None = None) -> Settings:
    return read_settings({"RISKSTRAT_HOME": str(home), **({"RISKSTRAT_NOW": now.isoformat()} if now else {})})


def opened(settings: Settings) -> Context:
    """The home as another process finds it."""
    from pipeline.store.keys import read_keys

    return Context(settings=settings, ledger=open_ledger(settings.ledger_url), keys=read_keys(settings.keys_folder))


def publish(
    context: Context, code: str, *, as_of: date = NIGHT, revision: int = 1, words: str = "nobody", kind: str = "current"
) -> list[Outgoing]:
    """A pack of two files, recorded with its row of the outbox; the rows of that edition."""
    home = context.settings.home
    name = f"practice.{code}.{as_of}.r{revision}"
    pack = home / "registers" / as_of.isoformat() / code
    pack = pack if revision == 1 else pack / f"r{revision}"
    pack.mkdir(parents=True)
    (pack / f"RISKREG_{code}.csv").write_text(f"nhs_number\r\n{words} of {code}\r\n")
    (pack / MANIFEST).write_text(json.dumps({"run_key": RUN_KEY, "code": code, "revision": revision}))
    runs.freeze_run(
        context.ledger, run_key=RUN_KEY, kind="nightly", as_of=NIGHT, knowledge="then", model_id="m", inputs={},
        delivery_ids=[], at=AT,
    )  # fmt: skip
    edition = Edition(
        name, RUN_KEY, kind, "practice", as_of, code, revision, "0" * 64, pack.relative_to(home).as_posix(), {}, AT
    )
    registers.record_edition(context.ledger, edition=edition, entries=[], leaves=pack_leaves(context, edition))
    return outbox.list_outbox(context.ledger, edition_id=name)


def to_folders(folder: Path, codes: Sequence[str], **more: object) -> dict[str, object]:
    """A plan that lays packs of these practices into a folder each, which is made."""
    for code in codes:
        (folder / code).mkdir(parents=True, exist_ok=True)
    return {"recipients": [_recipient(code, way="folder", folder=str(folder / code), **more) for code in codes]}


def _recipient(code: str, **how: object) -> dict[str, object]:
    return {"code": code, "valid_from": date(2026, 1, 1), **how}


def states(context: Context) -> dict[str, str]:
    """Local id to state of everything in the outbox."""
    return {row.local_id: row.state for row in outbox.list_outbox(context.ledger)}
