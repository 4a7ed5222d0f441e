//! What a response says before its content: status, headers, and what it answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustpython_vm::{
    Context, PyObjectRef, PyPayload, PyRef, PyResult, Traverse, VirtualMachine,
    builtins::{PyBytes, PyDictRef, PyIntRef, PyList},
};
use tauraro_engine as engine;
use tauraro_engine::http::cookies::CookieJar;
use tauraro_engine::http::link;

use super::Response;
use super::network::NetworkBody;
use crate::models::cookies::Cookies;
use crate::models::headers::{Headers, headers_from};
use crate::models::status_codes;
use crate::models::url::url_from;

/// Everything but the content.
#[derive(Debug, Default, Traverse)]
pub(super) struct Head {
    pub(super) status: Option<PyIntRef>,
    pub(super) headers: Option<PyRef<Headers>>,
    pub(super) request: Option<PyObjectRef>,
    pub(super) next_request: Option<PyObjectRef>,
    pub(super) history: Option<PyObjectRef>,
    /// Set by hand, or made when first asked for.
    pub(super) extensions: Option<PyDictRef>,
    /// What the extensions of a response from the network are made of.
    #[pytraverse(skip)]
    pub(super) line: Option<StatusLine>,
    pub(super) cookies: Option<PyRef<Cookies>>,
    /// When the request was sent, for a response that did not come from the network itself.
    #[pytraverse(skip)]
    pub(super) started: Option<Instant>,
    /// Set by hand.
    pub(super) elapsed: Option<PyObjectRef>,
    /// The body as it was when the head arrived, which knows the time.
    #[pytraverse(skip)]
    pub(super) network: Option<Arc<NetworkBody>>,
}

/// The rest of a status line.
#[derive(Clone, Debug)]
pub(super) struct StatusLine {
    pub(super) version: http::Version,
    /// As sent; `None` where it is the standard one, or there is none (HTTP/2).
    pub(super) reason: Option<Bytes>,
}

impl StatusLine {
    fn version_text(&self) -> &'static str {
        match self.version {
            http::Version::HTTP_09 => "HTTP/0.9",
            http::Version::HTTP_10 => "HTTP/1.0",
            http::Version::HTTP_2 => "HTTP/2",
            http::Version::HTTP_3 => "HTTP/3",
            _ => "HTTP/1.1",
        }
    }

    fn has_reason(&self) -> bool {
        self.version <= http::Version::HTTP_11
    }
}

/// Bytes as ASCII text, anything else left out.
fn ascii(bytes: &[u8]) -> String {
    bytes.iter().filter(|byte| byte.is_ascii()).map(|&byte| char::from(byte)).collect()
}

impl Response {
    /// The status code; 0 for one that no server sends.
    pub(crate) fn status(&self) -> u16 {
        self.head
            .lock()
            .status
            .as_ref()
            .and_then(|code| u16::try_from(code.as_bigint()).ok())
            .unwrap_or_default()
    }

    /// The header fields.
    pub(crate) fn headers(&self) -> PyRef<Headers> {
        let none = || Headers::new(engine::Headers::new()).into_ref(Context::genesis());
        self.head.lock().headers.get_or_insert_with(none).clone()
    }

    /// Sets the responses that led here, oldest first.
    pub(crate) fn set_history(&self, history: Vec<PyObjectRef>) {
        self.head.lock().history = Some(PyList::from(history).into_ref(Context::genesis()).into());
    }

    /// Sets the request that would follow a redirect.
    pub(crate) fn set_next_request(&self, request: Option<PyObjectRef>) {
        self.head.lock().next_request = request;
    }

    pub(super) fn replace_headers(&self, headers: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let headers = match headers.downcast::<Headers>() {
            Ok(headers) => headers,
            Err(headers) => Headers::new(headers_from(vm, &headers)?).into_ref(&vm.ctx),
        };
        self.head.lock().headers = Some(headers);
        Ok(())
    }

