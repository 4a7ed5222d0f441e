//! WebSocket clients against one plain Rust server, and servers under one plain Rust load.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::Result;
use crate::contestants::run_script;
use crate::peers::{self, Idle};
use crate::report::median;

const ROUND_TRIPS: usize = 10_000;
const LARGE: usize = 4096;
/// The load on a server: so many connections, each with one message under way at a time.
const CONNECTIONS: usize = 32;
const MESSAGES: usize = 2000;
const IDLE: usize = 10_000;

/// Somebody whose scripts are measured, by name, program and the event loop asked for.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) binary: PathBuf,
    pub(crate) event_loop: &'static str,
}

impl Contestant {
    fn script(&self, part: &str) -> String {
        let extension = if self.event_loop == "javascript" { "mjs" } else { "py" };
        format!("websocket_{part}.{extension}")
    }
}

/// What a client reached.
#[derive(Clone, Copy)]
pub(crate) struct ClientTimes {
    /// Median seconds of a round trip of 64 bytes.
    pub(crate) round_trip: f64,
    /// Seconds of processor time for each of them.
    pub(crate) cpu: f64,
    /// MiB a second, each way, of messages of 64 KiB.
    pub(crate) throughput: f64,
}

/// Markdown tables of medians: clients, servers, idle connections.
pub(crate) fn measure(contestants: &[Contestant], echo_url: &str, rounds: usize) -> Result<String> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut text = clients(&runtime, contestants, echo_url, rounds)?;
    text.push('\n');
    text.push_str(&servers(&runtime, contestants, rounds)?);
    text.push('\n');
    text.push_str(&idle(&runtime, contestants)?);
    Ok(text)
}

fn clients(runtime: &Runtime, contestants: &[Contestant], url: &str, rounds: usize) -> Result<String> {
    let mut all: Vec<(&str, Vec<ClientTimes>)> = vec![("tokio-tungstenite", Vec::new())];
    all.extend(contestants.iter().map(|contestant| (contestant.name, Vec::new())));
    for _ in 0..rounds {
        for (index, (_, times)) in all.iter_mut().enumerate() {
            times.push(match index.checked_sub(1).and_then(|index| contestants.get(index)) {
                None => runtime.block_on(peers::client(url, ROUND_TRIPS, LARGE))?,
                Some(contestant) => run_client(contestant, url)?,
            });
        }
    }
    let mut table = format!(
        "| {:<30} | {:>20} | {:>20} | {:>20} |\n",
        "client", "64 B echo", "CPU each", "64 KiB messages"
    );
    writeln!(table, "|:{:-<30}-|{}", "", format!("{:->21}:|", "").repeat(3))?;
    let middle = |times: &[ClientTimes], get: fn(&ClientTimes) -> f64| {
        median(&times.iter().map(get).collect::<Vec<_>>())
    };
    let base = all.first().map_or(f64::NAN, |(_, times)| middle(times, |times| times.round_trip));
    for (name, times) in &all {
        let round_trip = middle(times, |times| times.round_trip);
        let trip = format!("{:.1} µs ({:.2})", round_trip * 1e6, round_trip / base);
        let cpu = format!("{:.1} µs", middle(times, |times| times.cpu) * 1e6);
        let throughput = format!("{:.0} MiB/s", middle(times, |times| times.throughput));
        writeln!(table, "| {name:<30} | {trip:>20} | {cpu:>20} | {throughput:>20} |")?;
    }
    Ok(table)
}

fn run_client(contestant: &Contestant, url: &str) -> Result<ClientTimes> {
    let (round_trips, large) = (ROUND_TRIPS.to_string(), LARGE.to_string());
    let arguments = [contestant.event_loop, url, &round_trips, &large];
    let times = run_script(&contestant.binary, &contestant.script("client"), &arguments)?;
    let number =
        |name: &str| times[name].as_f64().ok_or_else(|| format!("the client did not print {name:?}"));
    Ok(ClientTimes {
        round_trip: number("round_trip")?,
        cpu: number("cpu")?,
        throughput: number("throughput")?,
    })
}

