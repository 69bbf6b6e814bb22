"""Sender and receiver killed at random while answers are lost: every message arrives, and arrives once.

A child is forked, does what the command does, and is killed with a signal it cannot catch. What the server keeps is the
truth that is compared with. RISKSTRAT_TEST_MESH_KILLS sets how many kills (default 40 a side); the numbers of a long
run stand in docs/mesh.md.
"""

import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import PRACTICES
from sandbox import HOSPITAL, OURS, Sandbox, free_port, practice_mailbox
from small_outbox import NIGHT, a_home, opened, publish, states

from pipeline.channels.mesh import MeshTransport
from pipeline.channels.parcel import digest, packed
from pipeline.channels.transport import Found
from pipeline.contracts.settings import Settings
from pipeline.errors import ChannelError
from pipeline.ledger import inbox, outbox
from pipeline.steps.at_hand.context import Context
from pipeline.steps.exchange.collect import collect
from pipeline.steps.exchange.deliver import deliver

pytestmark = pytest.mark.mesh
KILLS = int(os.environ.get("RISKSTRAT_TEST_MESH_KILLS", "40"))
SETTLE_SECONDS = 2
LOST_SHARE = 0.15
WEEK = timedelta(days=7)


@contextmanager
def losing_answers(sandbox: Sandbox, folder: Path, *, seed: int) -> Iterator[tuple[str, Path]]:
    """A lossy way to the server: its URL, and the file that counts lost answers."""
    port, told = free_port(), folder / "lost"
    told.write_text("0")
    program = Path(__file__).with_name("lossy.py")
    arguments = [str(port), str(sandbox.port), str(sandbox.pki), str(seed), str(LOST_SHARE), str(told)]
    proxy = subprocess.Popen([sys.executable, str(program), *arguments])
    try:
        time.sleep(1)
        yield f"https://localhost:{port}", told
    finally:
        proxy.kill()
        proxy.wait(20)


def killed(act: Callable[[Context], object], settings: Settings, *, after: float) -> bool:
    """Do it in a child of its own and kill that so many seconds after it began; whether it was still at work."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            context = opened(settings)
            os.write(writing, b"!")
            act(context)
        os._exit(0)
    os.read(reading, 1)
    os.close(reading)
    os.close(writing)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    _, how = os.waitpid(child, 0)
    return os.WIFSIGNALED(how)


def test_a_sender_killed_while_answers_are_lost_sends_everything_once(
    sandbox: Sandbox, plan: Callable[..., dict[str, object]], tmp_path: Path
) -> None:
    chance, kills, in_doubt, rounds = random.Random(11), 0, 0, 0
    with losing_answers(sandbox, tmp_path, seed=12) as (url, told):
        context = a_home(tmp_path / "home", plan=plan(url=url, settle_seconds=SETTLE_SECONDS))
        while kills < KILLS:
            if set(states(context).values()) <= {"sent"}:
                for code in PRACTICES:
                    publish(context, code, as_of=NIGHT + rounds * WEEK)
                rounds += 1
            kills += killed(deliver, context.settings, after=chance.uniform(0.1, 1.5))
            in_doubt += "sending" in states(context).values()
        for _ in range(60):
            if set(states(context).values()) <= {"sent"}:
                break
            with_patience(deliver, context)
        lost_answers = int(told.read_text())
    rows = outbox.list_outbox(context.ledger)
    lost, doubled = lost_and_doubled(context, sandbox)
    events = Counter(one.event for one in outbox.events(context.ledger))
    anew = events["sending"] - len(rows)
    print(f"\nsending: {len(rows)} packs, {kills} kills, {in_doubt} of which left a message in doubt,")
    print(f"  {lost_answers} answers lost, {events['found']} found by asking,")
    print(f"  {anew} marked a second time after absence was proved, {len(lost)} lost, {len(doubled)} doubled")
    assert (lost, doubled) == ([], [])
    assert Counter(row.state for row in rows) == {"sent": len(rows)}
    assert kills >= KILLS
    assert lost_answers > 0


def lost_and_doubled(context: Context, sandbox: Sandbox) -> tuple[list[str], list[str]]:
    """Local ids of the outbox that came to no mailbox, and those that came more than once, by the server's files."""
    kept = [one for code in PRACTICES for one in sandbox.messages(practice_mailbox(code))]
    arrived = Counter(one["metadata"]["local_id"] for one in kept)
    lost = [row.local_id for row in outbox.list_outbox(context.ledger) if not arrived[row.local_id]]
    return lost, [name for name, times in arrived.items() if times > 1]


