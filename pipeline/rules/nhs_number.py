"""The NHS number: its check digit, how it is written, and how it is kept out of text.

Source: NHS Data Dictionary, NHS NUMBER (n10, modulus 11 check digit). Says nothing about whether a number was
ever issued, or to whom.
"""

import re

# Ten digits, or 3-3-4 with single separators; not a part of a longer number.
_WRITTEN = re.compile(r"(?<!\d)\d{3}([ \u00a0-]?)\d{3}\1\d{4}(?!\d)", re.ASCII)
# Our digests and run keys: hexadecimal with letters in it. Ten digits in a row inside one are chance.
_DIGEST = re.compile(r"[0-9a-f]{16,}")
MASKED = "[number withheld]"


def check_digit(first_nine: str) -> int | None:
    """The tenth digit for these nine; None when there is none (the rule gives 10: never used)."""
    total = sum(int(digit) * weight for digit, weight in zip(first_nine, range(10, 1, -1), strict=True))
    digit = (11 - total % 11) % 11
    return None if digit == 10 else digit


def is_valid(text: str) -> bool:
    """Whether the text is ten digits with a right check digit.

    Ten equal digits pass the check but are what systems write for "unknown", so they are not valid.
    """
    if len(text) != 10 or not (text.isascii() and text.isdigit()) or len(set(text)) == 1:
        return False
    return check_digit(text[:9]) == int(text[9])


def spaced(text: str) -> str:
    """As people read it: 999 000 0000. Takes the ten digits."""
    return f"{text[:3]} {text[3:6]} {text[6:]}"


def mask(text: str) -> str:
    """The text with every number that has a right check digit withheld, written plainly or 3-3-4."""
    return _WRITTEN.sub(_masked, text)


def mask_alike(text: str) -> str:
    """The text with every number withheld that is written like one, right check digit or not."""
    return _WRITTEN.sub(lambda match: match.group() if _inside_digest(match) else MASKED, text)


def _masked(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match.group(), flags=re.ASCII)
    if check_digit(digits[:9]) != int(digits[9]) or _inside_digest(match):
        return match.group()
    return MASKED


def _inside_digest(match: re.Match[str]) -> bool:
    return any(
        found.start() <= match.start() and match.end() <= found.end() and not found.group().isdigit()
        for found in _DIGEST.finditer(match.string)
    )
