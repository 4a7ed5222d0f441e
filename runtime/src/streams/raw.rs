//! The raw stream below `sys.stdin.buffer` and its like.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rustpython_vm::builtins::{PyBaseExceptionRef, PyBytesRef};
use rustpython_vm::function::{ArgBytesLike, ArgMemoryBuffer, OptionalArg};
use rustpython_vm::{Py, PyPayload, PyResult, VirtualMachine, pyclass};

use crate::program;

/// How much is read or written at a time.
const CHUNK: usize = 64 << 10;

/// A stream of the host, with the methods of `io.RawIOBase`.
#[pyclass(module = "tauraro", name = "RawStream")]
#[derive(PyPayload)]
pub(super) struct RawStream {
    name: &'static str,
    end: End,
    closed: AtomicBool,
}

/// The host's end. A thread that waits for a lock here is detached from the interpreter.
enum End {
    Reader(Mutex<Box<dyn Read + Send>>),
    Writer(Mutex<Box<dyn Write + Send>>),
}

impl fmt::Debug for RawStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawStream({:?})", self.name)
    }
}

impl RawStream {
    pub(super) fn reading(name: &'static str, source: Box<dyn Read + Send>) -> Self {
        Self { name, end: End::Reader(Mutex::new(source)), closed: AtomicBool::new(false) }
    }

    pub(super) fn writing(name: &'static str, sink: Box<dyn Write + Send>) -> Self {
        Self { name, end: End::Writer(Mutex::new(sink)), closed: AtomicBool::new(false) }
    }

    fn check_open(&self, vm: &VirtualMachine) -> PyResult<()> {
        if self.closed.load(Ordering::Acquire) {
            return Err(vm.new_value_error("I/O operation on closed file"));
        }
        Ok(())
    }

    /// At most `size` bytes; none at the end.
    fn read_some(&self, vm: &VirtualMachine, size: usize) -> PyResult<Vec<u8>> {
        self.check_open(vm)?;
        let End::Reader(reader) = &self.end else { return Err(unsupported(vm, "read")) };
        let mut bytes = vec![0; size.min(CHUNK)];
        let read = loop {
            let read =
                vm.allow_threads(|| reader.lock().unwrap_or_else(PoisonError::into_inner).read(&mut bytes));
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => vm.check_signals()?,
                read => break read.map_err(|error| self.failed(vm, &error))?,
            }
        };
        bytes.truncate(read);
        Ok(bytes)
    }

    fn failed(&self, vm: &VirtualMachine, error: &io::Error) -> PyBaseExceptionRef {
        program::os_error(vm, error, self.name)
    }
}

fn unsupported(vm: &VirtualMachine, what: &str) -> PyBaseExceptionRef {
    let class = vm.import("_io", 0).and_then(|io| io.get_attr("UnsupportedOperation", vm));
    let made = class.and_then(|class| class.call((what,), vm)).map(rustpython_vm::PyObjectRef::downcast);
    match made {
        Ok(Ok(exception)) | Err(exception) => exception,
        Ok(Err(_)) => vm.new_os_error(what.to_owned()),
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION, HAS_DICT, HAS_WEAKREF))]
impl RawStream {
    #[pygetset]
    fn name(zelf: &Py<Self>) -> &'static str {
        zelf.name
    }

    #[pygetset]
    fn mode(zelf: &Py<Self>) -> &'static str {
        match zelf.end {
            End::Reader(_) => "rb",
            End::Writer(_) => "wb",
        }
    }

    #[pygetset]
    fn closed(zelf: &Py<Self>) -> bool {
        zelf.closed.load(Ordering::Acquire)
    }

    #[pymethod]
    fn readable(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        zelf.check_open(vm)?;
        Ok(matches!(zelf.end, End::Reader(_)))
    }

    #[pymethod]
    fn writable(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        zelf.check_open(vm)?;
        Ok(matches!(zelf.end, End::Writer(_)))
    }

    #[pymethod]
    fn seekable(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        zelf.check_open(vm)?;
        Ok(false)
    }

    #[pymethod]
    fn isatty(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        zelf.check_open(vm)?;
        Ok(false)
    }

    /// There is no file descriptor.
    #[pymethod]
    fn fileno(_zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<i32> {
        Err(unsupported(vm, "fileno"))
    }

    #[pymethod]
    fn tell(_zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<i32> {
        Err(unsupported(vm, "tell"))
    }

    #[pymethod]
    fn seek(_zelf: &Py<Self>, _offset: i64, _whence: OptionalArg<i32>, vm: &VirtualMachine) -> PyResult<i32> {
        Err(unsupported(vm, "seek"))
    }

    #[pymethod]
    fn truncate(_zelf: &Py<Self>, _size: OptionalArg<i64>, vm: &VirtualMachine) -> PyResult<i32> {
        Err(unsupported(vm, "truncate"))
    }

    #[pymethod]
    fn readinto(zelf: &Py<Self>, buffer: ArgMemoryBuffer, vm: &VirtualMachine) -> PyResult<usize> {
        let bytes = zelf.read_some(vm, buffer.len())?;
        let mut room = buffer.borrow_buf_mut();
        if let Some(room) = room.get_mut(..bytes.len()) {
            room.copy_from_slice(&bytes);
        }
        Ok(bytes.len())
    }

    #[pymethod]
    fn read(zelf: &Py<Self>, size: OptionalArg<Option<isize>>, vm: &VirtualMachine) -> PyResult<PyBytesRef> {
        match size.flatten().and_then(|size| usize::try_from(size).ok()) {
            Some(size) => Ok(vm.ctx.new_bytes(zelf.read_some(vm, size)?)),
            None => Self::readall(zelf, vm),
        }
    }

    #[pymethod]
    fn readall(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyBytesRef> {
        let mut all = Vec::new();
        loop {
            let bytes = zelf.read_some(vm, CHUNK)?;
            if bytes.is_empty() {
                return Ok(vm.ctx.new_bytes(all));
            }
            all.extend_from_slice(&bytes);
        }
    }

    #[pymethod]
    fn write(zelf: &Py<Self>, data: ArgBytesLike, vm: &VirtualMachine) -> PyResult<usize> {
        zelf.check_open(vm)?;
        let End::Writer(writer) = &zelf.end else { return Err(unsupported(vm, "write")) };
        let bytes: Vec<u8> = data.with_ref(|bytes| bytes.get(..CHUNK).unwrap_or(bytes).to_vec());
        if bytes.is_empty() {
            return Ok(0);
        }
        let write = || -> io::Result<usize> {
            match writer.lock().unwrap_or_else(PoisonError::into_inner).write(&bytes)? {
                0 => Err(io::ErrorKind::WriteZero.into()),
                written => Ok(written.min(bytes.len())),
            }
        };
        let written = loop {
            match vm.allow_threads(write) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => vm.check_signals()?,
                written => break written,
            }
        };
        written.map_err(|error| zelf.failed(vm, &error))
    }

    #[pymethod]
    fn flush(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.check_open(vm)?;
        let End::Writer(writer) = &zelf.end else { return Ok(()) };
        let flushed = vm.allow_threads(|| writer.lock().unwrap_or_else(PoisonError::into_inner).flush());
        flushed.map_err(|error| zelf.failed(vm, &error))
    }

    /// Closes it for Python only: the host's end lives as long as the runtime.
    #[pymethod]
    fn close(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.closed.load(Ordering::Acquire) {
            return Ok(());
        }
        let flushed = Self::flush(zelf, vm);
        zelf.closed.store(true, Ordering::Release);
        flushed
    }
}
