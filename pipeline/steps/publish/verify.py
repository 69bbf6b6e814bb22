"""Verify: whether a published folder is whole, unchanged and ours, by manifest, digests and signature.

Needs no key but public ones and opens nothing else, so that whoever is handed a folder can check it too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.channels.folder import MANIFEST, SIGNATURE
from pipeline.channels.pack_seal import RECALLED, file_problems, read_manifest
from pipeline.errors import ChannelError, UserError
from pipeline.store import layout
from pipeline.store.signature import SIGNATURE_BYTES, PublicKey, read_public_key


@dataclass(frozen=True)
class Verified:
    """A folder that is as it was published: what its manifest says, which key signed it, whether it was taken back."""

    manifest: Mapping[str, Any]
    key: PublicKey
    is_recalled: bool

    def told(self) -> list[str]:
        """In words, a line each."""
        said = self.manifest
        whose = f"practice {said['practice_code']}" if "practice_code" in said else f"locality {said['locality_code']}"
        edition = f", edition {said['edition_number']}" if "edition_number" in said else ""
        lines = [
            f"whole and as signed: {whose}{edition}, revision {said['revision']}, covers up to {said['as_of']}",
            f"run {said['run_key']}, {len(said['files'])} files, signed by key {self.key.key_id}",
        ]
        if self.is_recalled:
            lines.append(f"this edition was taken back after it was published: read {RECALLED} and do not use it")
        return lines


def verify(folder: Path, *, public_keys: Mapping[str, PublicKey]) -> Verified:
    """The folder's manifest, when everything holds; raises ChannelError that says everything that does not."""
    if not folder.is_dir():
        raise UserError("There is no such folder", where=folder.name, next_step="name the folder that holds the files")
    content, manifest = read_manifest(folder)
    key, problems = signature_problems(folder, content, manifest, public_keys=public_keys)
    if manifest is not None:
        problems += file_problems(folder, manifest)
    if problems or manifest is None or key is None:
        raise ChannelError(
            f"This folder is not as it was published: {'; '.join(problems)}",
            where=folder.name,
            next_step="do not use its files; ask whoever makes the registers for the edition again, and tell them",
        )
    return Verified(manifest, key, (folder / RECALLED).exists())


def signature_problems(
    folder: Path, content: bytes, manifest: Mapping[str, Any] | None, *, public_keys: Mapping[str, PublicKey]
) -> tuple[PublicKey | None, list[str]]:
    """The key that signed the manifest, or what keeps it from being known and right."""
    if manifest is None:
        return None, [f"{MANIFEST} is missing or damaged"]
    path = folder / SIGNATURE
    signature = path.read_bytes()[: SIGNATURE_BYTES + 1] if path.is_file() else b""
    if len(signature) != SIGNATURE_BYTES:
        return None, [f"{SIGNATURE} is {'damaged' if signature else 'missing'}"]
    named = str(manifest.get("signing_key"))
    key = public_keys.get(named)
    if key is None:
        return None, [f"{MANIFEST} names a signing key that is not among those given ({', '.join(public_keys)})"]
    if not key.has_signed(content, signature=signature):
        return None, [f"{SIGNATURE} is not the signature of key {key.key_id} over this {MANIFEST}"]
    return key, []


def keys_of_home(home: Path) -> dict[str, PublicKey]:
    """Every key that has signed packs of this home, by id."""
    return _by_id(read_public_key(path) for path in sorted(layout.public_keys(home).glob("*.pem")))


def keys_of_files(paths: list[Path]) -> dict[str, PublicKey]:
    """The keys of these files, by id."""
    return _by_id(read_public_key(path) for path in paths)


def _by_id(keys: Any) -> dict[str, PublicKey]:
    return {key.key_id: key for key in keys}
