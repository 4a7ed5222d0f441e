//! How long a whole process takes: a script that does nothing, and one with a single request.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Result;
use crate::report::median;

const ROUNDS: usize = 21;
const ONE_GET: &str = "import sys, httpx; httpx.get(sys.argv[1]).json()";

/// A Markdown table of medians in ms.
pub(crate) fn measure(tauraro: &Path, cpython: Option<&Path>, url: &str) -> Result<String> {
    let contestants: Vec<_> = [("Tauraro", Some(tauraro)), ("CPython", cpython)]
        .into_iter()
        .filter_map(|(n, p)| Some((n, p?)))
        .collect();
    let resource = format!("{url}/json");
    let scripts = [("-c pass", "pass"), ("-c with one GET", ONE_GET)];

    let mut times = vec![[const { Vec::new() }; 2]; contestants.len()];
    for _ in 0..ROUNDS {
        for ((_, binary), times) in contestants.iter().zip(&mut times) {
            for ((_, code), times) in scripts.iter().zip(times) {
                times.push(run(binary, code, &resource)?);
            }
        }
    }

    let [first, second] = scripts.map(|(name, _)| name);
    let mut table = format!("| {:<30} | {first:>20} | {second:>20} |\n", "whole process");
    writeln!(table, "|:{:-<30}-|{:->21}:|{:->21}:|", "", "", "")?;
    for ((name, _), [bare, get]) in contestants.iter().zip(&times) {
        let [bare, get] = [bare, get].map(|seconds| format!("{:.1} ms", median(seconds) * 1e3));
        writeln!(table, "| {name:<30} | {bare:>20} | {get:>20} |")?;
    }
    Ok(table)
}

fn run(binary: &Path, code: &str, url: &str) -> Result<f64> {
    let started = Instant::now();
    let status = Command::new(binary).args(["-c", code, url]).stdin(Stdio::null()).status()?;
    let elapsed = started.elapsed().as_secs_f64();
    if !status.success() {
        return Err(format!("{} -c {code:?} failed: {status}", binary.display()).into());
    }
    Ok(elapsed)
}
