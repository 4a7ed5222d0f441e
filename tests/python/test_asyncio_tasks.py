"""Tasks and futures: cancellation, contexts, names, exceptions, eager starts, very many of them."""

import asyncio
import contextvars
import gc
import sys
import types
import unittest
import weakref

PATIENCE = 30  # seconds after which a test that hangs is given up


def run(coroutine, **options):
    return asyncio.run(asyncio.wait_for(coroutine, PATIENCE), **options)


async def turns(count):
    for _ in range(count):
        await asyncio.sleep(0)


class Cancellation(unittest.TestCase):
    def test_at_each_await_point(self):
        async def steps(reached):
            loop = asyncio.get_running_loop()
            reached.append('sleep(0)')
            await asyncio.sleep(0)
            reached.append('future')
            future = loop.create_future()
            loop.call_soon(lambda: future.done() or future.set_result(None))
            await future
            reached.append('sleep')
            await asyncio.sleep(0.0001)
            reached.append('task')
            await asyncio.create_task(asyncio.sleep(0))
            reached.append('gather')
            await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))
            reached.append('wait_for')
            await asyncio.wait_for(asyncio.sleep(0), 1)
            reached.append('lock')
            lock = asyncio.Lock()
            async with lock:
                await asyncio.sleep(0)
            reached.append('queue')
            queue = asyncio.Queue()
            loop.call_soon(queue.put_nowait, None)
            await queue.get()
            reached.append('end')

        async def cancel_after(point):
            reached = []
            task = asyncio.create_task(steps(reached))
            while point not in reached:
                await asyncio.sleep(0)
                if task.done():
                    break
            self.assertTrue(task.cancel('enough'))
            with self.assertRaises(asyncio.CancelledError) as caught:
                await task
            self.assertTrue(task.cancelled())
            self.assertEqual(reached[-1], point)
            return caught.exception.args

        for point in ('sleep(0)', 'future', 'sleep', 'task', 'gather', 'wait_for', 'lock', 'queue'):
            with self.subTest(point):
                run(cancel_after(point))

    def test_before_the_first_step(self):
        async def main():
            started = []

            async def work():
                started.append(True)

            task = asyncio.create_task(work())
            self.assertTrue(task.cancel())
            with self.assertRaises(asyncio.CancelledError):
                await task
            return started

        self.assertEqual(run(main()), [])

    def test_a_task_that_refuses(self):
        async def main():
            async def stubborn():
                for _ in range(3):
                    try:
                        await asyncio.sleep(PATIENCE)
                    except asyncio.CancelledError:
                        pass
                return 'survived'

            task = asyncio.create_task(stubborn())
            for number in range(1, 4):
                await turns(2)
                self.assertTrue(task.cancel())
                self.assertEqual(task.cancelling(), number)
            self.assertEqual(await task, 'survived')
            self.assertFalse(task.cancelled())
            self.assertFalse(task.cancel())

        run(main())

    def test_counts(self):
        async def main():
            task = asyncio.create_task(asyncio.sleep(PATIENCE))
            self.assertEqual(task.cancelling(), 0)
            task.cancel()
            task.cancel()
            self.assertEqual(task.cancelling(), 2)
            self.assertEqual(task.uncancel(), 1)
            self.assertEqual(task.uncancel(), 0)
            self.assertEqual(task.uncancel(), 0)
            # Nothing is left to cancel it, and it has not started.
            await turns(2)
            self.assertFalse(task.done())
            task.cancel()

        run(main())

    def test_the_message_arrives(self):
        async def main():
            task = asyncio.create_task(asyncio.sleep(PATIENCE))
            await turns(1)
            task.cancel('because')
            try:
                await task
            except asyncio.CancelledError as error:
                return error.args

        self.assertEqual(run(main()), ('because',))

    def test_right_before_the_return(self):
        async def main():
            async def work():
                asyncio.current_task().cancel()
                return 'too late'

            task = asyncio.create_task(work())
            with self.assertRaises(asyncio.CancelledError):
                await task
            self.assertTrue(task.cancelled())

        run(main())

    def test_timeouts_and_groups(self):
        async def main():
            with self.assertRaises(TimeoutError):
                async with asyncio.timeout(0.005):
                    await asyncio.sleep(PATIENCE)
            ended = []

            async def sibling():
                try:
                    await asyncio.sleep(PATIENCE)
                finally:
                    ended.append('cancelled')

            async def fail():
                await turns(2)
                raise KeyError('broken')

            with self.assertRaises(ExceptionGroup) as caught:
                async with asyncio.TaskGroup() as group:
                    group.create_task(sibling())
                    group.create_task(fail())
            self.assertEqual([type(error) for error in caught.exception.exceptions], [KeyError])
            self.assertEqual(ended, ['cancelled'])
            self.assertEqual(asyncio.current_task().cancelling(), 0)

        run(main())


