"""Puts the manifest and its signature to a pack's files, and the public half of the key where the home keeps them.

A pack is whole only with both. Public keys stay in the home for good: a pack signed by a key that has been rotated
since must still be found to be ours.
"""

from collections.abc import Mapping

from pipeline.channels.folder import MANIFEST, SIGNATURE, put_file
from pipeline.channels.register_files import manifest
from pipeline.contracts.register import LocalityPack, PracticePack
from pipeline.contracts.settings import Settings
from pipeline.steps.at_hand.context import Context
from pipeline.store import layout
from pipeline.store.keys import Keys
from pipeline.store.signature import PublicKey, public_key, sign


def signed(
    context: Context, pack: PracticePack | LocalityPack, files: Mapping[str, bytes], *, counts: Mapping[str, int]
) -> dict[str, bytes]:
    """The files with their manifest and the signature over it; the same pack and keys make the same bytes."""
    content = manifest(pack, files, counts=counts, signing_key=context.keys.signing_id)
    return {**files, MANIFEST: content, SIGNATURE: sign(content, secret=context.keys.signing)}


def keep_public_key(settings: Settings, keys: Keys) -> PublicKey:
    """The public half of the signing key, kept in the home under its id."""
    made = public_key(keys.signing)
    path = layout.public_keys(settings.home) / f"{made.key_id}.pem"
    if not path.is_file() or path.read_bytes() != made.pem:
        path.parent.mkdir(parents=True, exist_ok=True)
        put_file(path, made.pem)
    return made
