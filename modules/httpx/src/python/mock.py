"""The standard library's `unittest.mock`, which also makes specs from httpx's native methods.

The library takes functions written in Python for functions when it makes a spec, and methods of
native classes for objects of any kind. Here those of httpx are functions, with their signatures and
`self`, and doubles of the coroutine functions among them are awaited.
"""

import _imp
from types import MethodDescriptorType

# Its code, as this module's own.
exec(_imp.get_frozen_object('_stock_mock'))


class _NativeMethods(type):
    """The class of a class whose objects are the methods of httpx's classes."""

    def __instancecheck__(cls, value):
        return isinstance(value, MethodDescriptorType) and value.__objclass__.__module__ == 'httpx'


FunctionTypes += (_NativeMethods('NativeMethod', (), {}),)
