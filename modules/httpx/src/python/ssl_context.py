"""`httpx.create_ssl_context`, created on first use: it needs `ssl`."""

import os
import ssl
import warnings


def create_ssl_context(verify=True, cert=None, trust_env=True):
    """An `ssl.SSLContext` for `verify=`, with everything set that httpx sets.

    Arguments: `verify` True to trust the system's certificates, or those that `SSL_CERT_FILE` or
    `SSL_CERT_DIR` names unless `trust_env` is False; False to trust any certificate; a context, which
    is returned; a path of certificates to trust (deprecated: see `ssl.create_default_context`).
    `cert` a path, or a tuple of the arguments of `SSLContext.load_cert_chain` (deprecated: call that).

    Raises `OSError` for a file that cannot be read, `ssl.SSLError` for one that holds something else,
    and `TypeError` for another `verify`.
    """
    if verify is True:
        context = _trusting(trust_env)
    elif verify is False:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif isinstance(verify, ssl.SSLContext):
        context = verify
    elif isinstance(verify, (str, os.PathLike)):
        warnings.warn(VERIFY_DEPRECATED, DeprecationWarning)
        path = os.fspath(verify)
        folder = os.path.isdir(path)
        context = ssl.create_default_context(**{'capath' if folder else 'cafile': path})
    else:
        kinds = 'a bool, an ssl.SSLContext or the path of a CA file or folder'
        raise TypeError(f'verify= takes {kinds}, not {type(verify).__name__}')
    if cert:
        warnings.warn(CERT_DEPRECATED, DeprecationWarning)
        context.load_cert_chain(*((cert,) if isinstance(cert, (str, os.PathLike)) else cert))
    return context


def _trusting(trust_env):
    """A context that trusts the system's certificates, or those of a trusted environment."""
    file, folder = os.environ.get('SSL_CERT_FILE'), os.environ.get('SSL_CERT_DIR')
    if not (file or folder):
        return ssl.create_default_context()
    if not trust_env:
        # What loads the system's certificates follows the environment.
        return ssl.create_default_context(cafile=ssl.get_default_verify_paths().openssl_cafile)
    return ssl.create_default_context(cafile=file) if file else ssl.create_default_context(capath=folder)
