"""A small home that a run may be opened in: two people, a policy, a promoted model; and acts of a night, as if done."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import yaml
from small_home import ANN, BEN, deliver, entry, patient, small_context

from pipeline.contracts.settings import PROJECT, Settings
from pipeline.ledger import models, registers, runs
from pipeline.ledger.models import Model
from pipeline.ledger.registers import Edition
from pipeline.ledger.runs import Run
from pipeline.steps.at_hand.context import Context
from pipeline.steps.model.promote import promote
from pipeline.steps.run.run import MODEL, open_run

NIGHT = date(2026, 11, 15)
AT = datetime(2026, 11, 16, 6, tzinfo=UTC)


def two_people(home: Settings) -> Context:
    """Two people of one practice, a policy and a promoted model."""
    context = small_context(home)
    write_policy(home, lambda policy: None)
    deliver(context, "gp_patient", [patient(ANN, "1"), patient(BEN, "2")])
    deliver(context, "gp_event", [entry(ANN, "O-1")])
    enter_model(context, "first")
    return context


def write_policy(settings: Settings, change: Callable[[dict[str, Any]], object]) -> None:
    """The demo's policy with this changed, as the home's own."""
    content = yaml.safe_load((PROJECT / "policy" / "demo.yml").read_text())
    change(content)
    settings.policy_file.write_text(yaml.safe_dump(content))


def enter_model(context: Context, model_id: str) -> None:
    """A model in the ledger that was promoted, without files."""
    model = Model(model_id, MODEL, "logistic", NIGHT, "0", {}, AT)
    models.record_model(context.ledger, model=model)
    promote(context, model_id=model_id, who="a person", reason="a test", despite="a test")


def opened(context: Context, *, as_of: date = NIGHT, knowledge: str = "then") -> Run:
    """The run of the night, frozen."""
    return open_run(context, as_of=as_of, knowledge=knowledge)


def finish(context: Context, run: Run) -> None:
    """As if its stages had gone through."""
    runs.finish_run(context.ledger, run_key=run.run_key, at=AT, counts={})


def enter_edition(context: Context, run: Run, *, as_of: date, revision: int = 1) -> None:
    """As if the run had published to one practice; nobody is on it."""
    edition = Edition(
        edition_id=f"practice.F83671.{as_of}.r{revision}", run_key=run.run_key, kind="current", plane="practice",
        as_of=as_of, code="F83671", revision=revision, manifest_sha256="0" * 64, path="x", counts={}, published_at=AT,
    )  # fmt: skip
    registers.record_edition(context.ledger, edition=edition, entries=[])
