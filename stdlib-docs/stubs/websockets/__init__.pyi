"""Types of Tauraro's websockets: the interface of PyPI's websockets 17."""

from typing import Final

from .asyncio.client import ClientConnection as ClientConnection, connect as connect, unix_connect as unix_connect
from .asyncio.router import Router as Router, route as route, unix_route as unix_route
from .asyncio.server import (
    Server as Server,
    ServerConnection as ServerConnection,
    basic_auth as basic_auth,
    broadcast as broadcast,
    serve as serve,
    unix_serve as unix_serve,
)
from .client import ClientProtocol as ClientProtocol
from .datastructures import Headers as Headers, HeadersLike as HeadersLike, MultipleValuesError as MultipleValuesError
from .exceptions import (
    ConcurrencyError as ConcurrencyError,
    ConnectionClosed as ConnectionClosed,
    ConnectionClosedError as ConnectionClosedError,
    ConnectionClosedOK as ConnectionClosedOK,
    DuplicateParameter as DuplicateParameter,
    HeaderLineTooLong as HeaderLineTooLong,
    InvalidHandshake as InvalidHandshake,
    InvalidHeader as InvalidHeader,
    InvalidHeaderFormat as InvalidHeaderFormat,
    InvalidHeaderValue as InvalidHeaderValue,
    InvalidMessage as InvalidMessage,
    InvalidMethod as InvalidMethod,
    InvalidOrigin as InvalidOrigin,
    InvalidParameterName as InvalidParameterName,
    InvalidParameterValue as InvalidParameterValue,
    InvalidProtocol as InvalidProtocol,
    InvalidProxy as InvalidProxy,
    InvalidProxyMessage as InvalidProxyMessage,
    InvalidProxyStatus as InvalidProxyStatus,
    InvalidState as InvalidState,
    InvalidStatus as InvalidStatus,
    InvalidUpgrade as InvalidUpgrade,
    InvalidURI as InvalidURI,
    NegotiationError as NegotiationError,
    PayloadTooBig as PayloadTooBig,
    ProtocolError as ProtocolError,
    ProxyError as ProxyError,
    RequestLineTooLong as RequestLineTooLong,
    SecurityError as SecurityError,
    StatusLineTooLong as StatusLineTooLong,
    TooManyFragments as TooManyFragments,
    TooManyHeaders as TooManyHeaders,
    WebSocketException as WebSocketException,
)
from .frames import Close as Close, CloseCode as CloseCode, Frame as Frame, Opcode as Opcode
from .http11 import Request as Request, Response as Response
from .legacy.auth import (
    BasicAuthWebSocketServerProtocol as BasicAuthWebSocketServerProtocol,
    basic_auth_protocol_factory as basic_auth_protocol_factory,
)
from .legacy.client import WebSocketClientProtocol as WebSocketClientProtocol
from .legacy.exceptions import (
    AbortHandshake as AbortHandshake,
    InvalidStatusCode as InvalidStatusCode,
    RedirectHandshake as RedirectHandshake,
    WebSocketProtocolError as WebSocketProtocolError,
)
from .legacy.protocol import WebSocketCommonProtocol as WebSocketCommonProtocol
from .legacy.server import (
    WebSocketServer as WebSocketServer,
    WebSocketServerProtocol as WebSocketServerProtocol,
)
from .protocol import Protocol as Protocol, Side as Side, State as State
from .server import ServerProtocol as ServerProtocol
from .typing import (
    Data as Data,
    ExtensionName as ExtensionName,
    ExtensionParameter as ExtensionParameter,
    LoggerLike as LoggerLike,
    Origin as Origin,
    StatusLike as StatusLike,
    Subprotocol as Subprotocol,
)

__version__: Final[str]
