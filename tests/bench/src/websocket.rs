//! WebSocket clients against one plain Rust server, and servers under one plain Rust load.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;
use tauraro_test_server::Certificates;
use tokio::runtime::{Builder, Runtime};

use crate::Result;
use crate::contestants::{read_json, script_command};
use crate::peers::{self, Dialer, Idle};
use crate::report::median;
use crate::server::ServerProcess;

const ROUND_TRIPS: usize = 10_000;
const LARGE: usize = 4096;
/// The load on a server: so many connections, each with one message under way at a time.
const CONNECTIONS: usize = 32;
const MESSAGES: usize = 2000;
const IDLE: usize = 10_000;
/// Connections that are opened and closed: by a client one after the other, to a server several at a time.
const OPENED: usize = 500;
const OPENED_AT_ONCE: usize = 8;

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

/// Markdown tables of medians: clients, servers, connections, idle connections. A number in parentheses is the ratio to
/// the first row.
pub(crate) fn measure(contestants: &[Contestant], server: &ServerProcess, rounds: usize) -> Result<String> {
    let bench = Bench {
        contestants,
        server,
        rounds,
        dialer: Dialer::new(server.certificates().ca_path())?,
        runtime: Builder::new_current_thread().enable_all().build()?,
    };
    let tables = [
        bench.clients("client", server.echo_url())?,
        bench.clients("client over TLS", server.tls_echo_url())?,
        bench.servers("echo server", None)?,
        bench.servers("echo server over TLS", Some(server.certificates()))?,
        bench.connections()?,
        bench.idle()?,
    ];
    Ok(tables.join("\n"))
}

/// The contestants, and the means to measure them.
struct Bench<'a> {
    contestants: &'a [Contestant],
    /// The plain Rust server.
    server: &'a ServerProcess,
    rounds: usize,
    dialer: Dialer,
    runtime: Runtime,
}

