"""What the parameters of handlers are found in."""


class ParameterStore:
    """Values by their names, and by their types and names."""

    def __init__(self):
        self._params = {}

    def find_param(self, param_name):
        """Return a value, or `None`."""
        return self._params.get(param_name)

    def find_param_with_type(self, param_name, param_type):
        """Return a value of exactly this type, or `None`."""
        value = self._params.get(param_name)
        return value if type(value) is param_type else None

    def add_param(self, param_name, value):
        """Add a value."""
        self._params[param_name] = value


class ConnectionContext(ParameterStore):
    """What is known of a connection."""

    def __init__(self, connection):
        super().__init__()
        self.add_param('connection', connection)


class RequestContext(ParameterStore):
    """What is known of a request."""

    def __init__(self, request):
        super().__init__()
        self._request = request
        self.add_param('http_request', request)

    @property
    def request(self):
        """The request."""
        return self._request


class HTTP1ConnectionContext(ConnectionContext):
    """A connection of HTTP/1."""


class HTTP1RequestContext(RequestContext):
    """A request of HTTP/1."""
