"""The one family of errors; every message names the thing and says what to do."""


class AftercareError(Exception):
    """Base of every error that Aftercare raises on purpose. The command line prints its message as one line."""


class ConfigurationError(AftercareError):
    """A setting, file or address that was given is missing or wrong."""


class CatalogError(ConfigurationError):
    """A catalog file does not describe a device model."""


class InvalidInputError(AftercareError):
    """A value that a caller sent cannot be accepted."""


class NotFoundError(AftercareError):
    """The named thing does not exist."""


class ConflictError(AftercareError):
    """The thing exists, but its state does not allow the change."""


class ChangedMeanwhileError(ConflictError):
    """Somebody else was quicker than the caller, who has to look at the thing again."""


class UnavailableError(AftercareError):
    """A service that is needed (database, broker, scheduler) cannot be reached now; trying again later may work."""


class NotSignedInError(AftercareError):
    """Nobody has said who they are, or what they said is not so."""


class ForbiddenError(AftercareError):
    """Whoever asks is known and may not do this."""


class TooManyAttemptsError(AftercareError):
    """It was tried too often in a short time; waiting helps."""


class PasswordToChooseError(ForbiddenError):
    """Whoever asks came with a one-time password and has to replace it before anything else."""
