//! What `Response.iter_raw`, `iter_bytes`, `iter_text` and `iter_lines` return.

use rustpython_vm::class::PyClassImpl;
use rustpython_vm::protocol::PyIterReturn;
use rustpython_vm::types::{IterNext, Iterable, SelfIter};
use rustpython_vm::{Py, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_bridge::{ExecutionMode, poll_to_completion};

use super::Response;
use super::content_iter::{BytePipeline, ContentIter, LinePipeline, RawPipeline, TextPipeline};

/// Defines the iterators. They differ in their pipeline, and in what makes an object of an item.
macro_rules! iterators {
    ($($(#[$doc:meta])* $class:ident $name:literal $pipeline:ident $new_object:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// As with a generator, nothing happens before the first item is asked for.
            #[pyclass(module = "httpx", name = $name, traverse)]
            #[derive(Debug, PyPayload)]
            pub(crate) struct $class {
                response: PyRef<Response>,
                #[pytraverse(skip)]
                items: ContentIter<$pipeline>,
            }

            impl $class {
                /// An iterator over a response.
                pub(super) fn new(response: PyRef<Response>, items: ContentIter<$pipeline>) -> Self {
                    Self { response, items }
                }
            }

            impl SelfIter for $class {}

            impl IterNext for $class {
                fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
                    let next = zelf.items.next(&zelf.response, &ExecutionMode::Blocking);
                    Ok(match poll_to_completion(vm, next)? {
                        Some(item) => PyIterReturn::Return(vm.ctx.$new_object(item).into()),
                        None => PyIterReturn::StopIteration(None),
                    })
                }
            }

            #[pyclass(flags(DISALLOW_INSTANTIATION), with(IterNext, Iterable))]
            impl $class {
                /// Ends the iteration. The response stays open until it is closed or read to its end.
                #[pymethod]
                fn close(zelf: &Py<Self>) {
                    zelf.items.close();
                }
            }
        )*

        /// Makes the classes, which are not exported.
        pub(super) fn make_classes() {
            $(let _class = $class::make_static_type();)*
        }
    };
}

iterators! {
    /// Iterates over a response's content as it came off the wire, still compressed: what
    /// `Response.iter_raw` returns.
    RawIterator "RawIterator" RawPipeline new_bytes;
    /// Iterates over a response's content in bytes, decompressed: what `Response.iter_bytes` returns.
    ByteIterator "ByteIterator" BytePipeline new_bytes;
    /// Iterates over a response's content as text: what `Response.iter_text` returns.
    TextIterator "TextIterator" TextPipeline new_str;
    /// Iterates over the lines of a response's text, without their ends: what `Response.iter_lines`
    /// returns.
    LineIterator "LineIterator" LinePipeline new_str;
}
