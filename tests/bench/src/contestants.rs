//! Who is measured, and the work they all do.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::Result;

/// How much of each workload.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) requests: usize,
    pub(crate) warm_up: usize,
}

/// Seconds that one contestant needed in one round.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    /// Median of one GET of the JSON document, parsed.
    pub(crate) get: f64,
    /// Median of one POST of a small JSON document, the answer parsed.
    pub(crate) post: f64,
    /// The streamed download.
    pub(crate) download: f64,
}

/// One of those who are compared.
pub(crate) struct Contestant {
    name: &'static str,
    kind: Kind,
}

enum Kind {
    Reqwest(Runtime),
    /// A Python, and the client that it uses.
    Python(PathBuf, &'static str),
}

impl Contestant {
    /// Plain reqwest, awaited one request after the other, on either flavour of tokio's runtime.
    pub(crate) fn reqwest(multi_thread: bool) -> Result<Self> {
        let (name, mut builder) = if multi_thread {
            ("reqwest, multi-thread runtime", Builder::new_multi_thread())
        } else {
            ("reqwest", Builder::new_current_thread())
        };
        // Fails only when a provider is installed already: by the other of the two.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Ok(Self { name, kind: Kind::Reqwest(builder.enable_all().build()?) })
    }

    /// A Python that runs the shared script with one of the clients that it knows.
    pub(crate) fn python(name: &'static str, binary: &Path, client: &'static str) -> Self {
        Self { name, kind: Kind::Python(binary.to_owned(), client) }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Does the whole work once.
    pub(crate) fn run(&self, url: &str, load: Load) -> Result<Times> {
        match &self.kind {
            Kind::Reqwest(runtime) => runtime.block_on(run_reqwest(url, load)),
            Kind::Python(binary, client) => run_python(binary, client, url, load),
        }
    }
}

/// The command that runs one of the scripts beside this crate's manifest.
pub(crate) fn script_command(binary: &Path, script: &str) -> Command {
    let mut command = Command::new(binary);
    if Path::new(script).extension().is_some_and(|extension| extension == "mjs") {
        // Deno wants leave to reach the network; Bun ignores the words.
        command.args(["run", "--allow-all"]);
    }
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script));
    command
}

/// The JSON that one of the scripts beside this crate's manifest prints.
pub(crate) fn run_script(binary: &Path, script: &str, arguments: &[&str]) -> Result<Value> {
    read_json(binary, script_command(binary, script).args(arguments))
}

/// The JSON that a command prints, which runs `binary`.
pub(crate) fn read_json(binary: &Path, command: &mut Command) -> Result<Value> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{}: {error}", binary.display()))?;
    if !output.status.success() {
        return Err(format!("{} failed: {}", binary.display(), output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn run_python(binary: &Path, client: &str, url: &str, load: Load) -> Result<Times> {
    let (requests, warm_up) = (load.requests.to_string(), load.warm_up.to_string());
    let times = run_script(binary, "client.py", &[client, url, &requests, &warm_up])?;
    let time = |name: &str| times[name].as_f64().ok_or_else(|| format!("client.py did not print {name:?}"));
    Ok(Times { get: time("get")?, post: time("post")?, download: time("download")? })
}

#[expect(clippy::disallowed_methods, reason = "plain reqwest is what this measures")]
async fn run_reqwest(url: &str, load: Load) -> Result<Times> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let (resource, download_url) = (format!("{url}/json"), format!("{url}/download"));
    let document = json!({"name": "Alice", "email": "alice@example.com", "tags": ["hausa", "python", "rust"], "age": 37});

    let get = median_of(load, async || {
        let body = client.get(&resource).send().await?.bytes().await?;
        let parsed: Value = serde_json::from_slice(&body)?;
        Ok(expect(parsed["items"].as_array().is_some_and(|items| items.len() == 12))?)
    })
    .await?;
    let post = median_of(load, async || {
        let request = client.post(&resource).header("content-type", "application/json");
        let body = request.body(serde_json::to_vec(&document)?).send().await?.bytes().await?;
        let parsed: Value = serde_json::from_slice(&body)?;
        Ok(expect(parsed["received"].as_u64().is_some_and(|length| length > 50))?)
    })
    .await?;

    let started = Instant::now();
    let mut response = client.get(&download_url).send().await?;
    let length = response.content_length();
    let mut received = 0;
    while let Some(chunk) = response.chunk().await? {
        received += chunk.len() as u64;
    }
    expect(length == Some(received))?;
    Ok(Times { get, post, download: started.elapsed().as_secs_f64() })
}

/// The median time of one exchange, in seconds.
async fn median_of(load: Load, mut exchange: impl AsyncFnMut() -> Result<()>) -> Result<f64> {
    for _ in 0..load.warm_up {
        exchange().await?;
    }
    let mut times = Vec::with_capacity(load.requests);
    for _ in 0..load.requests {
        let started = Instant::now();
        exchange().await?;
        times.push(started.elapsed().as_secs_f64());
    }
    Ok(crate::report::median(&times))
}

pub(crate) fn expect(answered_well: bool) -> std::result::Result<(), &'static str> {
    if answered_well { Ok(()) } else { Err("the server answered something else") }
}

/// The binary to measure: the one that the environment names, or one built in this program's profile.
pub(crate) fn find_tauraro() -> Result<PathBuf> {
    if let Some(path) = env::var_os("TAURARO_BENCH_BIN") {
        return Ok(path.into());
    }
    let folder = env::current_exe()?.parent().ok_or("this program is in no folder")?.to_owned();
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--ignore-rust-version", "--package", "tauraro", "--profile", profile])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()?;
    if !status.success() {
        return Err("tauraro could not be built".into());
    }
    Ok(folder.join(format!("tauraro{}", env::consts::EXE_SUFFIX)))
}

/// A CPython that can import `modules`: the one that the environment names in `variable`, or `python3`.
pub(crate) fn find_cpython(variable: &str, modules: &str) -> Option<PathBuf> {
    let python = env::var_os(variable).unwrap_or_else(|| "python3".into());
    let found = Command::new(&python)
        .args(["-c", &format!("import {modules}")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    found.then(|| python.into())
}

/// A program that the environment names in `variable`, or that is there by its name.
pub(crate) fn find_program(variable: &str, name: &str) -> Option<PathBuf> {
    let program = env::var_os(variable).unwrap_or_else(|| name.into());
    let found = Command::new(&program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    found.then(|| program.into())
}
