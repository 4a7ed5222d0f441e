//! The standard library: native modules, and the Python ones frozen into the binary.

use rustls::crypto::aws_lc_rs;
use rustpython_stdlib::ssl::providers::CryptoExt;
use rustpython_vm::InterpreterBuilder;

use crate::patches;

/// Adds the whole standard library, and the cryptography `ssl` works with.
pub(crate) fn install(builder: InterpreterBuilder) -> InterpreterBuilder {
    let native = rustpython_stdlib::stdlib_module_defs(&builder.ctx);
    let asyncio = tauraro_asyncio::native_modules(&builder.ctx);
    let tzdb = patches::module_def(&builder.ctx);
    builder
        .add_native_modules(&native)
        .add_frozen_modules(rustpython_pylib::FROZEN_STDLIB)
        .add_native_modules(&asyncio)
        .add_native_module(tzdb)
        .add_frozen_modules(patches::frozen_modules(rustpython_pylib::FROZEN_STDLIB))
        .add_frozen_modules(tauraro_asyncio::frozen_modules(rustpython_pylib::FROZEN_STDLIB))
        .add_frozen_modules(tauraro_ssl::frozen_modules(rustpython_pylib::FROZEN_STDLIB))
        .add_frozen_modules(tauraro_httpx::frozen_modules(rustpython_pylib::FROZEN_STDLIB))
        .add_frozen_modules(tauraro_httpx_sse::frozen_modules())
        .add_frozen_modules(tauraro_server::frozen_modules())
        .add_frozen_modules(tauraro_websockets::frozen_modules())
        .init_hook(|_| install_cryptography())
}

/// Gives `ssl` the provider that Tauraro's own modules use. The choice is process-wide: the first runtime makes it,
/// and later attempts have no effect.
fn install_cryptography() {
    let extensions = CryptoExt {
        all_cipher_suites: Some(aws_lc_rs::ALL_CIPHER_SUITES),
        default_cipher_suites: Some(aws_lc_rs::DEFAULT_CIPHER_SUITES),
        all_kx_groups: Some(aws_lc_rs::ALL_KX_GROUPS),
        any_supported_key: Some(aws_lc_rs::sign::any_supported_type),
        ticketer: aws_lc_rs::Ticketer::new,
    };
    let _ = CryptoExt::set_provider(aws_lc_rs::default_provider(), extensions);
}
