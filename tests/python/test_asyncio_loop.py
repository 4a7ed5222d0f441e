"""The default event loop: queues, timers, wake-ups, descriptors, signals."""

import asyncio
import contextvars
import os
import selectors
import signal
import socket
import sys
import threading
import time
import unittest

PATIENCE = 30  # seconds after which a test that hangs is given up


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, PATIENCE))


class DefaultLoop(unittest.TestCase):
    def test_every_way_to_get_a_loop_gives_the_native_one(self):
        async def kind():
            return type(asyncio.get_running_loop())

        self.assertIs(run(kind()), asyncio.EventLoop)
        with asyncio.Runner() as runner:
            self.assertIs(type(runner.get_loop()), asyncio.EventLoop)
        loop = asyncio.new_event_loop()
        self.assertIs(type(loop), asyncio.EventLoop)
        loop.close()

    def test_asyncios_own_loop_is_there_for_who_asks(self):
        async def kind():
            return type(asyncio.get_running_loop())

        self.assertIsNot(asyncio.SelectorEventLoop, asyncio.EventLoop)
        found = asyncio.run(kind(), loop_factory=asyncio.SelectorEventLoop)
        self.assertIs(found, asyncio.SelectorEventLoop)
        self.assertTrue(issubclass(asyncio.EventLoop, asyncio.SelectorEventLoop))

    def test_another_policy_does_not_lose_the_default(self):
        asyncio.events._set_event_loop_policy(None)
        loop = asyncio.new_event_loop()
        self.assertIs(type(loop), asyncio.EventLoop)
        loop.close()

    def test_selectors_of_other_kinds(self):
        for selector in (selectors.SelectSelector, selectors.PollSelector):
            with self.subTest(selector.__name__):
                def factory():
                    return asyncio.EventLoop(selector())

                self.assertEqual(asyncio.run(everything(), loop_factory=factory), 'done')

    def test_a_subclass_that_overrides_is_respected(self):
        calls = []

        class Counting(asyncio.EventLoop):
            def call_soon(self, callback, *args, context=None):
                calls.append(callback)
                return super().call_soon(callback, *args, context=context)

            def _run_once(self):
                calls.append('turn')
                super()._run_once()

        self.assertEqual(asyncio.run(everything(), loop_factory=Counting), 'done')
        self.assertIn('turn', calls)
        self.assertGreater(len([call for call in calls if call != 'turn']), 3)

    def test_a_loop_runs_once_at_a_time(self):
        async def again():
            loop = asyncio.get_running_loop()
            with self.assertRaises(RuntimeError):
                loop.run_forever()
            with self.assertRaises(RuntimeError):
                asyncio.run(asyncio.sleep(0))

        with self.assertWarns(RuntimeWarning):
            run(again())

    def test_each_thread_has_its_own(self):
        results = []

        def work(number):
            async def main():
                await asyncio.sleep(0.001)
                return number, asyncio.get_running_loop()

            results.append(run(main()))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(number for number, _ in results), list(range(8)))
        self.assertEqual(len({id(loop) for _, loop in results}), 8)


async def everything():
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    timer = threading.Timer(0.01, loop.call_soon_threadsafe, [event.set])
    timer.start()
    await event.wait()
    timer.join()
    reader, writer = await echo_pair()
    writer.write(b'ping')
    assert await reader.readexactly(4) == b'ping'
    writer.close()
    await writer.wait_closed()
    await asyncio.sleep(0.001)
    return 'done'


async def echo_pair():
    async def echo(reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, '127.0.0.1', 0)
    pair = await asyncio.open_connection(*server.sockets[0].getsockname())
    server.close()
    return pair


