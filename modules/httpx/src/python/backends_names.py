"""Stands for the modules of httpcore's network backends."""

from httpcore._backends import *  # noqa: F403
