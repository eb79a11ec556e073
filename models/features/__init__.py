"""Features of every reading, from what its device had shown by then: declared in the catalog, fitted in training, and
built by the same code in scoring."""

from models.features.fitting import fit_features
from models.features.history import History
from models.features.names import AGE, group_of, window_name
from models.features.plan import FeaturePlan

# The old way, until every caller has a plan.
from models.features.windowed import build_features, channel_of, measured_channels

__all__ = [
    "AGE",
    "FeaturePlan",
    "History",
    "build_features",
    "channel_of",
    "fit_features",
    "group_of",
    "measured_channels",
    "window_name",
]