class Callbacks(unittest.TestCase):
    def test_order_is_that_of_the_calls(self):
        async def main():
            loop = asyncio.get_running_loop()
            seen = []
            for number in range(1000):
                if number % 3:
                    loop.call_soon(seen.append, number)
                else:
                    loop.call_soon_threadsafe(seen.append, number)
            await asyncio.sleep(0)
            return seen

        self.assertEqual(run(main()), list(range(1000)))

    def test_what_a_callback_adds_runs_in_the_next_turn(self):
        async def main():
            loop = asyncio.get_running_loop()
            seen = []

            def first():
                seen.append('first')
                loop.call_soon(seen.append, 'added')

            loop.call_soon(first)
            loop.call_soon(seen.append, 'second')
            await asyncio.sleep(0)
            before = list(seen)
            await asyncio.sleep(0)
            return before, seen

        before, after = run(main())
        self.assertEqual(before, ['first', 'second'])
        self.assertEqual(after, ['first', 'second', 'added'])

    def test_tasks_and_callbacks_share_one_queue(self):
        async def main():
            loop = asyncio.get_running_loop()
            seen = []

            async def task(name):
                seen.append(name)

            tasks = []
            for number in range(5):
                tasks.append(loop.create_task(task(f'task {number}')))
                loop.call_soon(seen.append, f'callback {number}')
            await asyncio.gather(*tasks)
            return seen

        expected = [f'{kind} {number}' for number in range(5) for kind in ('task', 'callback')]
        self.assertEqual(run(main()), expected)

    def test_exceptions_reach_the_handler_and_the_loop_goes_on(self):
        async def main():
            loop = asyncio.get_running_loop()
            contexts = []
            loop.set_exception_handler(lambda loop, context: contexts.append(context))

            def fail():
                raise ValueError('broken')

            handle = loop.call_soon(fail)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            return handle, contexts

        handle, [context] = run(main())
        self.assertIsInstance(context['exception'], ValueError)
        self.assertIs(context['handle'], handle)
        self.assertRegex(context['message'], r'Exception in callback .*fail\(\)')

    def test_system_exit_ends_the_loop(self):
        async def main():
            asyncio.get_running_loop().call_soon(sys.exit, 7)
            await asyncio.sleep(PATIENCE)

        with self.assertRaises(SystemExit) as caught:
            asyncio.run(main())
        self.assertEqual(caught.exception.code, 7)

    def test_contexts(self):
        variable = contextvars.ContextVar('variable', default='unset')

        async def main():
            loop = asyncio.get_running_loop()
            seen = []

            def look(name):
                seen.append((name, variable.get()))

            variable.set('at the call')
            loop.call_soon(look, 'soon')
            loop.call_soon_threadsafe(look, 'threadsafe')
            loop.call_later(0, look, 'later')
            own = contextvars.Context()
            own.run(variable.set, 'own')
            loop.call_soon(look, 'own', context=own)
            variable.set('after the call')
            await asyncio.sleep(0.01)
            return dict(seen)

        self.assertEqual(run(main()), {
            'soon': 'at the call', 'threadsafe': 'at the call', 'later': 'at the call', 'own': 'own'})

    def test_handles(self):
        async def main():
            loop = asyncio.get_running_loop()
            called = []
            handle = loop.call_soon(called.append, 1)
            self.assertIsInstance(handle, asyncio.Handle)
            self.assertFalse(handle.cancelled())
            self.assertIsInstance(handle.get_context(), contextvars.Context)
            handle.cancel()
            handle.cancel()
            self.assertTrue(handle.cancelled())
            self.assertEqual(repr(handle), '<Handle cancelled>')
            timer = loop.call_at(loop.time() + 0.001, called.append, 2)
            self.assertIsInstance(timer, asyncio.TimerHandle)
            self.assertGreater(timer.when(), 0)
            timer.cancel()
            later = loop.call_later(60, called.append, 3)
            self.assertLess(timer, later)
            self.assertIn('when=', repr(later))
            later.cancel()
            await asyncio.sleep(0.01)
            return called

        self.assertEqual(run(main()), [])

    def test_handles_cannot_be_made_by_hand(self):
        loop = asyncio.new_event_loop()
        handle = loop.call_soon(print)
        with self.assertRaises(TypeError):
            type(handle)(print, (), loop)
        loop.close()

    def test_wrong_arguments(self):
        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)
        for call in (
            lambda: loop.call_soon(),
            lambda: loop.call_later(1),
            lambda: loop.call_later(None, print),
            lambda: loop.call_at(None, print),
            lambda: loop.call_later('soon', print),
            lambda: loop.call_soon(print, nonsense=1),
            lambda: loop.create_task(print),
        ):
            with self.assertRaises(TypeError):
                call()
        with self.assertRaises(ValueError):
            loop.add_reader(-1, print)
        with self.assertRaises(ValueError):
            loop.add_reader('file', print)

    def test_a_closed_loop_takes_nothing(self):
        loop = asyncio.new_event_loop()
        loop.close()
        loop.close()
        for call in (
            lambda: loop.call_soon(print),
            lambda: loop.call_soon_threadsafe(print),
            lambda: loop.call_later(1, print),
            lambda: loop.add_reader(0, print),
            lambda: loop.run_forever(),
        ):
            with self.assertRaisesRegex(RuntimeError, 'Event loop is closed'):
                call()

    def test_debug_mode_checks(self):
        async def main():
            loop = asyncio.get_running_loop()
            self.assertTrue(loop.get_debug())
            with self.assertRaisesRegex(TypeError, 'coroutines cannot be used'):
                loop.call_soon(main)
            with self.assertRaisesRegex(TypeError, 'a callable object was expected'):
                loop.call_later(1, 'nothing')
            errors = []

            def elsewhere():
                try:
                    loop.call_soon(print)
                except RuntimeError as error:
                    errors.append(error)

            thread = threading.Thread(target=elsewhere)
            thread.start()
            thread.join()
            self.assertIn('Non-thread-safe', str(errors[0]))
            handle = loop.call_later(60, print)
            self.assertRegex(repr(handle), r'created at .*test_asyncio_loop.py:\d+')
            handle.cancel()

        asyncio.run(main(), debug=True)

    def test_debug_mode_names_slow_callbacks(self):
        async def main():
            loop = asyncio.get_running_loop()
            loop.slow_callback_duration = 0
            loop.call_soon(time.sleep, 0.001)
            await asyncio.sleep(0.01)

        with self.assertLogs('asyncio', 'WARNING') as logs:
            asyncio.run(main(), debug=True)
        self.assertTrue(any('Executing' in line and 'took' in line for line in logs.output))


