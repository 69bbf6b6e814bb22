"""The delivery plan: what it may say, and that what is wrong is named and never quoted."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.contracts.delivery_plan import DeliveryPlan, load_delivery_plan
from pipeline.contracts.settings import PROJECT
from pipeline.errors import ContractError

SINCE = date(2026, 1, 1)
FILES = ("password_file", "shared_key_file", "certificate_file", "private_key_file")


def a_plan() -> dict[str, Any]:
    return {
        "delivery": "test",
        "version": 1,
        "mesh": {"url": "https://mesh.example", "mailbox": "X26RISK01", **{name: f"/etc/x/{name}" for name in FILES}},
        "recipients": [
            {"code": "F83001", "way": "mesh", "mailbox": "OLDBOX1", "valid_from": SINCE, "valid_to": date(2026, 6, 30)},
            {"code": "F83001", "way": "mesh", "mailbox": "NEWBOX1", "valid_from": date(2026, 7, 1)},
            {"code": "F83002", "way": "folder", "folder": "/srv/x", "valid_from": SINCE},
        ],
        "senders": [{"mailbox": "HOSPBOX1", "sends": "extracts", "name": "HOSP1", "valid_from": SINCE}],
    }


def read(tmp_path: Path, plan: object) -> DeliveryPlan | None:
    path = tmp_path / "delivery.yml"
    path.write_text(yaml.safe_dump(plan))
    return load_delivery_plan(path, project=PROJECT)


def test_no_file_is_no_plan(tmp_path: Path) -> None:
    assert load_delivery_plan(tmp_path / "delivery.yml", project=PROJECT) is None


@pytest.mark.parametrize(
    ("day", "mailbox"),
    [(date(2025, 12, 31), None), (SINCE, "OLDBOX1"), (date(2026, 6, 30), "OLDBOX1"), (date(2026, 7, 1), "NEWBOX1")],
)
def test_who_gets_a_pack_depends_on_the_day(tmp_path: Path, day: date, mailbox: str | None) -> None:
    plan = read(tmp_path, a_plan())
    assert plan is not None
    found = plan.recipient(plane="practice", code="F83001", day=day)
    assert (found.address if found else None) == mailbox
    assert plan.recipient(plane="locality", code="F83001", day=day) is None


WRONG: dict[str, tuple[tuple[object, ...], object, str]] = {
    "a secret in the project": (("mesh", "password_file"), str(PROJECT / "secret"), "secrets are named from the root"),
    "a secret by a relative path": (("mesh", "shared_key_file"), "secret", "secrets are named from the root"),
    "a way without its address": (("recipients", 0, "mailbox"), None, "neither has both"),
    "a relative folder": (("recipients", 2, "folder"), "shares", "from the root"),
    "two mailboxes on one day": (("recipients", 1, "valid_from"), SINCE, "named twice for one day"),
    "no mailbox of ours": (("mesh",), None, "give `mesh`"),
    "plain http": (("mesh", "url"), "http://mesh.example", "mesh.url"),
    "a key nobody knows": (("mesh", "password"), "hunter2", "mesh.password"),
    "an endless timeout": (("mesh", "timeout_seconds"), 100_000, "mesh.timeout_seconds"),
    "a colon in a workflow": (("mesh", "workflows"), {"extract": "A:B"}, "mesh.workflows.extract"),
    "one workflow for two things": (("mesh", "workflows"), {"extract": "SAME", "returned": "SAME"}, "one workflow"),
    "a sender's path": (("senders", 0, "name"), "../up", "senders.0.name"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_does_not_hold_together_is_named_and_not_quoted(tmp_path: Path, what: str) -> None:
    plan, (path, value, says) = a_plan(), WRONG[what]
    place: Any = plan
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(ContractError) as caught:
        read(tmp_path, plan)
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)
