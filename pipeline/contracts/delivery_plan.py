"""How packs leave and messages come: which recipient has which folder or mailbox, from `delivery.yml` in the home.

No secret stands in it: it names files that hold them, outside the project. Without the file nothing leaves.
"""

import hashlib
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, StringConstraints, ValidationError, model_validator

from pipeline.contracts.numbers import Number
from pipeline.contracts.policy import Period, Said, _Declared
from pipeline.errors import ContractError

Mailbox = Annotated[str, StringConstraints(pattern="^[A-Z0-9]{3,20}$")]
Workflow = Annotated[str, StringConstraints(pattern="^[A-Z][A-Z0-9_]{2,49}$")]
Way = Literal["folder", "mesh"]


class Workflows(_Declared):
    """What each kind of message is called; local names, to be agreed with whoever assigns mailboxes."""

    register_pack: Workflow = "RISK_REGISTER"
    recall: Workflow = "RISK_RECALL"
    extract: Workflow = "RISK_EXTRACT"
    returned: Workflow = "RISK_RETURNED"

    @model_validator(mode="after")
    def _all_different(self) -> "Workflows":
        if len(set(self.model_dump().values())) < len(self.model_dump()):
            raise ValueError("two kinds of message have one workflow")
        return self


class Mesh(_Declared):
    """Our mailbox, and where its secrets lie. A mailbox of one environment works in no other."""

    url: Annotated[str, StringConstraints(pattern="^https://")]
    mailbox: Mailbox
    password_file: Path
    shared_key_file: Path
    certificate_file: Path
    private_key_file: Path
    # Needed where the service is not one that mesh-client knows.
    authority_file: Path | None = None
    timeout_seconds: Annotated[int, Field(strict=True, ge=1, le=600)] = 60
    # How long after a reply was lost the service's "not there" is not yet believed.
    settle_seconds: Annotated[int, Field(strict=True, ge=0, le=3600)] = 120
    workflows: Workflows = Workflows()

    def secrets(self) -> tuple[Path, ...]:
        return (self.password_file, self.shared_key_file, self.private_key_file)


class Recipient(Period):
    """One practice or locality, and how its packs reach it."""

    plane: Literal["practice", "locality"] = "practice"
    code: Annotated[str, StringConstraints(pattern="^[A-Z0-9]{3,20}$")]
    way: Way
    mailbox: Mailbox | None = None
    folder: Path | None = None
    # Whoever reads the folder takes packs out of it: one that lies there has not been collected.
    is_emptied: bool = False

    @model_validator(mode="after")
    def _has_its_own(self) -> "Recipient":
        if (self.mailbox is not None) != (self.way == "mesh") or (self.folder is not None) != (self.way == "folder"):
            raise ValueError("a recipient by mesh has a mailbox, one by folder has a folder, and neither has both")
        if self.folder is not None and not self.folder.is_absolute():
            raise ValueError("the folder is named from the root")
        return self

    @property
    def address(self) -> str:
        return self.mailbox or str(self.folder)


class Sender(Period):
    """A mailbox that may send us something: extracts of one sender, or registers that a practice returns."""

    mailbox: Mailbox
    sends: Literal["extracts", "returned_registers"]
    # The sender's folder under landing/, or the practice's code.
    name: Annotated[str, StringConstraints(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")]


class DeliveryPlan(_Declared):
    """The whole file."""

    delivery: Said
    version: Number
    mesh: Mesh | None = None
    recipients: tuple[Recipient, ...] = ()
    senders: tuple[Sender, ...] = ()
    digest: str = ""

    @model_validator(mode="after")
    def _holds_together(self) -> "DeliveryPlan":
        if self.mesh is None and (self.senders or any(one.way == "mesh" for one in self.recipients)):
            raise ValueError("mailboxes are named and ours is not: give `mesh`")
        doubled = _overlapping((f"{one.plane} {one.code}", one) for one in self.recipients)
        doubled += _overlapping((f"{one.mailbox} for {one.sends}", one) for one in self.senders)
        if doubled:
            raise ValueError(f"named twice for one day: {', '.join(doubled)}")
        return self

    def recipient(self, *, plane: str, code: str, day: date) -> Recipient | None:
        """Where packs of this practice or locality go on the day."""
        fits = (one for one in self.recipients if (one.plane, one.code) == (plane, code) and one.covers(day))
        return next(fits, None)

    def sender(self, *, mailbox: str, sends: str, day: date) -> Sender | None:
        """Who sends this kind of thing from the mailbox on the day."""
        fits = (one for one in self.senders if (one.mailbox, one.sends) == (mailbox, sends) and one.covers(day))
        return next(fits, None)


def load_delivery_plan(path: Path, *, project: Path) -> DeliveryPlan | None:
    """The plan, or None where there is no such file; raises ContractError that names the field, never its value."""
    if not path.is_file():
        return None
    raw = path.read_bytes()
    try:
        plan = DeliveryPlan(**yaml.load(raw, Loader=yaml.CSafeLoader), digest=hashlib.sha256(raw).hexdigest())
    except (ValidationError, TypeError, yaml.YAMLError) as error:
        problem = _first_fault(error)
    else:
        inside = [one.name for one in (plan.mesh.secrets() if plan.mesh else ()) if _lies_in(one, project)]
        if not inside:
            return plan
        problem = f"{', '.join(inside)}: secrets are named from the root and lie outside the project"
    # Raised outside the handler: the caught errors quote what they were given.
    raise ContractError(
        "The delivery plan does not hold together",
        where=f"{path.name}: {problem}",
        next_step="correct it; docs/mesh.md shows a whole one",
    )


def _lies_in(path: Path, project: Path) -> bool:
    return not path.is_absolute() or path.resolve().is_relative_to(project)


def _overlapping(named: Iterable[tuple[str, Period]]) -> list[str]:
    listed = list(named)
    return sorted(
        {
            name
            for position, (name, one) in enumerate(listed)
            for other_name, other in listed[position + 1 :]
            if name == other_name and (one.covers(other.valid_from) or other.covers(one.valid_from))
        }
    )


def _first_fault(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return "not YAML of this kind"
