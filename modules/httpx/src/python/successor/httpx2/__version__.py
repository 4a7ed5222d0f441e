"""What this is, and the release of PyPI's httpx2 that it follows."""

__title__ = "httpx2"
__description__ = "A next generation HTTP client, for Python 3."
__version__ = "2.16.2"
