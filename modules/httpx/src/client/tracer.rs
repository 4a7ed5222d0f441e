//! The request extension `trace`: a function that is called with what happens during an exchange.

use std::future::Future;
use std::pin::Pin;

use rustpython_vm::builtins::{PyCoroutine, PyDictRef};
use rustpython_vm::{PyObjectRef, PyPayload, PyResult, VirtualMachine};
use tauraro_bridge::{ExecutionMode, with_vm};
use tauraro_engine as engine;
use tauraro_engine::http::client::trace::{Event, Events, Fact, Stage};

use crate::exceptions::{self, TransportError};

/// A function of the program, and the events that it has not been called with yet.
///
/// It is called where the caller of the client runs, in the order of the events, as soon as the wait
/// that they happened in can be interrupted.
#[derive(Debug)]
pub(crate) struct Tracer {
    callback: PyObjectRef,
    /// `None` during a wait for them, and after one that was given up.
    events: Option<Events>,
}

/// What a wait ended with.
enum Step<T> {
    Done(T),
    Happened(Event),
}

impl Tracer {
    /// Calls `callback` with `events`.
    pub(crate) fn new(callback: PyObjectRef, events: Events) -> Self {
        Self { callback, events: Some(events) }
    }

    /// Waits for `work`, and calls the function with what happens in the meantime.
    ///
    /// # Errors
    /// What the function raises, after which the work is dropped; what ends the wait early.
    pub(crate) async fn run<F>(&mut self, work: F, mode: &ExecutionMode) -> PyResult<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let mut work: Pin<Box<dyn Future<Output = F::Output> + Send>> = Box::pin(work);
        while let Some(mut events) = self.events.take() {
            let step;
            (work, events, step) = mode
                .run(async move {
                    let step = tokio::select! {
                        biased;
                        Some(event) = events.recv() => Step::Happened(event),
                        output = &mut work => Step::Done(output),
                    };
                    (work, events, step)
                })
                .await?;
            self.events = Some(events);
            match step {
                Step::Happened(event) => self.call(&event, mode).await?,
                Step::Done(output) => {
                    self.tell(mode).await?;
                    return Ok(output);
                }
            }
        }
        mode.run(work).await
    }

    /// Calls the function with what has happened since.
    ///
    /// # Errors
    /// What the function raises.
    pub(crate) async fn tell(&mut self, mode: &ExecutionMode) -> PyResult<()> {
        while let Some(event) = self.events.as_mut().and_then(|events| events.try_recv().ok()) {
            self.call(&event, mode).await?;
        }
        Ok(())
    }

    async fn call(&self, event: &Event, mode: &ExecutionMode) -> PyResult<()> {
        let called = with_vm(|vm| {
            let info = info(vm, event)?;
            let called = self.callback.call((event.name(), info), vm)?;
            if !mode.is_async() && called.downcast_ref::<PyCoroutine>().is_some() {
                vm.call_method(&called, "close", ())?;
                let message = "the extension 'trace' must not be an async function with Client";
                return Err(vm.new_type_error(message));
            }
            Ok(called)
        })?;
        mode.wait(called).await.map(drop)
    }
}

/// The details of an event, under the names of httpcore.
fn info(vm: &VirtualMachine, event: &Event) -> PyResult<PyDictRef> {
    let info = vm.ctx.new_dict();
    for (name, fact) in &event.facts {
        let value = match (*name, fact) {
            ("exception", Fact::Text(text)) => {
                exceptions::new(vm, TransportError::class(&vm.ctx), text.clone(), None).into()
            }
            (_, fact) => value(vm, fact),
        };
        info.set_item(*name, value, vm)?;
    }
    if event.stage == Stage::Complete {
        let head = ["http_version", "status", "reason_phrase", "headers"];
        let mut parts = Vec::new();
        for name in head {
            parts.extend(info.get_item_opt(name, vm)?);
        }
        let result = if parts.is_empty() { vm.ctx.none() } else { vm.ctx.new_tuple(parts).into() };
        info.set_item("return_value", result, vm)?;
    }
    Ok(info)
}

fn value(vm: &VirtualMachine, fact: &Fact) -> PyObjectRef {
    match fact {
        Fact::Nothing => vm.ctx.none(),
        Fact::Text(text) => vm.ctx.new_str(text.as_str()).into(),
        Fact::Bytes(bytes) => vm.ctx.new_bytes(bytes.to_vec()).into(),
        Fact::Integer(number) => vm.ctx.new_int(*number).into(),
        Fact::Span(span) => vm.ctx.new_float(span.as_secs_f64()).into(),
        Fact::Headers(headers) => pairs(vm, headers),
    }
}

fn pairs(vm: &VirtualMachine, headers: &engine::Headers) -> PyObjectRef {
    let pairs = headers.iter().map(|field| {
        let pair = [&field.name, &field.value].map(|text| vm.ctx.new_bytes(text.to_vec()).into());
        vm.ctx.new_tuple(pair.into()).into()
    });
    vm.ctx.new_list(pairs.collect()).into()
}
