//! Stopping scripts that do not end by themselves.

#[path = "embedding_stop/runaways.rs"]
mod runaways;

use std::net::TcpListener;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use runaways::RUNAWAYS;
use tauraro::Runtime;

#[test]
fn diagnose() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for s in listener.incoming() {
            kept.push(s);
        }
    });
    let only = std::env::var("ONLY").ok();
    let from = std::env::var("FROM").ok().and_then(|from| from.parse().ok()).unwrap_or(0);
    for (index, (kind, source)) in RUNAWAYS.iter().enumerate().skip(from) {
        if only.as_ref().is_some_and(|only| !kind.contains(only.as_str())) {
            continue;
        }
        let source = source.replace("PORT", &port);
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let limit = Duration::from_millis(150);
            let runtime = Runtime::builder().time_limit(limit).build().expect("starts");
            println!("built");
            let start = Instant::now();
            let result = runtime.run_string(&source, "<runaway>");
            let late = start.elapsed().saturating_sub(limit);
            println!("ended");
            let class =
                result.map_or_else(|e| format!("{} {}", e.class(), e.message()), |()| "ok".to_owned());
            let again = runtime.eval::<i64>("1 + 1").map_err(|e| e.to_string());
            let start = Instant::now();
            let status = runtime.finish();
            sender.send((class, late, again, status, start.elapsed())).unwrap();
        });
        match receiver.recv_timeout(Duration::from_secs(3)) {
            Ok((class, late, again, status, finish)) => {
                println!(
                    "{index:3} {kind:40} {class:50} late {late:?} again {again:?} finish {status} in {finish:?}"
                )
            }
            Err(_) => println!("{index:3} {kind:40} HANGS"),
        }
    }
}
