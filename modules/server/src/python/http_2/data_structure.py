"""Paths and what they lead to."""

_FORBIDDEN = (';', ',', '.')


class _Node:
    def __init__(self):
        self.children = {}
        self.function = None


class Trie:
    """Leads paths of literal segments to functions. A trailing slash makes no difference."""

    def __init__(self):
        self.node = _Node()

    @staticmethod
    def _segments(path):
        return path.removeprefix('/').removesuffix('/').split('/') if path != '/' else []

    def add(self, path, func):
        """Add a path. Raise `RuntimeError` if it is empty or has one of `;`, `,` and `.`."""
        if not path:
            raise RuntimeError('No path at all.')
        for forbidden in _FORBIDDEN:
            if forbidden in path:
                raise RuntimeError(f'Path include forbidden string : {forbidden}')
        node = self.node
        for segment in self._segments(path):
            node = node.children.setdefault(segment, _Node())
        node.function = func

    def search(self, path):
        """Return the function of a path, or `None`."""
        node = self.node
        for segment in self._segments(path):
            node = node.children.get(segment)
            if node is None:
                return None
        return node.function