impl Bench<'_> {
    /// The names of the rows, plain Rust first.
    fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once("tokio-tungstenite").chain(self.contestants.iter().map(|contestant| contestant.name))
    }

    fn clients(&self, heading: &str, url: &str) -> Result<String> {
        let mut all: Vec<(&str, Vec<ClientTimes>)> = self.names().map(|name| (name, Vec::new())).collect();
        for _ in 0..self.rounds {
            for (index, (_, times)) in all.iter_mut().enumerate() {
                times.push(match index.checked_sub(1).and_then(|index| self.contestants.get(index)) {
                    None => self.runtime.block_on(peers::client(&self.dialer, url, ROUND_TRIPS, LARGE))?,
                    Some(contestant) => self.run_client(contestant, url)?,
                });
            }
        }
        let mut table = format!(
            "| {heading:<30} | {:>20} | {:>20} | {:>20} |\n",
            "64 B echo", "CPU each", "64 KiB messages"
        );
        writeln!(table, "|:{:-<30}-|{}", "", format!("{:->21}:|", "").repeat(3))?;
        let middle = |times: &[ClientTimes], get: fn(&ClientTimes) -> f64| {
            median(&times.iter().map(get).collect::<Vec<_>>())
        };
        let base = |get| all.first().map_or(f64::NAN, |(_, times)| middle(times, get));
        let (base_trip, base_throughput) = (base(|times| times.round_trip), base(|times| times.throughput));
        for (name, times) in &all {
            let round_trip = middle(times, |times| times.round_trip);
            let trip = format!("{:.1} µs ({:.2})", round_trip * 1e6, round_trip / base_trip);
            let cpu = format!("{:.1} µs", middle(times, |times| times.cpu) * 1e6);
            let throughput = middle(times, |times| times.throughput);
            let throughput = format!("{throughput:.0} MiB/s ({:.2})", throughput / base_throughput);
            writeln!(table, "| {name:<30} | {trip:>20} | {cpu:>20} | {throughput:>20} |")?;
        }
        Ok(table)
    }

    fn run_client(&self, contestant: &Contestant, url: &str) -> Result<ClientTimes> {
        let times = self.run_script(contestant, "client", url, &[ROUND_TRIPS, LARGE])?;
        let number =
            |name: &str| times[name].as_f64().ok_or_else(|| format!("the client did not print {name:?}"));
        Ok(ClientTimes {
            round_trip: number("round_trip")?,
            cpu: number("cpu")?,
            throughput: number("throughput")?,
        })
    }

    /// The JSON that a contestant's script prints about a server.
    fn run_script(&self, contestant: &Contestant, part: &str, url: &str, numbers: &[usize]) -> Result<Value> {
        let ca = self.server.certificates().ca_path();
        let mut command = script_command(&contestant.binary, &contestant.script(part));
        command.args([contestant.event_loop, url]).args(numbers.iter().map(ToString::to_string));
        // The Python scripts read the first; Deno and Bun know the others.
        for variable in ["TAURARO_BENCH_CA", "DENO_CERT", "NODE_EXTRA_CA_CERTS"] {
            command.env(variable, ca);
        }
        read_json(&contestant.binary, &mut command)
    }

    fn servers(&self, heading: &str, tls: Option<&Certificates>) -> Result<String> {
        let mut all: Vec<(&str, Vec<f64>, Vec<f64>)> =
            self.contestants.iter().map(|contestant| (contestant.name, Vec::new(), Vec::new())).collect();
        for _ in 0..self.rounds {
            for (contestant, (_, rates, cpu)) in self.contestants.iter().zip(&mut all) {
                let mut server = Server::start(contestant, tls)?;
                let load = |url: &str, messages| {
                    self.runtime.block_on(peers::load(&self.dialer, url, CONNECTIONS, messages))
                };
                load(&server.url, MESSAGES / 10)?;
                let before = server.order("usage")?;
                let took = load(&server.url, MESSAGES)?;
                #[expect(clippy::cast_precision_loss, reason = "a small number")]
                let messages = (CONNECTIONS * MESSAGES) as f64;
                rates.push(messages / took);
                cpu.push((server.order("usage")? - before) / messages);
            }
        }
        let mut table = format!("| {heading:<30} | {:>20} | {:>20} |\n", "messages per second", "CPU each");
        writeln!(table, "|:{:-<30}-|{}", "", format!("{:->21}:|", "").repeat(2))?;
        let base = all.first().map_or(f64::NAN, |(_, rates, _)| median(rates));
        for (name, rates, cpu) in &all {
            let rate = format!("{:.0} ({:.2})", median(rates), median(rates) / base);
            let cpu = format!("{:.1} µs", median(cpu) * 1e6);
            writeln!(table, "| {name:<30} | {rate:>20} | {cpu:>20} |")?;
        }
        Ok(table)
    }

    /// Connections per second, each with its opening and closing handshakes: by a client and to a server, without and
    /// with TLS.
    fn connections(&self) -> Result<String> {
        let mut all: Vec<(&str, [Vec<f64>; 4])> =
            self.names().map(|name| (name, [const { Vec::new() }; 4])).collect();
        let urls = [self.server.echo_url(), self.server.tls_echo_url()];
        for _ in 0..self.rounds {
            for (index, (_, columns)) in all.iter_mut().enumerate() {
                let contestant = index.checked_sub(1).and_then(|index| self.contestants.get(index));
                let [client, client_tls, server, server_tls] = columns;
                for (url, seconds) in urls.into_iter().zip([client, client_tls]) {
                    seconds.push(self.open_as_client(contestant, url)?);
                }
                for (url, seconds) in urls.into_iter().zip([server, server_tls]) {
                    seconds.push(self.open_to_server(contestant, url)?);
                }
            }
        }
        let headings = ["as a client", "client over TLS", "as a server", "server over TLS"];
        let mut table = format!("| {:<30} |", "connections per second");
        for heading in headings {
            write!(table, " {heading:>20} |")?;
        }
        writeln!(table, "\n|:{:-<30}-|{}", "", format!("{:->21}:|", "").repeat(headings.len()))?;
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let rate = |seconds: &[f64]| OPENED as f64 / median(seconds);
        let bases: Vec<f64> =
            all.first().into_iter().flat_map(|(_, columns)| columns).map(|it| rate(it)).collect();
        for (name, columns) in &all {
            write!(table, "| {name:<30} |")?;
            for (seconds, base) in columns.iter().zip(&bases) {
                let cell = format!("{:.0} ({:.2})", rate(seconds), rate(seconds) / base);
                write!(table, " {cell:>20} |")?;
            }
            writeln!(table)?;
        }
        Ok(table)
    }

    /// Seconds that a contestant needs to open and close the connections, one after the other.
    fn open_as_client(&self, contestant: Option<&Contestant>, url: &str) -> Result<f64> {
        let Some(contestant) = contestant else {
            return self.runtime.block_on(peers::connections(&self.dialer, url, OPENED, 1));
        };
        let answer = self.run_script(contestant, "connect", url, &[OPENED])?;
        Ok(answer["seconds"].as_f64().ok_or("the client did not print \"seconds\"")?)
    }

    /// Seconds that a contestant's server needs for the connections, several at a time. `rust_url` is that of the
    /// plain Rust server; its scheme selects TLS.
    fn open_to_server(&self, contestant: Option<&Contestant>, rust_url: &str) -> Result<f64> {
        let open = |url: &str, count| {
            self.runtime.block_on(peers::connections(&self.dialer, url, count, OPENED_AT_ONCE))
        };
        let tls = rust_url.starts_with("wss").then(|| self.server.certificates());
        let server = contestant.map(|contestant| Server::start(contestant, tls)).transpose()?;
        let url = server.as_ref().map_or(rust_url, |server| &server.url);
        // The first connections load modules, which is not a cost of each.
        open(url, OPENED_AT_ONCE)?;
        open(url, OPENED)
    }

    fn idle(&self) -> Result<String> {
        let connections = format!("{IDLE} connections");
        let mut table = format!(
            "| {connections:<30} | {:>20} | {:>20} | {:>20} |\n",
            "memory each", "broadcast call", "until all have it"
        );
        writeln!(table, "|:{:-<30}-|{}", "", format!("{:->21}:|", "").repeat(3))?;
        for contestant in self.contestants {
            let mut server = Server::start(contestant, None)?;
            let open = |url: &str, count| self.runtime.block_on(Idle::open(&self.dialer, url, count));
            // What the first connection loads is no cost of each.
            let first = open(&server.url, 8)?;
            let before = server.memory()?;
            let mut idle = open(&server.url, IDLE)?;
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            let each = (server.memory()? - before) / IDLE as f64;
            // The first message makes the buffers of this program, which the next contestant would find ready.
            self.runtime.block_on(idle.receive_one(|| server.order("broadcast")))?;
            let (call, all) = self.runtime.block_on(idle.receive_one(|| server.order("broadcast")))?;
            drop(first);
            let [call, all] = [call, all].map(|seconds| format!("{:.1} ms", seconds * 1e3));
            let each = format!("{each:.1} KiB");
            writeln!(table, "| {:<30} | {each:>20} | {call:>20} | {all:>20} |", contestant.name)?;
        }
        Ok(table)
    }
}

/// A script that serves; it ends with this value.
struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    url: String,
}

impl Server {
    fn start(contestant: &Contestant, tls: Option<&Certificates>) -> Result<Self> {
        let mut command: Command = script_command(&contestant.binary, &contestant.script("server"));
        command.arg(contestant.event_loop);
        if let Some((certificate, key)) = tls.map(Certificates::server_paths) {
            command.args([certificate, key]);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        let mut port = String::new();
        stdout.read_line(&mut port)?;
        let scheme = if tls.is_some() { "wss" } else { "ws" };
        let url = format!("{scheme}://127.0.0.1:{}/", port.trim());
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
