"""What handlers raise."""

from _tauraro import Response, reason


class HTTPError(Exception):
    """Answers a request with a status: `raise HTTPError(404)`.

    `detail` is the body, as `Response` takes it; the reason phrase of the status unless it is given. `headers` are those
    of the response.
    """

    def __init__(self, status, detail=None, headers=None):
        if not 400 <= status <= 599:
            raise ValueError(f'the status of an HTTPError is from 400 to 599, not {status}')
        super().__init__(status, detail)
        self.status = status
        self.detail = reason(status) if detail is None else detail
        self.headers = headers

    def __str__(self):
        return f'{self.status} {self.detail}'

    def response(self):
        """Return the response."""
        return Response(self.detail, self.status, self.headers)
