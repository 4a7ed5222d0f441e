//! How the iterators over a response work: a [`ByteSource`] gives pieces, a [`Pipeline`] makes
//! of them what the iterator yields, and a [`ContentIter`] drives both, one item at a time.
//!
//! Only taking the next piece from the source waits; the iterators with `await` and those without
//! differ there and nowhere else.

use std::collections::VecDeque;

use bytes::Bytes;
use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::{Py, PyResult, VirtualMachine};
use tauraro_bridge::{ExecutionMode, with_vm};
use tauraro_engine::http::decode::Decoder;
use tauraro_engine::http::text::LineDecoder;

use super::Response;
use super::body::ByteSource;
use super::chunker::{ByteChunker, TextChunker};
use super::text::TextDecoder;

/// Makes items of the pieces it is fed.
pub(crate) trait Pipeline: Sized {
    /// What the iterator yields.
    type Item;

    /// The pipeline for a response, and the source to feed it from.
    ///
    /// # Errors
    /// When the response cannot be read (any more).
    fn open(
        response: &Py<Response>,
        chunk_size: Option<usize>,
        is_async: bool,
        vm: &VirtualMachine,
    ) -> PyResult<(Self, ByteSource)>;
    /// Takes the next piece.
    fn feed(&mut self, piece: Bytes);
    /// Says that no more comes.
    fn finish(&mut self);
    /// The next item; `None` when another piece is needed, or after [`Pipeline::finish`] at the end.
    ///
    /// # Errors
    /// When the pieces do not decode.
    fn next(&mut self, response: &Py<Response>, vm: &VirtualMachine) -> PyResult<Option<Self::Item>>;
}

/// An iteration over a response.
#[derive(Debug)]
pub(crate) struct ContentIter<S> {
    chunk_size: Option<usize>,
    state: PyMutex<State<S>>,
}

#[derive(Debug)]
enum State<S> {
    /// Nothing was asked for yet; as with a generator, nothing has been checked either.
    New,
    /// Between two items.
    Open(Open<S>),
    /// A caller is waiting for an item.
    Busy,
    /// At the end, or broken.
    Done,
}

/// An iteration under way.
#[derive(Debug)]
struct Open<S> {
    pipeline: S,
    /// None after its end.
    raw: Option<ByteSource>,
}

impl<S: Pipeline> Open<S> {
    /// Works until there is an item, or the end.
    async fn advance(&mut self, response: &Py<Response>, mode: &ExecutionMode) -> PyResult<Option<S::Item>> {
        loop {
            if let Some(item) = with_vm(|vm| self.pipeline.next(response, vm))? {
                return Ok(Some(item));
            }
            let Some(raw) = &mut self.raw else {
                return Ok(None);
            };
            if let Some(piece) = raw.next(response, mode).await? {
                self.pipeline.feed(piece);
                continue;
            }
            if !raw.is_content() {
                Response::close(response, mode).await?;
            }
            self.pipeline.finish();
            self.raw = None;
        }
    }
}

/// Marks an iteration as done unless it was put back: it has come to its end, or failed, or the wait was
/// given up.
struct Worker<'a, S>(&'a ContentIter<S>);

impl<S> Drop for Worker<'_, S> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        if matches!(*state, State::Busy) {
            *state = State::Done;
        }
    }
}

impl<S: Pipeline> ContentIter<S> {
    /// An iteration in chunks of `chunk_size`, or in pieces as they come.
    ///
    /// # Errors
    /// `ValueError` for a size below 1.
    pub(crate) fn new(chunk_size: Option<isize>, vm: &VirtualMachine) -> PyResult<Self> {
        let positive = |size| {
            let size_or_none = usize::try_from(size).ok().filter(|&size| size > 0);
            size_or_none
                .ok_or_else(|| vm.new_value_error(format!("chunk_size must be at least 1, not {size}")))
        };
        Ok(Self { chunk_size: chunk_size.map(positive).transpose()?, state: PyMutex::new(State::New) })
    }

    /// The next item; `None` at the end, and ever after.
    ///
    /// # Errors
    /// What reading and decoding raise; `ValueError` while another thread waits for an item,
    /// `RuntimeError` while another task does.
    pub(crate) async fn next(
        &self,
        response: &Py<Response>,
        mode: &ExecutionMode,
    ) -> PyResult<Option<S::Item>> {
        let before = std::mem::replace(&mut *self.state.lock(), State::Busy);
        if matches!(before, State::Busy) {
            return Err(with_vm(|vm| already_running(mode, vm)));
        }
        let _worker = Worker(self);
        let mut open = match before {
            State::Busy | State::Done => return Ok(None),
            State::New => {
                let opened = with_vm(|vm| S::open(response, self.chunk_size, mode.is_async(), vm));
                let (pipeline, raw) = opened?;
                Open { pipeline, raw: Some(raw) }
            }
            State::Open(open) => open,
        };
        let item = open.advance(response, mode).await.inspect_err(|_| response.abandon())?;
        if item.is_some() {
            self.put_back(open);
        }
        Ok(item)
    }

    /// Keeps the iteration for the next item, unless it was closed in the meantime.
    fn put_back(&self, open: Open<S>) {
        let mut state = self.state.lock();
        if matches!(*state, State::Busy) {
            *state = State::Open(open);
        }
    }

    /// Ends the iteration; the response is left as it is.
    pub(crate) fn close(&self) {
        // Dropped after the lock.
        let _state = std::mem::replace(&mut *self.state.lock(), State::Done);
    }
}

/// The exception of a Python generator that is resumed while it runs.
fn already_running(mode: &ExecutionMode, vm: &VirtualMachine) -> PyBaseExceptionRef {
    if mode.is_async() {
        vm.new_runtime_error("anext(): asynchronous generator is already running")
    } else {
        vm.new_value_error("generator already executing")
    }
}

