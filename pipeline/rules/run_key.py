"""The name of a run: a digest of everything that decides its result.

Two runs with the same key publish the same bytes. Nothing else names a run, so a changed policy, model or
delivery can never hide behind an old name.
"""

import hashlib
import json
from collections.abc import Mapping


def canonical(content: object) -> str:
    """JSON that is the same for the same content: sorted keys, no spaces, plain text."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def digest_of(content: object) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def run_key(inputs: Mapping[str, object]) -> str:
    """First 16 hex digits of the digest of the inputs."""
    return digest_of(dict(inputs))[:16]
