//! How long a whole process takes: a program that does nothing, one that imports httpx, one with a single request.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Result;
use crate::report::median;

const ROUNDS: usize = 21;
const NOTHING: &str = "pass";
const IMPORT: &str = "import httpx";
const ONE_GET: &str = "import sys, httpx; httpx.get(sys.argv[1]).json()";

/// Somebody who is started, by name and program.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) binary: PathBuf,
    pub(crate) language: Language,
}

/// What a contestant runs.
#[derive(Clone, Copy)]
pub(crate) enum Language {
    Python,
    /// A runtime that has `fetch` without an import, started with these arguments before the script.
    JavaScript(&'static [&'static str]),
}

/// What is run: a column of the table.
#[derive(Clone, Copy)]
enum Program {
    Nothing,
    Import,
    OneGet,
}

const PROGRAMS: [Program; 3] = [Program::Nothing, Program::Import, Program::OneGet];

/// A Markdown table of medians in ms.
pub(crate) fn measure(contestants: &[Contestant], url: &str) -> Result<String> {
    let resource = format!("{url}/json");
    let mut times = vec![[const { Vec::new() }; PROGRAMS.len()]; contestants.len()];
    for _ in 0..ROUNDS {
        for (contestant, times) in contestants.iter().zip(&mut times) {
            for (program, times) in PROGRAMS.into_iter().zip(times) {
                times.extend(contestant.run(program, &resource)?);
            }
        }
    }
    let mut table = format!(
        "| {:<30} | {:>20} | {:>20} | {:>20} |\n",
        "whole process", "nothing", "import httpx", "one GET"
    );
    writeln!(table, "|:{:-<30}-|{}", "", format!("{:->21}:|", "").repeat(3))?;
    for (contestant, times) in contestants.iter().zip(&times) {
        let [nothing, import, get] = times.each_ref().map(|times| {
            if times.is_empty() { String::new() } else { format!("{:.1} ms", median(times) * 1e3) }
        });
        writeln!(table, "| {:<30} | {nothing:>20} | {import:>20} | {get:>20} |", contestant.name)?;
    }
    Ok(table)
}

impl Contestant {
    /// The seconds that a whole process takes; nothing where there is no such program.
    fn run(&self, program: Program, url: &str) -> Result<Option<f64>> {
        let mut command = Command::new(&self.binary);
        match (self.language, program) {
            (Language::Python, Program::Nothing) => command.args(["-c", NOTHING]),
            (Language::Python, Program::Import) => command.args(["-c", IMPORT]),
            (Language::Python, Program::OneGet) => command.args(["-c", ONE_GET]),
            (Language::JavaScript(_), Program::Import) => return Ok(None),
            (Language::JavaScript(arguments), Program::Nothing) => {
                command.args(arguments).arg(script("startup_nothing.mjs"))
            }
            (Language::JavaScript(arguments), Program::OneGet) => {
                command.args(arguments).arg(script("startup_get.mjs"))
            }
        };
        command.arg(url);
        let started = Instant::now();
        let status = command.stdin(Stdio::null()).status()?;
        let elapsed = started.elapsed().as_secs_f64();
        if !status.success() {
            return Err(format!("{} failed: {status}", self.name).into());
        }
        Ok(Some(elapsed))
    }
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
