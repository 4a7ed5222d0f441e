//! Bodies: the classes that a request's body is an object of, and how the arguments `content`, `data`,
//! `files` and `json` become one.
//!
//! | file | what it holds |
//! |---|---|
//! | `sync_byte_stream`, `async_byte_stream`, `byte_stream` | the public classes |
//! | `content` | the arguments as a body and the headers that describe it |
//! | `iterator_stream`, `async_iterator_stream` | an iterable or a file object |
//! | `file_object` | how much can be read from a file object, and reading it again |
//! | `file_chunks`, `async_file_chunks`, `async_chunks` | the iterators over them |
//! | `multipart`, `multipart_stream`, `urlencoded` | forms |
//! | `unattached_stream` | a body that was lost in a pickle |
//! | `chunks` | iterating over any body, with `await` or without |

pub(crate) mod async_byte_stream;
mod async_chunks;
mod async_file_chunks;
mod async_iterator_stream;
pub(crate) mod byte_stream;
pub(crate) mod chunks;
pub(crate) mod content;
mod file_chunks;
mod file_object;
mod iterator_stream;
mod multipart;
mod multipart_stream;
pub(crate) mod sync_byte_stream;
pub(crate) mod unattached_stream;
mod urlencoded;

use rustpython_vm::builtins::PyTypeRef;
use rustpython_vm::class::{PyClassImpl, StaticType};
use rustpython_vm::{PyResult, VirtualMachine};

use crate::module::bases::add_base;

/// The classes that are not exported.
///
/// # Errors
/// As [`add_base`].
pub(crate) fn hidden_classes(vm: &VirtualMachine) -> PyResult<Vec<PyTypeRef>> {
    let both = [
        multipart_stream::MultipartStream::make_static_type(),
        unattached_stream::UnattachedStream::make_static_type(),
    ];
    for class in &both {
        add_base(class, async_byte_stream::AsyncByteStream::static_type(), vm)?;
    }
    let one = [
        async_chunks::AsyncChunks::make_static_type(),
        async_file_chunks::AsyncFileChunks::make_static_type(),
        async_iterator_stream::AsyncIteratorByteStream::make_static_type(),
        file_chunks::FileChunks::make_static_type(),
        iterator_stream::IteratorByteStream::make_static_type(),
        multipart_stream::MultipartChunks::make_static_type(),
    ];
    Ok(both.into_iter().chain(one).collect())
}
