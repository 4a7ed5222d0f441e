"""Servers that others wrote, on loopback, each with a configuration and a folder of its own."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time

FILES = {"small.txt": b"ok", "large.bin": bytes(range(251)) * 20_000}


class Unavailable(Exception):
    """The server is not installed, or does not start."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def find(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise Unavailable(f"{name} is not installed")
    return path


def version(*command):
    output = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    found = re.search(r"\d+\.\d+(\.\d+)?", output)
    return found[0] if found else "unknown"


def certificate(folder):
    """A key and a certificate of this machine, in one file."""
    pem, key = folder / "server.pem", folder / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = [find("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    subprocess.run(
        [*command, "-days", "2", "-keyout", key, "-out", pem, *subject], check=True, stderr=subprocess.DEVNULL
    )
    both = folder / "both.pem"
    both.write_bytes(pem.read_bytes() + key.read_bytes())
    return pem, key, both


@contextlib.contextmanager
def running(command, folder, *ports):
    """A server in the foreground, until the block is left."""
    with open(folder / "log.txt", "wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 10
        for port in ports:
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                if process.poll() is not None or time.monotonic() > deadline:
                    log = (folder / "log.txt").read_text(errors="replace")
                    raise Unavailable(f"{command[0]} does not start: {log[-500:]}")
                time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def documents(folder):
    root = folder / "www"
    root.mkdir()
    for name, content in FILES.items():
        (root / name).write_bytes(content)
    root.chmod(0o755)
    folder.chmod(0o755)
    return root


@contextlib.contextmanager
def nginx(folder, keepalive_requests=1000):
    binary, root = find("nginx"), documents(folder)
    pem, key, _ = certificate(folder)
    tls, plain = free_port(), free_port()
    config = folder / "nginx.conf"
    config.write_text(f"""
        daemon off; master_process off; pid {folder}/pid; error_log stderr;
        events {{ worker_connections 1024; }}
        http {{
            access_log off; default_type text/plain;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
            uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
            keepalive_requests {keepalive_requests}; client_max_body_size 100m;
            server {{
                listen 127.0.0.1:{tls} ssl http2; listen 127.0.0.1:{plain};
                ssl_certificate {pem}; ssl_certificate_key {key};
                root {root};
                location /host {{ return 200 "$http_host"; }}
                location /upload {{ return 200 "uploaded"; }}
            }}
        }}""")
    with running([binary, "-p", str(folder), "-c", str(config)], folder, tls, plain):
        yield {
            "name": f"nginx {version(binary, '-v')}, keepalive_requests {keepalive_requests}",
            "https": f"https://127.0.0.1:{tls}",
            "http": f"http://127.0.0.1:{plain}",
            "host": "/host",
            "upload": "/upload",
            "ca": pem,
        }


@contextlib.contextmanager
def nghttpd(folder, streams=100):
    binary, root = find("nghttpd"), documents(folder)
    pem, key, _ = certificate(folder)
    tls, plain = free_port(), free_port()
    common = [binary, "--address=127.0.0.1", "-d", str(root), "-m", str(streams), "--echo-upload"]
    with running([*common, str(tls), str(key), str(pem)], folder, tls):
        with running([*common, "--no-tls", str(plain)], folder, plain):
            yield {
                "name": f"nghttpd {version(binary, '--version')}, {streams} streams",
                "https": f"https://127.0.0.1:{tls}",
                "prior knowledge": f"http://127.0.0.1:{plain}",
                "echo": "/small.txt",
                "ca": pem,
            }


@contextlib.contextmanager
def apache(folder):
    binary, root = find("apache2"), documents(folder)
    pem, key, _ = certificate(folder)
    tls, plain = free_port(), free_port()
    modules = ["mpm_event", "authz_core", "ssl", "http2", "mime"]
    where = "/usr/lib/apache2/modules"
    loads = "\n".join(
        f"LoadModule {name}_module {where}/mod_{name}.so" for name in modules if os.path.exists(f"{where}/mod_{name}.so")
    )
    (folder / "mime.types").write_text("text/plain txt\n")
    config = folder / "httpd.conf"
    config.write_text(f"""
        {loads}
        ServerName localhost
        ServerRoot {folder}
        PidFile {folder}/pid
        DefaultRuntimeDir {folder}
        ErrorLog {folder}/error.log
        TypesConfig {folder}/mime.types
        Listen 127.0.0.1:{tls}
        Listen 127.0.0.1:{plain}
        User {"www-data" if os.geteuid() == 0 else "#" + str(os.geteuid())}
        DocumentRoot {root}
        <Directory {root}>
            Require all granted
        </Directory>
        Protocols h2c http/1.1
        <VirtualHost 127.0.0.1:{tls}>
            SSLEngine on
            SSLCertificateFile {pem}
            SSLCertificateKeyFile {key}
            Protocols h2 http/1.1
        </VirtualHost>""")
    command = [binary, "-d", str(folder), "-f", str(config), "-DFOREGROUND"]
    with running(command, folder, tls, plain):
        yield {
            "name": f"Apache {version(binary, '-v')}",
            "https": f"https://127.0.0.1:{tls}",
            "http": f"http://127.0.0.1:{plain}",
            "prior knowledge": f"http://127.0.0.1:{plain}",
            "ca": pem,
        }


@contextlib.contextmanager
def haproxy(folder):
    """In front of nginx, which speaks HTTP/1.1 to it."""
    binary = find("haproxy")
    inner = folder / "nginx"
    inner.mkdir()
    with nginx(inner) as behind:
        _, _, both = certificate(folder)
        tls, plain = free_port(), free_port()
        config = folder / "haproxy.cfg"
        config.write_text(f"""
global
    log stderr local0 err
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 5s
frontend secure
    bind 127.0.0.1:{tls} ssl crt {both} alpn h2,http/1.1
    bind 127.0.0.1:{plain}
    default_backend behind
backend behind
    server nginx {behind['http'].removeprefix('http://')}
""")
        with running([binary, "-db", "-f", str(config)], folder, tls, plain):
            yield {
                "name": f"HAProxy {version(binary, '-v')}",
                "https": f"https://127.0.0.1:{tls}",
                "http": f"http://127.0.0.1:{plain}",
                "prior knowledge": f"http://127.0.0.1:{plain}",
                "host": "/host",
                "ca": folder / "server.pem",
            }


@contextlib.contextmanager
def lighttpd(folder):
    binary, root = find("lighttpd"), documents(folder)
    plain = free_port()
    config = folder / "lighttpd.conf"
    config.write_text(f"""
        server.document-root = "{root}"
        server.port = {plain}
        server.bind = "127.0.0.1"
        server.feature-flags += ("server.h2c" => "enable", "server.h2proto" => "enable")
        mimetype.assign = (".txt" => "text/plain")
    """)
    with running([binary, "-D", "-f", str(config)], folder, plain):
        yield {
            "name": f"lighttpd {version(binary, '-v')}",
            "http": f"http://127.0.0.1:{plain}",
            "prior knowledge": f"http://127.0.0.1:{plain}",
        }


@contextlib.contextmanager
def squid(folder):
    """A forward proxy to nginx."""
    binary = find("squid")
    inner = folder / "nginx"
    inner.mkdir()
    with nginx(inner) as behind:
        port = free_port()
        config = folder / "squid.conf"
        folder.chmod(0o777)
        config.write_text(f"""
http_port 127.0.0.1:{port}
http_access allow all
acl ports port 1-65535
pid_filename {folder}/squid.pid
cache_log {folder}/cache.log
access_log none
cache deny all
coredump_dir {folder}
shutdown_lifetime 0 seconds
pinger_enable off
""")
        with running([binary, "-N", "-f", str(config)], folder, port):
            yield {**behind, "name": f"Squid {version(binary, '-v')}", "proxy": f"http://127.0.0.1:{port}"}
