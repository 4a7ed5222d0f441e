//! The opening handshake, for the Python modules `websockets.headers`, `.http11`, `.utils`, `.client` and `.server`.

mod check;
mod failure;
mod head;

pub(crate) use self::_websockets_handshake::module_def;

/// The native part of `websockets.headers`, `.http11`, `.utils`, `.client` and `.server`.
#[rustpython_vm::pymodule]
mod _websockets_handshake {
    use std::borrow::Cow;

    use rustpython_vm::builtins::{PyModule, PyStr, PyStrRef};
    use rustpython_vm::function::ArgBytesLike;
    use rustpython_vm::protocol::PyBuffer;
    use rustpython_vm::{FromArgs, Py, PyObjectRef, PyResult, TryFromObject, VirtualMachine};
    use tauraro_engine::websocket::handshake::{self, lines};
    use tauraro_engine::websocket::{grammar, mask};

    use super::{check, failure, head};

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        // Headers are looked for and made here: their class has to exist.
        vm.import("_websockets_datastructures", 0).map(drop)
    }

    /// The text of a str; surrogates become a character that no grammar allows.
    fn text(value: &Py<PyStr>) -> Cow<'_, str> {
        value.as_wtf8().to_string_lossy()
    }

    fn list<'a>(vm: &VirtualMachine, items: impl IntoIterator<Item = &'a str>) -> PyObjectRef {
        vm.ctx.new_list(items.into_iter().map(|item| vm.ctx.new_str(item).into()).collect()).into()
    }

    /// `parse_connection(header)`
    ///
    /// The options in a `Connection` field.
    #[pyfunction]
    fn parse_connection(header: PyStrRef, vm: &VirtualMachine) -> PyResult {
        let header = text(&header);
        let options = grammar::connection(&header).map_err(|error| failure::format(vm, &error, &header))?;
        Ok(list(vm, options))
    }

    /// `parse_upgrade(header)`
    ///
    /// The protocols in an `Upgrade` field.
    #[pyfunction]
    fn parse_upgrade(header: PyStrRef, vm: &VirtualMachine) -> PyResult {
        let header = text(&header);
        let protocols = grammar::upgrade(&header).map_err(|error| failure::format(vm, &error, &header))?;
        Ok(list(vm, protocols))
    }

    /// `parse_subprotocol(header)`
    ///
    /// The names in a `Sec-WebSocket-Protocol` field.
    #[pyfunction]
    fn parse_subprotocol(header: PyStrRef, vm: &VirtualMachine) -> PyResult {
        let header = text(&header);
        let names = grammar::subprotocols(&header).map_err(|error| failure::format(vm, &error, &header))?;
        Ok(list(vm, names))
    }

    /// `parse_extension(header)`
    ///
    /// The extensions in a `Sec-WebSocket-Extensions` field: a list of names with lists of parameters, which are
    /// names with values or None.
    #[pyfunction]
    fn parse_extension(header: PyStrRef, vm: &VirtualMachine) -> PyResult {
        let header = text(&header);
        let extensions =
            grammar::extensions(&header).map_err(|error| failure::format(vm, &error, &header))?;
        let pair = |name: &str, other: PyObjectRef| -> PyObjectRef {
            vm.ctx.new_tuple(vec![vm.ctx.new_str(name).into(), other]).into()
        };
        let extensions = extensions.iter().map(|extension| {
            let parameters = extension.parameters.iter().map(|(name, value)| {
                let value = value.as_deref().map(|value| vm.ctx.new_str(value).into());
                pair(name, value.unwrap_or_else(|| vm.ctx.none()))
            });
            pair(&extension.name, vm.ctx.new_list(parameters.collect()).into())
        });
        Ok(vm.ctx.new_list(extensions.collect()).into())
    }

    /// `build_extension(extensions)`
    ///
    /// A `Sec-WebSocket-Extensions` field of what `parse_extension` makes of one.
    #[pyfunction]
    fn build_extension(extensions: PyObjectRef, vm: &VirtualMachine) -> PyResult<String> {
        let mut read = Vec::new();
        for extension in extensions.try_to_value::<Vec<PyObjectRef>>(vm)? {
            let (name, parameters) = crate::datastructures::pair_of(&extension, vm)?;
            let name: PyStrRef = name.try_into_value(vm)?;
            let mut pairs = Vec::new();
            for parameter in parameters.try_to_value::<Vec<PyObjectRef>>(vm)? {
                let (name, value) = crate::datastructures::pair_of(&parameter, vm)?;
                let value = if vm.is_none(&value) { None } else { Some(value.str(vm)?.to_string()) };
                pairs.push((name.str(vm)?.to_string(), value));
            }
            read.push(grammar::Extension { name: name.to_string(), parameters: pairs });
        }
        let read = read.iter().map(|extension| {
            let parameters = extension.parameters.iter();
            (extension.name.as_str(), parameters.map(|(name, value)| (name, value.as_ref())))
        });
        Ok(grammar::build_extensions(read))
    }

    /// `parse_authorization(header)`
    ///
    /// The scheme of an `Authorization` field and the credentials, still encoded; None unless the scheme is Basic.
    #[pyfunction]
    fn parse_authorization(header: PyStrRef, vm: &VirtualMachine) -> PyResult<(PyStrRef, Option<PyStrRef>)> {
        let header = text(&header);
        let (scheme, credentials) =
            grammar::authorization(&header).map_err(|error| failure::format(vm, &error, &header))?;
        Ok((vm.ctx.new_str(scheme), credentials.map(|credentials| vm.ctx.new_str(credentials))))
    }

    /// `is_token(value)`
    ///
    /// Whether this is a token: at least one character, none of them special. Raises `TypeError` unless it is str.
    #[pyfunction]
    fn is_token(value: PyStrRef) -> bool {
        grammar::is_token(value.as_bytes())
    }

    #[derive(FromArgs)]
    struct HostArgs {
        #[pyarg(any)]
        host: PyStrRef,
        #[pyarg(any)]
        port: u16,
        #[pyarg(any)]
        secure: bool,
        #[pyarg(named, default)]
        always_include_port: bool,
    }

    /// `build_host(host, port, secure, *, always_include_port=False)`
    ///
    /// A `Host` field: the port is left out if it is the scheme's own.
    #[pyfunction]
    fn build_host(args: HostArgs) -> String {
        grammar::build_host(&text(&args.host), args.port, args.secure, args.always_include_port)
    }

    /// `build_www_authenticate_basic(realm)`
    ///
    /// A `WWW-Authenticate` field that asks for Basic credentials. Raises `ValueError` for a realm with control
    /// characters or outside ISO-8859-1.
    #[pyfunction]
    fn build_www_authenticate_basic(realm: PyStrRef, vm: &VirtualMachine) -> PyResult<String> {
        grammar::build_www_authenticate_basic(&text(&realm))
            .ok_or_else(|| vm.new_value_error("invalid characters for quoted-string encoding"))
    }

    /// `accept_key(key)`
    ///
    /// The value of `Sec-WebSocket-Accept` for that of `Sec-WebSocket-Key`.
    #[pyfunction]
    fn accept_key(key: PyStrRef) -> String {
        handshake::accept_key(key.as_bytes())
    }

    /// `apply_mask(data, mask)`
    ///
    /// The bytes of `data` masked by the four of `mask`, or unmasked, which is the same. Raises `ValueError` for
    /// another number of bytes.
    #[pyfunction]
    fn apply_mask(data: PyObjectRef, mask: ArgBytesLike, vm: &VirtualMachine) -> PyResult<Vec<u8>> {
        let buffer = PyBuffer::try_from_object(vm, data)?;
        let mut masked = Vec::with_capacity(buffer.desc.len);
        buffer.append_to(&mut masked);
        let key = <[u8; 4]>::try_from(&*mask.borrow_buf());
        let key = key.map_err(|_| vm.new_value_error("mask must contain 4 bytes"))?;
        mask::apply(&mut masked, key, 0);
        Ok(masked)
    }

    /// `parse_request_line(line)`
    ///
    /// The method, the path and the version of HTTP in the first line of a request.
    #[pyfunction]
    fn parse_request_line(
        line: ArgBytesLike,
        vm: &VirtualMachine,
    ) -> PyResult<(String, String, &'static str)> {
        let line = lines::request_line(&line.borrow_buf()).map_err(|error| failure::of_head(vm, error))?;
        Ok((line.method, line.target, line.version))
    }

    /// `parse_status_line(line, proxy)`
    ///
    /// The status and the reason in the first line of a response, which only a proxy may write in HTTP/1.0.
    #[pyfunction]
    fn parse_status_line(line: ArgBytesLike, proxy: bool, vm: &VirtualMachine) -> PyResult<(u16, String)> {
        let line =
            lines::status_line(&line.borrow_buf(), proxy).map_err(|error| failure::of_head(vm, error))?;
        Ok((line.status, line.reason))
    }

    /// `parse_field(line)`
    ///
    /// The name and the value of a header field.
    #[pyfunction]
    fn parse_field(line: ArgBytesLike, vm: &VirtualMachine) -> PyResult<(String, String)> {
        lines::field(&line.borrow_buf()).map_err(|error| failure::of_head(vm, error))
    }

    /// `parse_chunk_size(line)`
    ///
    /// The size of a chunk of a body, in bytes.
    #[pyfunction]
    fn parse_chunk_size(line: ArgBytesLike, vm: &VirtualMachine) -> PyResult<u64> {
        lines::chunk_size(&line.borrow_buf()).map_err(|error| failure::of_head(vm, error))
    }

    /// `parse_content_length(value)`
    ///
    /// The length of a body, in bytes.
    #[pyfunction]
    fn parse_content_length(value: PyStrRef, vm: &VirtualMachine) -> PyResult<u64> {
        lines::content_length(&text(&value)).map_err(|error| failure::of_head(vm, error))
    }

    /// `check_request(headers)`
    ///
    /// Checks that the headers of a request ask for a WebSocket. The value of `Sec-WebSocket-Accept` for it.
    #[pyfunction]
    fn check_request(headers: PyObjectRef, vm: &VirtualMachine) -> PyResult<String> {
        check::request(vm, &headers)
    }

    /// `check_response(headers, key)`
    ///
    /// Checks that the headers of a response grant the WebSocket that was asked for with a key.
    #[pyfunction]
    fn check_response(headers: PyObjectRef, key: PyStrRef, vm: &VirtualMachine) -> PyResult<()> {
        check::response(vm, &headers, &text(&key))
    }

    /// `read_request(protocol)`
    ///
    /// Makes a protocol call its own `_request_received(request)` when a request has arrived, or
    /// `_request_failed(exc)` when the bytes are not a request.
    #[pyfunction]
    fn read_request(protocol: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        head::read_request(vm, &protocol)
    }

    /// `read_response(protocol)`
    ///
    /// Makes a protocol call its own `_response_received(response)` when a response has arrived, or
    /// `_response_failed(exc)` when the bytes are not a response.
    #[pyfunction]
    fn read_response(protocol: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        head::read_response(vm, &protocol)
    }

    /// `push_event(protocol, event)`
    ///
    /// Adds an event, a request or a response, to `protocol.events_received()`.
    #[pyfunction]
    fn push_event(protocol: PyObjectRef, event: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        head::protocol_of(vm, &protocol)?.push_event(event);
        Ok(())
    }

    /// `push_output(protocol, data)`
    ///
    /// Adds bytes to `protocol.data_to_send()`.
    #[pyfunction]
    fn push_output(protocol: PyObjectRef, data: ArgBytesLike, vm: &VirtualMachine) -> PyResult<()> {
        head::protocol_of(vm, &protocol)?.push_output(&data.borrow_buf());
        Ok(())
    }

    /// `give_up(protocol)`
    ///
    /// Ends the stream that a protocol sends, and has it ignore all that still arrives.
    #[pyfunction]
    fn give_up(protocol: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        head::give_up(vm, &protocol)
    }
}
