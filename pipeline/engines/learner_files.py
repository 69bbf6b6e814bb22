"""A trained family of models as text files, and back: canonical JSON, digests in the manifest, no pickle.

One model for each set of sources, its files called `<set>.…`. Writes and reads no disk: it turns models into bytes by
name. A file that differs from its digest in the manifest makes the whole family unfit.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, Union

from pipeline.engines.learner_lightgbm import read_trees
from pipeline.engines.learner_logistic import Logistic, read_logistic
from pipeline.errors import ModelUnfit
from pipeline.rules.calibration import Calibration, calibration_from_json

if TYPE_CHECKING:
    from lightgbm import Booster

Kind = Literal["lightgbm", "logistic"]
BODY = {"lightgbm": "model.txt", "logistic": "logistic.json"}
SCHEMA = "model/2"


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


def files_of(name: str, candidate: "Shipped") -> dict[str, bytes]:
    """The files of one model of the family: its body, its calibration and its columns in their order."""
    return {
        f"{name}.{BODY[candidate.kind]}": candidate.body,
        f"{name}.calibration.json": canonical_json(candidate.calibration.as_json()),
        f"{name}.features.json": canonical_json({"columns": list(candidate.columns), "null": "missing, never zero"}),
    }


def load_model(files: Mapping[str, bytes], *, source_set: str | None = None) -> "Model":
    """One model of a trained family from the family's files by name: that of a set of sources, or the largest.

    Raises ModelUnfit if a file is absent, changed or unreadable, or the family holds no model of that set.
    """
    manifest = _manifest(files)
    for name, digest in manifest["files"].items():
        if name not in files or sha256(files[name]) != digest:
            raise ModelUnfit(
                "A file of the model is absent or was changed since training",
                where=name,
                next_step="restore the model's folder or promote another model",
            )
    columns = tuple(json.loads(files["features.json"])["columns"])
    if feature_list_digest(columns) != manifest["feature_list_sha256"]:
        raise ModelUnfit("The feature list does not match the manifest", where="features.json")
    model_id = model_id_of(files["manifest.json"])
    sets = {each["name"]: each for each in manifest["source_sets"]}
    chosen = sets.get(source_set or manifest["source_sets"][0]["name"])
    if chosen is None:
        raise ModelUnfit(
            f"Model {model_id} has none for the sources {source_set}",
            where=f"it has {', '.join(sets)}",
            next_step="train a model while those sources may be used, and promote it",
        )
    name, kind = chosen["name"], chosen["kind"]
    return Model(
        model_id=model_id,
        source_set=name,
        kind=kind,
        feature_columns=tuple(json.loads(files[f"{name}.features.json"])["columns"]),
        all_columns=columns,
        calibration=calibration_from_json(json.loads(files[f"{name}.calibration.json"])),
        body=read_body(kind, files[f"{name}.{BODY[kind]}"]),
        manifest=manifest,
    )


def read_body(kind: Kind, content: bytes) -> Union["Booster", Logistic]:
    """The fitted model itself."""
    return read_trees(content.decode()) if kind == "lightgbm" else read_logistic(content.decode())


def _manifest(files: Mapping[str, bytes]) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(files["manifest.json"])
        if manifest.get("schema") != SCHEMA:
            raise ModelUnfit(
                "The model is of another release's schema",
                where=f"manifest.json: {manifest.get('schema')}",
                next_step="train a model with this release and promote it",
            )
        listed, needed = set(manifest["files"]), {"features.json", "metrics.json"}
        for each in manifest["source_sets"]:
            needed |= {f"{each['name']}.{end}" for end in (BODY[each["kind"]], "calibration.json", "features.json")}
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnfit("The model's manifest is absent or unreadable", where="manifest.json") from error
    if not needed <= listed or not manifest["source_sets"]:
        raise ModelUnfit("The model's manifest lists too few files", where="manifest.json")
    return manifest


class Shipped(Protocol):
    """What the files of one model are made of."""

    @property
    def kind(self) -> Kind: ...
    @property
    def body(self) -> bytes: ...
    @property
    def calibration(self) -> Calibration: ...
    @property
    def columns(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Model:
    """One model of a family, ready to score. `body` is a LightGBM booster or a Logistic.

    `feature_columns` are those it reads, `all_columns` those of the tables the family was trained on.
    """

    model_id: str
    source_set: str
    kind: Kind
    feature_columns: tuple[str, ...]
    all_columns: tuple[str, ...]
    calibration: Calibration
    body: Union["Booster", Logistic]
    manifest: Mapping[str, Any]
