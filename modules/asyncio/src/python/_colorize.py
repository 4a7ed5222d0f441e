# The standard library's module of this name, run when one of its names is first used.
#
# `traceback` imports it, so nearly every program does, but only printing in color needs it; making
# its dataclasses is a tenth of what `import asyncio` costs.

import _thread

_loading = _thread.RLock()


def __getattr__(name):
    if name.startswith('__'):
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    import _imp

    namespace = globals()
    # Other threads wait here while the first one runs the module, and then find the name.
    with _loading:
        if '__getattr__' in namespace and name not in namespace:
            # What was assigned from outside stays.
            assigned = {key: value for key, value in namespace.items() if not key.startswith('_')}
            exec(_imp.get_frozen_object('_stock_colorize'), namespace)
            namespace.update(assigned)
            del namespace['__getattr__'], namespace['__dir__']
    try:
        return namespace[name]
    except KeyError:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}') from None


def __dir__():
    globals().get('__getattr__', lambda name: None)('can_colorize')
    return list(globals())
