//! Runs the test server until stdin is closed, after one line of JSON on stdout that says where:
//! `http`, `https`, `mtls` and `raw` (base URLs), `ca`, `client_cert` and `client_key` (PEM files).

use std::io::{self, Read, Write};

use serde_json::json;
use tauraro_test_server::TestServer;

fn main() -> io::Result<()> {
    let server = TestServer::start();
    let (client_cert, client_key) = server.client_cert_paths();
    let line = json!({
        "http": server.url(""),
        "https": server.tls_url(""),
        "mtls": server.mtls_url(""),
        "raw": server.raw_url(""),
        "ca": server.ca_pem_path(),
        "client_cert": client_cert,
        "client_key": client_key,
    });
    let mut stdout = io::stdout();
    writeln!(stdout, "{line}")?;
    stdout.flush()?;

    io::copy(&mut io::stdin().lock().by_ref(), &mut io::sink())?;
    Ok(())
}
