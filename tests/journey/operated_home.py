"""A home with which nights go wrong one after another, as an operator meets them, and what was told of each.

The invented region, with three faults landed: a council's file that never came, a hospital's file that breaks off, and
a practice whose agreement ends between the two first nights.
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import yaml
from finished_home import FIRST, SECOND
from homes import settings_of
from runbook_pages import Operator
from small_plan import small_plan

from pipeline.__main__ import main
from pipeline.ledger import models
from pipeline.rules.alerts import Alert
from pipeline.steps.at_hand.context import Context, open_context
from pipeline.steps.model import train as training
from pipeline.steps.run.run import MODEL

COUNCIL, HOSPITAL, PRACTICE = "E09000014", "RKE", "F83039"
# What a person who promotes it says of what the judgement of so small a hold-out finds.
DESPITE = "--despite 'a home of 1,600 people'"
COUNCIL_FILE = "social_care_event_E09000014_20260930_01"
HOSPITAL_FILE = "acute_ecds_RKE_20261122_01"


@dataclass
class Operated:
    """The home, and what was kept on the way."""

    home: Path
    work: Path
    kept: dict[str, Any] = field(default_factory=dict)

    def context(self, night: date) -> Context:
        """The home as it is met on the morning after the night."""
        return open_context(settings_of(self.home, now=morning(night)))

    def run(self, night: date, *words: str) -> int:
        """One command on that morning; its exit code."""
        environment = {"RISKSTRAT_HOME": str(self.home), "RISKSTRAT_NOW": morning(night).isoformat()}
        said = io.StringIO()
        with (
            mock.patch.dict(os.environ, environment),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):
            code = main(list(words))
        self.kept["said"] = said.getvalue()
        return code

    def operator(self, night: date) -> Operator:
        """Who looks at it on that morning, an hour after what ran then: of two runs of a night the later one counts."""
        return Operator(self.home, self.work, morning(night) + timedelta(hours=1), night)

    def open_alerts(self, night: date) -> dict[str, Alert]:
        """What somebody must be told that morning, by name."""
        return self.operator(night).told()

    def change_policy(self, change: Any) -> None:
        """Rewrite the policy with one thing changed."""
        path = self.home / "policy.yml"
        content = yaml.safe_load(path.read_text())
        change(content)
        path.write_text(yaml.safe_dump(content))


def morning(night: date) -> datetime:
    return datetime.combine(night + timedelta(days=1), time(7, 0), tzinfo=UTC)


def operated_home(region: Path, folder: Path) -> Operated:
    """The first night after a model could be trained by the page that says so, and the night with three faults."""
    shutil.copytree(region, folder / "home")
    (folder / "work").mkdir()
    operated = Operated(folder / "home", folder / "work")
    plant_faults(operated.home)
    # The broken file comes in the second week: the first night's notice cannot tell of it.
    move_hospital_file(operated.home / "landing" / HOSPITAL, operated.work)
    operated.change_policy(lambda policy: _practice(policy).update(valid_to=FIRST + timedelta(days=1)))
    operated.kept["no model"] = (
        operated.run(FIRST, "nightly", "--as-of", str(FIRST)),
        operated.open_alerts(FIRST),
    )
    with small_training():
        operated.operator(FIRST).runs_page(
            "no-model-promoted",
            alerts=["no_model"],
            examples={"promote db227e018d0d": lambda: f"promote {newest_model(operated)} {DESPITE}"},
        )
    operated.run(FIRST, "notify", "--as-of", str(FIRST))
    move_hospital_file(operated.work, operated.home / "landing" / HOSPITAL)
    operated.kept["faults"] = operated.run(SECOND, "nightly", "--as-of", str(SECOND))
    operated.kept["faults, alerts"] = operated.open_alerts(SECOND)
    operated.kept["faults, notify"] = operated.run(SECOND, "notify", "--as-of", str(SECOND))
    operated.kept["faults, again"] = operated.run(SECOND, "notify", "--as-of", str(SECOND))
    return operated


def small_training() -> Any:
    """A context in which training is of the size of the home."""
    return mock.patch.object(training, "load_plan", lambda project, name: small_plan())


def newest_model(operated: Operated) -> str:
    """The id of the model that was trained last."""
    every = models.list_models(operated.context(FIRST).ledger, name=MODEL)
    return max(every, key=lambda one: one.recorded_at).model_id


def plant_faults(home: Path) -> None:
    """Take the council's file away, and break the hospital's off."""
    landing = home / "landing"
    for ending in (".csv", ".receipt.json"):
        (landing / COUNCIL / f"{COUNCIL_FILE}{ending}").unlink()
    hospital = landing / HOSPITAL / f"{HOSPITAL_FILE}.csv"
    whole = hospital.read_bytes()
    _rewrite(hospital, whole[:-20])


def move_hospital_file(source: Path, target: Path) -> None:
    """The broken file with its receipt, which comes last: it says that the file is whole."""
    for ending in (".csv", ".receipt.json"):
        shutil.move(source / f"{HOSPITAL_FILE}{ending}", target / f"{HOSPITAL_FILE}{ending}")


def _rewrite(path: Path, data: bytes) -> None:
    """The bytes, and a receipt whose checksum is theirs: they were cut before it was made."""
    path.write_bytes(data)
    receipt = path.with_name(f"{path.stem}.receipt.json")
    told = json.loads(receipt.read_text()) | {"sha256": hashlib.sha256(data).hexdigest()}
    receipt.write_text(json.dumps(told))


def _practice(policy: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in policy["practices"] if one["practice_code"] == PRACTICE)
    return found
