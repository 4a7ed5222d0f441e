//! The library as a host uses it.

#[path = "embedding/calls.rs"]
mod calls;
#[path = "embedding/environment.rs"]
mod environment;
#[path = "embedding/errors.rs"]
mod errors;
#[path = "embedding/examples.rs"]
mod examples;
#[path = "embedding/streams.rs"]
mod streams;
#[path = "embedding/values.rs"]
mod values;

use tauraro::vm::pymodule;
use tauraro::{Module, Permissions, Runtime, ScriptError};

/// A runtime as it is without choices.
fn start() -> Runtime {
    Runtime::builder().build().expect("a runtime")
}

fn failure(result: Result<(), ScriptError>) -> ScriptError {
    result.expect_err("the script fails")
}

#[test]
fn each_runtime_has_permissions_of_its_own() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
    let port = listener.local_addr().expect("its address").port();
    let connect = format!("import socket; socket.create_connection(('127.0.0.1', {port})).close()");
    let restricted = |permissions| Runtime::builder().permissions(permissions).build().expect("a runtime");
    // Native classes are shared: one that was made before there was any restriction must ask as well.
    let before = start();
    before.run_string(&connect, "<before>").expect("connects");
    let none = restricted(Permissions::none());
    let host = restricted(Permissions::none().allow_net(&format!("127.0.0.1:{port}")).expect("a rule"));
    let files = restricted(Permissions::allow_all().allow_net("192.0.2.1").expect("a rule"));
    let after = start();

    for allowed in [&before, &host, &after] {
        allowed.run_string(&connect, "<connect>").expect("connects");
    }
    for denied in [&none, &files] {
        assert_eq!(failure(denied.run_string(&connect, "<connect>")).class(), "PermissionError");
    }
    let open = "open('/dev/../etc/passwd').close(); import os; os.system('true'); import ctypes";
    for allowed in [&before, &files, &after] {
        allowed.run_string(open, "<open>").expect("opens");
    }
    for denied in [&none, &host] {
        assert_eq!(failure(denied.run_string(open, "<open>")).class(), "PermissionError");
    }
    let accepted =
        listener.set_nonblocking(true).map(|()| std::iter::from_fn(|| listener.accept().ok()).count());
    assert_eq!(accepted.expect("a listener"), 4, "only what was allowed arrived");
}

#[test]
fn runtimes_share_nothing() {
    let one = Runtime::builder().argv(["one"]).build().expect("a runtime");
    let two = Runtime::builder().argv(["two", "--flag"]).build().expect("a runtime");
    one.run_string("import sys\nvalue = 1\nsys.mark = 1", "<one>").expect("runs");
    two.run_string("import sys\nvalue = 2", "<two>").expect("runs");
    assert_eq!(one.eval::<i64>("value").expect("a value"), 1);
    assert_eq!(two.eval::<i64>("value").expect("a value"), 2);
    assert!(!two.eval::<bool>("hasattr(sys, 'mark')").expect("a value"));
    one.run_string("sys.path.append('/one'); import json; json.mark = 1", "<one>").expect("runs");
    assert_eq!(two.eval::<Vec<String>>("sys.path").expect("a list"), [""; 0]);
    assert!(!two.eval::<bool>("hasattr(__import__('json'), 'mark')").expect("a value"));
    assert_eq!(one.eval::<Vec<String>>("sys.argv").expect("a list"), ["one"]);
    assert_eq!(two.eval::<Vec<String>>("sys.argv").expect("a list"), ["two", "--flag"]);
}

#[test]
fn runtimes_in_threads() {
    let threads: Vec<_> = (0..4)
        .map(|number: i64| {
            std::thread::spawn(move || {
                let runtime = start();
                runtime.run_string(&format!("total = sum(range({number}, 1000))"), "<thread>").expect("runs");
                runtime.eval::<i64>("total").expect("a value")
            })
        })
        .collect();
    for (number, thread) in (0..4).zip(threads) {
        assert_eq!(thread.join().expect("no panic"), (number..1000).sum::<i64>());
    }
}

#[test]
fn modules_are_chosen() {
    let with = Runtime::builder().modules([Module::Httpx]).build().expect("a runtime");
    assert_eq!(with.eval::<String>("__import__('httpx').__version__").expect("a version"), "0.28.1");
    let without = Runtime::builder().modules([]).build().expect("a runtime");
    assert_eq!(failure(without.run_string("import httpx", "x")).class(), "ModuleNotFoundError");
    assert_eq!(without.eval::<i64>("__import__('json').loads('1')").expect("the standard library"), 1);
}

/// A module of the host.
#[pymodule]
mod greeter {
    #[pyfunction]
    fn greet(name: String) -> String {
        format!("Hello, {name}")
    }
}

#[test]
fn native_modules_of_the_host() {
    let runtime = Runtime::builder().native_module(greeter::module_def).build().expect("a runtime");
    assert_eq!(runtime.eval::<String>("__import__('greeter').greet('you')").expect("a text"), "Hello, you");
}

#[test]
fn files_and_their_neighbours() {
    let folder = std::env::temp_dir().join(format!("tauraro-embedding-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("neighbour.py"), "value = 5\n").expect("a file");
    let script = folder.join("script.py");
    std::fs::write(&script, "import neighbour\nresult = neighbour.value, __name__, __file__\n")
        .expect("a file");

    let runtime = start();
    runtime.run_file(&script).expect("runs");
    let result = runtime.eval::<String>("f'{result[0]} {result[1]} {result[2]}'").expect("a text");
    assert_eq!(result, format!("5 __main__ {}", script.display()));

    let safe = Runtime::builder().safe_path(true).build().expect("a runtime");
    assert_eq!(failure(safe.run_file(&script)).class(), "ModuleNotFoundError");
    let told = Runtime::builder().safe_path(true).search_path(&folder).build().expect("a runtime");
    told.run_file(&script).expect("runs");

    let missing = failure(runtime.run_file(folder.join("missing.py")));
    assert_eq!(missing.class(), "FileNotFoundError");
    assert!(missing.message().contains("missing.py"), "{missing}");
    std::fs::remove_dir_all(&folder).expect("a folder to remove");
}

#[test]
fn settings() {
    let runtime = Runtime::builder().optimize(2).executable("/opt/host").build().expect("a runtime");
    runtime.run_string("assert False\ndef f():\n    'doc'\nimport sys", "x").expect("asserts are dropped");
    assert!(runtime.eval::<bool>("f.__doc__ is None").expect("a value"));
    assert_eq!(runtime.eval::<String>("sys.executable").expect("a path"), "/opt/host");
    assert_eq!(runtime.eval::<String>("sys.implementation.name").expect("a name"), "tauraro");
    assert!(runtime.eval::<String>("sys.version").expect("a version").contains(&tauraro::banner()));
    assert_eq!(runtime.finish(), 0);
}
