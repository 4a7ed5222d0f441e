"""What is passed on to connections, and what its parameters used to be called."""

import functools

from .protocol import _close_timeout, _event_loop, _warn


def protocol_factory(create_protocol, default, kwargs, args=(), *, close_timeout, **options):
    """What makes a connection for a transport, and the event loop: a pair of the loop and a
    :class:`functools.partial`.

    ``create_protocol`` is the class or function to call, ``default`` unless given, with ``args`` and ``options``. The
    former parameters are taken out of ``kwargs``.
    """
    close_timeout = _close_timeout(close_timeout, kwargs.pop("timeout", None))
    former_class = kwargs.pop("klass", None)
    if former_class is not None:
        _warn("rename klass to create_protocol")
    legacy_recv = kwargs.pop("legacy_recv", False)
    given_loop = kwargs.pop("loop", None)
    factory = functools.partial(
        create_protocol or former_class or default,
        *args,
        close_timeout=close_timeout,
        legacy_recv=legacy_recv,
        # Only a loop that was given: the connection finds the other one by itself, and would warn of this one.
        loop=given_loop,
        **options,
    )
    return _event_loop(given_loop), factory
