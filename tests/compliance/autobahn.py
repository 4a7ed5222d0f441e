"""Runs Autobahn's WebSocket test suite against Tauraro's clients and servers.

    autobahn.py [--tauraro BINARY] [--role server|client] [--api asyncio|sync] [--cases 1.*,2.*]
                [--reports FOLDER] [--limit SECONDS]

The suite (`autobahntestsuite`, whose last releases need Python 2.7) is not part of this repository: AUTOBAHN_WSTEST
names the command that starts it, by default `wstest`. Without it, this prints the reason and succeeds.

Prints a table of the verdicts per section, then the cases that failed. EXPECTED lists the known failures with their
reasons. The exit status is 1 if any other case fails, or if one of these passes. Runs on Python 3.11 or later,
including Tauraro.
"""

import argparse
import collections
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

# The other cases repeat these with more or larger messages, and take about 20 minutes.
QUICK = [
    *(f"{section}.*" for section in (1, 2, 3, 4, 5, 6, 7, 10)),
    "9.1.1", "9.2.1", "9.3.1", "9.5.1",
    "12.1.1", "12.1.2", "12.2.1", "12.3.1", "13.1.1", "13.2.1", "13.3.1",
]  # fmt: skip

# The failures of upstream's websockets, which are the same.
EXPECTED = {
    "7.1.5": "a close frame between the fragments of a message is a protocol error",
    "9.3.1": "a message of more fragments than upstream's limit is refused",
}

GOOD = {"OK", "NON-STRICT", "INFORMATIONAL"}
SECTIONS = {
    "1": "framing", "2": "pings, pongs", "3": "reserved bits", "4": "opcodes", "5": "fragmentation", "6": "UTF-8",
    "7": "close handling", "9": "limits", "10": "auto-fragmentation", "12": "compression", "13": "compression offers",
}  # fmt: skip
PATIENCE = 30  # seconds for a peer to listen, or to end


def find_suite():
    """Returns the command of the suite, or `None` and the reason."""
    command = shlex.split(os.environ.get("AUTOBAHN_WSTEST", "wstest"))
    if not command or shutil.which(command[0]) is None:
        return None, f"{command[0] if command else 'AUTOBAHN_WSTEST'!r} is not a command"
    probe = subprocess.run([*command, "--help"], cwd="/", capture_output=True, stdin=subprocess.DEVNULL, timeout=PATIENCE)
    if probe.returncode:
        return None, f"{shlex.join(command)} does not work: {probe.stderr.decode(errors='replace').strip()[-300:]}"
    return command, None


