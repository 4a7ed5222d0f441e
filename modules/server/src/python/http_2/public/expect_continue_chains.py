"""What is asked before `100 Continue` is sent."""

from abc import ABC, abstractmethod

from .expect_continue_exception import ExpectationFailedException


class Continue100Chain(ABC):
    """Looks at the head of a request that expects `100 Continue`; what it raises answers the request."""

    @abstractmethod
    def __call__(self, method, uri, protocol, headers):
        """Raise an exception of `expect_continue_exception` to refuse. `headers` has names in lower case."""


class Continue100Chains:
    """The chains, in the order they were added."""

    def __init__(self):
        self._chains = []

    def add(self, clazz):
        """Add an instance of a class. Return the class, so that this is a decorator."""
        self._chains.append(clazz())
        return clazz

    def execute(self, method, uri, protocol, headers):
        """Call every chain."""
        for chain in self._chains:
            chain(method, uri, protocol, headers)


CONTINUE_CHAINS = Continue100Chains()


@CONTINUE_CHAINS.add
class CheckExpectationFailedChain(Continue100Chain):
    """Refuses other expectations than `100-continue`."""

    def __call__(self, method, uri, protocol, headers):
        expected = headers.get('expect')
        if expected is not None and expected.lower() != '100-continue':
            raise ExpectationFailedException(f'Expect header has unexpected value {expected}')
