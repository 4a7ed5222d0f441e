# The standard library's module of this name, whose contexts remember what was loaded into them.
#
# A context does not expose its certificates, keys, ALPN protocols or cipher choice. Connections that are
# made by Rust code need them, since they never see the context. The standard library's code runs here
# as it is; the methods below only record.

import _imp

exec(_imp.get_frozen_object('_stock_ssl'), globals())


class _Loaded:
    """What was loaded into a context, as `_tauraro_loaded` of the context."""

    def __init__(self):
        self.revision = 0       # counts changes
        self.defaults = False   # the system's certificates
        self.trusted = []       # contents of files, and data: PEM or DER
        self.folders = []       # of certificates
        self.chains = []        # (certificates, key or None, password), each file a path and its content
        self.ciphers = None     # the text they were chosen by
        self.alpn = []          # protocols
        self.unreadable = None  # the name of a setting that is not recorded here


def _loaded(context):
    loaded = vars(context).setdefault('_tauraro_loaded', _Loaded())
    loaded.revision += 1
    return loaded


def _content(path):
    # Now, since programs load from temporary files.
    with open(path, 'rb') as file:
        return file.read()


def _path(path):
    return os.fspath(path) if isinstance(path, os.PathLike) else path


def _record(cls):
    stock = cls.__base__

    def load_cert_chain(self, certfile, keyfile=None, password=None):
        certfile, keyfile = _path(certfile), _path(keyfile)
        if callable(password):
            ask, answers = password, []

            def password():
                answers.append(ask())
                return answers[-1]

            stock.load_cert_chain(self, certfile, keyfile, password)
            password = answers[-1] if answers else None
        else:
            stock.load_cert_chain(self, certfile, keyfile, password)
        files = [None if file is None else (os.fsdecode(file), _content(file)) for file in (certfile, keyfile)]
        _loaded(self).chains.append((*files, password))

    def load_verify_locations(self, cafile=None, capath=None, cadata=None):
        cafile, capath = _path(cafile), _path(capath)
        stock.load_verify_locations(self, cafile, capath, cadata)
        loaded = _loaded(self)
        if cafile is not None:
            loaded.trusted.append(_content(cafile))
        if capath is not None:
            loaded.folders.append(os.fsdecode(capath))
        if cadata is not None:
            loaded.trusted.append(cadata.encode() if isinstance(cadata, str) else bytes(cadata))

    def set_default_verify_paths(self):
        stock.set_default_verify_paths(self)
        loaded = _loaded(self)
        # The stock method prefers this file to the system's.
        try:
            loaded.trusted.append(_content(os.environ['SSL_CERT_FILE']))
        except (KeyError, OSError):
            loaded.defaults = True
        if folder := os.environ.get('SSL_CERT_DIR'):
            loaded.folders.append(folder)

    def set_ciphers(self, cipherlist):
        stock.set_ciphers(self, cipherlist)
        _loaded(self).ciphers = cipherlist

    def _set_alpn_protocols(self, protocols):
        stock._set_alpn_protocols(self, protocols)
        # Each is one byte of length and so many bytes.
        loaded, rest = _loaded(self), bytes(protocols)
        loaded.alpn = []
        while rest:
            end = 1 + rest[0]
            loaded.alpn.append(rest[1:end])
            rest = rest[end:]

    def set_ecdh_curve(self, name):
        stock.set_ecdh_curve(self, name)
        _loaded(self).unreadable = 'set_ecdh_curve'

    for method in (load_cert_chain, load_verify_locations, set_default_verify_paths, set_ciphers,
                   _set_alpn_protocols, set_ecdh_curve):
        original = getattr(stock, method.__name__)
        method.__qualname__ = f'{cls.__qualname__}.{method.__name__}'
        method.__doc__ = original.__doc__
        setattr(cls, method.__name__, method)


_record(SSLContext)
del _record