    /// The values of a header as one text.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        let text = |value: &Bytes| match std::str::from_utf8(value) {
            Ok(text) => text.to_owned(),
            Err(_) => value.iter().map(|&byte| char::from(byte)).collect(),
        };
        self.headers().with(|headers| {
            let values: Vec<_> = headers.get_all(name).map(text).collect();
            Some(values.join(", ")).filter(|_| !values.is_empty())
        })
    }

    pub(crate) fn request_if_set(&self) -> Option<PyObjectRef> {
        self.head.lock().request.clone()
    }

    pub(super) fn request_or_error(&self, vm: &VirtualMachine) -> PyResult {
        let unset = || vm.new_runtime_error("The request instance has not been set on this response.");
        self.request_if_set().ok_or_else(unset)
    }

    /// The extensions, made of the status line and the connection when first asked for.
    pub(super) fn extensions_dict(&self, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        let (line, network) = {
            let head = self.head.lock();
            if let Some(extensions) = &head.extensions {
                return Ok(extensions.clone());
            }
            (head.line.clone(), head.network.clone())
        };
        let extensions = vm.ctx.new_dict();
        if let Some(line) = line {
            let bytes = |text: &[u8]| vm.ctx.new_bytes(text.to_vec()).into();
            extensions.set_item("http_version", bytes(line.version_text().as_bytes()), vm)?;
            if line.has_reason() {
                let standard = status_codes::reason_phrase(self.status());
                let reason = line.reason.as_deref().unwrap_or(standard.as_bytes());
                extensions.set_item("reason_phrase", bytes(reason), vm)?;
            }
        }
        if let Some(network) = network {
            let stream = network.connection().stream(vm, network.is_async());
            extensions.set_item("network_stream", stream, vm)?;
        }
        Ok(self.head.lock().extensions.get_or_insert(extensions).clone())
    }

    /// A text of the extensions, if they were made or set.
    fn extension(&self, name: &str, vm: &VirtualMachine) -> PyResult<Option<String>> {
        let extensions = self.head.lock().extensions.clone();
        let Some(extensions) = extensions else {
            return Ok(None);
        };
        let Some(value) = extensions.get_item_opt(name, vm)? else {
            return Ok(None);
        };
        let value = value.downcast_ref::<PyBytes>().ok_or_else(|| {
            vm.new_type_error(format!("the extension {name:?} must be bytes, not '{}'", value.class().name()))
        })?;
        Ok(Some(ascii(value.as_bytes())))
    }

    pub(super) fn version(&self, vm: &VirtualMachine) -> PyResult<String> {
        if let Some(version) = self.extension("http_version", vm)? {
            return Ok(version);
        }
        Ok(self.head.lock().line.as_ref().map_or("HTTP/1.1", StatusLine::version_text).to_owned())
    }

    pub(super) fn reason(&self, vm: &VirtualMachine) -> PyResult<String> {
        if let Some(reason) = self.extension("reason_phrase", vm)? {
            return Ok(reason);
        }
        let sent = self.head.lock().line.as_ref().and_then(|line| line.reason.clone());
        Ok(sent.map_or_else(|| status_codes::reason_phrase(self.status()).to_owned(), |sent| ascii(&sent)))
    }

    pub(super) fn cookies_set(&self, vm: &VirtualMachine) -> PyResult<PyRef<Cookies>> {
        if let Some(cookies) = self.head.lock().cookies.clone() {
            return Ok(cookies);
        }
        let url = self.request_or_error(vm)?.get_attr("url", vm)?;
        let url = url_from(vm, &url)?;
        let mut jar = CookieJar::default();
        jar.extract(&url, &self.headers().fields());
        let cookies = Cookies::new(jar).into_ref(&vm.ctx);
        Ok(self.head.lock().cookies.get_or_insert(cookies).clone())
    }

    pub(super) fn links_dict(&self, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        let links = vm.ctx.new_dict();
        for link in self.header("link").map(|value| link::parse(&value)).unwrap_or_default() {
            let parameter = |name: &str| link.iter().rfind(|(key, value)| key == name && !value.is_empty());
            let key = parameter("rel")
                .or_else(|| parameter("url"))
                .map(|(_, value)| value.clone())
                .unwrap_or_default();
            let entry = vm.ctx.new_dict();
            for (name, value) in &link {
                entry.set_item(name.as_str(), vm.ctx.new_str(value.as_str()).into(), vm)?;
            }
            links.set_item(key.as_str(), entry.into(), vm)?;
        }
        Ok(links)
    }

    /// Says when the request was sent: closing the response, if that has not happened, then tells how
    /// long it took.
    pub(crate) fn bind(&self, started: Instant) {
        if !self.body.lock().closed {
            self.head.lock().started = Some(started);
        }
    }

    /// Records how long the response took, if it is known when the request was sent.
    ///
    /// # Errors
    /// None that a sane `datetime` module raises.
    pub(super) fn note_elapsed(&self, vm: &VirtualMachine) -> PyResult<()> {
        let started = self.head.lock().started.take();
        if let Some(started) = started {
            let elapsed = timedelta(vm, started.elapsed())?;
            self.head.lock().elapsed = Some(elapsed);
        }
        Ok(())
    }

    pub(super) fn elapsed_delta(&self, vm: &VirtualMachine) -> PyResult {
        let elapsed = {
            let head = self.head.lock();
            if let Some(elapsed) = &head.elapsed {
                return Ok(elapsed.clone());
            }
            head.network.as_ref().and_then(|network| network.elapsed())
        };
        let elapsed = elapsed.ok_or_else(|| {
            vm.new_runtime_error(
                "'.elapsed' may only be accessed after the response has been read or closed.",
            )
        })?;
        timedelta(vm, elapsed)
    }
}

fn timedelta(vm: &VirtualMachine, elapsed: Duration) -> PyResult {
    let timedelta = vm.import("datetime", 0)?.get_attr("timedelta", vm)?;
    timedelta.call((0, elapsed.as_secs(), elapsed.subsec_micros()), vm)
}
