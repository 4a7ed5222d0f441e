"""Requests."""


class HttpRequest:
    """A request: `attributes` has `method`, `path` (with its query), `protocol`, `headers` and `body`."""

    def __init__(self, original_request, attributes):
        self._original_request = original_request
        self._attributes = dict(attributes)

    @property
    def method(self):
        """The method."""
        return self._attributes.get('method')

    @property
    def uri(self):
        """Path and query, as they were sent."""
        return self._attributes.get('path')

    @property
    def protocol(self):
        """`HTTP/1.1` or `HTTP/1.0`."""
        return self._attributes.get('protocol')

    @property
    def http_version(self):
        """The same, under the name it had before 0.0.3."""
        return self.protocol

    @property
    def headers(self):
        """A dict, with names in lower case."""
        return self._attributes.get('headers')

    @property
    def body(self):
        """The body as text."""
        return self._attributes.get('body')

    @property
    def path(self):
        """The path, without its query."""
        return self.uri.partition('?')[0]

    @property
    def query_params(self):
        """The parameters of the query, not decoded."""
        params = {}
        for pair in self.uri.partition('?')[2].split('&'):
            name, equals, value = pair.partition('=')
            if equals:
                params[name] = value
        return params

    @property
    def original_request(self):
        """The request of the server."""
        return self._original_request
