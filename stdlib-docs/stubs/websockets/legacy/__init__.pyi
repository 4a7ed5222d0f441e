"""The first asyncio implementation of websockets, for programs that were written for it.

It has `client`, `server` and what they consist of. New programs use `asyncio`.
"""