def environment():
    """Returns the environment without what could change the outcome: Python settings and proxies."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith("PYTHON") and not name.upper().endswith("_PROXY")
    }


class Process:
    """A process in its own group, which is killed at the end of the block."""

    def __init__(self, command, folder, **options):
        self.name = Path(command[0]).name
        self.log = open(folder / "log", "ab")
        options = {"stdout": self.log, **options}
        self.child = subprocess.Popen(
            [str(word) for word in command],
            cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stderr=self.log, start_new_session=True, **options,
        )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait()
        if self.child.stdout:
            self.child.stdout.close()
        self.log.close()

    def wait(self, seconds):
        """Waits for the process; returns a problem, or `None`."""
        try:
            status = self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            return f"{self.name} took more than {seconds:.0f} s"
        return f"{self.name} ended with status {status}" if status else None


def unused_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_until_listening(port, process):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.child.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"{process.name} does not listen; see {process.log.name}")


def run(suite, role, options, folder):
    """Tests one role. Returns the verdicts by case, and a problem or `None`."""
    folder.mkdir(parents=True)
    specification = folder / "specification.json"
    content = {"outdir": str(folder), "cases": options.cases, "exclude-cases": [], "options": {"failByDrop": False}}
    agent = f"{options.api} {role}"
    echo = [options.tauraro, HERE / "echo.py", role, options.api]
    if role == "server":
        with Process(echo, folder, stdout=subprocess.PIPE) as server:
            port = server.child.stdout.readline().strip().decode()
            if not port:
                sys.exit(f"the server does not start; see {server.log.name}")
            content["servers"] = [{"agent": agent, "url": f"ws://127.0.0.1:{port}"}]
            specification.write_text(json.dumps(content))
            with Process([*suite, "-m", "fuzzingclient", "-s", specification], folder) as tester:
                trouble = tester.wait(options.limit)
                if server.child.poll() is not None:
                    trouble = f"the server ended with status {server.child.returncode}"
    else:
        port = unused_port()
        content["url"] = f"ws://127.0.0.1:{port}"
        specification.write_text(json.dumps(content))
        with Process([*suite, "-m", "fuzzingserver", "-s", specification, "-u", "0"], folder) as tester:
            wait_until_listening(port, tester)
            with Process([*echo, content["url"], agent], folder) as client:
                trouble = client.wait(options.limit)
    index = folder / "index.json"
    if not index.exists():
        sys.exit(f"no report in {folder}: {trouble or 'the suite wrote none'}")
    return json.loads(index.read_text())[agent], trouble


def is_good(verdict):
    return verdict["behavior"] in GOOD and verdict["behaviorClose"] in GOOD


def in_order(cases):
    return sorted(cases, key=lambda case: [int(part) for part in case.split(".")])


def print_table(verdicts):
    sections = collections.defaultdict(collections.Counter)
    for case in in_order(verdicts):
        sections[case.partition(".")[0]].update([verdicts[case]["behavior"] if is_good(verdicts[case]) else "FAILED"])
    columns = ["OK", "NON-STRICT", "INFORMATIONAL", "FAILED"]
    print(f"| {'section':24} |" + "".join(f" {column:>13} |" for column in columns))
    print(f"|:{'-' * 24}-|" + f"{'-' * 14}:|" * len(columns))
    for section, counts in sections.items():
        name = f"{section:>2} {SECTIONS.get(section, '')}"
        print(f"| {name:24} |" + "".join(f" {counts[column] or '':>13} |" for column in columns))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--tauraro", type=Path, default=ROOT / "target/debug/tauraro")
    parser.add_argument("--role", choices=["server", "client"], action="append")
    parser.add_argument("--api", choices=["asyncio", "sync"], default="asyncio")
    parser.add_argument("--cases", type=lambda text: text.split(","), default=QUICK, help="`*` for all: some 20 minutes")
    parser.add_argument("--reports", type=Path, help="where the suite's reports stay")
    parser.add_argument("--limit", type=float, default=600, help="seconds for each role")
    options = parser.parse_args()
    options.tauraro = options.tauraro.resolve()

    suite, reason = find_suite()
    if suite is None:
        print(f"skipped: {reason}")
        return
    if not options.tauraro.exists():
        sys.exit(f"no binary to test: {options.tauraro}")
    surprises = []
    with tempfile.TemporaryDirectory() as scratch:
        reports = (options.reports or Path(scratch)).resolve()
        for role in options.role or ["server", "client"]:
            folder = reports / f"{options.api}-{role}"
            if folder.exists():
                sys.exit(f"there is a report already: {folder}")
            verdicts, trouble = run(suite, role, options, folder)
            good = sum(map(is_good, verdicts.values()))
            print(f"\n{options.api} {role}: {good} of {len(verdicts)} cases passed\n")
            print_table(verdicts)
            for case in in_order(verdicts):
                verdict = verdicts[case]
                if is_good(verdict) and case not in EXPECTED:
                    continue
                said = f"{verdict['behavior']}, closing {verdict['behaviorClose']}"
                if is_good(verdict):
                    surprises.append(f"{role} {case} passes, and was not expected to")
                elif case in EXPECTED:
                    print(f"{case}: {said}, as expected: {EXPECTED[case]}")
                else:
                    surprises.append(f"{role} {case}: {said}")
            if trouble:
                surprises.append(f"{role}: {trouble}")
    if surprises:
        sys.exit("\n" + "\n".join(surprises))


main()
