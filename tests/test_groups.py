"""fairlearn as oracle for the point value of exposure."""

import numpy as np
import pandas as pd
import pytest

from cas_audit.audit.groups import exposure, weekly_exposure
from cas_audit.ingest.pairs import group_weights


def test_fairlearn_agrees_with_the_point_value() -> None:
    """Exposure by sums over weeks is fairlearn's weighted selection rate."""
    rng = np.random.default_rng(1)
    people = pd.DataFrame({"cell": range(50), "a": rng.integers(0, 90, 50).astype(float)})
    people["residents"] = people["a"] + rng.integers(1, 90, 50)
    weights = group_weights(people, "a", "others")
    flags = pd.DataFrame([(c, p) for c in range(50) for p in range(20)], columns=["cell", "period"])
    flags["flagged"] = rng.random(1000) < 0.2
    share = flags.groupby("cell")["flagged"].mean().to_numpy()
    ours = weekly_exposure(flags, weights).mean().to_dict()

    assert pytest.approx(exposure(share, weights)) == ours
