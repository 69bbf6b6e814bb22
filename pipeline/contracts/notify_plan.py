"""How notices leave: a file, e-mail or both, from `notify.yml` in the home; without it, a file in the home's logs.

No secret stands in it: it names the file that holds the password, outside the project.
"""

import hashlib
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from pipeline.contracts.numbers import Number
from pipeline.errors import ContractError

# Below the home; nothing in it names a person.
DEFAULT_FILE = Path("logs") / "notices.jsonl"
# What stands in a header of a message must not be able to end it.
Address = Annotated[str, StringConstraints(pattern=r"^[^@\s<>,;:]+@[A-Za-z0-9.-]+$", max_length=254)]


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ToFile(_Declared):
    """A line for each notice; a path that is not absolute lies below the home."""

    path: Path = DEFAULT_FILE


class ToEmail(_Declared):
    """A relay that speaks TLS, from the start (`tls`) or after STARTTLS; the certificate is checked."""

    host: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+$", max_length=253)]
    port: Annotated[int, Field(strict=True, ge=1, le=65535)] = 587
    security: Literal["starttls", "tls"] = "starttls"
    user: Annotated[str, StringConstraints(min_length=1)] | None = None
    password_file: Path | None = None
    # Certificates of the authority that vouches for the relay, where the machine's own do not.
    authority_file: Path | None = None
    sender: Address
    recipients: Annotated[tuple[Address, ...], Field(min_length=1, max_length=20)]
    # `stopped`: only what keeps registers from being published is sent by e-mail.
    least: Literal["look", "stopped"] = "look"
    timeout_seconds: Annotated[int, Field(strict=True, ge=1, le=120)] = 20

    @model_validator(mode="after")
    def _has_both_or_none(self) -> "ToEmail":
        if (self.user is None) != (self.password_file is None):
            raise ValueError("user and password_file belong together")
        return self

    @field_validator("password_file", "authority_file")
    @classmethod
    def _is_absolute(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_absolute():
            raise ValueError("the file is named from the root")
        return path


class NotifyPlan(_Declared):
    """The whole file."""

    notify: Annotated[str, StringConstraints(min_length=1)]
    version: Number
    file: ToFile | None = None
    email: ToEmail | None = None
    digest: str = ""

    @model_validator(mode="after")
    def _names_a_way(self) -> "NotifyPlan":
        if self.file is None and self.email is None:
            raise ValueError("no way is named: give `file`, `email` or both")
        return self


WITHOUT_PLAN = NotifyPlan(notify="none declared", version=1, file=ToFile())


def load_notify_plan(path: Path, *, project: Path) -> NotifyPlan:
    """The plan, or a file in the home's logs where there is none; ContractError names the field, never its value."""
    if not path.is_file():
        return WITHOUT_PLAN
    raw = path.read_bytes()
    try:
        plan = NotifyPlan(**yaml.load(raw, Loader=yaml.CSafeLoader), digest=hashlib.sha256(raw).hexdigest())
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        problem = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    except (TypeError, yaml.YAMLError):
        problem = "not YAML of this kind"
    else:
        secret = plan.email.password_file if plan.email else None
        if secret is None or not secret.resolve().is_relative_to(project):
            return plan
        problem = "email.password_file: a secret lies outside the project"
    # Raised outside the handler: the caught errors quote what they were given.
    raise ContractError(
        "The plan for notices does not hold together",
        where=f"{path.name}: {problem}",
        next_step="correct it; docs/for-operators.md shows a whole one",
    )
