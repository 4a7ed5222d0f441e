//! Certificates as the dictionaries of `getpeercert`.

use rustpython_host_env::ssl::cert::{DistinguishedName, decode_certificate};
use rustpython_vm::{PyObjectRef, PyResult, VirtualMachine};

/// The fields of a certificate.
///
/// # Errors
/// `ValueError` for something else.
pub(super) fn dictionary(der: &[u8], vm: &VirtualMachine) -> PyResult {
    let certificate = decode_certificate(der).map_err(|error| vm.new_value_error(error))?;
    let text = |text: &str| -> PyObjectRef { vm.ctx.new_str(text).into() };
    let tuple = |texts: Vec<String>| -> PyObjectRef {
        vm.ctx.new_tuple(texts.iter().map(|entry| text(entry)).collect()).into()
    };
    let fields = vm.ctx.new_dict();
    fields.set_item("subject", name(&certificate.subject, vm), vm)?;
    fields.set_item("issuer", name(&certificate.issuer, vm), vm)?;
    fields.set_item("version", vm.ctx.new_int(certificate.version).into(), vm)?;
    fields.set_item("serialNumber", text(&certificate.serial_number), vm)?;
    fields.set_item("notBefore", text(&certificate.not_before), vm)?;
    fields.set_item("notAfter", text(&certificate.not_after), vm)?;
    if !certificate.subject_alt_names.is_empty() {
        let names = certificate.subject_alt_names.into_iter().map(|alternative| {
            let value = if alternative.kind == "DirName" {
                name(&alternative.directory_name, vm)
            } else {
                text(&alternative.value)
            };
            vm.ctx.new_tuple(vec![text(alternative.kind), value]).into()
        });
        fields.set_item("subjectAltName", vm.ctx.new_tuple(names.collect()).into(), vm)?;
    }
    let locations = [
        ("OCSP", certificate.ocsp),
        ("caIssuers", certificate.ca_issuers),
        ("crlDistributionPoints", certificate.crl_distribution_points),
    ];
    for (key, urls) in locations.into_iter().filter(|(_, urls)| !urls.is_empty()) {
        fields.set_item(key, tuple(urls), vm)?;
    }
    Ok(fields.into())
}

/// A distinguished name: a tuple of tuples of pairs.
fn name(name: &DistinguishedName, vm: &VirtualMachine) -> PyObjectRef {
    let mut entries = Vec::new();
    for (key, value) in name.iter().flatten() {
        let pair = vm.new_tuple((key.as_str(), value.as_str()));
        entries.push(vm.new_tuple((pair,)).into());
    }
    vm.ctx.new_tuple(entries).into()
}
