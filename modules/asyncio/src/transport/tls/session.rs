//! `get_extra_info('ssl_object')`: what was negotiated, and with whom.

use rustls::pki_types::CertificateDer;
use rustls::{Connection, HandshakeKind, ProtocolVersion};
use rustpython_host_env::ssl::cipher;
use rustpython_vm::builtins::PyBytesRef;
use rustpython_vm::function::OptionalArg;
use rustpython_vm::types::Representable;
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, Traverse, VirtualMachine, pyclass,
};

use super::{TlsTransport, config};

/// What an `ssl.SSLObject` has as its `_sslobj`.
#[pyclass(module = "_asyncio", name = "TlsSession", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct TlsSession {
    transport: PyRef<TlsTransport>,
}

/// The certificate of a peer, as the chains of [`TlsSession`] hold it.
#[pyclass(module = "_asyncio", name = "TlsCertificate")]
#[derive(Debug, PyPayload)]
pub(crate) struct TlsCertificate {
    der: Vec<u8>,
}

/// `_ssl.ENCODING_DER`.
const ENCODING_DER: i32 = 2;

impl TlsSession {
    pub(super) fn new(transport: PyRef<TlsTransport>) -> Self {
        Self { transport }
    }

    /// The peer's certificate, in DER or as a dictionary.
    pub(super) fn peer_certificate(
        transport: &TlsTransport,
        binary: bool,
        vm: &VirtualMachine,
    ) -> PyResult<PyObjectRef> {
        let Some(der) = peer_certificates(transport).into_iter().next() else { return Ok(vm.ctx.none()) };
        if binary {
            return Ok(vm.ctx.new_bytes(der).into());
        }
        let context = transport.objects.lock().context.clone();
        let verified = match context {
            Some(context) => config::is_verifying(&context, vm)?,
            None => false,
        };
        if !verified {
            return Ok(vm.ctx.new_dict().into());
        }
        super::certificate::dictionary(&der, vm)
    }

    /// `(name, protocol, bits)`.
    pub(super) fn cipher_of(transport: &TlsTransport, vm: &VirtualMachine) -> PyObjectRef {
        let suite = with_connection(transport, |connection| connection.negotiated_cipher_suite()).flatten();
        match suite {
            Some(suite) => {
                let cipher = cipher::describe(&suite);
                let bits = i32::from(cipher.bits);
                vm.new_tuple((cipher.name, cipher.protocol, bits)).into()
            }
            None => vm.ctx.none(),
        }
    }
}

fn with_connection<R>(transport: &TlsTransport, read: impl FnOnce(&Connection) -> R) -> Option<R> {
    transport.session.lock().as_ref()?.connection().map(read)
}

fn peer_certificates(transport: &TlsTransport) -> Vec<Vec<u8>> {
    let found = with_connection(transport, |connection| {
        connection.peer_certificates().map(|chain| chain.iter().map(|der| der.to_vec()).collect())
    });
    found.flatten().unwrap_or_default()
}

fn certificate_list(chain: Vec<Vec<u8>>, vm: &VirtualMachine) -> Option<PyObjectRef> {
    if chain.is_empty() {
        return None;
    }
    let certificates = chain.into_iter().map(|der| TlsCertificate { der }.into_ref(&vm.ctx).into());
    Some(vm.ctx.new_list(certificates.collect()).into())
}

#[derive(FromArgs)]
struct BindingArgs {
    #[pyarg(any, optional)]
    cb_type: Option<PyObjectRef>,
}

#[pyclass(flags(DISALLOW_INSTANTIATION, HAS_WEAKREF), with(Representable))]
impl TlsSession {
    /// The `ssl.SSLContext`.
    #[pygetset]
    fn context(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.transport.objects.lock().context.clone()
    }

    /// Whether this side is the server.
    #[pygetset]
    fn server_side(zelf: &Py<Self>) -> bool {
        zelf.transport.options.lock().server_side
    }

    /// The name that the server's certificate was checked for.
    #[pygetset]
    fn server_hostname(zelf: &Py<Self>) -> Option<String> {
        zelf.transport.options.lock().server_hostname.clone()
    }

    /// `None`: sessions are resumed by the context itself.
    #[pygetset]
    fn session(_zelf: &Py<Self>) {}

    /// Whether the handshake resumed an earlier session.
    #[pygetset]
    fn session_reused(zelf: &Py<Self>) -> bool {
        with_connection(&zelf.transport, |connection| {
            connection.handshake_kind() == Some(HandshakeKind::Resumed)
        })
        .unwrap_or_default()
    }

