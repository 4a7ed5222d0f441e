"""What the chains of `100-continue` raise."""

from ..exception import NeedResponseToClientRightAwayException
from ..status_code import StatusCode


class ExpectationFailedException(NeedResponseToClientRightAwayException):
    """Answers with 417."""

    _status_code = StatusCode.EXPECTATION_FAILED


class UnauthorizedException(NeedResponseToClientRightAwayException):
    """Answers with 401."""

    _status_code = StatusCode.UNAUTHORIZED


class ForbiddenException(NeedResponseToClientRightAwayException):
    """Answers with 403."""

    _status_code = StatusCode.FORBIDDEN


class MethodNotAllowedException(NeedResponseToClientRightAwayException):
    """Answers with 405."""

    _status_code = StatusCode.METHOD_NOT_ALLOWED
