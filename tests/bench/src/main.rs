//! Tauraro beside plain Rust and CPython, measured: `cargo bench-all [ROUNDS]`.
//!
//! All contestants talk to one server, which runs in a process of its own. Each round lets every
//! contestant do all the work once, so that a slow moment of the machine hits them alike; what is
//! printed are medians over the rounds. Nothing here passes or fails by its time.
//!
//! - `TAURARO_BENCH_BIN`: the `tauraro` to measure; without it, one is built in this profile.
//! - `TAURARO_BENCH_PYTHON`: a CPython that can import httpx; without it, `python3` when it can.
//! - `TAURARO_BENCH_PYREQWEST`: the same for pyreqwest.
//! - `TAURARO_BENCH_AIOHTTP`: the same for aiohttp and uvloop.
#![expect(clippy::print_stdout, reason = "the report is what this program is for")]

mod at_once;
mod contestants;
mod report;
mod server;
mod startup;

use std::env;

use contestants::{Contestant, Load};
use report::Report;
use server::ServerProcess;

/// Every failure here ends the benchmark with its message.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const ROUNDS: usize = 7;
const LOAD: Load = Load { requests: 2000, warm_up: 200 };

fn main() -> Result<()> {
    let argument = env::args().nth(1);
    if argument.as_deref() == Some(server::ARGUMENT) {
        return server::serve_until_stdin_closes();
    }
    let rounds = match argument {
        Some(text) => text.parse().map_err(|_| format!("not a number of rounds: {text:?}"))?,
        None => ROUNDS,
    };

    let tauraro = contestants::find_tauraro()?;
    let [cpython, pyreqwest, aiohttp] = [
        ("TAURARO_BENCH_PYTHON", "httpx"),
        ("TAURARO_BENCH_PYREQWEST", "pyreqwest"),
        ("TAURARO_BENCH_AIOHTTP", "aiohttp, uvloop"),
    ]
    .map(|(variable, modules)| {
        let found = contestants::find_cpython(variable, modules);
        if found.is_none() {
            println!("No CPython with {modules} was found: name one in {variable} to compare with it.");
        }
        found
    });
    let server = ServerProcess::start()?;

    let mut contestants = vec![
        Contestant::reqwest(false)?,
        Contestant::reqwest(true)?,
        Contestant::python("Tauraro", &tauraro, "httpx"),
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
    let pythons =
        at_once::Pythons { tauraro: &tauraro, httpx: cpython.as_deref(), aiohttp: aiohttp.as_deref() };
    println!("{}", at_once::measure(&pythons, server.url(), rounds)?);
    println!("{}", startup::measure(&tauraro, cpython.as_deref(), server.url())?);
    Ok(())
}

#[expect(clippy::print_stderr, reason = "progress is no part of the report")]
fn eprint_progress(round: usize, rounds: usize) {
    eprintln!("round {round} of {rounds}");
}