class Timers(unittest.TestCase):
    def test_due_times_decide_the_order(self):
        async def main():
            loop = asyncio.get_running_loop()
            seen = []
            start = loop.time() + 0.02
            for number in [5, 3, 9, 1, 7, 0, 8, 2, 6, 4]:
                loop.call_at(start + number * 0.001, seen.append, number)
            await asyncio.sleep(0.06)
            return seen

        self.assertEqual(run(main()), list(range(10)))

    def test_equal_times_keep_their_order(self):
        async def main():
            loop = asyncio.get_running_loop()
            seen = []
            when = loop.time() + 0.005
            for number in range(100):
                loop.call_at(when, seen.append, number)
            await asyncio.sleep(0.02)
            return seen

        self.assertEqual(run(main()), list(range(100)))

    def test_none_is_early_and_none_is_lost_under_load(self):
        async def main():
            loop = asyncio.get_running_loop()
            late = []
            remaining = 5000
            done = loop.create_future()

            def fire(when):
                nonlocal remaining
                late.append(loop.time() - when)
                remaining -= 1
                if not remaining:
                    done.set_result(None)

            for number in range(remaining):
                when = loop.time() + (number * 7919 % 5000) * 1e-5
                loop.call_at(when, fire, when)
            await done
            return late

        late = run(main())
        self.assertEqual(len(late), 5000)
        self.assertGreaterEqual(min(late), -1e-6)

    def test_cancelled_timers_are_forgotten(self):
        async def main():
            loop = asyncio.get_running_loop()
            seen = []
            handles = [loop.call_later(0.01, seen.append, number) for number in range(2000)]
            for number, handle in enumerate(handles):
                if number % 10:
                    handle.cancel()
            await asyncio.sleep(0.05)
            return seen

        self.assertEqual(sorted(run(main())), list(range(0, 2000, 10)))

    def test_the_clock_is_times(self):
        loop = asyncio.new_event_loop()
        before = time.monotonic()
        now = loop.time()
        after = time.monotonic()
        loop.close()
        self.assertLessEqual(before - 1e-3, now)
        self.assertLessEqual(now, after + 1e-3)


