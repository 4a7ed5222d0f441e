//! What follows the traceback of an uncaught exception.

use std::process::Command;

use super::{Ending, Exactly, Folder, NOTHING, check, run, tauraro, text};

/// After the traceback: the causes that the network knows, then what to do about it.
#[test]
fn hints() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address")
    };
    let get = format!("import httpx; httpx.get('http://{closed}/x')");
    let errors = text(&run(without_proxies(), &["-c", &get], "").stderr);
    let expected = format!(
        "hint: nothing accepts connections at {closed}: is the server running, and is the port right?\n"
    );
    assert!(
        errors.starts_with("Traceback (most recent call last):\n  File \"<string>\", line 1"),
        "{errors}"
    );
    assert!(errors.contains("\nhttpx.ConnectError: [Errno 111] Connection refused\ncause: "), "{errors}");
    assert!(errors.ends_with(&expected), "{errors}");
    assert_eq!(errors.matches("direct cause").count(), 0, "{errors}");

    let chained = format!(
        "import httpx\ntry: httpx.get('http://{closed}/x')\nexcept httpx.HTTPError as error: raise ValueError('top') from error"
    );
    let errors = text(&run(without_proxies(), &["-c", &chained], "").stderr);
    assert_eq!(errors.matches("direct cause").count(), 1, "{errors}");
    assert!(errors.contains("ValueError: top\ncause: ") && errors.ends_with(&expected), "{errors}");

    let grouped = format!(
        "import asyncio, httpx\nasync def main():\n  async with asyncio.TaskGroup() as group:\n    \
         group.create_task(httpx.AsyncClient().get('http://{closed}/x'))\nasyncio.run(main())"
    );
    let errors = text(&run(without_proxies(), &["-c", &grouped], "").stderr);
    assert_eq!(errors.matches("direct cause").count(), 0, "{errors}");
    assert!(errors.contains("\ncause: ") && errors.ends_with(&expected), "{errors}");

    // Python's own chains stay as they are.
    let plain = "raise ValueError('top') from KeyError('below')";
    let errors = text(&run(without_proxies(), &["-c", plain], "").stderr);
    assert!(errors.starts_with("KeyError: 'below'\n\nThe above exception was the direct cause"), "{errors}");
    assert!(errors.ends_with("ValueError: top\n"), "{errors}");

    let mut command = without_proxies();
    command.env("http_proxy", format!("http://me:secret@{closed}"));
    let proxied = "import httpx; httpx.get('http://example.invalid/')";
    let errors = text(&run(command, &["-c", proxied], "").stderr);
    assert!(
        errors.contains(&format!("hint: the environment sends this request through the proxy http://{closed}: is it running? NO_PROXY=example.invalid ")),
        "{errors}"
    );
    assert!(!errors.contains("secret"), "{errors}");

    let server = tauraro_test_server::TestServer::start();
    let environment: std::collections::BTreeMap<String, String> = server
        .environment()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_string_lossy().into_owned()))
        .collect();
    let secure = format!("import httpx; httpx.get({:?})", environment["TAURARO_TEST_HTTPS"]);
    let errors = text(&run(without_proxies(), &["-c", &secure], "").stderr);
    assert!(
        errors.contains("CERTIFICATE_VERIFY_FAILED")
            && errors.contains("\nhint: no trusted authority has signed"),
        "{errors}"
    );
}

/// What to do about a module that is not there, and about a permission that is missing.
#[test]
fn hints_about_what_is_missing() {
    let folder = Folder::new("hints");
    let script = folder.write("script.py", "import package\n");
    folder.write("package/__init__.py", "from . import part\nimport package.nothing\n");
    folder.write("package/part.py", "");
    let errors = text(&run(without_proxies(), &[&script], "").stderr);
    assert!(errors.ends_with("ModuleNotFoundError: No module named 'package.nothing'\n"), "{errors}");

    check(&[
        (
            &["-c", "import requests"],
            "",
            NOTHING,
            Ending(
                "ModuleNotFoundError: No module named 'requests'\n\
                 hint: 'requests' is not built in; httpx is, and does the same: import httpx\n",
            ),
            1,
        ),
        (
            &["-c", "import numpy.linalg"],
            "",
            NOTHING,
            Ending("No module named 'numpy'\nhint: 'numpy' has parts in C, which do not run here\n"),
            1,
        ),
        (
            &["-c", "def load():\n import yaml\nload()"],
            "",
            NOTHING,
            Ending(
                "hint: 'yaml' is not built in. A package of Python code alone can be used from the folder of the \
                 script, from one that PYTHONPATH names, or from site-packages\n",
            ),
            1,
        ),
        (
            &["-c", "import curses"],
            "",
            NOTHING,
            Ending("of Python's standard library that this runtime does not have\n"),
            1,
        ),
        (
            &["-c", "try: import requests\nexcept ImportError: print('caught')"],
            "",
            Exactly("caught\n"),
            NOTHING,
            0,
        ),
        (
            &["-c", "import sys; sys.excepthook = lambda *_: print('hooked'); import requests"],
            "",
            Exactly("hooked\n"),
            NOTHING,
            1,
        ),
    ]);
}

/// The binary where no proxy is asked for.
fn without_proxies() -> Command {
    let mut command = tauraro();
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().to_ascii_uppercase().ends_with("_PROXY") {
            command.env_remove(name);
        }
    }
    command
}