class Tasks(unittest.TestCase):
    def test_names(self):
        async def main():
            first = asyncio.create_task(asyncio.sleep(0))
            second = asyncio.create_task(asyncio.sleep(0), name='given')
            third = asyncio.create_task(asyncio.sleep(0), name=17)
            self.assertRegex(first.get_name(), r'^Task-\d+$')
            self.assertEqual(first.get_name(), first.get_name())
            self.assertEqual((second.get_name(), third.get_name()), ('given', '17'))
            second.set_name(('a', 'tuple'))
            self.assertEqual(second.get_name(), "('a', 'tuple')")
            await asyncio.gather(first, second, third)

        run(main())

    def test_contexts(self):
        variable = contextvars.ContextVar('variable', default=0)

        async def bump():
            variable.set(variable.get() + 1)
            await asyncio.sleep(0)
            variable.set(variable.get() + 1)
            return variable.get()

        async def main():
            variable.set(10)
            self.assertEqual(await asyncio.gather(*(bump() for _ in range(5))), [12] * 5)
            self.assertEqual(variable.get(), 10)
            shared = contextvars.copy_context()
            for expected in (12, 14, 16):
                self.assertEqual(await asyncio.create_task(bump(), context=shared), expected)
            self.assertEqual(shared[variable], 16)
            self.assertEqual(variable.get(), 10)
            own = asyncio.create_task(bump())
            self.assertIsInstance(own.get_context(), contextvars.Context)
            await own
            if sys.implementation.name != "cpython":
                for wrong in (42, object(), {}):
                    coroutine = bump()
                    with self.assertRaisesRegex(TypeError, 'an instance of Context was expected'):
                        asyncio.create_task(coroutine, context=wrong)
                    coroutine.close()

        run(main())

    def test_who_runs(self):
        async def main():
            me = asyncio.current_task()
            self.assertIn(me, asyncio.all_tasks())
            seen = []
            asyncio.get_running_loop().call_soon(lambda: seen.append(asyncio.current_task()))

            async def child():
                return asyncio.current_task()

            task = asyncio.create_task(child())
            self.assertEqual(asyncio.all_tasks(), {me, task} | asyncio.all_tasks())
            self.assertIn(task, asyncio.all_tasks())
            self.assertIs(await task, task)
            self.assertNotIn(task, asyncio.all_tasks())
            self.assertIs(asyncio.current_task(), me)
            self.assertEqual(seen, [None])

        run(main())
        with self.assertRaises(RuntimeError):
            asyncio.current_task()

    def test_eager_tasks(self):
        async def main():
            loop = asyncio.get_running_loop()
            order = []

            async def quick():
                order.append('quick')
                return asyncio.current_task()

            async def slow():
                order.append('slow starts')
                await asyncio.sleep(0)
                order.append('slow ends')
                return 'slow'

            me = asyncio.current_task()
            task = asyncio.Task(quick(), loop=loop, eager_start=True)
            self.assertTrue(task.done())
            self.assertIs(task.result(), task)
            self.assertIs(asyncio.current_task(), me)
            loop.set_task_factory(asyncio.eager_task_factory)
            other = asyncio.create_task(slow())
            order.append('created')
            self.assertIn(other, asyncio.all_tasks())
            self.assertEqual(await other, 'slow')
            self.assertEqual(order, ['quick', 'slow starts', 'created', 'slow ends'])
            with self.assertRaises(ZeroDivisionError):
                await asyncio.create_task(self.divide())

        run(main())

    async def divide(self):
        return 1 / 0

    def test_exceptions(self):
        async def main():
            task = asyncio.create_task(self.divide())
            await asyncio.wait([task])
            self.assertIsInstance(task.exception(), ZeroDivisionError)
            for _ in range(3):
                with self.assertRaises(ZeroDivisionError) as caught:
                    await task
                depth, traceback = 0, caught.exception.__traceback__
                while traceback:
                    depth, traceback = depth + 1, traceback.tb_next
                self.assertLess(depth, 5, 'tracebacks must not grow')

        run(main())

    def test_exceptions_nobody_asked_for(self):
        async def main():
            contexts = []
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda loop, context: contexts.append(context))
            task = asyncio.create_task(self.divide())
            await turns(3)
            del task
            future = loop.create_future()
            future.set_exception(KeyError('lost'))
            del future
            gc.collect()
            return contexts

        first, second = run(main())
        self.assertEqual(first['message'], 'Task exception was never retrieved')
        self.assertEqual(second['message'], 'Future exception was never retrieved')
        self.assertIsInstance(second['exception'], KeyError)

    def test_tasks_destroyed_while_pending(self):
        async def main():
            contexts = []
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda loop, context: contexts.append(context))

            async def wait():
                await loop.create_future()

            task = asyncio.create_task(wait())
            await turns(2)
            del task
            gc.collect()
            return [context['message'] for context in contexts]

        self.assertEqual(run(main()), ['Task was destroyed but it is pending!'])

    def test_wrong_awaits(self):
        @types.coroutine
        def bad():
            yield 'nonsense'

        async def nonsense():
            await bad()

        async def itself():
            await asyncio.current_task()

        async def elsewhere(future):
            await future

        async def main(foreign):
            for coroutine, message in (
                (nonsense(), 'Task got bad yield'),
                (itself(), 'cannot await on itself'),
                (elsewhere(foreign), 'attached to a different loop'),
            ):
                with self.assertRaisesRegex(RuntimeError, message):
                    await asyncio.create_task(coroutine)
            with self.assertRaisesRegex(TypeError, 'a coroutine was expected'):
                asyncio.create_task(turns)

        other = asyncio.new_event_loop()
        try:
            run(main(other.create_future()))
        finally:
            other.close()

    def test_subclasses(self):
        class Future(asyncio.Future):
            def result(self):
                return ('wrapped', super().result())

        class Task(asyncio.Task):
            pass

        async def main():
            loop = asyncio.get_running_loop()
            future = Future(loop=loop)
            loop.call_soon(future.set_result, 1)

            async def wait():
                return await future

            task = Task(wait(), loop=loop)
            await task
            self.assertEqual(future.result(), ('wrapped', 1))
            loop.set_task_factory(lambda loop, coro, **kwargs: Task(coro, loop=loop, **kwargs))
            self.assertIsInstance(asyncio.create_task(turns(1)), Task)

        run(main())

    def test_futures_of_others(self):
        """Duck-typed futures, as other libraries bring them."""

        class Other:
            _asyncio_future_blocking = False

            def __init__(self, loop):
                self.loop, self.callbacks, self.value = loop, [], None

            def get_loop(self):
                return self.loop

            def add_done_callback(self, callback, *, context=None):
                self.callbacks.append((callback, context))

            def result(self):
                return self.value

            def finish(self, value):
                self.value = value
                for callback, context in self.callbacks:
                    self.loop.call_soon(callback, self, context=context)

            def cancel(self, msg=None):
                return False

            def __await__(self):
                self._asyncio_future_blocking = True
                yield self
                return self.value

        async def main():
            loop = asyncio.get_running_loop()
            other = Other(loop)

            async def wait():
                loop.call_soon(other.finish, 'foreign')
                return await other

            return await asyncio.create_task(wait())

        self.assertEqual(run(main()), 'foreign')

    def test_future_interface(self):
        async def main():
            loop = asyncio.get_running_loop()
            future = loop.create_future()
            self.assertIsInstance(future, asyncio.Future)
            self.assertIs(future.get_loop(), loop)
            with self.assertRaises(asyncio.InvalidStateError):
                future.result()
            with self.assertRaises(asyncio.InvalidStateError):
                future.exception()
            called = []
            future.add_done_callback(called.append)
            future.add_done_callback(called.append)
            self.assertEqual(future.remove_done_callback(called.append), 2)
            future.add_done_callback(called.append)
            future.set_result(5)
            with self.assertRaises(asyncio.InvalidStateError):
                future.set_result(6)
            with self.assertRaises(asyncio.InvalidStateError):
                future.set_exception(KeyError)
            self.assertFalse(future.cancel())
            self.assertEqual(called, [])
            await turns(1)
            self.assertEqual(called, [future])
            self.assertEqual(await future, 5)
            self.assertEqual(repr(future), '<Future finished result=5>')
            failing = loop.create_future()
            with self.assertRaises(TypeError):
                failing.set_exception('text')
            failing.set_exception(StopIteration('text'))
            self.assertIsInstance(failing.exception(), RuntimeError)

        run(main())

    def test_call_graph(self):
        async def main():
            async def inner():
                await asyncio.sleep(0)
                return asyncio.capture_call_graph()

            async def outer():
                return await inner()

            task = asyncio.create_task(outer(), name='outer')
            graph = await task
            self.assertIs(graph.future, task)
            names = [entry.frame.f_code.co_name for entry in graph.call_stack]
            self.assertEqual(names, ['inner', 'outer'])
            self.assertIs(graph.awaited_by[0].future, asyncio.current_task())

        run(main())

    def test_a_finished_task_goes_away(self):
        async def main():
            task = asyncio.create_task(turns(2))
            weak = weakref.ref(task)
            await task
            del task
            await turns(1)
            return weak()

        self.assertIsNone(run(main()))


class VeryMany(unittest.TestCase):
    COUNT = 100_000

    def test_a_hundred_thousand_tasks(self):
        async def main():
            loop = asyncio.get_running_loop()
            gate = asyncio.Event()

            async def work(number):
                await gate.wait()
                await asyncio.sleep(0)
                return number

            tasks = [loop.create_task(work(number)) for number in range(self.COUNT)]
            await asyncio.sleep(0)
            self.assertGreaterEqual(len(asyncio.all_tasks()), self.COUNT)
            gate.set()
            total = 0
            for task in tasks:
                total += await task
            return total

        self.assertEqual(asyncio.run(main()), self.COUNT * (self.COUNT - 1) // 2)

    def test_many_are_cancelled_at_the_end(self):
        cancelled = 0

        async def main():
            async def work():
                nonlocal cancelled
                try:
                    await asyncio.sleep(PATIENCE * 10)
                finally:
                    cancelled += 1

            tasks = [asyncio.create_task(work()) for _ in range(10_000)]
            await asyncio.sleep(0)
            return len(tasks)

        self.assertEqual(run(main()), 10_000)
        self.assertEqual(cancelled, 10_000)


if __name__ == '__main__':
    unittest.main()
