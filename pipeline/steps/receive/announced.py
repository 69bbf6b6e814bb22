"""What senders announced: receipts, and manifests taken apart into receipts, in the order the files were received.

Part of `receive`. Reads pages of text in the landing folder; opens no file with rows and writes nothing.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.channels import landing
from pipeline.contracts.manifest import read_manifest
from pipeline.contracts.receipt import Receipt, RefusedByRule, read_receipt

# Above this size a refused file is told from the next attempt by its size alone, not by all of its bytes.
_LOOKED_THROUGH = 512 * 2**20


@dataclass(frozen=True)
class Announced:
    """A receipt that could be read, where it lies, its bytes to be kept, and the file's name if a manifest gives it."""

    landed: landing.LandedReceipt
    receipt: Receipt
    kept: bytes
    listed_name: str | None

    @property
    def where(self) -> str:
        """For messages; a file of a manifest by its own name, as far as that may be told."""
        if self.listed_name is None:
            return self.landed.where
        return f"{self.landed.where}, {landing.safe(self.listed_name)}"

    @property
    def order(self) -> tuple[datetime, str, str, str]:
        """By received-at, then sender and file name."""
        name = self.listed_name or ""
        return (self.receipt.received_at_utc, self.landed.sender, self.landed.path.name, name)

    def find_file(self) -> Path:
        """The landed file; raises RefusedByRule when it is not there or not a file that may be taken."""
        if self.listed_name is None:
            return landing.find_file(self.landed)
        return landing.find_listed(self.landed, self.listed_name)

    def fingerprint(self) -> str:
        """Eight digits that tell this file from the next attempt with the same stamp."""
        path = self.find_file()
        size = path.stat().st_size
        digest = hashlib.sha256(self.landed.sender.encode() + b"\0")
        if size > _LOOKED_THROUGH:
            digest.update(str(size).encode())
        else:
            with landing.open_file(path, at_most=_LOOKED_THROUGH) as file:
                while piece := file.read(2**20):
                    digest.update(piece)
        return digest.hexdigest()[:8]


@dataclass(frozen=True)
class RefusedFile:
    """A landed file that was not taken in, and why."""

    receipt: str
    code: str
    reason: str


def read_announced(folder: Path) -> tuple[list[Announced], list[RefusedFile]]:
    """Every readable announcement in the order received, and the receipts and manifests that cannot be read."""
    announced: list[Announced] = []
    refused: list[RefusedFile] = []
    for landed in landing.list_receipts(folder):
        try:
            announced += _read(landed)
        except RefusedByRule as error:
            refused.append(refused_file(landed.where, error))
    return sorted(announced, key=lambda one: one.order), refused


def refused_file(where: str, error: RefusedByRule) -> RefusedFile:
    """What to tell of a refusal."""
    return RefusedFile(receipt=where, code=error.code, reason=str(error))


def _read(landed: landing.LandedReceipt) -> list[Announced]:
    data = landing.read_page(landed.path)
    if not landed.is_manifest:
        receipt = read_receipt(data, where=landed.where)
        return [Announced(landed=landed, receipt=receipt, kept=data, listed_name=None)]
    return [
        Announced(landed=landed, receipt=receipt, kept=_as_receipt(receipt), listed_name=name)
        for name, receipt in read_manifest(data, where=landed.where)
    ]


def _as_receipt(receipt: Receipt) -> bytes:
    """The receipt that a line of a manifest amounts to, as it would have been landed."""
    return receipt.model_dump_json(by_alias=True, exclude_none=True, indent=2).encode()
