"""Which trust, community or mental health provider and council writes about whom.

A small region has only the senders its practices' boroughs call for; a larger one has them all.
"""

import numpy as np

from pipeline.synthetic.records.scene import Scene

ISLINGTON, HARINGEY, CAMDEN = "E09000019", "E09000014", "E09000007"
BARNET, ENFIELD = "E09000003", "E09000010"
COUNCILS = (ISLINGTON, HARINGEY, CAMDEN, BARNET, ENFIELD)
TRUSTS = ("RKE", "RAP", "RRV", "RAL")
# Share of a borough's people who go to each trust; invented.
_TRUST_SHARES = {
    ISLINGTON: (0.75, 0.06, 0.17, 0.02),
    HARINGEY: (0.42, 0.52, 0.03, 0.03),
    CAMDEN: (0.1, 0.02, 0.5, 0.38),
    BARNET: (0.02, 0.15, 0.05, 0.78),
    ENFIELD: (0.03, 0.75, 0.02, 0.2),
}
_OTHER_SHARES = (0.55, 0.35, 0.07, 0.03)
COMMUNITY = ("RKE", "RV3")
MENTAL_HEALTH = ("TAF", "RRP")


def has_outer_boroughs(scene: Scene) -> bool:
    """Whether practices of Camden, Barnet or Enfield belong to the region."""
    return any(practice.borough_code in (CAMDEN, BARNET, ENFIELD) for practice in scene.block.frame.practices)


def choose_trusts(scene: Scene, person: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Index of a trust for each event of these people, by where they live."""
    shares = np.array([_TRUST_SHARES.get(code, _OTHER_SHARES) for code in (*COUNCILS, "")])
    if not has_outer_boroughs(scene):
        shares[:, 2:] = 0
    edges = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)
    drawn = rng.random(len(person))
    return np.asarray(np.minimum((drawn[:, None] >= edges[_borough(scene)[person]]).sum(axis=1), len(TRUSTS) - 1))


def community_provider(scene: Scene, person: np.ndarray) -> np.ndarray:
    """Code of the community provider of each person's borough."""
    other = ~np.isin(scene.people.borough[person], (ISLINGTON, HARINGEY))
    return np.where(other & has_outer_boroughs(scene), COMMUNITY[1], COMMUNITY[0])


def mental_health_provider(scene: Scene, person: np.ndarray) -> np.ndarray:
    """Code of the mental health provider of each person's borough."""
    north = np.isin(scene.people.borough[person], (BARNET, ENFIELD, HARINGEY))
    return np.where(north, MENTAL_HEALTH[1], MENTAL_HEALTH[0])


def _borough(scene: Scene) -> np.ndarray:
    place = np.full(scene.count, len(COUNCILS))
    for index, code in enumerate(COUNCILS):
        place[scene.people.borough == code] = index
    return place
