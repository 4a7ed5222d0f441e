"""The command line of `tauraro serve`. Options are named as uvicorn's where it has them."""

import argparse
import importlib
import logging
import os
import runpy
import sys

_NAMES = ('app', 'application', 'handler', 'routes')


def _parser():
    parser = argparse.ArgumentParser(
        prog='tauraro serve',
        description='Serve an ASGI or WSGI application, or the handlers of a file or folder.',
        allow_abbrev=False,
    )
    add = parser.add_argument
    add('app', metavar='MODULE:APP | FILE.py | FOLDER',
        help="what to serve; of a file its 'app', 'application', 'handler' or 'routes', of a folder its files")
    add('--host', default='127.0.0.1', help='address to listen at (default: %(default)s)')
    add('--port', type=int, default=8000, help='port, 0 for any (default: %(default)s)')
    add('--uds', metavar='PATH', help='Unix socket to listen at')
    add('--fd', type=int, help='descriptor of a socket to listen at')
    add('--interface', choices=('auto', 'native', 'asgi', 'asgi3', 'wsgi'), default='auto',
        help='what the application is (default: %(default)s)')
    add('--factory', action='store_true', help='call APP, which returns the application')
    add('--app-dir', metavar='FOLDER', help='look for MODULE here first (default: the current folder)')
    add('--root-path', default='', help='path that the application is mounted at')
    add('--lifespan', choices=('auto', 'on', 'off'), default='auto', help='ASGI lifespan (default: %(default)s)')
    add('--access-log', action=argparse.BooleanOptionalAction, default=True, help='log requests on stderr (default)')
    add('--proxy-headers', action=argparse.BooleanOptionalAction, default=True,
        help='believe X-Forwarded-* of the addresses in --forwarded-allow-ips (default)')
    add('--forwarded-allow-ips', metavar='LIST', default=os.environ.get('FORWARDED_ALLOW_IPS', '127.0.0.1'),
        help="addresses and networks of proxies, 'unix', or '*' (default: 127.0.0.1)")
    add('--ssl-certfile', metavar='FILE', help='certificate, with its chain')
    add('--ssl-keyfile', metavar='FILE', help='key of the certificate')
    add('--ssl-keyfile-password', metavar='PASSWORD', help='password of the key')
    add('--threads', type=int, help='threads for WSGI and `def` handlers')
    add('--backlog', type=int, default=2048, help='of the listening socket (default: %(default)s)')
    add('--limit-concurrency', type=int, metavar='N', help='connections; more are answered with 503')
    add('--limit-max-requests', type=int, metavar='N', help='requests on a connection')
    add('--timeout-keep-alive', type=float, default=60, metavar='SECONDS',
        help='how long a connection may be idle (default: %(default)s)')
    add('--timeout-graceful-shutdown', type=float, default=10, metavar='SECONDS',
        help='how long requests have to end after a signal (default: %(default)s)')
    return parser


def load(name, folder=None, factory=False):
    """Return what `MODULE:APP`, a file or a folder stands for, and whether it is a mapping of routes."""
    from . import App, Files

    if os.path.isdir(name):
        return App({'/{path...}': Files(name)})
    if name.endswith('.py') and os.path.isfile(name):
        sys.path.insert(0, os.path.dirname(os.path.abspath(name)))
        namespace = runpy.run_path(name, run_name='__tauraro_serve__')
        found = next((each for each in _NAMES if each in namespace), None)
        if found is None:
            raise LookupError(f"{name} has no {', '.join(repr(each) for each in _NAMES[:-1])} or '{_NAMES[-1]}'")
        application = namespace[found]
    else:
        module, colon, attributes = name.partition(':')
        if not module or colon and not attributes:
            raise LookupError(f"expected MODULE:APP, a file that ends in .py, or a folder, not '{name}'")
        sys.path.insert(0, os.path.abspath(folder or '.'))
        try:
            application = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            raise LookupError(f"no module named '{module}'") from None
        for attribute in (attributes or 'app').split('.'):
            try:
                application = getattr(application, attribute)
            except AttributeError:
                raise LookupError(f"module '{module}' has no '{attributes or 'app'}'") from None
    if factory:
        application = application()
    return App(application) if isinstance(application, dict) else application


def main(arguments):
    """Run `tauraro serve`; return the exit status."""
    from . import Limits, Timeouts, serve

    parser = _parser()
    options = parser.parse_args(arguments)
    if bool(options.ssl_certfile) != bool(options.ssl_keyfile):
        parser.error('--ssl-certfile and --ssl-keyfile go together')
    logging.basicConfig(format='%(levelname)s: %(message)s', level=logging.INFO)
    try:
        application = load(options.app, options.app_dir, options.factory)
        given = {'connections': options.limit_concurrency, 'requests': options.limit_max_requests}
        limits = Limits(**{name: value for name, value in given.items() if value is not None})
        timeouts = Timeouts(idle=options.timeout_keep_alive)
        tls = None
        if options.ssl_certfile:
            tls = (options.ssl_certfile, options.ssl_keyfile)
            if options.ssl_keyfile_password is not None:
                tls += (options.ssl_keyfile_password,)
        trusted = [each.strip() for each in options.forwarded_allow_ips.split(',') if each.strip()]
        settings = {
            'host': options.host, 'port': options.port, 'unix': options.uds, 'fd': options.fd, 'tls': tls,
            'threads': options.threads, 'access_log': options.access_log or None, 'lifespan': options.lifespan,
            'root_path': options.root_path, 'trust_proxy': trusted if options.proxy_headers else (),
            'limits': limits, 'timeouts': timeouts, 'backlog': options.backlog,
            'interface': 'asgi' if options.interface == 'asgi3' else options.interface,
            'grace': options.timeout_graceful_shutdown,
        }
    except (LookupError, ValueError) as error:
        parser.error(str(error))

    def announce(server):
        print(f'Serving {options.app} at {server.url} (Ctrl-C to stop)', file=sys.stderr, flush=True)

    try:
        serve(application, on_listen=announce, **settings)
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        if isinstance(error, (TypeError, ValueError)) and error.__traceback__.tb_next is None:
            raise
        print(f'tauraro serve: {error}', file=sys.stderr)
        return 1
    return 0