class Threads(unittest.TestCase):
    def test_eight_threads_wake_a_sleeping_loop(self):
        EACH = 500

        async def main():
            loop = asyncio.get_running_loop()
            seen = [[] for _ in range(8)]
            done = loop.create_future()

            def arrive(number, item):
                seen[number].append(item)
                if sum(map(len, seen)) == 8 * EACH:
                    done.set_result(None)

            def work(number):
                for item in range(EACH):
                    loop.call_soon_threadsafe(arrive, number, item)
                    if item % 50 == 0:
                        time.sleep(0.0005)

            threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
            for thread in threads:
                thread.start()
            await done
            for thread in threads:
                thread.join()
            return seen

        self.assertEqual(run(main()), [list(range(EACH))] * 8)

    def test_each_wake_up_arrives(self):
        async def main():
            loop = asyncio.get_running_loop()
            for _ in range(200):
                future = loop.create_future()
                thread = threading.Thread(
                    target=loop.call_soon_threadsafe, args=(future.set_result, 'woken'))
                thread.start()
                self.assertEqual(await future, 'woken')
                thread.join()

        run(main())

    def test_cancelling_waits_for_the_callback(self):
        async def main():
            loop = asyncio.get_running_loop()
            started, finish, order = threading.Event(), threading.Event(), []

            def callback():
                started.set()
                finish.wait(PATIENCE)
                order.append('callback ended')

            def canceller():
                handle = loop.call_soon_threadsafe(callback)
                started.wait(PATIENCE)
                threading.Timer(0.02, finish.set).start()
                handle.cancel()
                order.append('cancelled')

            thread = threading.Thread(target=canceller)
            thread.start()
            while thread.is_alive():
                await asyncio.sleep(0.001)
            return order

        self.assertEqual(run(main()), ['callback ended', 'cancelled'])

    def test_run_coroutine_threadsafe(self):
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        try:
            async def double(number):
                await asyncio.sleep(0.001)
                return 2 * number

            futures = [asyncio.run_coroutine_threadsafe(double(n), loop) for n in range(50)]
            self.assertEqual([f.result(PATIENCE) for f in futures], [2 * n for n in range(50)])
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def test_executors(self):
        async def main():
            loop = asyncio.get_running_loop()
            first = await asyncio.gather(*(asyncio.to_thread(pow, 2, n) for n in range(20)))
            self.assertEqual(await loop.run_in_executor(None, threading.get_ident) ==
                             threading.get_ident(), False)
            return first

        self.assertEqual(run(main()), [2 ** n for n in range(20)])


