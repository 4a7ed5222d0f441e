#!/usr/bin/env python3
"""Runs CPython's own test_asyncio on asyncio's selector loop and on Tauraro's, and compares.

    run_cpython_suite.py LIB [--binary TAURARO] [--stock BINARY] [--only FILE ...] [--timeout S]

LIB is a folder that contains `test/test_asyncio` and `test/support`, as CPython's `Lib` does; nothing
of it is part of this project. Each file runs twice in processes of its own: once with asyncio's own
event loop and once with Tauraro's in its place, also where a test asks for `SelectorEventLoop`.
`--stock` names another interpreter for the first run: one whose tasks and futures are stock as well.

Prints passed/failed/skipped by file for both, then every test that only passes on the stock loop. The
exit code is 1 if there is one.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

PROGRAM = """
import asyncio, sys, unittest
from asyncio import unix_events
if sys.argv[1] == 'stock':
    unix_events._UnixDefaultEventLoopPolicy._loop_factory = asyncio.SelectorEventLoop
else:
    assert unix_events._UnixDefaultEventLoopPolicy._loop_factory is asyncio.EventLoop
    assert asyncio.EventLoop is not asyncio.SelectorEventLoop
    asyncio.SelectorEventLoop = asyncio.EventLoop
unittest.main(module=None, argv=['unittest', '-v', sys.argv[2]])
"""

# `name (module.Class.name) ... outcome`, where a docstring or output may stand in between.
START = re.compile(r'^(\w+) \(([\w.]+)\)')
OUTCOME = re.compile(r'(ok|FAIL|ERROR|skipped .*|expected failure|unexpected success)\s*$')
PASSED = {'ok', 'expected failure', 'unexpected success'}


def run(binary, mode, lib, module, timeout):
    """Outcome by test id, and what went wrong with the run as a whole."""
    command = [binary, '-c', PROGRAM, mode, f'test.test_asyncio.{module}']
    environment = dict(os.environ, PYTHONPATH=str(lib))
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                               errors='replace', env=environment, cwd='/tmp', start_new_session=True)
    problem = None
    try:
        _, output = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        _, output = process.communicate()
        problem = f'no end within {timeout} s'
    outcomes, current = {}, None
    for line in output.splitlines():
        if started := START.match(line):
            current = f'{started[2]}'
            outcomes[current] = 'unfinished'
        if current and (ended := OUTCOME.search(line)):
            outcomes[current] = 'skipped' if ended[1].startswith('skipped') else ended[1]
            current = None
    if 'unittest.case.SkipTest' in output and not outcomes:
        return {module: 'skipped'}, None
    if not re.search(r'^Ran \d+ tests?', output, re.MULTILINE):
        problem = problem or 'died: ' + ' / '.join(output.splitlines()[-3:])
    return outcomes, problem


def count(outcomes):
    passed = sum(outcome in PASSED for outcome in outcomes.values())
    skipped = sum(outcome == 'skipped' for outcome in outcomes.values())
    return passed, len(outcomes) - passed - skipped, skipped


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('lib', type=pathlib.Path)
    parser.add_argument('--binary', default='tauraro')
    parser.add_argument('--stock')
    parser.add_argument('--only', nargs='*')
    parser.add_argument('--timeout', type=float, default=300)
    parser.add_argument('--jobs', type=int, default=1)
    arguments = parser.parse_args()
    files = sorted(path.stem for path in (arguments.lib / 'test/test_asyncio').glob('test_*.py'))
    if arguments.only:
        files = [name for name in files if name in arguments.only]
    if not files:
        sys.exit(f'no tests in {arguments.lib}/test/test_asyncio')

    def both(name):
        stock = run(arguments.stock or arguments.binary, 'stock', arguments.lib, name, arguments.timeout)
        ours = run(arguments.binary, 'ours', arguments.lib, name, arguments.timeout)
        return name, stock, ours

    worse, totals = [], [0] * 6
    print(f'{"passed/failed/skipped":30} {"stock":>15} {"ours":>15}')
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for name, (stock, stock_problem), (ours, ours_problem) in pool.map(both, files):
            numbers = count(stock) + count(ours)
            totals = [total + number for total, number in zip(totals, numbers)]
            print(f'{name:30} {"/".join(map(str, numbers[:3])):>15} {"/".join(map(str, numbers[3:])):>15}',
                  flush=True)
            for which, problem in (('stock', stock_problem), ('ours', ours_problem)):
                if problem:
                    print(f'    {which}: {problem}')
            worse += [(test, ours.get(test, 'missing')) for test, outcome in stock.items()
                      if outcome in PASSED and ours.get(test) not in PASSED]
    print(f'{"total":30} {"/".join(map(str, totals[:3])):>15} {"/".join(map(str, totals[3:])):>15}')
    for test, outcome in worse:
        print(f'only on the stock loop: {test} ({outcome})')
    return 1 if worse else 0


if __name__ == '__main__':
    sys.exit(main())