    /// `TLSv1.2` or `TLSv1.3`; `None` before the handshake is over.
    #[pymethod]
    fn version(zelf: &Py<Self>) -> Option<&'static str> {
        match with_connection(&zelf.transport, |connection| connection.protocol_version()).flatten()? {
            ProtocolVersion::TLSv1_2 => Some("TLSv1.2"),
            ProtocolVersion::TLSv1_3 => Some("TLSv1.3"),
            _ => None,
        }
    }

    /// `(name, protocol, bits)` of the cipher suite.
    #[pymethod]
    fn cipher(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        Self::cipher_of(&zelf.transport, vm)
    }

    /// The cipher suite, in a list; `None` on the client's side.
    #[pymethod]
    fn shared_ciphers(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyObjectRef> {
        let server_side = zelf.transport.options.lock().server_side;
        server_side.then(|| vm.ctx.new_list(vec![Self::cipher_of(&zelf.transport, vm)]).into())
    }

    /// `None`: nothing is compressed.
    #[pymethod]
    fn compression(_zelf: &Py<Self>) {}

    /// The protocol that was chosen by ALPN.
    #[pymethod]
    fn selected_alpn_protocol(zelf: &Py<Self>) -> Option<String> {
        let protocol =
            with_connection(&zelf.transport, |connection| connection.alpn_protocol().map(<[u8]>::to_vec));
        String::from_utf8(protocol.flatten()?).ok()
    }

    /// The peer's certificate: in DER, or as a dictionary that is empty if it was not verified.
    #[pymethod]
    fn getpeercert(zelf: &Py<Self>, der: OptionalArg<bool>, vm: &VirtualMachine) -> PyResult {
        Self::peer_certificate(&zelf.transport, der.into_option().unwrap_or_default(), vm)
    }

    /// The certificates that the peer has sent.
    #[pymethod]
    fn get_unverified_chain(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyObjectRef> {
        certificate_list(peer_certificates(&zelf.transport), vm)
    }

    /// The certificates from the peer's to the one that is trusted.
    #[pymethod]
    fn get_verified_chain(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        let chain = peer_certificates(&zelf.transport);
        let context = zelf.transport.objects.lock().context.clone();
        let Some(context) = context else { return Ok(None) };
        if chain.is_empty() || !config::is_verifying(&context, vm)? {
            return Ok(None);
        }
        let authorities = config::authorities(&context, vm)?;
        let chain: Vec<CertificateDer<'static>> = chain.into_iter().map(Into::into).collect();
        Ok(certificate_list(rustpython_host_env::ssl::verify::build_verified_chain(&chain, &authorities), vm))
    }

    /// `None`: rustls does not tell what RFC 5929 binds to. Raises `ValueError` for other types than `tls-unique`.
    #[pymethod]
    fn get_channel_binding(_zelf: &Py<Self>, args: BindingArgs, vm: &VirtualMachine) -> PyResult<()> {
        match args.cb_type {
            Some(kind) if kind.str_utf8(vm)?.as_str() != "tls-unique" => {
                Err(vm.new_value_error(format!("'{}' channel binding type not implemented", kind.str(vm)?)))
            }
            _ => Ok(()),
        }
    }

    /// How many bytes were decrypted and not delivered.
    #[pymethod]
    fn pending(zelf: &Py<Self>) -> usize {
        zelf.transport.unread.lock().len()
    }
}

impl Representable for TlsSession {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        Ok(format!("<TlsSession of {}>", zelf.transport.as_object().repr(vm)?))
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION))]
impl TlsCertificate {
    /// The certificate in PEM, or in DER if `format` is `_ssl.ENCODING_DER`.
    #[pymethod]
    fn public_bytes(zelf: &Py<Self>, format: OptionalArg<i32>, vm: &VirtualMachine) -> PyResult {
        let der: PyBytesRef = vm.ctx.new_bytes(zelf.der.clone());
        if format.into_option() == Some(ENCODING_DER) {
            return Ok(der.into());
        }
        vm.import("ssl", 0)?.get_attr("DER_cert_to_PEM_cert", vm)?.call((der,), vm)
    }

    /// The certificate as a dictionary, as `getpeercert` shows it.
    #[pymethod]
    fn get_info(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        super::certificate::dictionary(&zelf.der, vm)
    }
}
