"""Files of the check for national data opt-outs: what is asked, and what may be believed of the reply.

A request holds valid NHS numbers, one a line with a comma behind it, lines ended by LF. The reply is the same list
without those who have opted out, under the same name; at one invalid number the service answers a whole file with one
line of text. Source: the service's file format (DCB3058) as implementers describe it, recalled in part: to be checked
against the service's own specification before use. No message here holds a number.
"""

import re
from collections.abc import Collection, Iterable
from datetime import date

from pipeline.rules.nhs_number import is_valid

INVALID_NUMBERS = "The file contains one or more invalid NHS Numbers."
WORKFLOW = "SPINE_NTT_UPHOLDING"
LAST_NUMBER = 9999
_NAME = re.compile(r"[A-Z0-9]{3,20}-[0-9]{6}-[0-9]{4}\.dat")


class ReplyUnusable(ValueError):
    """The reply says nothing that may be relied on; the message says why, in counts."""


def file_name(mailbox: str, *, day: date, number: int) -> str:
    """`<mailbox>-<ddmmyy>-<nnnn>.dat`; ValueError when the day's numbers are used up."""
    if not 1 <= number <= LAST_NUMBER:
        raise ValueError(f"a day has files 1 to {LAST_NUMBER}, not {number}")
    name = f"{mailbox}-{day:%d%m%y}-{number:04d}.dat"
    if not _NAME.fullmatch(name):
        raise ValueError("the mailbox is not capital letters and digits")
    return name


def batches(nhs_numbers: Iterable[str], *, size: int) -> list[tuple[str, ...]]:
    """The valid ones among the numbers, each once, in order, at most `size` to a batch; no batch when there is none."""
    if size < 1:
        raise ValueError("a batch holds at least one number")
    usable = sorted({number for number in nhs_numbers if is_valid(number)})
    return [tuple(usable[start : start + size]) for start in range(0, len(usable), size)]


def request_bytes(batch: Collection[str]) -> bytes:
    """The file of one batch; ValueError if a number in it is not valid, since the service would refuse them all."""
    wrong = sum(not is_valid(number) for number in batch)
    if wrong or not batch:
        raise ValueError(f"a batch of {len(batch)} numbers, {wrong} of them not valid, is not sent")
    return "".join(f"{number},\n" for number in sorted(batch)).encode("ascii")


def numbers_of(content: bytes) -> tuple[str, ...]:
    """The numbers of a file in this format, in its order; ReplyUnusable where it is not in it.

    An empty file is in it: it says that everyone asked about has opted out.
    """
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        raise ReplyUnusable("it holds bytes that are not plain text") from None
    if text.strip() == INVALID_NUMBERS:
        raise ReplyUnusable("the service refused the whole file: it contains one or more invalid NHS numbers")
    if "\r" in text:
        raise ReplyUnusable("its lines end in CRLF, not LF: it was altered on the way")
    if text and not text.endswith("\n"):
        raise ReplyUnusable("its last line is not ended: it was cut off")
    lines = text.split("\n")[:-1]
    wrong = sum(not (line.endswith(",") and is_valid(line[:-1])) for line in lines)
    if wrong:
        raise ReplyUnusable(f"{wrong} of its {len(lines)} lines are not a valid NHS number and a comma")
    return tuple(line[:-1] for line in lines)


def allowed(reply: bytes, *, sent: Collection[str]) -> frozenset[str]:
    """Who may be used: the numbers of the reply; ReplyUnusable unless they are a subset of those sent, each once."""
    told = numbers_of(reply)
    found = frozenset(told)
    if len(found) < len(told):
        raise ReplyUnusable(f"{len(told) - len(found)} of its lines repeat a number")
    strangers = len(found - frozenset(sent))
    if strangers:
        raise ReplyUnusable(f"{strangers} of its {len(found)} numbers were not asked about")
    return found
