"""One line of the doctor's: how it stands with one thing, and what to do next."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Line:
    """`about` names the thing, `says` how it stands, `next_step` what to do ('' when nothing)."""

    level: Level
    about: str
    says: str
    next_step: str = ""


def ok(about: str, says: str) -> Line:
    return Line("ok", about, says)


def warn(about: str, says: str, next_step: str) -> Line:
    return Line("warn", about, says, next_step)


def fail(about: str, says: str, next_step: str) -> Line:
    return Line("fail", about, says, next_step)
