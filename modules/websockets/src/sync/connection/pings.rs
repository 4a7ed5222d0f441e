//! Pings, and the pongs that answer them.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use rustpython_vm::{Py, PyObjectRef, PyResult, Traverse, VirtualMachine};
use tauraro_engine::websocket as engine;

use super::Connection;
use super::sending::Flush;
use crate::data::Data;
use crate::errors;

/// A ping that was not answered yet.
#[derive(Debug, Traverse)]
pub(super) struct Ping {
    #[pytraverse(skip)]
    data: Vec<u8>,
    /// A `threading.Event`.
    event: PyObjectRef,
    #[pytraverse(skip)]
    sent: Instant,
    #[pytraverse(skip)]
    ack_on_close: bool,
}

impl Connection {
    pub(super) fn send_ping(
        zelf: &Py<Self>,
        data: Option<PyObjectRef>,
        ack_on_close: bool,
        vm: &VirtualMachine,
    ) -> PyResult {
        let data = data.map(|data| payload(&data, vm)).transpose()?;
        let event = errors::attribute(vm, "threading", "Event")?.call((), vm)?;
        // What the peer does not read in that time it does not respond to either.
        let limit = Self::deadline_by(zelf, "ping_timeout", vm)?;
        Self::operate(zelf, Flush::Until(limit), vm, |protocol| {
            let data = zelf.register(data, event.clone(), ack_on_close, vm)?;
            let sent =
                protocol.send(engine::opcode::PING, &Data::Bytes(vm.ctx.new_bytes(data).into()), true, vm);
            if sent.is_err() {
                let mut pings = zelf.pings.lock();
                let failed = pings.pop();
                drop(pings);
                drop(failed);
            }
            sent
        })?;
        // The caller may wait for the event, for which no thread reads.
        zelf.core.reader_token.request_background_read();
        Ok(event)
    }

    /// Records a ping, with random data unless they are given.
    fn register(
        &self,
        data: Option<Vec<u8>>,
        event: PyObjectRef,
        ack_on_close: bool,
        vm: &VirtualMachine,
    ) -> PyResult<Vec<u8>> {
        let is_pending = |data: &[u8]| self.pings.lock().iter().any(|ping| ping.data == data);
        let data = match data {
            Some(data) if is_pending(&data) => {
                return Err(errors::concurrency_error(vm, "already waiting for a pong with the same data"));
            }
            Some(data) => data,
            None => loop {
                let random: u32 =
                    errors::attribute(vm, "random", "getrandbits")?.call((32,), vm)?.try_to_value(vm)?;
                let data = random.to_be_bytes();
                if !is_pending(&data) {
                    break data.to_vec();
                }
            },
        };
        let ping = Ping { data: data.clone(), event, sent: Instant::now(), ack_on_close };
        self.pings.lock().push(ping);
        Ok(data)
    }

    pub(super) fn send_pong(zelf: &Py<Self>, data: Option<PyObjectRef>, vm: &VirtualMachine) -> PyResult<()> {
        let data = data.map_or(Ok(Vec::new()), |data| payload(&data, vm))?;
        Self::operate(zelf, Flush::Unless, vm, |protocol| {
            protocol.send(engine::opcode::PONG, &Data::Bytes(vm.ctx.new_bytes(data).into()), true, vm)
        })
    }

    /// Sets the events of the ping that a pong answers and of those before it: only the last one needs an answer.
    pub(super) fn acknowledge(zelf: &Py<Self>, data: &[u8], vm: &VirtualMachine) {
        let now = Instant::now();
        let answered: Vec<Ping> = {
            let mut pings = zelf.pings.lock();
            let Some(position) = pings.iter().position(|ping| ping.data == data) else { return };
            pings.drain(..=position).collect()
        };
        if let Some(last) = answered.last() {
            let latency = now.saturating_duration_since(last.sent).as_secs_f64();
            zelf.latency.store(latency.to_bits(), Relaxed);
        }
        Self::set_events(zelf, answered, vm);
    }

    /// Sets the events of pings that will not be answered, if `ack_on_close`.
    pub(super) fn terminate_pings(zelf: &Py<Self>, vm: &VirtualMachine) {
        let mut pings = std::mem::take(&mut *zelf.pings.lock());
        pings.retain(|ping| ping.ack_on_close);
        Self::set_events(zelf, pings, vm);
    }

    fn set_events(zelf: &Py<Self>, pings: Vec<Ping>, vm: &VirtualMachine) {
        for ping in pings {
            if let Err(error) = vm.call_method(&ping.event, "set", ()) {
                vm.run_unraisable(error, None, zelf.to_owned().into());
            }
        }
    }
}

/// The data of a ping or pong.
///
/// # Errors
/// `TypeError` for what is neither text nor bytes.
fn payload(object: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Vec<u8>> {
    let Some(data) = Data::from_object(object) else {
        return Err(vm.new_type_error("data must be str or bytes-like"));
    };
    data.with_bytes(vm, |bytes| Ok(bytes.to_vec()))
}