fn servers(runtime: &Runtime, contestants: &[Contestant], rounds: usize) -> Result<String> {
    let mut all: Vec<(&str, Vec<f64>, Vec<f64>)> =
        contestants.iter().map(|contestant| (contestant.name, Vec::new(), Vec::new())).collect();
    for _ in 0..rounds {
        for (contestant, (_, rates, cpu)) in contestants.iter().zip(&mut all) {
            let mut server = Server::start(contestant)?;
            runtime.block_on(peers::load(&server.url, CONNECTIONS, MESSAGES / 10))?;
            let before = server.order("usage")?;
            let took = runtime.block_on(peers::load(&server.url, CONNECTIONS, MESSAGES))?;
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            let messages = (CONNECTIONS * MESSAGES) as f64;
            rates.push(messages / took);
            cpu.push((server.order("usage")? - before) / messages);
        }
    }
    let mut table = format!("| {:<30} | {:>20} | {:>20} |\n", "echo server", "messages a second", "CPU each");
    writeln!(table, "|:{:-<30}-|{}", "", format!("{:->21}:|", "").repeat(2))?;
    for (name, rates, cpu) in &all {
        let cpu = format!("{:.1} µs", median(cpu) * 1e6);
        writeln!(table, "| {name:<30} | {:>20.0} | {cpu:>20} |", median(rates))?;
    }
    Ok(table)
}

fn idle(runtime: &Runtime, contestants: &[Contestant]) -> Result<String> {
    let connections = format!("{IDLE} connections");
    let mut table = format!(
        "| {connections:<30} | {:>20} | {:>20} | {:>20} |\n",
        "memory each", "broadcast call", "until all have it"
    );
    writeln!(table, "|:{:-<30}-|{}", "", format!("{:->21}:|", "").repeat(3))?;
    for contestant in contestants {
        let mut server = Server::start(contestant)?;
        // What the first connection loads is no cost of each.
        let first = runtime.block_on(Idle::open(&server.url, 8))?;
        let before = server.memory()?;
        let mut idle = runtime.block_on(Idle::open(&server.url, IDLE))?;
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let each = (server.memory()? - before) / IDLE as f64;
        // The first message makes the buffers of this program, which the next contestant would find ready.
        runtime.block_on(idle.receive_one(|| server.order("broadcast")))?;
        let (call, all) = runtime.block_on(idle.receive_one(|| server.order("broadcast")))?;
        drop(first);
        let [call, all] = [call, all].map(|seconds| format!("{:.1} ms", seconds * 1e3));
        let each = format!("{each:.1} KiB");
        writeln!(table, "| {:<30} | {each:>20} | {call:>20} | {all:>20} |", contestant.name)?;
    }
    Ok(table)
}

/// A script that serves; it ends with this value.
struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    url: String,
}

impl Server {
    fn start(contestant: &Contestant) -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(contestant.script("server"));
        let mut command = Command::new(&contestant.binary);
        if contestant.event_loop == "javascript" {
            // As for the clients.
            command.args(["run", "--allow-all"]);
        }
        let mut child = command
            .arg(script)
            .arg(contestant.event_loop)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        let mut port = String::new();
        stdout.read_line(&mut port)?;
        let url = format!("ws://127.0.0.1:{}/", port.trim());
        Ok(Self { child, stdin, stdout, url })
    }

    /// The seconds that an order is answered with.
    fn order(&mut self, order: &str) -> Result<f64> {
        let stdin = self.stdin.as_mut().ok_or("no standard input")?;
        writeln!(stdin, "{order}")?;
        stdin.flush()?;
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        let answer: Value = serde_json::from_str(&line)?;
        Ok(answer["seconds"].as_f64().ok_or("the server answered something else")?)
    }

    /// Resident memory in KiB.
    fn memory(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches("kB").trim().parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}
