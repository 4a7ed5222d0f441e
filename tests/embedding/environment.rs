//! Environment variables of a runtime's own.

use std::collections::BTreeMap;

use tauraro::{Permissions, Runtime};

use crate::{failure, start};

#[test]
fn environments_are_apart() {
    let one = Runtime::builder().env_clear().env("NAME", "one").build().expect("a runtime");
    let two = Runtime::builder().env("NAME", "two").envs([("OTHER", "2")]).build().expect("a runtime");
    let shared = start();
    let all = |runtime: &Runtime| -> BTreeMap<String, String> {
        runtime.eval("dict(__import__('os').environ)").expect("variables")
    };
    assert_eq!(all(&one), BTreeMap::from([("NAME".into(), "one".into())]));
    assert_eq!(all(&two).get("PATH"), std::env::var("PATH").ok().as_ref(), "a copy of the process's");
    assert_eq!(all(&two).get("OTHER").map(String::as_str), Some("2"));
    assert!(!all(&shared).contains_key("OTHER"));

    let change = "
import os, posix
os.environ['TAURARO_SET'] = 'new'; os.putenv('TAURARO_PUT', 'put'); del os.environ['NAME']
assert os.getenv('TAURARO_SET') == 'new' and os.getenv('NAME') is None
assert b'NAME' not in posix._create_environ() and posix._create_environ()[b'TAURARO_PUT'] == b'put'
import sys
del sys.modules['posix'], sys.modules['os']
import os as again
assert again.environ['TAURARO_SET'] == 'new' and 'NAME' not in again.environ, again.environ
";
    one.run_string(change, "<change>").expect("runs");
    two.run_string(change, "<change>").expect("runs");
    for name in ["TAURARO_SET", "TAURARO_PUT"] {
        assert!(std::env::var_os(name).is_none(), "{name} is in the process's environment");
    }
    assert!(!all(&shared).contains_key("TAURARO_SET"));
    for call in ["putenv('A=B', 'x')", "putenv('', 'x')", "putenv('A', 'x\\0')", "unsetenv('A=B')"] {
        let error = failure(one.run_string(&format!("os.{call}"), "<wrong>"));
        assert!(["ValueError", "OSError"].contains(&error.class()), "{call}: {error}");
    }
    for call in ["putenv('A')", "putenv(1, 2)", "unsetenv()"] {
        assert_eq!(failure(one.run_string(&format!("os.{call}"), "<wrong>")).class(), "TypeError", "{call}");
    }
}

#[test]
#[cfg(unix)]
fn processes_inherit_the_environment() {
    let runtime = Runtime::builder().env_clear().env("NAME", "own").env("PATH", "/usr/bin:/bin").build();
    let runtime = runtime.expect("a runtime");
    let source = "
import os, subprocess, sys, tempfile
shown = [subprocess.run(['env'], capture_output=True, text=True).stdout]
shown.append(subprocess.run('env', shell=True, capture_output=True, text=True).stdout)
os.environ['LATER'] = 'set'
shown.append(os.popen('env').read())
explicit = subprocess.run(['env'], env={'ONLY': 'this'}, capture_output=True, text=True).stdout
with tempfile.TemporaryDirectory() as folder:
    def shown_by(run):
        path = os.path.join(folder, 'env')
        run(path)
        with open(path) as file: return file.read()
    shown.append(shown_by(lambda path: os.system(f'env > {path}')))
    def spawn(path):
        pid = os.posix_spawn('/bin/sh', ['sh', '-c', f'env > {path}'], None)
        os.waitpid(pid, 0)
    shown.append(shown_by(spawn))
    def execute(path):
        pid = os.spawnv(os.P_NOWAIT, '/bin/sh', ['sh', '-c', f'env > {path}'])
        os.waitpid(pid, 0)
    shown.append(shown_by(execute))
status = os.system('exit 3') >> 8
";
    runtime.run_string(source, "<processes>").expect("runs");
    for shown in runtime.get_global::<Vec<String>>("shown").expect("texts") {
        assert!(shown.contains("NAME=own"), "{shown}");
        assert!(!shown.contains("CARGO"), "{shown}");
    }
    assert!(std::env::vars_os().any(|(name, _)| name.to_string_lossy().contains("CARGO")), "cargo runs this");
    let shown: Vec<String> = runtime.get_global("shown").expect("texts");
    assert!(shown.iter().skip(2).all(|shown| shown.contains("LATER=set")), "{shown:?}");
    assert_eq!(runtime.get_global::<String>("explicit").expect("a text"), "ONLY=this\n");
    assert_eq!(runtime.get_global::<i64>("status").expect("a number"), 3);
}

#[test]
fn permissions_hide_variables_of_an_own_environment() {
    let runtime = Runtime::builder()
        .env_clear()
        .envs([("SEEN", "1"), ("HIDDEN", "2")])
        .permissions(Permissions::none().allow_env("SEEN").expect("a name"))
        .build()
        .expect("a runtime");
    let seen: BTreeMap<String, String> = runtime.eval("dict(__import__('os').environ)").expect("variables");
    assert_eq!(seen, BTreeMap::from([("SEEN".into(), "1".into())]));
    let set = "import os; os.environ['HIDDEN'] = '3'";
    assert_eq!(failure(runtime.run_string(set, "<set>")).class(), "PermissionError");
}

#[test]
fn proxies_come_from_the_own_environment() {
    let runtime = Runtime::builder().env_clear().env("HTTP_PROXY", "http://127.0.0.1:9").build();
    let runtime = runtime.expect("a runtime");
    let source = "
import httpx
try: httpx.get('http://192.0.2.1/', timeout=5)
except httpx.ConnectError as error: found = str(error)
";
    runtime.run_string(source, "<proxy>").expect("the proxy is asked, and is not there");
}
