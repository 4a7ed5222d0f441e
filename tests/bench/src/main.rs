//! Tauraro beside plain Rust and others, measured: `cargo bench-all [http|startup|websocket] [ROUNDS]`.
//!
//! All contestants talk to one server, which runs in a process of its own. Each round lets every
//! contestant do all the work once, so that a slow moment of the machine hits them alike; what is
//! printed are medians over the rounds. Nothing here passes or fails by its time.
//!
//! - `TAURARO_BENCH_BIN`: the `tauraro` to measure; without it, one is built in this profile.
//! - `TAURARO_BENCH_PYTHON`: a CPython that can import httpx; without it, `python3` when it can.
//! - `TAURARO_BENCH_PYREQWEST`: the same for pyreqwest.
//! - `TAURARO_BENCH_AIOHTTP`: the same for aiohttp and uvloop.
//! - `TAURARO_BENCH_WEBSOCKETS`: the same for websockets and uvloop.
//! - `TAURARO_BENCH_BUN`, `TAURARO_BENCH_DENO`, `TAURARO_BENCH_NODE`: those programs; without them, `bun`, `deno` and
//!   `node` when they are there.
#![expect(clippy::print_stdout, reason = "the report is what this program is for")]

mod at_once;
mod contestants;
mod peers;
mod report;
mod server;
mod startup;
mod websocket;

use std::env;
use std::path::{Path, PathBuf};

use contestants::{Contestant, Load};
use report::Report;
use server::ServerProcess;
use startup::Language;

/// Every failure here ends the benchmark with its message.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const ROUNDS: usize = 7;
const LOAD: Load = Load { requests: 2000, warm_up: 200 };

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1).peekable();
    if arguments.next_if(|argument| argument == server::ARGUMENT).is_some() {
        return server::serve_until_stdin_closes(arguments);
    }
    let part = arguments.next_if(|argument| argument.parse::<usize>().is_err());
    let rounds = match arguments.next() {
        Some(text) => text.parse().map_err(|_| format!("not a number of rounds: {text:?}"))?,
        None => ROUNDS,
    };
    let tauraro = contestants::find_tauraro()?;
    let server = ServerProcess::start()?;
    match part.as_deref() {
        None => {
            measure_http(&tauraro, &server, rounds)?;
            measure_startup(&tauraro, &server)?;
            measure_websocket(&tauraro, &server, rounds)
        }
        Some("http") => measure_http(&tauraro, &server, rounds),
        Some("startup") => measure_startup(&tauraro, &server),
        Some("websocket") => measure_websocket(&tauraro, &server, rounds),
        Some(other) => Err(format!("none of http, startup and websocket: {other:?}").into()),
    }
}

/// A CPython with these modules; says so when there is none.
fn cpython_with(variable: &str, modules: &str) -> Option<PathBuf> {
    let found = contestants::find_cpython(variable, modules);
    if found.is_none() {
        println!("No CPython with {modules} was found: name one in {variable} to compare with it.");
    }
    found
}

fn measure_http(tauraro: &Path, server: &ServerProcess, rounds: usize) -> Result<()> {
    let [cpython, pyreqwest, aiohttp] = [
        ("TAURARO_BENCH_PYTHON", "httpx"),
        ("TAURARO_BENCH_PYREQWEST", "pyreqwest"),
        ("TAURARO_BENCH_AIOHTTP", "aiohttp, uvloop"),
    ]
    .map(|(variable, modules)| cpython_with(variable, modules));

    let mut contestants = vec![
        Contestant::reqwest(false)?,
        Contestant::reqwest(true)?,
        Contestant::python("Tauraro", tauraro, "httpx"),
    ];
    let others = [("CPython pyreqwest", &pyreqwest, "pyreqwest"), ("CPython httpx", &cpython, "httpx")];
    contestants.extend(
        others
            .into_iter()
            .filter_map(|(name, python, client)| Some(Contestant::python(name, python.as_deref()?, client))),
    );

    let mut report = Report::new(contestants.iter().map(Contestant::name));
    for round in 1..=rounds {
        eprint_progress(round, rounds);
        for contestant in &contestants {
            report.add(contestant.name(), contestant.run(server.url(), LOAD)?);
        }
    }
    println!("{report}");
    let pythons = at_once::Pythons { tauraro, httpx: cpython.as_deref(), aiohttp: aiohttp.as_deref() };
    println!("{}", at_once::measure(&pythons, server.url(), rounds)?);
    Ok(())
}

/// A program of this name; says so when there is none.
fn program(variable: &str, name: &str) -> Option<PathBuf> {
    let found = contestants::find_program(variable, name);
    if found.is_none() {
        println!("No {name} was found: name one in {variable} to compare with it.");
    }
    found
}

fn measure_startup(tauraro: &Path, server: &ServerProcess) -> Result<()> {
    let javascript = |name, binary, arguments| (name, binary, Language::JavaScript(arguments));
    let contestants: Vec<_> = [
        ("Tauraro", Some(tauraro.to_owned()), Language::Python),
        ("CPython", cpython_with("TAURARO_BENCH_PYTHON", "httpx"), Language::Python),
        javascript("Node", program("TAURARO_BENCH_NODE", "node"), &[]),
        javascript("Deno", program("TAURARO_BENCH_DENO", "deno"), &["run", "--allow-all"]),
        javascript("Bun", program("TAURARO_BENCH_BUN", "bun"), &["run"]),
    ]
    .into_iter()
    .filter_map(|(name, binary, language)| Some(startup::Contestant { name, binary: binary?, language }))
    .collect();
    println!("{}", startup::measure(&contestants, server.url())?);
    Ok(())
}

fn measure_websocket(tauraro: &Path, server: &ServerProcess, rounds: usize) -> Result<()> {
    let cpython = cpython_with("TAURARO_BENCH_WEBSOCKETS", "websockets, uvloop");
    let [bun, deno] = [("TAURARO_BENCH_BUN", "bun"), ("TAURARO_BENCH_DENO", "deno")]
        .map(|(variable, name)| program(variable, name));
    let contestants: Vec<_> = [
        ("Tauraro", Some(tauraro.to_owned()), "asyncio"),
        ("CPython websockets", cpython.clone(), "asyncio"),
        ("CPython websockets, uvloop", cpython, "uvloop"),
        ("Bun", bun, "javascript"),
        ("Deno", deno, "javascript"),
    ]
    .into_iter()
    .filter_map(|(name, binary, event_loop)| {
        Some(websocket::Contestant { name, binary: binary?, event_loop })
    })
    .collect();
    println!("{}", websocket::measure(&contestants, server, rounds)?);
    Ok(())
}

#[expect(clippy::print_stderr, reason = "progress is no part of the report")]
fn eprint_progress(round: usize, rounds: usize) {
    eprintln!("round {round} of {rounds}");
}
