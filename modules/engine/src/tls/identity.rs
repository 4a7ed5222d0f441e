//! The client's certificate.

use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::ClientCert;
use super::pem::{PemFile, unusable};
use crate::error::Result;

/// Reads the chain and its key.
///
/// # Errors
/// `ConnectError`, naming the file that is missing, empty, garbled or locked.
pub(super) fn load(identity: &ClientCert) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let chain = identity.chain.certificates()?;
    if chain.is_empty() {
        return Err(unusable(&identity.chain.path, "it holds no certificate"));
    }
    let key = identity.key.as_ref().unwrap_or(&identity.chain);
    Ok((chain, private_key(key, identity.password.as_deref())?))
}

fn private_key(file: &PemFile, password: Option<&str>) -> Result<PrivateKeyDer<'static>> {
    let (path, pem) = (&file.path, file.read()?);
    let text = String::from_utf8_lossy(&pem);
    if let Some(block) = encrypted_block(&text) {
        let password =
            password.ok_or_else(|| unusable(path, "its private key is encrypted: give its password"))?;
        return decrypt(block, password).map_err(|error| {
            unusable(path, format!("its private key cannot be decrypted with the given password ({error})"))
        });
    }
    if text.contains("Proc-Type: 4,ENCRYPTED") {
        let reason =
            "its private key is encrypted in OpenSSL's old format; convert it with `openssl pkcs8 -topk8`";
        return Err(unusable(path, reason));
    }
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound => unusable(path, "it holds no private key"),
        error => unusable(path, error),
    })
}

fn encrypted_block(text: &str) -> Option<&str> {
    const END: &str = "-----END ENCRYPTED PRIVATE KEY-----";
    let (_, block) = text.split_at_checked(text.find("-----BEGIN ENCRYPTED PRIVATE KEY-----")?)?;
    block.get(..block.find(END)? + END.len())
}

fn decrypt(block: &str, password: &str) -> pkcs8::Result<PrivateKeyDer<'static>> {
    let (_, document) = SecretDocument::from_pem(block)?;
    let key = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())?.decrypt(password)?;
    Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    /// `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes-256-cbc`
    const LOCKED: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhfi4aGoTIcUgICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEGFuaOVc7uKHvCl0bwOpCNkEgZAC
OGrK5APqHBfppcCPJ/x+XNF1WwfAuwqZt7wS9aexN7t57efRfspqMCaJIqJt7v0Z
mUlkul4KJ44Qw4ynVLurKbHSHs1odXogQPKZz2eWhNnG0z1cwoG01hpQ7kJ1hpil
YpgBFsc4ravEJwh79sk0+t9cLR1/tLwuNudQAEhyVwDQ1Z/QymW6HkfJSVz0uE0=
-----END ENCRYPTED PRIVATE KEY-----
";

    fn file(name: &str, content: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("tauraro-identity-{}-{name}", std::process::id()));
        fs::write(&path, content).expect("a file");
        path
    }

    #[test]
    fn an_encrypted_key_is_opened_with_its_password() {
        let path = file("locked.pem", LOCKED);
        let key = private_key(&path.clone().into(), Some("open-sesame")).expect("a key");
        rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).expect("a usable key");
        for (password, reason) in [(Some("wrong"), "cannot be decrypted"), (None, "give its password")] {
            let error = private_key(&path.clone().into(), password).expect_err("it is locked");
            assert!(error.message().contains(reason), "{error}");
            assert!(error.message().contains(&path.display().to_string()), "{error}");
        }
        fs::remove_file(path).expect("the file");
    }
}
