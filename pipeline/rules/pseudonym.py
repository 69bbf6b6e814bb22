"""Keyed pseudonyms for people, local identifiers and a practice's own keys. The secret is an argument.

A plain hash of an NHS number is undone by trying all of them, in minutes; a keyed one needs the key (ENISA,
"Pseudonymisation techniques and best practices", 2019). Each purpose has its own domain and its own key, so
that pseudonyms of one purpose say nothing about those of another. Nothing here is reversible: see the vault.
"""

import hashlib
import hmac

from pipeline.errors import PipelineError
from pipeline.rules import nhs_number as number_rules

# No I, L, O, U, 0 or 1: a key is read out over the telephone and must not spell words by chance.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_PERSON = b"riskstrat/v1/person\0"
_PRACTICE = b"riskstrat/v1/practice\0"


def person_key(nhs_number: str, *, key: bytes, key_id: str) -> str:
    """The pseudonym of a person: `p<key id>_` and 32 hexadecimal digits (128 bits).

    Raises PipelineError for a number that is not valid: rows without one are never given a pseudonym.
    """
    if not number_rules.is_valid(nhs_number):
        raise PipelineError("a pseudonym was asked for something that is not a valid NHS number")
    if not (key_id.isascii() and key_id.isalnum()):
        raise PipelineError("a key id consists of letters and digits")
    return f"p{key_id}_{_hex(key, _PERSON + nhs_number.encode())}"


def practice_key(person_key: str, *, practice_code: str, key: bytes) -> str:
    """The key a locality file shows for a person: XX-XXX-XXX, which the practice finds on its own register.

    Another practice gets another key for the same person. There are 30^8 keys: among 20,000 people two share
    one with a chance of 3 in 10,000, among a register's few hundred hardly ever; publishing must still check.
    """
    if not person_key or not practice_code or "\0" in practice_code:
        raise PipelineError("a practice's key needs a person and a practice")
    number = int(_hex(key, _PRACTICE + practice_code.encode() + b"\0" + person_key.encode()), 16)
    letters = ""
    for _ in range(8):
        number, position = divmod(number, len(ALPHABET))
        letters += ALPHABET[position]
    return f"{letters[:2]}-{letters[2:5]}-{letters[5:]}"


def _hex(key: bytes, message: bytes) -> str:
    if len(key) < 32:
        raise PipelineError("a pseudonym key has fewer than 32 bytes")
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:32]
