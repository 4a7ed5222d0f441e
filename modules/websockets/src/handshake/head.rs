//! Reading the message of the opening handshake.

use std::fmt::Debug;
use std::sync::Arc;

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine::websocket::handshake::{Error, Limits, Request, RequestReader, Response, ResponseReader};

use super::failure;
use crate::datastructures::Headers;
use crate::errors;
use crate::protocol::{Handshake, Protocol};

const MESSAGES: &str = "websockets.http11";

/// A reader of the engine, for messages of one kind.
trait Reader: Debug + Send {
    /// What it reads.
    type Message;
    /// The method of the protocol for a message.
    const RECEIVED: &'static str;
    /// The method of the protocol for the exception that says why the bytes are not a message.
    const FAILED: &'static str;

    fn feed(&mut self, data: &[u8]);
    fn feed_eof(&mut self);
    fn read(&mut self) -> Result<Option<Self::Message>, Error>;
    fn into_rest(self) -> Vec<u8>;
    fn object(vm: &VirtualMachine, message: Self::Message) -> PyResult;
}

impl Reader for RequestReader {
    type Message = Request;
    const RECEIVED: &'static str = "_request_received";
    const FAILED: &'static str = "_request_failed";

    fn feed(&mut self, data: &[u8]) {
        self.feed(data);
    }

    fn feed_eof(&mut self) {
        self.feed_eof();
    }

    fn read(&mut self) -> Result<Option<Request>, Error> {
        self.read()
    }

    fn into_rest(self) -> Vec<u8> {
        self.into_rest()
    }

    fn object(vm: &VirtualMachine, message: Request) -> PyResult {
        let Request { line, fields } = message;
        let class = errors::attribute(vm, MESSAGES, "Request")?;
        class.call((line.target, headers(vm, &fields), line.method, line.version), vm)
    }
}

impl Reader for ResponseReader {
    type Message = Response;
    const RECEIVED: &'static str = "_response_received";
    const FAILED: &'static str = "_response_failed";

    fn feed(&mut self, data: &[u8]) {
        self.feed(data);
    }

    fn feed_eof(&mut self) {
        self.feed_eof();
    }

    fn read(&mut self) -> Result<Option<Response>, Error> {
        self.read()
    }

    fn into_rest(self) -> Vec<u8> {
        self.into_rest()
    }

    fn object(vm: &VirtualMachine, message: Response) -> PyResult {
        let Response { line, fields, body } = message;
        let class = errors::attribute(vm, MESSAGES, "Response")?;
        class.call((line.status, line.reason, headers(vm, &fields), vm.ctx.new_bytes(body)), vm)
    }
}

fn headers(vm: &VirtualMachine, fields: &[(String, String)]) -> PyObjectRef {
    Headers::of(vm, fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))).into()
}

/// The reader, until the message is complete.
#[derive(Debug)]
struct Reading<R>(PyMutex<Option<R>>);

impl<R: Reader> Reading<R> {
    /// Reads on. When the message is complete, returns how much of what arrived belongs to what follows.
    fn advance(
        &self,
        protocol: &Py<Protocol>,
        feed: impl FnOnce(&mut R),
        vm: &VirtualMachine,
    ) -> PyResult<Option<usize>> {
        let (result, rest) = {
            let mut reader = self.0.lock();
            let Some(reading) = reader.as_mut() else { return Ok(Some(0)) };
            feed(reading);
            let result = match reading.read() {
                Ok(None) => return Ok(None),
                Ok(Some(message)) => Ok(message),
                Err(error) => Err(error),
            };
            (result, reader.take().map_or(0, |reader| reader.into_rest().len()))
        };
        let protocol = protocol.as_object();
        match result {
            Ok(message) => {
                let message = R::object(vm, message)?;
                vm.call_method(protocol, R::RECEIVED, (message,))?;
                Ok(Some(rest))
            }
            Err(error) => {
                vm.call_method(protocol, R::FAILED, (failure::of_head(vm, error),))?;
                Ok(Some(0))
            }
        }
    }
}

impl<R: Reader> Handshake for Reading<R> {
    fn receive_data(&self, protocol: &Py<Protocol>, data: &mut &[u8], vm: &VirtualMachine) -> PyResult<bool> {
        let arrived = *data;
        *data = &[];
        let Some(rest) = self.advance(protocol, |reader| reader.feed(arrived), vm)? else {
            return Ok(false);
        };
        *data = arrived.get(arrived.len().saturating_sub(rest)..).unwrap_or_default();
        Ok(true)
    }

    fn receive_eof(&self, protocol: &Py<Protocol>, vm: &VirtualMachine) -> PyResult<()> {
        self.advance(protocol, R::feed_eof, vm).map(drop)
    }
}

/// The limits in `websockets.http11`.
fn limits(vm: &VirtualMachine) -> PyResult<Limits> {
    let limit = |name| -> PyResult<usize> {
        let value = errors::attribute(vm, MESSAGES, name)?.try_index(vm)?;
        Ok(usize::try_from(value.as_bigint()).unwrap_or_default())
    };
    Ok(Limits {
        line: limit("MAX_LINE_LENGTH")?,
        fields: limit("MAX_NUM_HEADERS")?,
        body: limit("MAX_BODY_SIZE")?,
    })
}

/// The protocol that an object is.
///
/// # Errors
/// `TypeError` for any other object.
pub(super) fn protocol_of<'a>(vm: &VirtualMachine, object: &'a PyObject) -> PyResult<&'a Py<Protocol>> {
    object
        .downcast_ref::<Protocol>()
        .ok_or_else(|| vm.new_type_error(format!("expected a Protocol, not {}", object.class().name())))
}

/// Gives all that arrives to a reader of requests.
///
/// # Errors
/// `TypeError` for an object that is not a protocol.
pub(super) fn read_request(vm: &VirtualMachine, protocol: &PyObject) -> PyResult<()> {
    let reader = RequestReader::new(limits(vm)?);
    protocol_of(vm, protocol)?.set_handshake(Arc::new(Reading(PyMutex::new(Some(reader)))));
    Ok(())
}

/// Gives all that arrives to a reader of responses.
///
/// # Errors
/// `TypeError` for an object that is not a protocol.
pub(super) fn read_response(vm: &VirtualMachine, protocol: &PyObject) -> PyResult<()> {
    let reader = ResponseReader::new(limits(vm)?);
    protocol_of(vm, protocol)?.set_handshake(Arc::new(Reading(PyMutex::new(Some(reader)))));
    Ok(())
}

/// Ends the stream that a protocol sends, and has it ignore all that still arrives.
///
/// # Errors
/// `TypeError` for an object that is not a protocol.
pub(super) fn give_up(vm: &VirtualMachine, protocol: &PyObject) -> PyResult<()> {
    // The method, which a program may have overridden.
    vm.call_method(protocol, "send_eof", ())?;
    Protocol::discard(protocol_of(vm, protocol)?, vm)
}
