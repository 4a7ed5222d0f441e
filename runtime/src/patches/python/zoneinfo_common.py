# The standard library's module of this name, which falls back to the time zone database of the binary.

import _imp

exec(_imp.get_frozen_object('zoneinfo._stock_common'), globals())

_load_from_package = load_tzdata


def load_tzdata(key):
    try:
        return _load_from_package(key)
    except ZoneInfoNotFoundError:
        import _tauraro_tzdb

        data = _tauraro_tzdb.get(key)
        if data is None:
            raise
    import io

    return io.BytesIO(data)
