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


class UnavailableError(AftercareError):
    """A service that is needed (database, broker, scheduler) cannot be reached now; trying again later may work."""
