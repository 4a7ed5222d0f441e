"""An HTTP server: for handlers, for ASGI and for WSGI applications."""

from _tauraro import Response

from ._app import App
from ._errors import HTTPError
from ._events import Event, events
from ._files import Files
from ._json import dumps as _dumps
from ._request import Request, SyncRequest
from ._server import Limits, Server, Timeouts, listening, serve, start
from ._websocket import websocket

__all__ = [
    'App',
    'Event',
    'Files',
    'HTTPError',
    'Limits',
    'Request',
    'Response',
    'Server',
    'SyncRequest',
    'Timeouts',
    'events',
    'listening',
    'serve',
    'start',
    'websocket',
]

for _name in __all__:
    _object = globals()[_name]
    if getattr(_object, '__module__', '').startswith('tauraro.'):
        _object.__module__ = 'tauraro'
del _name, _object
