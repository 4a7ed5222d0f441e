//! Runs the test server until stdin is closed, after one line of JSON on stdout that says where: an
//! object of the environment variables that the Python tests read (see `TestServer::environment`),
//! their names in lower case and without `TAURARO_TEST_`: `http`, `https`, `mtls`, `raw`, `proxy`...

use std::io::{self, Read, Write};

use tauraro_test_server::TestServer;

fn main() -> io::Result<()> {
    let server = TestServer::start();
    let places = server.environment().into_iter().map(|(name, place)| {
        let name = name.trim_start_matches("TAURARO_TEST_").to_ascii_lowercase();
        (name, place.to_string_lossy().into_owned().into())
    });
    let line = serde_json::Value::Object(places.collect());
    let mut stdout = io::stdout();
    writeln!(stdout, "{line}")?;
    stdout.flush()?;

    io::copy(&mut io::stdin().lock().by_ref(), &mut io::sink())?;
    Ok(())
}
