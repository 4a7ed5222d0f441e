"""Certificates by the names of hosts."""

import ssl

PREFERRED_ALPN = ['http/1.1', 'http/1']


class SSLContextStore:
    """Contexts by the names of hosts."""

    def __init__(self):
        self._store = {}

    def add_cert_chains(self, hostname, cert_file, key_file):
        """Make a context of a certificate and its key."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.set_alpn_protocols(PREFERRED_ALPN)
        context.load_cert_chain(certfile=cert_file, keyfile=key_file)
        self._store[hostname] = context

    def add_ssl_context(self, hostname, ssl_context):
        """Add a context."""
        self._store[hostname] = ssl_context

    def find_ssl_context_by_hostname(self, hostname):
        """Return a context, or `None`."""
        return self._store.get(hostname)

    @property
    def store(self):
        """The contexts, by the names of hosts."""
        return self._store


class SSLConfig:
    """The certificates of a server; times are in seconds."""

    def __init__(self, ssl_handshake_timeout=60, ssl_shutdown_timeout=60):
        self.ssl_handshake_timeout = ssl_handshake_timeout
        self.ssl_shutdown_timeout = ssl_shutdown_timeout
        self.default_ssl_context = None
        self.ssl_context_store = SSLContextStore()

    def add_tls_with_hostname(self, hostname, certfile_path, keyfile_path):
        """Add a certificate and its key, which are PEM files."""
        self.ssl_context_store.add_cert_chains(hostname, certfile_path, keyfile_path)
