"""A second home of the same region, with everything changed that may not matter: order, times, threads, clock.

Runs in a process of its own beside the first, because two homes one after the other cost too much of the suite.
"""

import hashlib
import json
import os
import random
import shutil
import sys
from datetime import timedelta
from pathlib import Path

from finished_home import SECOND, trained_first_night
from homes import settings_of

from pipeline import clock
from pipeline.contracts.settings import Settings
from pipeline.steps.at_hand.context import open_context
from pipeline.steps.night.nightly import nightly

DAYS_LATER, THREADS = 40, 1


def make_second_home(region: str, target: str, log: str) -> None:
    """Land the region's files otherwise in `target` and run the same journey there; says its part in the log."""
    with Path(log).open("w", encoding="utf-8") as sys.stdout:
        land_otherwise(Path(region), Path(target))
        context = open_context(second_settings(Path(target)))
        trained_first_night(context)
        nightly(context, as_of=SECOND, hold_back=True)
        context.ledger.engine.dispose()


def second_settings(target: Path) -> Settings:
    """One thread, and a clock forty days on."""
    return settings_of(target, threads=THREADS, now=clock.now() + timedelta(days=DAYS_LATER))


def land_otherwise(region: Path, target: Path) -> None:
    """Same keys and policy; every file with its rows in another order, landed in another order and at another time."""
    shutil.copytree(region / "vault" / "keys", target / "vault" / "keys")
    shutil.copyfile(region / "policy.yml", target / "policy.yml")
    receipts = sorted((region / "landing").glob("[!_]*/*.receipt.json"))
    random.Random(7).shuffle(receipts)
    for position, receipt in enumerate(receipts):
        folder = target / "landing" / receipt.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        file = receipt.with_name(receipt.name.replace(".receipt.json", ".csv"))
        data = rows_shuffled(file.read_bytes())
        content = json.loads(receipt.read_bytes()) | {"sha256": hashlib.sha256(data).hexdigest()}
        (folder / file.name).write_bytes(data)
        (folder / receipt.name).write_text(json.dumps(content))
        for path in (folder / file.name, folder / receipt.name):
            os.utime(path, (1_600_000_000 + 977 * position, 1_600_000_000 + 977 * position))


def rows_shuffled(data: bytes) -> bytes:
    """The rows in another order, the same order for the same bytes, so that a file sent twice stays one.

    A file that breaks off is left as it is: shuffled, it would break off elsewhere.
    """
    if not data.endswith(b"\n"):
        return data
    header, *rows = data.splitlines(keepends=True)
    random.Random(hashlib.sha256(data).digest()).shuffle(rows)
    return header + b"".join(rows)
