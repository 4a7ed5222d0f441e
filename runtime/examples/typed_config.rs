//! A configuration written in Python that arrives as a Rust struct: `cargo example typed_config`.

use std::time::Duration;

use serde::Deserialize;
use tauraro::{Permissions, Runtime, ScriptError};

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    name: String,
    workers: u8,
    timeout: Duration,
    listeners: Vec<Listener>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Listener {
    port: u16,
    #[serde(default)]
    protocol: Protocol,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Protocol {
    #[default]
    Http,
    Https,
}

const CONFIG: &str = "
import os
from datetime import timedelta

PORTS = [8000, 8001]
config = {
    'name': os.environ['STAGE'] + '-gateway',
    'workers': 2 * len(PORTS),
    'timeout': timedelta(minutes=1, seconds=30),
    'listeners': [{'port': port} for port in PORTS] + [{'port': 443, 'protocol': 'https'}],
}
";

/// A configuration computes; it reaches nothing but the variables that it is given.
fn load(source: &str) -> Result<Config, ScriptError> {
    let permissions = Permissions::none().allow_env("STAGE").expect("the name of a variable");
    let runtime = Runtime::builder().permissions(permissions).env_clear().env("STAGE", "test").build()?;
    runtime.run_string(source, "config.py")?;
    runtime.get_global("config")
}

#[expect(clippy::print_stdout, reason = "what the example shows")]
pub(crate) fn main() -> Result<(), ScriptError> {
    let config = load(CONFIG)?;
    println!("{config:#?}");
    assert_eq!(config.name, "test-gateway");
    assert_eq!((config.workers, config.timeout), (4, Duration::from_secs(90)));
    assert_eq!(config.listeners.last(), Some(&Listener { port: 443, protocol: Protocol::Https }));

    // Errors name the place in the configuration.
    for (source, message) in [
        (
            "config['listeners'][1]['port'] = 80000",
            "config.listeners[1].port: expected an integer from 0 to 65535, got 80000 (int)",
        ),
        (
            "config['wokers'] = 3",
            "config.wokers: unknown field `wokers`, expected one of `name`, `workers`, `timeout`, `listeners`",
        ),
        (
            "config['listeners'][0]['protocol'] = 'ftp'",
            "config.listeners[0].protocol: unknown variant `ftp`, expected `http` or `https`",
        ),
        ("del config['timeout']", "config: missing field `timeout`"),
    ] {
        let Err(error) = load(&format!("{CONFIG}\n{source}")) else { unreachable!("{source} is accepted") };
        println!("{source}\n    {error}");
        assert_eq!(error.message(), message);
    }
    Ok(())
}
