//! Many requests at once: tasks that share the work, and all of it awaited together.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::Result;
use crate::contestants::{expect, run_script};
use crate::report::median;

const WORKERS: usize = 64;
const REQUESTS: usize = 12_800;
const GATHERED: usize = 10_000;

enum Kind {
    Reqwest(Runtime),
    /// A Python, and the client that it uses.
    Python {
        binary: PathBuf,
        client: &'static str,
        load: Load,
    },
}

#[derive(Clone, Copy)]
struct Load {
    requests: usize,
    gathered: usize,
}

const LOAD: Load = Load { requests: REQUESTS, gathered: GATHERED };

/// For httpx on CPython: what each request costs grows with how many there are at once, and ten
/// thousand would take minutes.
const SMALL_LOAD: Load = Load { requests: REQUESTS / 10, gathered: 0 };

struct Contestant {
    name: &'static str,
    kind: Kind,
    /// Seconds of one request when the tasks share them, in every round.
    each: Vec<f64>,
    /// Seconds of all those that are gathered.
    gathered: Vec<f64>,
    /// The most memory that a process needed, in MiB.
    peak: f64,
}

impl Contestant {
    fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, each: Vec::new(), gathered: Vec::new(), peak: f64::NAN }
    }

    fn run(&mut self, url: &str) -> Result<()> {
        match &self.kind {
            Kind::Reqwest(runtime) => self.each.push(runtime.block_on(run_reqwest(url))?),
            Kind::Python { binary, client, load } => {
                let numbers = [WORKERS, load.requests, load.gathered].map(|number| number.to_string());
                let [workers, requests, gathered] = &numbers;
                let arguments = [*client, url, workers, requests, gathered];
                let times = run_script(binary, "at_once.py", &arguments)?;
                let number = |name: &str| {
                    times[name].as_f64().ok_or_else(|| format!("at_once.py did not print {name:?}"))
                };
                self.each.push(number("each")?);
                if load.gathered > 0 {
                    self.gathered.push(number("gathered")?);
                }
                self.peak = self.peak.max(number("peak")?);
            }
        }
        Ok(())
    }
}

/// Who is there, besides plain reqwest.
pub(crate) struct Pythons<'a> {
    pub(crate) tauraro: &'a Path,
    pub(crate) httpx: Option<&'a Path>,
    /// One that can import aiohttp and uvloop.
    pub(crate) aiohttp: Option<&'a Path>,
}

/// A Markdown table of medians.
pub(crate) fn measure(pythons: &Pythons<'_>, url: &str, rounds: usize) -> Result<String> {
    let mut contestants = vec![
        Contestant::new("reqwest", Kind::Reqwest(Builder::new_current_thread().enable_all().build()?)),
        Contestant::new(
            "reqwest, multi-thread runtime",
            Kind::Reqwest(Builder::new_multi_thread().enable_all().build()?),
        ),
    ];
    let others = [
        ("Tauraro", Some(pythons.tauraro), "httpx", LOAD),
        ("CPython aiohttp with uvloop", pythons.aiohttp, "aiohttp", LOAD),
        ("CPython httpx", pythons.httpx, "httpx", SMALL_LOAD),
    ];
    contestants.extend(others.into_iter().filter_map(|(name, binary, client, load)| {
        Some(Contestant::new(name, Kind::Python { binary: binary?.to_owned(), client, load }))
    }));
    for _ in 0..rounds {
        for contestant in &mut contestants {
            contestant.run(url)?;
        }
    }

    let (each, gathered) = (format!("GET, {WORKERS} at once"), format!("{GATHERED} gathered"));
    let mut table = format!("| {:<30} | {each:>20} | {gathered:>20} | {:>20} |\n", "", "peak memory");
    writeln!(table, "|:{:-<30}-|{}", "", format!("{:->21}:|", "").repeat(3))?;
    let base = contestants.first().map_or(f64::NAN, |first| median(&first.each));
    for Contestant { name, each, gathered, peak, .. } in &contestants {
        let each = median(each);
        let each = format!("{:.1} µs ({:.2})", each * 1e6, each / base);
        let [gathered, peak] = [(median(gathered) * 1e3, "ms"), (*peak, "MiB")].map(|(number, unit)| {
            if number.is_nan() { "-".to_owned() } else { format!("{number:.0} {unit}") }
        });
        writeln!(table, "| {name:<30} | {each:>20} | {gathered:>20} | {peak:>20} |")?;
    }
    Ok(table)
}

#[expect(clippy::disallowed_methods, reason = "plain reqwest is what this measures")]
async fn run_reqwest(url: &str) -> Result<f64> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let resource: Arc<str> = format!("{url}/json").into();
    let share = async |total: usize| -> Result<()> {
        let mut tasks = Vec::with_capacity(WORKERS);
        for _ in 0..WORKERS {
            let (client, resource) = (client.clone(), Arc::clone(&resource));
            tasks.push(tokio::spawn(async move {
                for _ in 0..total / WORKERS {
                    let body = client.get(&*resource).send().await?.bytes().await?;
                    let parsed: Value = serde_json::from_slice(&body)?;
                    expect(parsed["items"].as_array().is_some_and(|items| items.len() == 12))?;
                }
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            }));
        }
        for task in tasks {
            task.await?.map_err(|error| error.to_string())?;
        }
        Ok(())
    };
    share(WORKERS * 4).await?;
    let started = Instant::now();
    share(REQUESTS).await?;
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let each = started.elapsed().as_secs_f64() / REQUESTS as f64;
    Ok(each)
}
