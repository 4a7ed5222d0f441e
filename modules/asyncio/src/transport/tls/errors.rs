//! rustls' errors as the exceptions of `ssl`.

use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};
use rustpython_host_env::ssl::x509;
use rustpython_vm::builtins::{PyBaseExceptionRef, PyTypeRef};
use rustpython_vm::{AsObject, PyResult, VirtualMachine};

/// `X509_V_ERR_CERT_SIGNATURE_FAILURE` and `X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT` of OpenSSL.
const SIGNATURE_FAILURE: i32 = 7;
const SELF_SIGNED: i32 = 18;

/// The exception for `error`; `hostname` is what a certificate should have named.
///
/// # Errors
/// When `ssl` was replaced by something without its exceptions.
pub(super) fn exception(
    error: &Error,
    hostname: Option<&str>,
    vm: &VirtualMachine,
) -> PyResult<PyBaseExceptionRef> {
    let (reason, text) = match error {
        Error::InvalidCertificate(error) => return verification_error(error, hostname, vm),
        Error::AlertReceived(alert) => alert_reason(*alert),
        Error::InvalidMessage(_) => ("WRONG_VERSION_NUMBER", "wrong version number".to_owned()),
        Error::NoCertificatesPresented => {
            ("PEER_DID_NOT_RETURN_A_CERTIFICATE", "peer did not return a certificate".to_owned())
        }
        Error::NoApplicationProtocol => ("NO_APPLICATION_PROTOCOL", "no application protocol".to_owned()),
        Error::DecryptError => {
            ("DECRYPTION_FAILED_OR_BAD_RECORD_MAC", "decryption failed or bad record mac".to_owned())
        }
        Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon) => {
            ("NO_SHARED_CIPHER", "no shared cipher".to_owned())
        }
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::SupportedVersionsExtensionRequired
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled
            | PeerIncompatible::Tls13RequiredForQuic,
        ) => ("UNSUPPORTED_PROTOCOL", "unsupported protocol".to_owned()),
        Error::PeerMisbehaved(_)
        | Error::InappropriateHandshakeMessage { .. }
        | Error::InappropriateMessage { .. } => ("UNEXPECTED_MESSAGE", error.to_string()),
        error => ("TLS_ERROR", error.to_string()),
    };
    let message = format!("[SSL: {reason}] {text}");
    let exception = vm.new_os_subtype_error(class("SSLError", vm)?, Some(1), message);
    let object = exception.as_object();
    object.set_attr("library", vm.ctx.new_str("SSL"), vm)?;
    object.set_attr("reason", vm.ctx.new_str(reason), vm)?;
    Ok(exception.upcast())
}

fn class(name: &'static str, vm: &VirtualMachine) -> PyResult<PyTypeRef> {
    let class = vm.import("ssl", 0)?.get_attr(name, vm)?;
    class.downcast().map_err(|_| vm.new_type_error(format!("ssl.{name} is not a class")))
}

/// `SSLCertVerificationError`, with `verify_code` and `verify_message`.
fn verification_error(
    error: &CertificateError,
    hostname: Option<&str>,
    vm: &VirtualMachine,
) -> PyResult<PyBaseExceptionRef> {
    let (code, message) = verify_info(error, hostname.unwrap_or_default());
    let text = format!("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {message}");
    let exception = vm.new_os_subtype_error(class("SSLCertVerificationError", vm)?, Some(1), text);
    let object = exception.as_object();
    object.set_attr("verify_code", vm.ctx.new_int(code), vm)?;
    object.set_attr("verify_message", vm.ctx.new_str(message), vm)?;
    object.set_attr("library", vm.ctx.new_str("SSL"), vm)?;
    object.set_attr("reason", vm.ctx.new_str("CERTIFICATE_VERIFY_FAILED"), vm)?;
    Ok(exception.upcast())
}

