"""A trained model as a handful of text files, and back: canonical JSON, digests in the manifest, no pickle.

Writes and reads no disk: it turns a model into bytes by name. A file that differs from its digest in the
manifest makes the model unfit.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Union

from pipeline.engines.learner_lightgbm import read_trees
from pipeline.engines.learner_logistic import Logistic, read_logistic
from pipeline.errors import ModelUnfit
from pipeline.rules.calibration import Calibration, calibration_from_json

if TYPE_CHECKING:
    from lightgbm import Booster

Kind = Literal["lightgbm", "logistic"]
BODY = {"lightgbm": "model.txt", "logistic": "logistic.json"}
SCHEMA = "model/1"


def canonical_json(content: object) -> bytes:
    """Sorted keys, two spaces, a final line feed; refuses NaN and infinity."""
    return (json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def feature_list_digest(columns: Sequence[str]) -> str:
    """SHA-256 over the feature columns in their order."""
    return sha256("\n".join(columns).encode())


def write_manifest(files: Mapping[str, bytes], *, kind: Kind, facts: Mapping[str, Any]) -> bytes:
    """The manifest of these files: their digests, the kind of model and the given facts."""
    return canonical_json(
        {
            **facts,
            "schema": SCHEMA,
            "kind": kind,
            "files": {name: sha256(content) for name, content in sorted(files.items())},
        }
    )


def model_id_of(manifest: bytes) -> str:
    """First 12 hex of the manifest's digest, which covers the digest of every other file."""
    return sha256(manifest)[:12]


def load_model(files: Mapping[str, bytes]) -> "Model":
    """Read a trained model from its files by name; ModelUnfit if one is absent, changed or unreadable."""
    manifest = _manifest(files)
    for name, digest in manifest["files"].items():
        if name not in files or sha256(files[name]) != digest:
            raise ModelUnfit(
                "A file of the model is absent or was changed since training",
                where=name,
                next_step="restore the model's folder or promote another model",
            )
    kind: Kind = manifest["kind"]
    columns = tuple(json.loads(files["features.json"])["columns"])
    if feature_list_digest(columns) != manifest["feature_list_sha256"]:
        raise ModelUnfit("The feature list does not match the manifest", where="features.json")
    return Model(
        model_id=model_id_of(files["manifest.json"]),
        kind=kind,
        feature_columns=columns,
        calibration=calibration_from_json(json.loads(files["calibration.json"])),
        body=read_body(kind, files[BODY[kind]]),
        manifest=manifest,
    )


def read_body(kind: Kind, content: bytes) -> Union["Booster", Logistic]:
    """The fitted model itself."""
    return read_trees(content.decode()) if kind == "lightgbm" else read_logistic(content.decode())


def _manifest(files: Mapping[str, bytes]) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(files["manifest.json"])
        listed = set(manifest["files"])
        needed = {BODY[manifest["kind"]], "calibration.json", "features.json", "metrics.json"}
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnfit("The model's manifest is absent or unreadable", where="manifest.json") from error
    if manifest.get("schema") != SCHEMA or not needed <= listed:
        raise ModelUnfit("The model's manifest is of another schema or lists too few files", where="manifest.json")
    return manifest


@dataclass(frozen=True)
class Model:
    """A model ready to score. `body` is a LightGBM booster or a Logistic."""

    model_id: str
    kind: Kind
    feature_columns: tuple[str, ...]
    calibration: Calibration
    body: Union["Booster", Logistic]
    manifest: Mapping[str, Any]
