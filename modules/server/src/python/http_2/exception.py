"""Exceptions."""

from .status_code import StatusCode


class NeedResponseToClientRightAwayException(Exception):
    """Answers a request with `status_code` and the message."""

    _status_code = None

    def __init__(self, msg):
        super().__init__(msg)
        self._response_msg = msg

    @property
    def status_code(self):
        """The status to answer with."""
        if self._status_code is None:
            raise NotImplementedError('status_code is defined by subclasses')
        return self._status_code

    @property
    def response_msg(self):
        """The body to answer with."""
        return self._response_msg


class NoNeedResponseToClientException(Exception):
    """Ends a connection without an answer."""

    @property
    def response_msg(self):
        """What has happened."""
        return str(self)


class ClientDoNotSendAnyMessageException(NoNeedResponseToClientException):
    """The client has not sent anything."""


class RequestTimeoutException(NeedResponseToClientRightAwayException):
    """The request took too long."""

    _status_code = StatusCode.REQUEST_TIMEOUT


class InvalidRequestBodyException(NeedResponseToClientRightAwayException):
    """The body is not as long as announced."""

    _status_code = StatusCode.BAD_REQUEST


class MaybeClientCloseConnectionOrBadRequestException(NeedResponseToClientRightAwayException):
    """The request is incomplete or malformed."""

    _status_code = StatusCode.BAD_REQUEST


class InternalServerError(Exception):
    """A handler has failed."""


class UnknownProtocolException(Exception):
    """The client does not speak HTTP."""
