"""Alerts and the plan for notices: what ships holds together, a home may change it, and faults are named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.contracts.alerts import load_alerts
from pipeline.contracts.notify_plan import WITHOUT_PLAN, load_notify_plan
from pipeline.contracts.settings import PROJECT
from pipeline.errors import ContractError

SHIPPED = PROJECT / "policy" / "alerts.yml"
EMAIL = {
    "host": "smtp.example.org",
    "user": "riskstrat",
    "password_file": "/etc/riskstrat/relay-password",
    "sender": "riskstrat@example.org",
    "recipients": ["night@example.org"],
}


def test_each_alert_that_ships_leads_to_a_page_that_quotes_it(tmp_path: Path) -> None:
    alerts = load_alerts(PROJECT, tmp_path)
    for name, kind in alerts.declared.items():
        page = PROJECT / kind.page
        assert page.is_file(), name
        assert kind.page.rpartition("/")[2] in (PROJECT / "docs" / "runbooks" / "README.md").read_text(), name


def test_a_homes_own_takes_the_place_and_leaves_none_out(tmp_path: Path) -> None:
    content = yaml.safe_load(SHIPPED.read_text())
    content["bounds"]["remind_after_days"] = 1
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump(content))
    assert load_alerts(PROJECT, tmp_path).bounds.remind_after_days == 1
    del content["declared"]["pack_blocked"]
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump(content))
    with pytest.raises(ContractError, match=r"leave out some.*pack_blocked"):
        load_alerts(PROJECT, tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda content: content["declared"]["no_model"].update(severity="grave"), "declared.no_model.severity"),
        (lambda content: content["declared"]["no_model"].update(one="{subject} is so"), "and not subject"),
        (lambda content: content["declared"]["no_model"].update(runbook="../secret"), "declared.no_model.runbook"),
        (lambda content: content["bounds"].update(published_by="dawn"), "bounds.published_by"),
        (lambda content: content.update(more=1), "more"),
    ],
    ids=["severity", "unknown place", "page", "hour", "unknown field"],
)
def test_faults_are_named(tmp_path: Path, change: Callable[[dict[str, Any]], object], says: str) -> None:
    content = yaml.safe_load(SHIPPED.read_text())
    change(content)
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump(content))
    with pytest.raises(ContractError, match=says):
        load_alerts(PROJECT, tmp_path)


def plan(path: Path, **content: object) -> Path:
    path.write_text(yaml.safe_dump({"notify": "test", "version": 1, **content}))
    return path


def test_without_a_plan_a_file_in_the_home_is_written(tmp_path: Path) -> None:
    assert load_notify_plan(tmp_path / "notify.yml", project=PROJECT) == WITHOUT_PLAN


def test_a_plan_is_read(tmp_path: Path) -> None:
    read = load_notify_plan(plan(tmp_path / "notify.yml", email=EMAIL), project=PROJECT)
    assert read.file is None and read.email is not None
    assert (read.email.port, read.email.security, read.email.least) == (587, "starttls", "look")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({}, "no way is named"),
        ({"email": EMAIL | {"user": None}}, "belong together"),
        ({"email": EMAIL | {"password_file": "secret"}}, "named from the root"),
        ({"email": EMAIL | {"password_file": str(PROJECT / "secret")}}, "outside the project"),
        ({"email": EMAIL | {"security": "none"}}, "email.security"),
        ({"email": EMAIL | {"recipients": ["a@example.org\nBcc: b@example.org"]}}, "email.recipients.0"),
        ({"email": EMAIL | {"password": "sesame"}}, "email.password"),
    ],
    ids=["no way", "user alone", "relative", "in the project", "no TLS", "a second header", "a secret in the plan"],
)
def test_a_plan_that_cannot_hold_is_named_and_never_quoted(
    tmp_path: Path, content: dict[str, object], says: str
) -> None:
    with pytest.raises(ContractError, match=says) as raised:
        load_notify_plan(plan(tmp_path / "notify.yml", **content), project=PROJECT)
    assert "sesame" not in str(raised.value) and "Bcc" not in str(raised.value)
