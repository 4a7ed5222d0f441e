//! The flow of Digest authentication.

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::convert::ToPyResult;
use rustpython_vm::protocol::PyIterReturn;
use rustpython_vm::types::{IterNext, Iterable, SelfIter};
use rustpython_vm::{Py, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_engine::http::auth::digest::Challenge;
use tauraro_engine::http::cookies::CookieJar;

use super::digest::DigestAuth;
use crate::exceptions;
use crate::request::Request;
use crate::response::Response;

/// How far a flow has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Nothing has been sent.
    Start,
    /// The request has been sent, and may be challenged.
    Sent,
    /// It is over.
    End,
}

/// A generator that yields a request, and again with the answer to the challenge it met.
#[pyclass(module = "httpx", name = "DigestFlow", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct DigestFlow {
    auth: PyRef<DigestAuth>,
    request: PyRef<Request>,
    #[pytraverse(skip)]
    step: PyMutex<Step>,
}

impl DigestFlow {
    /// The flow for `request`.
    pub(super) fn new(auth: PyRef<DigestAuth>, request: PyRef<Request>) -> Self {
        Self { auth, request, step: PyMutex::new(Step::Start) }
    }

    /// Goes on to `next`; where the flow was before.
    fn advance(&self, next: Step) -> Step {
        std::mem::replace(&mut *self.step.lock(), next)
    }
}

impl SelfIter for DigestFlow {}

impl IterNext for DigestFlow {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        if zelf.advance(Step::End) != Step::Start {
            return Ok(PyIterReturn::StopIteration(None));
        }
        zelf.auth.answer(vm, &zelf.request)?;
        zelf.advance(Step::Sent);
        Ok(PyIterReturn::Return(zelf.request.clone().into()))
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Iterable, IterNext))]
impl DigestFlow {
    /// Hands over the response; gives the request to send again, or `StopIteration`.
    ///
    /// Raises `ProtocolError` for a challenge that cannot be answered.
    #[pymethod]
    fn send(zelf: &Py<Self>, response: Option<PyRef<Response>>, vm: &VirtualMachine) -> PyResult {
        let Some(response) = response else { return Self::next(zelf, vm).to_pyresult(vm) };
        let end = || PyIterReturn::StopIteration(None).to_pyresult(vm);
        if zelf.advance(Step::End) != Step::Sent || response.status() != 401 {
            return end();
        }
        let headers = response.headers().fields();
        let challenge = headers
            .get_all("www-authenticate")
            .find_map(|value| Challenge::parse(&String::from_utf8_lossy(value)).transpose())
            .transpose()
            .map_err(|error| exceptions::from_engine(vm, error, Some(zelf.request.clone().into())))?;
        let Some(challenge) = challenge else { return end() };
        zelf.auth.challenge(challenge);
        zelf.auth.answer(vm, &zelf.request)?;
        let (url, mut jar) = (zelf.request.url_ref(vm)?, CookieJar::default());
        jar.extract(url.url(), &headers);
        if let Some(cookies) = jar.header_for(url.url()) {
            zelf.request.headers_ref(vm)?.with(|headers| {
                if !headers.contains("cookie") {
                    headers.append("Cookie", cookies);
                }
            });
        }
        Ok(zelf.request.clone().into())
    }

    /// Ends the flow.
    #[pymethod]
    fn close(zelf: &Py<Self>) {
        zelf.advance(Step::End);
    }
}
