"""What can go wrong with models; each message names the thing and says what to do."""

from domain.errors import AftercareError


class TrainingError(AftercareError):
    """The data do not suffice to train a model that could be evaluated honestly."""


class ArtifactError(AftercareError):
    """Stored bytes are not a model that this installation can run."""


class FrameError(AftercareError):
    """A frame of readings or events lacks a column or its order."""
