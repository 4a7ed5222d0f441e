//! The standard streams of a runtime: where scripts print to and read from.
//!
//! `sys.stdout` is Python's own `io.TextIOWrapper` over `io.BufferedWriter` as always; only the raw
//! stream below is native ([`raw`]).

mod input;
mod output;
mod raw;

use rustpython_vm::class::PyClassImpl;
use rustpython_vm::{PyObjectRef, PyPayload, PyResult, VirtualMachine};

pub use input::Input;
pub use output::Output;

pub(crate) use output::Captured;
use raw::RawStream;

/// Where the streams of a runtime lead to.
#[derive(Default)]
pub(crate) struct Streams {
    pub(crate) stdin: Input,
    pub(crate) stdout: Output,
    pub(crate) stderr: Output,
}

/// The output of a runtime that is captured for its host.
#[derive(Default)]
pub(crate) struct CapturedOutput {
    pub(crate) stdout: Option<Captured>,
    pub(crate) stderr: Option<Captured>,
}

impl Streams {
    /// The output that is captured.
    pub(crate) fn captured(&self) -> CapturedOutput {
        CapturedOutput { stdout: self.stdout.captured(), stderr: self.stderr.captured() }
    }

    /// Replaces the streams of the interpreter that are not the process's.
    pub(crate) fn install(self, vm: &VirtualMachine) -> PyResult<()> {
        // Made once in a process.
        let _ = RawStream::make_static_type();
        if let Some(source) = self.stdin.into_source() {
            let raw = RawStream::reading("<stdin>", source).into_pyobject(vm);
            set(vm, ["stdin", "__stdin__"], text_stream(vm, raw, READING)?)?;
        }
        let outputs = [
            (self.stdout, "<stdout>", ["stdout", "__stdout__"], WRITING),
            (
                self.stderr,
                "<stderr>",
                ["stderr", "__stderr__"],
                Direction { errors: "backslashreplace", ..WRITING },
            ),
        ];
        for (output, name, places, direction) in outputs {
            if let Some(sink) = output.into_sink() {
                let raw = RawStream::writing(name, sink).into_pyobject(vm);
                set(vm, places, text_stream(vm, raw, direction)?)?;
            }
        }
        Ok(())
    }
}

fn set(vm: &VirtualMachine, places: [&'static str; 2], stream: PyObjectRef) -> PyResult<()> {
    for place in places {
        vm.sys_module.set_attr(place, stream.clone(), vm)?;
    }
    Ok(())
}

/// Python's names for the two directions.
struct Direction {
    buffer: &'static str,
    buffer_size: usize,
    mode: &'static str,
    errors: &'static str,
}

const READING: Direction =
    Direction { buffer: "BufferedReader", buffer_size: 8192, mode: "r", errors: "surrogateescape" };

/// Text is written at the end of every line. Its bytes are not buffered: `TextIOWrapper` hides an error when it
/// flushes them, but not when it writes them.
const WRITING: Direction =
    Direction { buffer: "BufferedWriter", buffer_size: 1, mode: "w", errors: "surrogateescape" };

/// A stream of text over a raw one.
fn text_stream(vm: &VirtualMachine, raw: PyObjectRef, direction: Direction) -> PyResult {
    let Direction { buffer, buffer_size, mode, errors } = direction;
    let io = vm.import("_io", 0)?;
    let buffered = vm.call_method(&io, buffer, (raw, buffer_size))?;
    let write_through = !vm.state.config.settings.buffered_stdio;
    let stream =
        vm.call_method(&io, "TextIOWrapper", (buffered, "utf-8", errors, "\n", true, write_through))?;
    stream.set_attr("mode", vm.ctx.new_str(mode), vm)?;
    Ok(stream)
}
