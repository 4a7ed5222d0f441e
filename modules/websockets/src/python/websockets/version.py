"""The release of PyPI's websockets whose API this package has."""

__all__ = ["tag", "version", "commit"]

released = True
tag = version = commit = "17.4"
