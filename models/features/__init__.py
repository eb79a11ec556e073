"""Features of every reading, from what its device had shown by then: declared in the catalog, fitted in training, and
built by the same code in scoring."""

from models.features.fitting import fit_features
from models.features.history import History
from models.features.names import AGE, COMPONENT, EVENT, INSTALLED, group_of, window_name
from models.features.plan import FeaturePlan

__all__ = [
    "AGE",
    "COMPONENT",
    "EVENT",
    "INSTALLED",
    "FeaturePlan",
    "History",
    "fit_features",
    "group_of",
    "window_name",
]