/// OpenSSL's number and text for what is wrong with a certificate.
fn verify_info(error: &CertificateError, hostname: &str) -> (i32, String) {
    // The variants without a context are those that the host crate knows.
    let plain = match error {
        CertificateError::ExpiredContext { .. } => &CertificateError::Expired,
        CertificateError::NotValidYetContext { .. } => &CertificateError::NotValidYet,
        CertificateError::InvalidPurposeContext { .. } => &CertificateError::InvalidPurpose,
        error => error,
    };
    let (code, message) = x509::rustls_cert_error_to_verify_info(plain);
    let is_mismatch =
        matches!(plain, CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })
            || matches!(code, x509::X509_V_ERR_HOSTNAME_MISMATCH | x509::X509_V_ERR_IP_ADDRESS_MISMATCH);
    if is_mismatch {
        let (code, kind) = if hostname.parse::<std::net::IpAddr>().is_ok() {
            (x509::X509_V_ERR_IP_ADDRESS_MISMATCH, "IP address")
        } else {
            (x509::X509_V_ERR_HOSTNAME_MISMATCH, "Hostname")
        };
        return (code, format!("{kind} mismatch, certificate is not valid for '{hostname}'."));
    }
    if matches!(plain, CertificateError::BadSignature) {
        return (SIGNATURE_FAILURE, "certificate signature failure".to_owned());
    }
    if let CertificateError::Other(other) = plain
        && format!("{other:?}").contains("CaUsedAsEndEntity")
    {
        // An authority that nobody trusts shows its own certificate.
        return (SELF_SIGNED, "self-signed certificate".to_owned());
    }
    (code, message.to_owned())
}

/// OpenSSL's name and text of an alert that the peer sent (RFC 8446, section 6).
fn alert_reason(alert: AlertDescription) -> (&'static str, String) {
    use AlertDescription as A;

    let reason = match alert {
        A::UnexpectedMessage => "SSLV3_ALERT_UNEXPECTED_MESSAGE",
        A::BadRecordMac => "SSLV3_ALERT_BAD_RECORD_MAC",
        A::RecordOverflow => "TLSV1_ALERT_RECORD_OVERFLOW",
        A::HandshakeFailure => "SSLV3_ALERT_HANDSHAKE_FAILURE",
        A::BadCertificate => "SSLV3_ALERT_BAD_CERTIFICATE",
        A::UnsupportedCertificate => "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        A::CertificateRevoked => "SSLV3_ALERT_CERTIFICATE_REVOKED",
        A::CertificateExpired => "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        A::CertificateUnknown => "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        A::IllegalParameter => "SSLV3_ALERT_ILLEGAL_PARAMETER",
        A::UnknownCA => "TLSV1_ALERT_UNKNOWN_CA",
        A::AccessDenied => "TLSV1_ALERT_ACCESS_DENIED",
        A::DecodeError => "TLSV1_ALERT_DECODE_ERROR",
        A::DecryptError => "TLSV1_ALERT_DECRYPT_ERROR",
        A::ProtocolVersion => "TLSV1_ALERT_PROTOCOL_VERSION",
        A::InsufficientSecurity => "TLSV1_ALERT_INSUFFICIENT_SECURITY",
        A::InternalError => "TLSV1_ALERT_INTERNAL_ERROR",
        A::InappropriateFallback => "TLSV1_ALERT_INAPPROPRIATE_FALLBACK",
        A::UserCanceled => "TLSV1_ALERT_USER_CANCELLED",
        A::NoRenegotiation => "TLSV1_ALERT_NO_RENEGOTIATION",
        A::MissingExtension => "TLSV13_ALERT_MISSING_EXTENSION",
        A::CertificateRequired => "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        A::UnsupportedExtension => "TLSV1_UNSUPPORTED_EXTENSION",
        A::UnrecognisedName => "TLSV1_UNRECOGNIZED_NAME",
        A::NoApplicationProtocol => "TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
        _ => return ("TLS_ALERT", format!("alert {}", u8::from(alert))),
    };
    (reason, reason.to_lowercase().replace('_', " "))
}
