"""One sandbox for the session, and homes that use it."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import sandbox as real
from small_outbox import a_home

from pipeline.steps.at_hand.context import Context

PRACTICES = tuple(f"F{number:05}" for number in range(83000, 83040))


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[real.Sandbox]:
    if not real.PYTHON.exists():
        pytest.skip("not tested here: MESH, since the sandbox's environment is missing; run make test-mesh")
    with real.running(tmp_path_factory.mktemp("sandbox"), practices=PRACTICES) as running:
        yield running


@pytest.fixture(autouse=True)
def emptied(sandbox: real.Sandbox) -> None:
    """No test finds what another sent: every mailbox is emptied before it."""
    # Files first: the server reads them anew.
    for path in (sandbox.folder / "messages").rglob("*.json"):
        path.unlink()
    sandbox.admin("reset", how="delete")


@pytest.fixture
def plan(sandbox: real.Sandbox) -> Callable[..., dict[str, object]]:
    """Our mailbox, every practice by MESH, extracts from the hospital and returned registers from practices."""

    def made(**mesh: object) -> dict[str, object]:
        since = date(2026, 1, 1)
        boxes = {code: real.practice_mailbox(code) for code in PRACTICES}
        returned = [
            {"mailbox": box, "sends": "returned_registers", "name": code, "valid_from": since}
            for code, box in boxes.items()
        ]
        return {
            "mesh": sandbox.mesh(**mesh),
            "recipients": [
                {"code": code, "way": "mesh", "mailbox": box, "valid_from": since} for code, box in boxes.items()
            ],
            "senders": [
                {"mailbox": real.HOSPITAL, "sends": "extracts", "name": "HOSP1", "valid_from": since}, *returned
            ],
        }  # fmt: skip

    return made


@pytest.fixture
def context(tmp_path: Path, plan: Callable[..., dict[str, object]]) -> Context:
    return a_home(tmp_path / "home", plan=plan())
