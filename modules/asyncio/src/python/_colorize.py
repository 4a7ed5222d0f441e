# The standard library's module of this name, run when one of its names is first used.
#
# `traceback` imports it, so nearly every program does, but only printing in color needs it; making
# its dataclasses is a tenth of what `import asyncio` costs.


def __getattr__(name):
    if name.startswith('__'):
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    import _imp

    namespace = globals()
    del namespace['__getattr__'], namespace['__dir__']
    # What was assigned from outside stays.
    assigned = {name: value for name, value in namespace.items() if not name.startswith('__')}
    exec(_imp.get_frozen_object('_stock_colorize'), namespace)
    namespace.update(assigned)
    try:
        return namespace[name]
    except KeyError:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}') from None


def __dir__():
    __getattr__('can_colorize')
    return list(globals())
