"""Why somebody was injured or poisoned: the external cause that coders write beside such a primary diagnosis.

Drawn from a stream of its own after everything else, into the first free secondary place; a stay without a free place
keeps the codes it has. Changes no other code.
"""

import numpy as np

from pipeline.synthetic.records.scene import Scene, read_reference

_NO_CODE = -1
_OLDER = 65


def with_external_causes(
    scene: Scene, codes: tuple[str, ...], diagnoses: np.ndarray, *, person: np.ndarray, admitted: np.ndarray
) -> tuple[tuple[str, ...], np.ndarray]:
    """The codes in use with the external causes at their end, and the stays' diagnoses with theirs written in."""
    causes = read_reference("record_external_causes")
    drawn = scene.block.rng("stays_external_cause").random(len(person))
    older = (admitted - scene.people.birth[person]) / 365.25 >= _OLDER
    free = (diagnoses == _NO_CODE).argmax(axis=1)
    told = diagnoses.copy()
    for group in dict.fromkeys(row["primary"] for row in causes):
        listed = [(place, row) for place, row in enumerate(causes) if row["primary"] == group]
        prefixes = tuple(group.split(";"))
        of_group = np.array([code.startswith(prefixes) for code in codes])
        chosen = np.flatnonzero(of_group[diagnoses[:, 0]] & (diagnoses == _NO_CODE).any(axis=1))
        for is_older, column in ((False, "weight"), (True, "weight_from_65")):
            edges = np.cumsum([float(row[column]) for _, row in listed])
            stays = chosen[older[chosen] == is_older]
            which = np.minimum(np.searchsorted(edges, drawn[stays] * edges[-1], side="right"), len(listed) - 1)
            told[stays, free[stays]] = len(codes) + np.array([place for place, _ in listed])[which]
    return (*codes, *(row["icd10"] for row in causes)), told