def test_without_asking_the_same_would_double(
    sandbox: Sandbox, plan: Callable[..., dict[str, object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the test above can fail: a sender that takes every unknown for not sent."""
    monkeypatch.setattr(MeshTransport, "find", lambda self, parcel: Found("absent"))
    monkeypatch.setattr("pipeline.steps.exchange.deliver._is_absent", lambda way, row: True)
    with losing_answers(sandbox, tmp_path, seed=12) as (url, _):
        context = a_home(tmp_path / "home", plan=plan(url=url, settle_seconds=0))
        for code in PRACTICES:
            publish(context, code)
        for _ in range(60):
            if set(states(context).values()) <= {"sent"}:
                break
            with suppress(ChannelError):
                deliver(context)
    lost, doubled = lost_and_doubled(context, sandbox)
    print(f"\nwithout asking: {len(PRACTICES)} packs, {len(lost)} lost, {len(doubled)} doubled")
    assert lost == []
    assert doubled != []


def with_patience(act: Callable[[Context], object], context: Context) -> None:
    """Once unkilled, and long enough after the last that an absence may be believed."""
    time.sleep(SETTLE_SECONDS)
    with suppress(ChannelError):
        act(context)


def an_extract(number: int) -> tuple[bytes, bytes]:
    """(the body of a message, the data in it) of a small delivery."""
    data = f"PracticeCode,ObservationID\r\nF83000,{number}\r\n".encode() * 50
    receipt = {"sha256": hashlib.sha256(data).hexdigest(), "number": number}
    files = {f"gp_event_{number}.csv": data, f"gp_event_{number}.csv.receipt.json": json.dumps(receipt).encode()}
    return packed(files), data


def test_a_receiver_killed_while_answers_are_lost_lands_everything_once(
    sandbox: Sandbox, plan: Callable[..., dict[str, object]], tmp_path: Path
) -> None:
    chance, kills, sent = random.Random(21), 0, {}
    copies = damaged = 0
    with losing_answers(sandbox, tmp_path, seed=22) as (url, told), sandbox.client(HOSPITAL) as hospital:
        context = a_home(tmp_path / "home", plan=plan(url=url))
        while kills < KILLS:
            if not left_in_mailbox(sandbox):
                for number in range(len(sent), len(sent) + 40):
                    body, sent[number] = an_extract(number)
                    named = {"workflow_id": "RISK_EXTRACT", "local_id": f"hospital-{number}"}
                    hospital.send_message(OURS, body, checksum=f"SHA256 {digest(body)}", **named)
                    if number % 10 == 3:  # sent again, as by a sender that never heard the answer
                        hospital.send_message(OURS, body, checksum=f"SHA256 {digest(body)}", **named)
                        copies += 1
                    if number % 20 == 5:
                        hospital.send_message(OURS, body[:-9], checksum=f"SHA256 {digest(body)}", **named)
                        damaged += 1
            kills += killed(collect, context.settings, after=chance.uniform(0.1, 1.5))
        for _ in range(60):
            if not left_in_mailbox(sandbox):
                break
            with_patience(collect, context)
        lost_answers = int(told.read_text())
    landed = sorted((context.settings.home / "landing" / "HOSP1").iterdir())
    files = [path for path in landed if not path.name.endswith(".receipt.json")]
    contents = Counter(path.read_bytes() for path in files)
    lost = [number for number, data in sent.items() if not contents[data]]
    doubled = [number for number, data in sent.items() if contents[data] > 1]
    entered = Counter(one.state for one in inbox.list_inbox(context.ledger))
    print(f"\nreceiving: {len(sent)} deliveries, {copies} of them sent twice, {damaged} damaged, {kills} kills,")
    print(f"  {lost_answers} answers lost: {len(lost)} lost, {len(doubled)} doubled, in the ledger {dict(entered)}")
    assert (lost, doubled) == ([], [])
    assert len(files) == len(sent)
    assert {f"{path.name}.receipt.json" for path in files} == {path.name for path in landed} - {p.name for p in files}
    assert entered == {"landed": len(sent), "duplicate": copies, "set_apart": damaged}
    assert not left_in_mailbox(sandbox)
    assert not [path for path in context.settings.home.rglob("*.part")]
    assert kills >= KILLS


def left_in_mailbox(sandbox: Sandbox) -> bool:
    """Whether anything in our mailbox has not been acknowledged; asked directly, where no answer is lost."""
    with sandbox.client(OURS) as ours:
        return bool(ours.list_messages())


def test_the_archive_of_a_delivery_can_be_opened_by_others() -> None:
    body, data = an_extract(1)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.read("gp_event_1.csv") == data
