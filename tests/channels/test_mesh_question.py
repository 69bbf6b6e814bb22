"""What MESH answers when it is asked by local id, and what each answer is taken for. The rest is in tests/mesh."""

from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.channels.mesh import MeshTransport
from pipeline.channels.transport import Found, NotAnswered, Parcel, Unreachable

PARCEL = Parcel("L1", "X26TO", "W", "a.zip", {}, b"", "0" * 64)


class Answer:
    def __init__(self, status: int) -> None:
        self.status_code = status

    def raise_for_status(self) -> None:
        import requests

        answer: Any = self
        if self.status_code >= 400:
            raise requests.HTTPError(response=answer)

    def json(self) -> dict[str, str]:
        return {"messageId": "m1"}


def asked(status: int) -> Found:
    client: Any = SimpleNamespace(
        mailbox_url="https://localhost/x", _session=SimpleNamespace(get=lambda *_, **__: Answer(status))
    )
    mesh: Any = SimpleNamespace(mailbox="X26TEST01", settle_seconds=0, timeout_seconds=1)
    return MeshTransport(client, mesh=mesh).find(PARCEL)


@pytest.mark.parametrize(
    ("status", "found"), [(404, Found("absent")), (300, Found("twice")), (200, Found("there", "m1"))]
)
def test_what_it_says(status: int, found: Found) -> None:
    assert asked(status) == found


@pytest.mark.parametrize("status", [400, 405, 406, 410, 501])
def test_a_question_it_does_not_take(status: int) -> None:
    with pytest.raises(NotAnswered, match=f"HTTP {status}.*riskstrat settle"):
        asked(status)


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_out_of_reach_or_not_let_in_is_another_thing(status: int) -> None:
    with pytest.raises(Unreachable) as told:
        asked(status)
    assert not isinstance(told.value, NotAnswered)
