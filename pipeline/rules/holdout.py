"""Which practices teach a model nothing, so that it can be judged on people and practices it has never seen.

Pure: the same practices and seed give the same choice, whatever their order.
"""

import hashlib
import math
from collections.abc import Collection


def unseen_practices(practices: Collection[str], *, share: float, at_least: int, seed: int) -> frozenset[str]:
    """Codes of the practices held out: this share of them, rounded up, and none while there are fewer than `at_least`.

    Chosen by a digest of seed and code, so that a practice that joins or leaves moves few others. One always stays to
    learn from.
    """
    codes = sorted(set(practices))
    if len(codes) < at_least or share == 0:
        return frozenset()
    # Rounded first, so that a fifth of ten is two and never three by a float's last digit.
    wanted = min(math.ceil(round(share * len(codes), 6)), len(codes) - 1)
    return frozenset(sorted(codes, key=lambda code: (_place(code, seed), code))[:wanted])


def _place(code: str, seed: int) -> str:
    return hashlib.blake2b(f"{seed}:practice:{code}".encode(), digest_size=16).hexdigest()
