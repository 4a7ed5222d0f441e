# The standard library's module of this name, with the folders that CPython is built to search.

import _imp
import sysconfig

_FOLDERS = ('/usr/share/zoneinfo', '/usr/lib/zoneinfo', '/usr/share/lib/zoneinfo', '/etc/zoneinfo')

if not sysconfig.get_config_var('TZPATH'):
    sysconfig.get_config_vars()['TZPATH'] = ':'.join(_FOLDERS)

exec(_imp.get_frozen_object('zoneinfo._stock_tzpath'), globals())

_available_on_disk = available_timezones


def available_timezones():
    import _tauraro_tzdb

    return _available_on_disk() | set(_tauraro_tzdb.names())


available_timezones.__doc__ = _available_on_disk.__doc__
