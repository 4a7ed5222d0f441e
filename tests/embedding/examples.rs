//! The examples, which assert what they show.

#[expect(dead_code, reason = "its main serves for ever")]
#[path = "../../runtime/examples/http_server.rs"]
mod http_server;
#[path = "../../runtime/examples/minimal.rs"]
mod minimal;
#[path = "../../runtime/examples/plugin_host.rs"]
mod plugin_host;
#[path = "../../runtime/examples/typed_config.rs"]
mod typed_config;

#[test]
fn minimal() {
    minimal::main().expect("the example runs");
}

#[test]
fn typed_config() {
    typed_config::main().expect("the example runs");
}

#[test]
fn plugin_host() {
    plugin_host::main().expect("the example runs");
}

#[test]
fn http_server() {
    // Its `main` serves for ever without an argument.
    let host = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a host");
    host.block_on(http_server::run(true)).expect("the example runs");
}
