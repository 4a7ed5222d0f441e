"""What event loops leave behind, what interrupts do to them, and what a fork does."""

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import unittest
import weakref

PATIENCE = 30  # seconds after which a test that hangs is given up


def descriptors():
    return len(os.listdir('/proc/self/fd'))


def resident():
    """Memory of this process in KiB."""
    with open('/proc/self/statm', encoding='ascii') as statm:
        return int(statm.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') // 1024


async def nothing():
    await asyncio.sleep(0)


@unittest.skipUnless(sys.platform == 'linux', 'looks into /proc')
class NothingStays(unittest.TestCase):
    RUNS = 10_000

    def test_after_ten_thousand_runs(self):
        for _ in range(500):
            asyncio.run(nothing())
        gc.collect()
        before = descriptors(), threading.active_count()
        memory = resident()
        for _ in range(self.RUNS):
            asyncio.run(nothing())
        gc.collect()
        self.assertEqual((descriptors(), threading.active_count()), before)
        # A loop that stayed would be some 10 KiB; this allows for less than one in ten.
        self.assertLess(resident() - memory, self.RUNS)

    def test_after_native_operations(self):
        import _tauraro_bench as native

        async def work():
            hanging = asyncio.create_task(native.hang())
            await asyncio.gather(*(native.complete(number) for number in range(5)))
            hanging.cancel()

        for _ in range(20):
            asyncio.run(work())
        gc.collect()
        before = descriptors()
        for _ in range(300):
            asyncio.run(work())
        gc.collect()
        self.assertEqual(descriptors(), before)

    def test_loops_are_collected(self):
        loop = asyncio.new_event_loop()
        weak = weakref.ref(loop)
        loop.call_later(60, loop.stop)
        left, right = socket.socketpair()
        loop.add_reader(left, loop.stop)
        loop.run_until_complete(loop.create_task(nothing()))
        loop.close()
        left.close()
        right.close()
        del loop
        gc.collect()
        self.assertIsNone(weak())

    def test_cycles_through_tasks_are_collected(self):
        class Marker:
            pass

        async def main():
            async def work(marker):
                try:
                    raise ValueError(marker)
                except ValueError as error:
                    holder.append(error)
                    raise

            holder = []
            marker = Marker()
            weak = weakref.ref(marker)
            task = asyncio.create_task(work(marker))
            await asyncio.wait([task])
            holder.append(task)
            holder.append(holder)
            task.exception()
            del marker, task, holder
            return weak

        weak = asyncio.run(main())
        gc.collect()
        self.assertIsNone(weak())


def start(source):
    return subprocess.Popen(
        [sys.executable, '-c', textwrap.dedent(source)], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)


class Interrupts(unittest.TestCase):
    def interrupt(self, source):
        with start(source) as process:
            try:
                self.assertEqual(process.stdout.readline(), 'ready\n')
                process.send_signal(signal.SIGINT)
                output, errors = process.communicate(timeout=PATIENCE)
            finally:
                process.kill()
        return process.returncode, output, errors

    def test_the_main_task_is_cancelled_first(self):
        code, output, errors = self.interrupt('''
            import asyncio
            async def main():
                print("ready", flush=True)
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    print("cleaned up", flush=True)
                    raise
            asyncio.run(main())
        ''')
        self.assertEqual(output, 'cleaned up\n')
        self.assertIn('KeyboardInterrupt', errors)
        self.assertIn(code, (130, -signal.SIGINT))

    def test_a_native_operation_is_interrupted(self):
        code, output, errors = self.interrupt('''
            import asyncio, _tauraro_bench
            async def main():
                print("ready", flush=True)
                try:
                    await _tauraro_bench.hang()
                finally:
                    print("ended", flush=True)
            try:
                asyncio.run(main())
            except KeyboardInterrupt:
                print("interrupted", flush=True)
        ''')
        self.assertEqual((code, output, errors), (0, 'ended\ninterrupted\n', ''))

    def test_a_busy_loop_is_interrupted(self):
        code, output, errors = self.interrupt('''
            import asyncio
            async def main():
                print("ready", flush=True)
                while True:
                    await asyncio.sleep(0)
            try:
                asyncio.run(main())
            except KeyboardInterrupt:
                print("interrupted", flush=True)
        ''')
        self.assertEqual((code, output, errors), (0, 'interrupted\n', ''))

    def test_run_forever_is_interrupted(self):
        code, output, errors = self.interrupt('''
            import asyncio
            loop = asyncio.new_event_loop()
            loop.call_soon(lambda: print("ready", flush=True))
            try:
                loop.run_forever()
            except KeyboardInterrupt:
                print("interrupted", loop.is_running(), flush=True)
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()
        ''')
        self.assertEqual((code, output, errors), (0, 'interrupted False\n', ''))


@unittest.skipUnless(hasattr(os, 'fork'), 'needs fork')
class Forks(unittest.TestCase):
    def finish(self, source):
        with start(source) as process:
            try:
                output, errors = process.communicate(timeout=PATIENCE)
            finally:
                process.kill()
        self.assertEqual((process.returncode, errors), (0, ''))
        return output

    def test_a_child_has_loops_of_its_own(self):
        output = self.finish('''
            import asyncio, os, _tauraro_bench as native, warnings
            warnings.simplefilter("ignore")
            async def main(value):
                await asyncio.sleep(0.001)
                return await native.complete(value)
            print(asyncio.run(main("before")), flush=True)
            child = os.fork()
            if child == 0:
                print(asyncio.run(main("child")), flush=True)
                os._exit(0)
            os.waitpid(child, 0)
            print(asyncio.run(main("after")), flush=True)
        ''')
        self.assertEqual(output, 'before\nchild\nafter\n')

    def test_a_fork_within_a_loop(self):
        output = self.finish('''
            import asyncio, os, warnings
            warnings.simplefilter("ignore")
            async def main():
                child = os.fork()
                if child == 0:
                    code = 1
                    try:
                        asyncio.get_running_loop()
                    except RuntimeError:
                        code = 0
                    os._exit(code)
                _, status = os.waitpid(child, 0)
                await asyncio.sleep(0.001)
                return os.waitstatus_to_exitcode(status)
            print(asyncio.run(main()))
        ''')
        self.assertEqual(output, '0\n')


class Imports(unittest.TestCase):
    def test_nothing_is_imported_that_was_not_asked_for(self):
        output = subprocess.run(
            [sys.executable, '-c', 'import sys; print("asyncio" in sys.modules)'],
            capture_output=True, text=True, timeout=PATIENCE, check=True)
        self.assertEqual(output.stdout, 'False\n')

    def test_colours_are_there_when_they_are_used(self):
        program = '''
            import _colorize, asyncio, sys, types
            assert "ANSIColors" not in vars(_colorize)
            _colorize.COLORIZE = False
            assert not hasattr(_colorize, "nonsense") and not hasattr(_colorize, "__path__")
            assert _colorize.COLORIZE is False
            from _colorize import ANSIColors, can_colorize, get_theme
            assert ANSIColors.RESET and not can_colorize()
            assert "decolor" in dir(_colorize) and isinstance(_colorize, types.ModuleType)
            print("done")
        '''
        with start(program) as process:
            output, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual((output, errors), ('done\n', ''))


if __name__ == '__main__':
    unittest.main()
