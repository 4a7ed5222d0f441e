//! Ten tenants at once, each in a runtime of its own with its own permissions, output and deadline. Some mean no
//! good: `cargo example plugin_host`.

use std::thread;
use std::time::{Duration, Instant};

use tauraro::{ErrorKind, Output, Permissions, Runtime, ScriptError};

/// What a plugin may take for one call: enough for its imports on a busy machine.
const TIME_LIMIT: Duration = Duration::from_secs(4);

/// Who, what their script defines as `work(n)`, and how it is to end.
const TENANTS: [(&str, &str, Expected); 10] = [
    ("sums", "def work(n):\n    return sum(range(n))", Expected::Value(499_500)),
    ("counts", "def work(n):\n    print('counting')\n    return len(str(n))", Expected::Value(4)),
    ("parses", "import json\ndef work(n):\n    return json.loads('[1, 2, 3]')[2]", Expected::Value(3)),
    (
        "waits",
        "import asyncio\ndef work(n):\n    asyncio.run(asyncio.sleep(0.01))\n    return n",
        Expected::Value(1000),
    ),
    (
        "threads",
        "from concurrent.futures import ThreadPoolExecutor\n\
         def work(n):\n    with ThreadPoolExecutor(2) as pool:\n        return sum(pool.map(abs, [-1, -2]))",
        Expected::Value(3),
    ),
    ("fails", "def work(n):\n    return n / 0", Expected::Class("ZeroDivisionError")),
    ("spins", "def work(n):\n    while True:\n        pass", Expected::TimedOut),
    (
        "spins in a thread",
        "import threading\n\
         def spin():\n    while True:\n        try:\n            spin()\n        except BaseException:\n            pass\n\
         def work(n):\n    thread = threading.Thread(target=spin)\n    thread.start()\n    thread.join()",
        Expected::TimedOut,
    ),
    (
        "calls home",
        "import httpx\ndef work(n):\n    return httpx.get('http://127.0.0.1:9/').status_code",
        Expected::Class("PermissionError"),
    ),
    (
        "reads passwords",
        "def work(n):\n    return len(open('/etc/passwd').read())",
        Expected::Class("PermissionError"),
    ),
];

#[derive(Clone, Copy, Debug)]
enum Expected {
    Value(i64),
    Class(&'static str),
    TimedOut,
}

impl Expected {
    fn is(self, result: &Result<i64, ScriptError>) -> bool {
        match (self, result) {
            (Self::Value(expected), Ok(value)) => expected == *value,
            (Self::Class(expected), Err(error)) => expected == error.class(),
            (Self::TimedOut, Err(error)) => error.kind() == ErrorKind::TimedOut,
            _ => false,
        }
    }
}

struct Outcome {
    result: Result<i64, ScriptError>,
    took: Duration,
    printed: Vec<u8>,
}

fn run(script: &str) -> Result<Outcome, ScriptError> {
    let runtime = Runtime::builder()
        .permissions(Permissions::none())
        .stdout(Output::capture_up_to(4096))
        .stderr(Output::capture_up_to(4096))
        .time_limit(TIME_LIMIT)
        .build()?;
    runtime.run_string(script, "plugin.py")?;
    let start = Instant::now();
    let result = runtime.call("work", (1000,));
    Ok(Outcome { result, took: start.elapsed(), printed: runtime.take_stdout() })
}

pub(crate) fn main() -> Result<(), ScriptError> {
    let running = TENANTS.map(|(_, script, _)| thread::spawn(move || run(script)));
    let mut surprises = 0;
    say(&format!("{:<18} {:>8}  {:<10} outcome", "tenant", "took", "printed"));
    for ((name, _, expected), running) in TENANTS.into_iter().zip(running) {
        let Ok(outcome) = running.join() else { unreachable!("no script makes its host panic") };
        let Outcome { result, took, printed } = outcome?;
        surprises += i32::from(!expected.is(&result));
        let printed = String::from_utf8_lossy(&printed);
        let outcome = result.map_or_else(|error| error.to_string(), |value| value.to_string());
        say(&format!("{name:<18} {:>5} ms  {:<10} {outcome}", took.as_millis(), printed.trim_end()));
    }
    assert_eq!(surprises, 0, "every tenant ends as expected");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn say(line: &str) {
    println!("{line}");
}
