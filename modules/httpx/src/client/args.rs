//! The arguments of the request methods, in upstream's order.

use rustpython_vm::builtins::PyUtf8StrRef;
use rustpython_vm::function::{FuncArgs, KwArgs, OptionalArg};
use rustpython_vm::{FromArgs, PyObjectRef, PyRef, VirtualMachine};

use super::use_client_default::use_client_default;
use crate::request::Request;
use crate::streams::content::ContentArgs;

/// The arguments that every request takes.
#[derive(Debug, Default, FromArgs, Traverse)]
pub(crate) struct HeadArgs {
    #[pyarg(named, optional)]
    pub(crate) params: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    pub(crate) headers: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    pub(crate) cookies: Option<PyObjectRef>,
}

/// How a request is sent.
#[derive(Debug, Default, FromArgs, Traverse)]
pub(crate) struct SendArgs {
    #[pyarg(named, optional, py_default = "...")]
    pub(crate) auth: OptionalArg,
    #[pyarg(named, optional, py_default = "...")]
    pub(crate) follow_redirects: OptionalArg,
}

/// The arguments of `send`.
#[derive(Debug, FromArgs)]
pub(crate) struct SendCall {
    #[pyarg(any)]
    pub(crate) request: PyRef<Request>,
    #[pyarg(named, default = false)]
    pub(crate) stream: bool,
    #[pyarg(flatten)]
    pub(crate) send: SendArgs,
}

/// What a built request carries for its transport.
#[derive(Debug, Default, FromArgs, Traverse)]
pub(crate) struct TransportArgs {
    #[pyarg(named, optional, py_default = "...")]
    pub(crate) timeout: OptionalArg,
    #[pyarg(named, optional)]
    pub(crate) extensions: Option<PyObjectRef>,
}

/// What the methods that send a request have in common.
#[derive(Debug, Default, FromArgs, Traverse)]
pub(crate) struct CommonArgs {
    #[pyarg(flatten)]
    pub(crate) head: HeadArgs,
    #[pyarg(flatten)]
    pub(crate) send: SendArgs,
    #[pyarg(flatten)]
    pub(crate) transport: TransportArgs,
}

/// `get`, `options`, `head` and `delete`: `(url, *, ...)`.
#[derive(Debug, FromArgs)]
pub(crate) struct PlainArgs {
    #[pyarg(any)]
    url: PyObjectRef,
    #[pyarg(flatten)]
    common: CommonArgs,
}

/// `post`, `put` and `patch`: `(url, *, ...)`.
#[derive(Debug, FromArgs)]
pub(crate) struct BodyArgs {
    #[pyarg(any)]
    url: PyObjectRef,
    #[pyarg(flatten)]
    content: ContentArgs,
    #[pyarg(flatten)]
    common: CommonArgs,
}

/// `request` and `stream`: `(method, url, *, ...)`.
#[derive(Debug, FromArgs, Traverse)]
pub(crate) struct RequestArgs {
    #[pyarg(any)]
    pub(crate) method: PyUtf8StrRef,
    #[pyarg(any)]
    pub(crate) url: PyObjectRef,
    #[pyarg(flatten)]
    pub(crate) content: ContentArgs,
    #[pyarg(flatten)]
    pub(crate) common: CommonArgs,
}

/// `build_request`: `(method, url, *, ...)`.
#[derive(Debug, FromArgs)]
pub(crate) struct BuildArgs {
    #[pyarg(any)]
    pub(crate) method: PyUtf8StrRef,
    #[pyarg(any)]
    pub(crate) url: PyObjectRef,
    #[pyarg(flatten)]
    pub(crate) content: ContentArgs,
    #[pyarg(flatten)]
    pub(crate) head: HeadArgs,
    #[pyarg(flatten)]
    pub(crate) transport: TransportArgs,
}

impl PlainArgs {
    /// The arguments of the `request` call that this call stands for.
    pub(crate) fn with_method(self, vm: &VirtualMachine, method: &'static str) -> RequestArgs {
        let Self { url, common } = self;
        RequestArgs { method: vm.ctx.new_utf8_str(method), url, content: ContentArgs::default(), common }
    }
}