class Descriptors(unittest.TestCase):
    def test_readers_and_writers(self):
        async def main():
            loop = asyncio.get_running_loop()
            left, right = socket.socketpair()
            left.setblocking(False)
            right.setblocking(False)
            received = loop.create_future()
            loop.add_reader(left, lambda: received.set_result(left.recv(10)))
            writable = loop.create_future()

            def write():
                right.send(b'hello')
                self.assertTrue(loop.remove_writer(right))
                writable.set_result(None)

            loop.add_writer(right.fileno(), write)
            await writable
            self.assertEqual(await received, b'hello')
            self.assertTrue(loop.remove_reader(left))
            self.assertFalse(loop.remove_reader(left))
            self.assertFalse(loop.remove_writer(left))
            left.close()
            right.close()

        run(main())

    def test_both_directions_of_one_descriptor(self):
        async def main():
            loop = asyncio.get_running_loop()
            left, right = socket.socketpair()
            seen = set()
            loop.add_reader(left, seen.add, 'read')
            loop.add_writer(left, seen.add, 'write')
            await asyncio.sleep(0.01)
            self.assertEqual(seen, {'write'})
            right.send(b'x')
            await asyncio.sleep(0.01)
            self.assertEqual(seen, {'write', 'read'})
            loop.remove_writer(left)
            seen.clear()
            await asyncio.sleep(0.01)
            self.assertEqual(seen, {'read'})
            loop.remove_reader(left)
            left.close()
            right.close()

        run(main())

    def test_a_busy_queue_does_not_starve_io(self):
        async def main():
            loop = asyncio.get_running_loop()
            left, right = socket.socketpair()
            got = loop.create_future()
            loop.add_reader(left, lambda: got.done() or got.set_result(left.recv(1)))
            turns = 0

            def busy():
                nonlocal turns
                turns += 1
                if turns == 100:
                    right.send(b'x')
                if not got.done():
                    loop.call_soon(busy)

            busy()
            self.assertEqual(await got, b'x')
            loop.remove_reader(left)
            left.close()
            right.close()
            return turns

        # A turn each; the look for I/O comes within a few of them.
        self.assertLess(run(main()), 200)

    def test_a_busy_queue_does_not_starve_timers_and_threads(self):
        async def main():
            loop = asyncio.get_running_loop()
            timer, thread = loop.create_future(), loop.create_future()
            loop.call_later(0.001, timer.set_result, None)
            threading.Thread(
                target=loop.call_soon_threadsafe, args=(thread.set_result, None)).start()
            while not (timer.done() and thread.done()):
                await asyncio.sleep(0)

        run(main())

    def test_stop_sees_what_is_ready(self):
        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)
        left, right = socket.socketpair()
        seen = []
        loop.add_reader(left, lambda: seen.append(left.recv(1)))
        right.send(b'x')
        loop.call_soon(loop.stop)
        loop.run_forever()
        if not seen:  # queued by the turn that stopped
            loop.call_soon(loop.stop)
            loop.run_forever()
        self.assertEqual(seen, [b'x'])
        loop.remove_reader(left)
        left.close()
        right.close()

    def test_a_descriptor_registered_with_the_selector_itself(self):
        async def main():
            loop = asyncio.get_running_loop()
            left, right = socket.socketpair()
            handle = asyncio.Handle(seen.append, ('ready',), loop)
            loop._selector.register(left, selectors.EVENT_READ, (handle, None))
            right.send(b'x')
            await asyncio.sleep(0.01)
            loop._selector.unregister(left)
            left.close()
            right.close()

        seen = []
        run(main())
        self.assertIn('ready', seen)

    def test_streams(self):
        async def main():
            reader, writer = await echo_pair()
            blob = os.urandom(1 << 20)
            writer.write(blob)
            self.assertEqual(await reader.readexactly(len(blob)), blob)
            for number in range(100):
                line = f'line {number}\n'.encode()
                writer.write(line)
                self.assertEqual(await reader.readline(), line)
            writer.write_eof()
            self.assertEqual(await reader.read(), b'')
            writer.close()
            await writer.wait_closed()

        run(main())

    def test_a_hundred_clients(self):
        async def main():
            async def client(number):
                reader, writer = await asyncio.open_connection(*address)
                writer.write(str(number).encode() + b'\n')
                answer = await reader.readline()
                writer.close()
                await writer.wait_closed()
                return int(answer)

            async def echo(reader, writer):
                writer.write(await reader.readline())
                await writer.drain()
                writer.close()

            async with await asyncio.start_server(echo, '127.0.0.1', 0) as server:
                address = server.sockets[0].getsockname()
                return await asyncio.gather(*(client(number) for number in range(100)))

        self.assertEqual(run(main()), list(range(100)))

    def test_datagrams(self):
        async def main():
            loop = asyncio.get_running_loop()
            received = loop.create_future()

            class Receiver(asyncio.DatagramProtocol):
                def datagram_received(self, data, address):
                    received.set_result(data)

            server, _ = await loop.create_datagram_endpoint(Receiver, local_addr=('127.0.0.1', 0))
            client, _ = await loop.create_datagram_endpoint(
                asyncio.DatagramProtocol, remote_addr=server.get_extra_info('sockname'))
            client.sendto(b'hello')
            self.assertEqual(await received, b'hello')
            client.close()
            server.close()

        run(main())

    def test_raw_sockets(self):
        async def main():
            loop = asyncio.get_running_loop()
            with socket.socket() as listener:
                listener.bind(('127.0.0.1', 0))
                listener.listen()
                listener.setblocking(False)
                with socket.socket() as client:
                    client.setblocking(False)
                    accepted, _ = await asyncio.gather(
                        loop.sock_accept(listener),
                        loop.sock_connect(client, listener.getsockname()))
                    connection, _ = accepted
                    with connection:
                        connection.setblocking(False)
                        data = os.urandom(300_000)
                        sending = asyncio.create_task(loop.sock_sendall(client, data))
                        got = b''
                        while len(got) < len(data):
                            got += await loop.sock_recv(connection, 65536)
                        await sending
                        self.assertEqual(got, data)

        run(main())

    def test_names_are_resolved(self):
        async def main():
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo('127.0.0.1', 80, type=socket.SOCK_STREAM)
            return found[0][4]

        self.assertEqual(run(main()), ('127.0.0.1', 80))


class Processes(unittest.TestCase):
    def test_subprocess(self):
        async def main():
            process = await asyncio.create_subprocess_exec(
                sys.executable, '-S', '-c', 'import sys; sys.stdout.write(sys.stdin.read().upper()); exit(3)',
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
            output, _ = await process.communicate(b'shout')
            return output, process.returncode

        self.assertEqual(run(main()), (b'SHOUT', 3))

    def test_a_process_is_killed(self):
        async def main():
            process = await asyncio.create_subprocess_exec('sleep', str(PATIENCE * 2))
            process.kill()
            return await process.wait()

        self.assertEqual(run(main()), -signal.SIGKILL)

    def test_signals(self):
        async def main():
            loop = asyncio.get_running_loop()
            caught = loop.create_future()
            loop.add_signal_handler(signal.SIGUSR1, caught.set_result, 'caught')
            threading.Timer(0.01, os.kill, [os.getpid(), signal.SIGUSR1]).start()
            self.assertEqual(await caught, 'caught')
            self.assertTrue(loop.remove_signal_handler(signal.SIGUSR1))
            self.assertFalse(loop.remove_signal_handler(signal.SIGUSR1))

        run(main())


if __name__ == '__main__':
    unittest.main()