/// Content as it came off the wire.
#[derive(Debug)]
pub(crate) struct RawPipeline {
    chunker: ByteChunker,
}

impl Pipeline for RawPipeline {
    type Item = Vec<u8>;

    fn open(
        response: &Py<Response>,
        chunk_size: Option<usize>,
        is_async: bool,
        vm: &VirtualMachine,
    ) -> PyResult<(Self, ByteSource)> {
        Ok((Self { chunker: ByteChunker::new(chunk_size) }, response.open_raw(is_async, vm)?))
    }

    fn feed(&mut self, piece: Bytes) {
        self.chunker.feed(piece);
    }

    fn finish(&mut self) {
        self.chunker.finish();
    }

    fn next(&mut self, _response: &Py<Response>, _vm: &VirtualMachine) -> PyResult<Option<Vec<u8>>> {
        Ok(self.chunker.next())
    }
}

/// Content, decoded.
#[derive(Debug)]
pub(crate) struct BytePipeline {
    /// None for content that was read, and decoded, before.
    decoder: Option<Decoder>,
    chunker: ByteChunker,
    finished: bool,
}

impl Pipeline for BytePipeline {
    type Item = Vec<u8>;

    fn open(
        response: &Py<Response>,
        chunk_size: Option<usize>,
        is_async: bool,
        vm: &VirtualMachine,
    ) -> PyResult<(Self, ByteSource)> {
        let chunker = ByteChunker::new(chunk_size);
        if let Some(content) = response.content_if_read() {
            return Ok((Self { decoder: None, chunker, finished: false }, ByteSource::content(content)));
        }
        let raw = response.open_raw(is_async, vm)?;
        let decoder = Some(response.decoder(None)).filter(|decoder| !decoder.is_identity());
        Ok((Self { decoder, chunker, finished: false }, raw))
    }

    fn feed(&mut self, piece: Bytes) {
        match &mut self.decoder {
            None => self.chunker.feed(piece),
            Some(decoder) => decoder.feed(piece),
        }
    }

    fn finish(&mut self) {
        self.finished = true;
        match &mut self.decoder {
            None => self.chunker.finish(),
            Some(decoder) => decoder.finish(),
        }
    }

    fn next(&mut self, response: &Py<Response>, vm: &VirtualMachine) -> PyResult<Option<Vec<u8>>> {
        loop {
            if let Some(chunk) = self.chunker.next() {
                return Ok(Some(chunk));
            }
            let Some(decoder) = &mut self.decoder else {
                return Ok(None);
            };
            match decoder.next_chunk().map_err(|error| response.engine_error(error, vm))? {
                Some(piece) => self.chunker.feed(piece),
                None if self.finished => {
                    self.decoder = None;
                    self.chunker.finish();
                }
                None => return Ok(None),
            }
        }
    }
}

/// Content as text.
#[derive(Debug)]
pub(crate) struct TextPipeline {
    bytes: BytePipeline,
    decoder: TextDecoder,
    chunker: TextChunker,
    /// Whether the text decoder was flushed.
    flushed: bool,
}

impl Pipeline for TextPipeline {
    type Item = String;

    fn open(
        response: &Py<Response>,
        chunk_size: Option<usize>,
        is_async: bool,
        vm: &VirtualMachine,
    ) -> PyResult<(Self, ByteSource)> {
        let decoder = response.text_decoder(vm)?;
        let (bytes, raw) = BytePipeline::open(response, None, is_async, vm)?;
        Ok((Self { bytes, decoder, chunker: TextChunker::new(chunk_size), flushed: false }, raw))
    }

    fn feed(&mut self, piece: Bytes) {
        self.bytes.feed(piece);
    }

    fn finish(&mut self) {
        self.bytes.finish();
    }

    fn next(&mut self, response: &Py<Response>, vm: &VirtualMachine) -> PyResult<Option<String>> {
        loop {
            if let Some(chunk) = self.chunker.next() {
                return Ok(Some(chunk));
            }
            match self.bytes.next(response, vm)? {
                Some(piece) => self.chunker.feed(self.decoder.feed(vm, &piece)?),
                None if self.bytes.finished && !self.flushed => {
                    self.flushed = true;
                    self.chunker.feed(self.decoder.finish(vm)?);
                    self.chunker.finish();
                }
                None => return Ok(None),
            }
        }
    }
}

/// Content as lines of text.
#[derive(Debug)]
pub(crate) struct LinePipeline {
    text: TextPipeline,
    decoder: LineDecoder,
    lines: VecDeque<String>,
    /// Whether the line decoder was flushed.
    flushed: bool,
}

impl Pipeline for LinePipeline {
    type Item = String;

    fn open(
        response: &Py<Response>,
        _chunk_size: Option<usize>,
        is_async: bool,
        vm: &VirtualMachine,
    ) -> PyResult<(Self, ByteSource)> {
        let (text, raw) = TextPipeline::open(response, None, is_async, vm)?;
        Ok((Self { text, decoder: LineDecoder::default(), lines: VecDeque::new(), flushed: false }, raw))
    }

    fn feed(&mut self, piece: Bytes) {
        self.text.feed(piece);
    }

    fn finish(&mut self) {
        self.text.finish();
    }

    fn next(&mut self, response: &Py<Response>, vm: &VirtualMachine) -> PyResult<Option<String>> {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Ok(Some(line));
            }
            match self.text.next(response, vm)? {
                Some(text) => self.lines.extend(self.decoder.feed(&text)),
                None if self.text.flushed && !self.flushed => {
                    self.flushed = true;
                    self.lines.extend(self.decoder.finish());
                }
                None => return Ok(None),
            }
        }
    }
}
