"""What native modules give Python to await, through the module made for looking at it."""

import asyncio
import gc
import threading
import unittest
import weakref

import _tauraro_bench as native

PATIENCE = 30  # seconds after which a test that hangs is given up


def run(coroutine, **options):
    return asyncio.run(asyncio.wait_for(coroutine, PATIENCE), **options)


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


class OnEachLoop:
    """The same on Tauraro's loop and on asyncio's own."""

    options = {}

    def run_here(self, coroutine):
        return run(coroutine, **self.options)

    def test_results(self):
        async def main():
            value = object()
            self.assertIs(await native.complete(value), value)
            self.assertIs(await native.ready(value), value)
            self.assertIsNone(await native.sleep(0.002))
            return [await native.complete(number) for number in range(300)]

        self.assertEqual(self.run_here(main()), list(range(300)))

    def test_a_batch(self):
        async def main():
            return await asyncio.gather(*(native.complete(number) for number in range(2000)))

        self.assertEqual(self.run_here(main()), list(range(2000)))

    def test_exceptions(self):
        async def main():
            with self.assertRaisesRegex(KeyError, 'broken'):
                await native.fail(KeyError('broken'))
            with self.assertRaisesRegex(TypeError, 'fail'):
                await native.fail('text')
            with self.assertRaises(ValueError):
                native.sleep(-1)

        self.run_here(main())

    def test_it_is_a_coroutine_and_a_future(self):
        async def main():
            self.assertTrue(asyncio.iscoroutine(native.ready(1)))
            self.assertTrue(asyncio.isfuture(native.ready(1)))
            self.assertEqual(await asyncio.create_task(native.complete(1)), 1)
            self.assertEqual(await asyncio.ensure_future(native.complete(2)), 2)
            self.assertEqual(await asyncio.wait_for(native.complete(3), PATIENCE), 3)
            self.assertEqual(await asyncio.shield(native.complete(4)), 4)
            done, pending = await asyncio.wait([asyncio.create_task(native.complete(5))])
            self.assertEqual((done.pop().result(), pending), (5, set()))
            results = [await each for each in asyncio.as_completed([native.sleep(0), native.complete(6)])]
            self.assertCountEqual(results, [None, 6])
            async with asyncio.TaskGroup() as group:
                task = group.create_task(native.complete(7))
            self.assertEqual(task.result(), 7)
            async with asyncio.timeout(PATIENCE):
                self.assertEqual(await native.complete(8), 8)

        self.run_here(main())

    def test_future_interface(self):
        async def main():
            awaitable = native.complete('value')
            self.assertFalse(awaitable.done())
            with self.assertRaises(asyncio.InvalidStateError):
                awaitable.result()
            called = []
            awaitable.add_done_callback(called.append)
            awaitable.add_done_callback(print)
            self.assertEqual(awaitable.remove_done_callback(print), 1)
            self.assertEqual(await awaitable, 'value')
            await until(lambda: called)
            self.assertEqual(called, [awaitable])
            self.assertTrue(awaitable.done())
            self.assertFalse(awaitable.cancelled())
            self.assertFalse(awaitable.cancel())
            self.assertEqual(awaitable.result(), 'value')
            self.assertIsNone(awaitable.exception())
            self.assertIs(awaitable.get_loop(), asyncio.get_running_loop())
            self.assertEqual(await awaitable, 'value')
            self.assertEqual(repr(awaitable), '<Awaitable finished>')

        self.run_here(main())

    def test_several_tasks_await_one(self):
        async def main():
            shared = native.sleep(0.005)

            async def wait(number):
                await shared
                return number

            return await asyncio.gather(*(wait(number) for number in range(20)))

        self.assertEqual(self.run_here(main()), list(range(20)))

    def test_cancelling_ends_the_operation_at_once(self):
        async def main():
            task = asyncio.create_task(native.hang())
            await until(lambda: native.hanging() == 1)
            task.cancel('enough')
            with self.assertRaises(asyncio.CancelledError) as caught:
                await task
            self.assertEqual(caught.exception.args, ('enough',))
            await until(lambda: native.hanging() == 0)
            with self.assertRaises(TimeoutError):
                await asyncio.wait_for(native.hang(), 0.005)
            await until(lambda: native.hanging() == 0)
            # Inside a coroutine of the script's own.
            async def wait():
                try:
                    await native.hang()
                finally:
                    ended.append(True)

            ended = []
            task = asyncio.create_task(wait())
            await until(lambda: native.hanging() == 1)
            task.cancel()
            await asyncio.wait([task])
            self.assertTrue(task.cancelled() and ended)
            await until(lambda: native.hanging() == 0)

        self.run_here(main())

    def test_cancelling_before_the_start(self):
        async def main():
            awaitable = native.hang()
            self.assertTrue(awaitable.cancel())
            with self.assertRaises(asyncio.CancelledError):
                await awaitable
            self.assertEqual(native.hanging(), 0)

        self.run_here(main())

    def test_leaving_the_loop_ends_operations(self):
        async def main():
            asyncio.create_task(native.hang())
            await until(lambda: native.hanging() == 1)

        self.run_here(main())

        async def wait():
            await until(lambda: native.hanging() == 0)

        self.run_here(wait())

    def test_what_it_owns_is_let_go(self):
        class Value:
            pass

        async def main():
            value = Value()
            weak = weakref.ref(value)
            self.assertIs(await native.complete(value), value)
            del value
            await asyncio.sleep(0)
            gc.collect()
            self.assertIsNone(weak())
            unused = Value()
            weak = weakref.ref(unused)
            awaitable = native.complete(unused)
            del unused, awaitable
            gc.collect()
            self.assertIsNone(weak())

        self.run_here(main())

    def test_iterators_and_context_managers(self):
        async def main():
            numbers = []
            async with native.count(50) as counter:
                async for number in counter:
                    numbers.append(number)
            with self.assertRaises(StopAsyncIteration):
                await anext(counter)
            return numbers

        self.assertEqual(self.run_here(main()), list(range(50)))

    def test_several_loops_at_once(self):
        results = {}

        def work(name):
            async def main():
                total = 0
                for number in range(200):
                    total += await native.complete(number)
                return total

            results[name] = self.run_here(main())

        threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, {name: 199 * 100 for name in range(6)})


class OnTaurarosLoop(OnEachLoop, unittest.TestCase):
    pass


class OnAsynciosLoop(OnEachLoop, unittest.TestCase):
    options = {'loop_factory': asyncio.SelectorEventLoop}


class InDebugMode(OnEachLoop, unittest.TestCase):
    options = {'debug': True}


class WithoutLoop(unittest.TestCase):
    def test_awaiting_needs_a_loop(self):
        with self.assertRaisesRegex(RuntimeError, 'no running event loop'):
            native.complete(1).send(None)

    def test_what_is_complete_needs_none(self):
        with self.assertRaises(StopIteration) as caught:
            native.ready(5).send(None)
        self.assertEqual(caught.exception.value, 5)

    def test_it_can_be_run_itself(self):
        self.assertEqual(asyncio.run(native.complete(5)), 5)

    def test_a_closed_loop_drops_what_is_under_way(self):
        loop = asyncio.new_event_loop()
        awaitable = native.hang()

        async def start():
            awaitable.add_done_callback(print)
            await until(lambda: native.hanging() == 1)

        loop.run_until_complete(start())
        loop.close()

        async def wait():
            await until(lambda: native.hanging() == 0)

        run(wait())
        self.assertTrue(awaitable.cancelled())


if __name__ == '__main__':
    unittest.main()
