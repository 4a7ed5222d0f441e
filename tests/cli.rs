//! The command line, compared with what `CPython`'s prints and returns for the same words.

#[path = "cli/compile.rs"]
mod compile;
#[path = "cli/exits.rs"]
mod exits;
#[path = "cli/help.rs"]
mod help;
#[path = "cli/hints.rs"]
mod hints;

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const BINARY: &str = env!("CARGO_BIN_EXE_tauraro");

/// The binary in an environment without settings of its own.
fn tauraro() -> Command {
    let mut command = Command::new(BINARY);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PYTHON") {
            command.env_remove(name);
        }
    }
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Runs it with `words` and `input` on its standard input.
fn run<T: AsRef<OsStr>>(mut command: Command, words: &[T], input: &str) -> Output {
    let command = command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    // A program that does not read its input may be gone already.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("the binary ends")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What is expected on a stream.
enum Shows {
    Exactly(&'static str),
    /// The text ends so.
    Ending(&'static str),
    Containing(&'static [&'static str]),
}

use Shows::{Containing, Ending, Exactly};

impl Shows {
    fn fits(&self, shown: &str) -> bool {
        match self {
            Exactly(text) => shown == *text,
            Ending(text) => shown.ends_with(text),
            Containing(parts) => parts.iter().all(|part| shown.contains(part)),
        }
    }
}

const NOTHING: Shows = Exactly("");
const USAGE: &str = "usage: ";

/// Words, standard input, standard output, standard error, exit status.
type Case = (&'static [&'static str], &'static str, Shows, Shows, i32);

fn check(cases: &[Case]) {
    for (words, input, out, err, status) in cases {
        let output = run(tauraro(), words, input);
        let (shown_out, shown_err) = (text(&output.stdout), text(&output.stderr));
        assert!(
            out.fits(&shown_out) && err.fits(&shown_err) && output.status.code() == Some(*status),
            "{words:?} with {input:?} ended with {}\nstdout: {shown_out}\nstderr: {shown_err}",
            output.status
        );
    }
}

#[test]
fn programs() {
    check(&[
        (&["-c", "print(1)"], "", Exactly("1\n"), NOTHING, 0),
        (&["-c", "  if 1:\n    print(1)\n  print(2)"], "", Exactly("1\n2\n"), NOTHING, 0),
        (&["-cprint(1)"], "", Exactly("1\n"), NOTHING, 0),
        (&["-Ic", "import sys; print(sys.flags.isolated)"], "", Exactly("1\n"), NOTHING, 0),
        (
            &["-c", "import sys; print(sys.argv)", "-c", "--help", "-"],
            "",
            Exactly("['-c', '-c', '--help', '-']\n"),
            NOTHING,
            0,
        ),
        (&["-"], "print('piped')", Exactly("piped\n"), NOTHING, 0),
        (&[], "import sys; print(sys.argv)", Exactly("['']\n"), NOTHING, 0),
        (&["-", "a", "-b"], "import sys; print(sys.argv)", Exactly("['-', 'a', '-b']\n"), NOTHING, 0),
        (&["-"], "# coding: latin-1\nif 1:\n  print('two lines')", Exactly("two lines\n"), NOTHING, 0),
        (&["-m", "json.tool", "--compact"], "{ \"a\" : 1 }", Exactly("{\"a\":1}\n"), NOTHING, 0),
        (&["-mjson.tool", "--compact"], "[ 1 ]", Exactly("[1]\n"), NOTHING, 0),
        (&["-m", "unittest", "--help"], "", Containing(&["usage: ", "--failfast"]), NOTHING, 0),
        (&["-m", "http.server", "--help"], "", Containing(&["usage: tauraro -m http.server"]), NOTHING, 0),
        (&["-c", "import httpx; print(httpx.__version__)"], "", Exactly("0.28.1\n"), NOTHING, 0),
        (
            &["-c", "import ssl, json, asyncio, sqlite3, email.message, unittest.mock"],
            "",
            NOTHING,
            NOTHING,
            0,
        ),
    ]);
}

#[test]
fn exit_statuses() {
    check(&[
        (&["-c", "raise SystemExit"], "", NOTHING, NOTHING, 0),
        (&["-c", "raise SystemExit(None)"], "", NOTHING, NOTHING, 0),
        (&["-c", "import sys; sys.exit(3)"], "", NOTHING, NOTHING, 3),
        (&["-c", "import sys; sys.exit(300)"], "", NOTHING, NOTHING, 44),
        (&["-c", "import sys; sys.exit(-1)"], "", NOTHING, NOTHING, 255),
        (&["-c", "import sys; sys.exit(2**70)"], "", NOTHING, NOTHING, 255),
        (&["-c", "import sys; sys.exit(True)"], "", NOTHING, NOTHING, 1),
        (&["-c", "import sys; sys.exit('bye')"], "", NOTHING, Exactly("bye\n"), 1),
        (&["-c", "import sys; sys.exit((1, 2))"], "", NOTHING, Exactly("(1, 2)\n"), 1),
        (&["-c", "exit(4)"], "", NOTHING, NOTHING, 4),
        (&["-c", "quit()"], "", NOTHING, NOTHING, 0),
        (&["-c", "import os; os._exit(5)"], "", NOTHING, NOTHING, 5),
        (&["-c", "1/0"], "", NOTHING, Ending("ZeroDivisionError: division by zero\n"), 1),
        (&["-c", "def f(:"], "", NOTHING, Containing(&["File \"<string>\", line 1", "SyntaxError: "]), 1),
        (
            &["-"],
            "x = 1\n1/0\n",
            NOTHING,
            Containing(&["File \"<stdin>\", line 2, in <module>", "ZeroDivisionError"]),
            1,
        ),
        (&["-m", "no_such_module"], "", NOTHING, Ending("/tauraro: No module named no_such_module\n"), 1),
        (
            &["/no/such/file.py"],
            "",
            NOTHING,
            Ending("/tauraro: can't open file '/no/such/file.py': [Errno 2] No such file or directory\n"),
            2,
        ),
        (&["/proc"], "", NOTHING, Ending("/tauraro: can't find '__main__' module in '/proc'\n"), 1),
    ]);
}

#[test]
fn mistakes() {
    check(&[
        (&["-z"], "", NOTHING, Containing(&["Unknown option: -z\n", USAGE]), 2),
        (&["-Bz"], "", NOTHING, Containing(&["Unknown option: -z\n", USAGE]), 2),
        (&["--foo"], "", NOTHING, Containing(&["unknown option --foo\n", USAGE]), 2),
        (
            &["--sandbx"],
            "",
            NOTHING,
            Containing(&["unknown option --sandbx\nhint: did you mean --sandbox?\n", USAGE]),
            2,
        ),
        (&["-c"], "", NOTHING, Containing(&["Argument expected for the -c option\n", USAGE]), 2),
        (&["-m"], "", NOTHING, Containing(&["Argument expected for the -m option\n", USAGE]), 2),
        (&["-X"], "", NOTHING, Containing(&["Argument expected for the -X option\n", USAGE]), 2),
        (
            &["--check-hash-based-pycs", "x"],
            "",
            NOTHING,
            Containing(&["must be one of 'default', 'always', or 'never'"]),
            2,
        ),
        (
            &["--completions", "ksh"],
            "",
            NOTHING,
            Containing(&["--completions must be one of 'bash', 'zsh', or 'fish', not 'ksh'"]),
            2,
        ),
        (&["types"], "", NOTHING, Containing(&["types takes one argument"]), 2),
        (
            &["types", "/dev/null/x"],
            "",
            NOTHING,
            Containing(&["cannot write /dev/null/x: Not a directory"]),
            2,
        ),
        (&["-X", "utf8=2", "-c", ""], "", NOTHING, Containing(&["Fatal Python error: ", "-X utf8=n"]), 1),
        (
            &["-X", "int_max_str_digits=9", "-c", ""],
            "",
            NOTHING,
            Containing(&["invalid limit; must be >= 640"]),
            1,
        ),
        (&["-X", "cpu_count=0", "-c", ""], "", NOTHING, Containing(&["n must be greater than 0"]), 1),
        (
            &["-W", "nonsense", "-c", "print(1)"],
            "",
            Exactly("1\n"),
            Exactly("Invalid -W option ignored: invalid action: 'nonsense'\n"),
            0,
        ),
    ]);
}

#[test]
fn flags() {
    check(&[
        (&["-O", "-c", "assert False; print(__debug__)"], "", Exactly("False\n"), NOTHING, 0),
        (&["-OO", "-c", "def f(): 'doc'\nprint(f.__doc__)"], "", Exactly("None\n"), NOTHING, 0),
        (&["-c", "def f(): 'doc'\nprint(f.__doc__)"], "", Exactly("doc\n"), NOTHING, 0),
        (
            &["-Pc", "import sys; print('' in sys.path, sys.flags.safe_path)"],
            "",
            Exactly("False True\n"),
            NOTHING,
            0,
        ),
        (&["-c", "import sys; print(sys.path[0] == '')"], "", Exactly("True\n"), NOTHING, 0),
        (
            &["-sSEBqvd", "-X", "a=b", "-X", "c", "-c", "import sys; print(sys._xoptions)"],
            "",
            Ending("{'a': 'b', 'c': True}\n"),
            Containing(&[]),
            0,
        ),
        (
            &["-Werror", "-c", "import warnings; warnings.warn('w')"],
            "",
            NOTHING,
            Ending("UserWarning: w\n"),
            1,
        ),
        (&["-Wignore", "-c", "import warnings; warnings.warn('w')"], "", NOTHING, NOTHING, 0),
        (&["-c", "import warnings; warnings.warn('w')"], "", NOTHING, Containing(&["UserWarning: w"]), 0),
        (&["-bb", "-c", "str(b'')"], "", NOTHING, Containing(&["BytesWarning"]), 1),
        (&["-X", "dev", "-c", "import sys; print(sys.flags.dev_mode)"], "", Exactly("True\n"), NOTHING, 0),
        (&["-u", "-c", "import sys; print(sys.stdout.write_through)"], "", Exactly("True\n"), NOTHING, 0),
        (
            &["-h"],
            "",
            Containing(&[
                "usage: tauraro ",
                "-c cmd : program passed in as string",
                "types DIR",
                "--help-all",
            ]),
            NOTHING,
            0,
        ),
        (
            &["--help-all"],
            "",
            Containing(&["usage: tauraro ", "PYTHONHASHSEED", "TAURARO_HISTORY"]),
            NOTHING,
            0,
        ),
        (&["--help"], "", Containing(&["usage: "]), NOTHING, 0),
        (&["-V"], "", Containing(&["Tauraro ", "Python 3.14 dialect on RustPython"]), NOTHING, 0),
        (&["--version"], "", Containing(&["Tauraro "]), NOTHING, 0),
        (&["-VV"], "", Containing(&["Tauraro ", std::env::consts::ARCH]), NOTHING, 0),
        (
            &["-c", "import platform; print(platform.python_version_tuple()[:2])"],
            "",
            Exactly("('3', '14')\n"),
            NOTHING,
            0,
        ),
        (
            &["-c", "print(exit, quit)"],
            "",
            Exactly("Use exit() or Ctrl-D (i.e. EOF) to exit Use quit() or Ctrl-D (i.e. EOF) to exit\n"),
            NOTHING,
            0,
        ),
        (&["-c", "help(len)"], "", Containing(&["Help on built-in function len"]), NOTHING, 0),
        (
            &["-c", "copyright(); credits(); license()"],
            "",
            Containing(&["Tauraro", "RustPython", "MIT"]),
            NOTHING,
            0,
        ),
        (&["-c", "import sys; print(hasattr(sys, 'ps1'))"], "", Exactly("False\n"), NOTHING, 0),
    ]);
}

#[test]
fn environment() {
    let folder = Folder::new("environment");
    folder.write("helper.py", "value = 'found'\n");
    let cases: &[(&str, &str, &[&str], &str)] = &[
        ("PYTHONPATH", folder.path(), &["-c", "import helper; print(helper.value)"], "found"),
        ("PYTHONOPTIMIZE", "1", &["-c", "import sys; print(sys.flags.optimize)"], "1"),
        ("PYTHONUNBUFFERED", "x", &["-c", "import sys; print(sys.stdout.write_through)"], "True"),
        ("PYTHONSAFEPATH", "1", &["-c", "import sys; print('' in sys.path)"], "False"),
        ("PYTHONHASHSEED", "7", &["-c", "import sys; print(sys.flags.hash_randomization)"], "0"),
        ("PYTHONUTF8", "1", &["-c", "import sys; print(sys.flags.utf8_mode)"], "1"),
        (
            "PYTHONWARNINGS",
            "ignore,error::UserWarning",
            &["-c", "import sys; print(sys.warnoptions)"],
            "['ignore', 'error::UserWarning']",
        ),
        ("PYTHONNOUSERSITE", "1", &["-c", "import sys; print(sys.flags.no_user_site)"], "1"),
        ("PYTHONDEVMODE", "1", &["-c", "import sys; print(sys.flags.dev_mode)"], "True"),
        ("PYTHONIOENCODING", "latin-1", &["-c", "import sys; print(sys.stdout.encoding)"], "latin-1"),
        (
            "PYTHONPATH",
            folder.path(),
            &["-E", "-c", "import importlib.util as u; print(u.find_spec('helper'))"],
            "None",
        ),
        (
            "PYTHONPATH",
            folder.path(),
            &["-I", "-c", "import importlib.util as u; print(u.find_spec('helper'))"],
            "None",
        ),
        ("PYTHONOPTIMIZE", "2", &["-E", "-c", "import sys; print(sys.flags.optimize)"], "0"),
    ];
    for (name, value, words, expected) in cases {
        let mut command = tauraro();
        command.env(name, value);
        let output = run(command, words, "");
        assert_eq!(
            text(&output.stdout).trim_end(),
            *expected,
            "{name}={value} {words:?}: {}",
            text(&output.stderr)
        );
    }
    let mut command = tauraro();
    command.env("PYTHONHASHSEED", "x");
    let output = run(command, &["-c", "pass"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("PYTHONHASHSEED must be"));
}

#[test]
fn hash_seed_decides_the_order_of_sets() {
    let hash = |seed: &str| {
        let mut command = tauraro();
        command.env("PYTHONHASHSEED", seed);
        text(&run(command, &["-c", "print(hash('tauraro'))"], "").stdout)
    };
    assert_eq!(hash("1"), hash("1"));
    assert_ne!(hash("1"), hash("2"));
}

#[test]
fn scripts() {
    let folder = Folder::new("scripts");
    folder.write("neighbour.py", "value = 5\n");
    let script = folder.write(
        "script.py",
        "#!/usr/bin/env tauraro\nimport sys, neighbour\nprint(neighbour.value, __name__, sys.argv[1:])\n",
    );
    let output = run(tauraro(), &[script.as_str(), "-x", "--y=1", "-"], "");
    assert_eq!(text(&output.stdout), "5 __main__ ['-x', '--y=1', '-']\n", "{}", text(&output.stderr));

    let failing = folder.write("failing.py", "def f():\n    1/0\n\nf()\n");
    let output = run(tauraro(), &[&failing], "");
    let expected = format!("File \"{failing}\", line 2, in f\n    1/0\n");
    assert!(text(&output.stderr).contains(&expected), "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(1));

    let odd =
        folder.write("odd.py", "this is not python\nimport sys; print('after', __file__ == sys.argv[0])\n");
    assert_eq!(text(&run(tauraro(), &["-x", &odd], "").stdout), "after True\n");

    let nul = folder.write("nul.py", "x = '\0'\n");
    assert!(text(&run(tauraro(), &[&nul], "").stderr).contains("SyntaxError"));

    folder.write("package/__main__.py", "from .part import value; print(value, __package__)\n");
    folder.write("package/part.py", "value = 6\n");
    folder.write("package/__init__.py", "");
    let mut command = tauraro();
    command.current_dir(&folder.0);
    assert_eq!(text(&run(command, &["-m", "package"], "").stdout), "6 package\n");

    folder.write("app/__main__.py", "import other; print(other.value)\n");
    folder.write("app/other.py", "value = 7\n");
    let app = folder.0.join("app");
    assert_eq!(text(&run(tauraro(), &[&app], "").stdout), "7\n");

    let archive = folder.0.join("app.pyz");
    let output = run(
        tauraro(),
        &[OsStr::new("-m"), "zipapp".as_ref(), app.as_ref(), "-o".as_ref(), archive.as_ref()],
        "",
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&run(tauraro(), &[&archive], "").stdout), "7\n");
}

#[test]
fn inspecting_afterwards() {
    let folder = Folder::new("inspect");
    let script = folder.write("script.py", "value = 333\n1/0\n");
    let output = run(tauraro(), &["-i", &script], "value * 2\nif value:\n  print('block')\n\nexit(9)\n");
    assert_eq!(text(&output.stdout), "666\nblock\n");
    assert!(text(&output.stderr).contains("ZeroDivisionError"));
    assert!(text(&output.stderr).contains(">>> "));
    assert_eq!(output.status.code(), Some(9));
    let output = run(tauraro(), &["-c", "import os; os.environ['PYTHONINSPECT'] = '1'; x = 4"], "x\n");
    assert_eq!(text(&output.stdout), "4\n");
}

#[cfg(unix)]
#[test]
fn words_that_are_not_text() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::process::CommandExt;

    let mut named = tauraro();
    named.arg0(OsStr::from_bytes(b"\xff"));
    for (command, word) in [(tauraro(), &b"\xff"[..]), (named, b"pass")] {
        let output = run(command, &[OsStr::new("-c"), OsStr::from_bytes(word)], "");
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("not valid UTF-8"), "{}", text(&output.stderr));
    }
}

#[test]
fn processes_started_by_scripts() {
    let folder = Folder::new("processes");
    let script = folder.write(
        "pool.py",
        "import multiprocessing as m, subprocess, sys\n\
         def square(n): return n * n\n\
         if __name__ == '__main__':\n    \
         with m.get_context('spawn').Pool(2) as pool: print(pool.map(square, range(4)))\n    \
         print(subprocess.check_output([sys.executable, '-c', 'print(6)'], text=True), end='')\n",
    );
    let output = run(tauraro(), &[&script], "");
    assert_eq!(text(&output.stdout), "[0, 1, 4, 9]\n6\n", "{}", text(&output.stderr));
}

/// A folder for the files of one test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tauraro-cli-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        // As the binary sees it, symbolic links resolved.
        Self(path.canonicalize().expect("the folder"))
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a path of text")
    }

    fn write(&self, name: &str, content: &str) -> String {
        let path: &Path = &self.0.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, content).expect("a file");
        path.to_str().expect("a path of text").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to the system.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