impl BodyArgs {
    /// The arguments of the `request` call that this call stands for.
    pub(crate) fn with_method(self, vm: &VirtualMachine, method: &'static str) -> RequestArgs {
        let Self { url, content, common } = self;
        RequestArgs { method: vm.ctx.new_utf8_str(method), url, content, common }
    }
}

impl RequestArgs {
    /// The parts that `build_request` takes, and those that `send` takes.
    pub(crate) fn split(self) -> (BuildArgs, SendArgs) {
        let Self { method, url, content, common: CommonArgs { head, send, transport } } = self;
        (BuildArgs { method, url, content, head, transport }, send)
    }

    /// The call `request(method, url, ...)`, for a `request` written in Python. `with_body` says
    /// whether the caller's signature has the arguments of a body.
    pub(crate) fn into_call(self, vm: &VirtualMachine, with_body: bool) -> FuncArgs {
        let Self { method, url, content, common: CommonArgs { head, send, transport } } = self;
        let mut named = Named { vm, kwargs: KwArgs::default() };
        if with_body {
            named.content(content);
        }
        named.head(head);
        named.send(send);
        named.transport(transport);
        FuncArgs::new(vec![method.into(), url], named.kwargs)
    }
}

impl BuildArgs {
    /// The call `build_request(method=, url=, ...)`, for a `build_request` written in Python.
    pub(crate) fn into_call(self, vm: &VirtualMachine) -> FuncArgs {
        let Self { method, url, content, head, transport } = self;
        let mut named = Named { vm, kwargs: KwArgs::default() };
        named.set("method", method.into());
        named.set("url", url);
        named.content(content);
        named.head(head);
        named.transport(transport);
        FuncArgs::new(Vec::<PyObjectRef>::new(), named.kwargs)
    }
}

impl SendArgs {
    /// The call `send(request, auth=, follow_redirects=)`, for a `send` written in Python.
    pub(crate) fn into_call(self, vm: &VirtualMachine, request: PyObjectRef) -> FuncArgs {
        let mut named = Named { vm, kwargs: KwArgs::default() };
        named.send(self);
        FuncArgs::new(vec![request], named.kwargs)
    }

    /// The call `send(request=, auth=, follow_redirects=, stream=True)`, as `stream` makes it.
    pub(crate) fn into_stream_call(self, vm: &VirtualMachine, request: PyObjectRef) -> FuncArgs {
        let mut named = Named { vm, kwargs: KwArgs::default() };
        named.set("request", request);
        named.send(self);
        named.set("stream", vm.ctx.true_value.clone().into());
        FuncArgs::new(Vec::<PyObjectRef>::new(), named.kwargs)
    }
}

/// Keyword arguments being collected: all of them are passed, as upstream does.
struct Named<'vm> {
    vm: &'vm VirtualMachine,
    kwargs: KwArgs,
}

impl Named<'_> {
    fn set(&mut self, name: &str, value: PyObjectRef) {
        self.kwargs.insert(name.into(), value);
    }

    fn optional(&mut self, name: &str, value: Option<PyObjectRef>) {
        self.set(name, self.vm.unwrap_or_none(value));
    }

    fn defaulted(&mut self, name: &str, value: OptionalArg) {
        self.set(name, value.unwrap_or_else(use_client_default));
    }

    fn content(&mut self, args: ContentArgs) {
        let ContentArgs { content, data, files, json } = args;
        self.optional("content", content);
        self.optional("data", data);
        self.optional("files", files);
        self.optional("json", json);
    }

    fn head(&mut self, args: HeadArgs) {
        let HeadArgs { params, headers, cookies } = args;
        self.optional("params", params);
        self.optional("headers", headers);
        self.optional("cookies", cookies);
    }

    fn send(&mut self, args: SendArgs) {
        self.defaulted("auth", args.auth);
        self.defaulted("follow_redirects", args.follow_redirects);
    }

    fn transport(&mut self, args: TransportArgs) {
        self.defaulted("timeout", args.timeout);
        self.optional("extensions", args.extensions);
    }
}
