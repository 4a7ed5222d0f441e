"""Names for the types of the arguments of httpx's functions, for annotations: `httpx._types`."""

import ssl
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import IO, Any, Dict, List, Optional, Tuple, Union

from httpx import (
    URL,
    AsyncByteStream,
    Auth,
    Cookies,
    Headers,
    Proxy,
    QueryParams,
    Request,
    Response,
    SyncByteStream,
    Timeout,
)

PrimitiveData = Optional[Union[str, int, float, bool]]

URLTypes = Union[URL, str]

QueryParamTypes = Union[
    QueryParams,
    Mapping[str, Union[PrimitiveData, Sequence[PrimitiveData]]],
    List[Tuple[str, PrimitiveData]],
    Tuple[Tuple[str, PrimitiveData], ...],
    str,
    bytes,
]

HeaderTypes = Union[
    Headers,
    Mapping[str, str],
    Mapping[bytes, bytes],
    Sequence[Tuple[str, str]],
    Sequence[Tuple[bytes, bytes]],
]

CookieTypes = Union[Cookies, Dict[str, str], List[Tuple[str, str]]]

TimeoutTypes = Union[
    float,
    None,
    Tuple[Optional[float], Optional[float], Optional[float], Optional[float]],
    Timeout,
]

ProxyTypes = Union[URL, str, Proxy]

VerifyTypes = Union[str, bool, ssl.SSLContext]
CertTypes = Union[str, Tuple[str, str], Tuple[str, str, str]]

AuthTypes = Union[Tuple[Union[str, bytes], Union[str, bytes]], Callable[[Request], Request], Auth]

RequestContent = Union[str, bytes, Iterable[bytes], AsyncIterable[bytes]]
ResponseContent = RequestContent
RequestData = Mapping[str, Any]

FileContent = Union[IO[bytes], bytes, str]
FileTypes = Union[
    FileContent,
    Tuple[Optional[str], FileContent],
    Tuple[Optional[str], FileContent, Optional[str]],
    Tuple[Optional[str], FileContent, Optional[str], Mapping[str, str]],
]
RequestFiles = Union[Mapping[str, FileTypes], Sequence[Tuple[str, FileTypes]]]

RequestExtensions = Mapping[str, Any]
ResponseExtensions = Mapping[str, Any]
