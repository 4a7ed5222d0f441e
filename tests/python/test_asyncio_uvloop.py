"""Scripts written for uvloop."""

import asyncio
import subprocess
import sys
import unittest
import warnings

import uvloop


class Uvloop(unittest.TestCase):
    def test_run(self):
        async def main():
            await asyncio.sleep(0)
            return asyncio.get_running_loop()

        self.assertIsInstance(uvloop.run(main()), uvloop.Loop)
        self.assertTrue(uvloop.run(self.debugging(), debug=True))
        with self.assertRaises(ValueError):
            uvloop.run(print)

    async def debugging(self):
        return asyncio.get_running_loop().get_debug()

    def test_new_event_loop(self):
        loop = uvloop.new_event_loop()
        self.assertIsInstance(loop, asyncio.AbstractEventLoop)
        self.assertEqual(loop.run_until_complete(asyncio.sleep(0, 'slept')), 'slept')
        loop.close()

    def test_runner(self):
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            self.assertIsInstance(runner.get_loop(), uvloop.Loop)
            self.assertEqual(runner.run(asyncio.sleep(0, 5)), 5)

    def test_policy(self):
        policy = uvloop.EventLoopPolicy()
        loop = policy.new_event_loop()
        self.assertIsInstance(loop, uvloop.Loop)
        policy.set_event_loop(loop)
        self.assertIs(policy.get_event_loop(), loop)
        loop.close()

    def test_install(self):
        program = (
            'import asyncio, uvloop, warnings\n'
            'warnings.simplefilter("ignore")\n'
            'uvloop.install()\n'
            'assert isinstance(asyncio.get_event_loop_policy(), uvloop.EventLoopPolicy)\n'
            'async def main(): return isinstance(asyncio.get_running_loop(), uvloop.Loop)\n'
            'print(asyncio.run(main()))\n')
        done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, timeout=60)
        self.assertEqual((done.stdout, done.stderr), ('True\n', ''))

    def test_install_says_that_it_is_not_needed(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            try:
                uvloop.install()
            finally:
                asyncio.events._set_event_loop_policy(None)
        self.assertEqual([warning.category for warning in caught], [DeprecationWarning])


if __name__ == '__main__':
    unittest.main()
