//! The examples, which assert what they show.

#[path = "../../runtime/examples/minimal.rs"]
mod minimal;
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
