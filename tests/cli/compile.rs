//! `tauraro compile`: applications, and what keeps them from being made.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{Folder, run, tauraro, text};

/// Compiles in `folder`, with `words` after the command.
fn compile(folder: &Folder, words: &[&str]) -> Output {
    let mut command = tauraro();
    command.current_dir(&folder.0).arg("compile");
    run(command, words, "")
}

/// An application, compiled in `folder`.
fn application(folder: &Folder, words: &[&str]) -> PathBuf {
    let output = compile(folder, &[words, &["-o", "app"]].concat());
    assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("app: "), "{}", text(&output.stdout));
    folder.0.join("app")
}

/// Starts an application in another folder and without any environment.
fn started(application: &Path) -> Command {
    let mut command = Command::new(application);
    command.current_dir("/").env_clear();
    command
}

/// Removes everything but the application.
fn remove_sources(folder: &Folder, application: &Path) {
    for entry in std::fs::read_dir(&folder.0).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            std::fs::remove_dir_all(path).expect("an empty place");
        } else if path != application {
            std::fs::remove_file(path).expect("no file");
        }
    }
}

const MAIN: &str = r#"
import sys
import shop, shop.deep.bottom as bottom
from ns.inner import leaf
from star import *

def later():
    import lazily
    import importlib
    try:
        import surely_missing
    except ImportError as error:
        print(error)
    try:
        import excluded
    except ImportError as error:
        print(error)
    named = "by" + "_name"
    print(importlib.import_module("literal").value, importlib.import_module(named).value)
    return lazily.value

if __name__ == "__main__":
    print(later(), leaf.value, shop.cart.total(), bottom.value, part.value)
    import importlib.resources, pkgutil, inspect
    print(importlib.resources.files("shop").joinpath("data/words.txt").read_text().strip())
    print(pkgutil.get_data("shop", "data/words.txt"), [found.name for found in pkgutil.iter_modules(shop.__path__)])
    print(inspect.getsource(shop.cart.total).splitlines())
    inside = [m.__file__ for m in list(sys.modules.values()) if str(getattr(m, "__file__", None)).startswith("/")]
    print(len(inside), all(path.startswith(sys.executable) for path in inside), __file__ == sys.executable)
    print(sys.argv[1:], sys.path == [sys.executable], __spec__, later.__code__.co_filename)
    sys.stdout.flush()
    shop.cart.fail()
"#;

#[test]
fn an_application_needs_none_of_its_sources() {
    let folder = Folder::new("compile-tree");
    folder.write("main.py", MAIN);
    folder.write("shop/__init__.py", "from . import cart\n");
    folder.write("shop/cart.py", "from .deep import *\ndef total():\n    return below.value\n\ndef fail():\n    nothing = 0\n    return 1 / nothing\n");
    folder.write("shop/deep/__init__.py", "__all__ = ['below']\n");
    folder.write("shop/deep/below.py", "from .. import deep\nfrom ..deep import bottom\nvalue = 3\n");
    folder.write("shop/deep/bottom.py", "value = 'bottom'\n");
    folder.write("shop/unused.py", "this is not Python\n");
    folder.write("shop/data/words.txt", "one two\n");
    folder.write("ns/inner/leaf.py", "value = 'leaf'\n");
    folder.write("star/__init__.py", "__all__ = ['part']\n");
    folder.write("star/part.py", "# coding: latin-1\nvalue = 'part'\n");
    for name in ["lazily", "literal", "by_name", "excluded"] {
        folder.write(&format!("{name}.py"), &format!("value = '{name}'\n"));
    }
    let words = ["main.py", "--include", "by_name", "--exclude=excluded", "--data", "shop/data", "-o", "app"];
    let output = compile(&folder, &words);
    let notes = text(&output.stderr);
    let missing =
        "note: main.py:11: no module named 'surely_missing' is found; the application does without\n";
    let unknown = "note: main.py:19: what is imported here is only known at run time (--include NAME)\n";
    assert_eq!(notes, format!("{missing}{unknown}"));
    assert!(text(&output.stdout).starts_with("app: 14 modules, "), "{}", text(&output.stdout));
    let app = folder.0.join("app");
    remove_sources(&folder, &app);

    let output = run(started(&app), &["-c", "--help", "é"], "");
    let expected = "\
No module named 'surely_missing'
No module named 'excluded'
literal by_name
lazily leaf 3 bottom part
one two
b'one two\\n' ['cart', 'deep']
['def total():', '    return below.value']
12 True True
['-c', '--help', 'é'] True None <app>/main.py
";
    assert_eq!(text(&output.stdout), expected, "{}", text(&output.stderr));
    let traceback = "\
Traceback (most recent call last):
  File \"<app>/main.py\", line 32, in <module>
    shop.cart.fail()
    ~~~~~~~~~~~~~~^^
  File \"<app>/shop/cart.py\", line 7, in fail
    return 1 / nothing
           ~~^~~~~~~~~
ZeroDivisionError: division by zero
";
    assert_eq!(text(&output.stderr), traceback);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn an_application_has_its_options_and_no_others() {
    let folder = Folder::new("compile-options");
    let script = "import os, sys\nassert False\nprint(__debug__, sys.flags.isolated, sys.argv[0], sys.argv[1:])\n\
                  print(sys.stdin.read(), end='')\nimport added\n";
    folder.write("script.py", script);
    let app = application(&folder, &["-O", "script.py"]);
    folder.write("elsewhere/added.py", "print('from elsewhere')\n");
    let mut command = started(&app);
    command
        .env("PYTHONPATH", folder.0.join("elsewhere"))
        .env("PYTHONINSPECT", "1")
        .env("PYTHONOPTIMIZE", "0");
    let output = run(command, &["-V", "-i", "--allow-read"], "input\n");
    assert_eq!(
        text(&output.stdout),
        format!("False 1 {} ['-V', '-i', '--allow-read']\ninput\n", app.display())
    );
    let errors = text(&output.stderr);
    assert!(
        errors.contains("No module named 'added'\nhint: 'added' is not in this application; "),
        "{errors}"
    );

    folder.write("status.py", "import sys\nsys.exit(int(sys.argv[1]))\n");
    let app = application(&folder, &["status.py"]);
    assert_eq!(run(started(&app), &["7"], "").status.code(), Some(7));
}

#[test]
fn permissions_are_built_in() {
    let folder = Folder::new("compile-sandbox");
    let script = "import os, helper\nfor work in (lambda: open('/etc/passwd'), lambda: os.system('true'), lambda: \
                  open(os.devnull, 'w')):\n    try:\n        print(work().name)\n    except PermissionError as error:\n        \
                  print(error)\nprint(helper.value, os.environ.get('SECRET'))\nhelper.fail()\n";
    folder.write("script.py", script);
    folder.write("helper.py", "value = 5\ndef fail():\n    raise ValueError('shown')\n");
    let app = application(&folder, &["--sandbox", "--allow-write=/dev/null", "script.py"]);
    remove_sources(&folder, &app);
    let mut command = started(&app);
    command.env("SECRET", "x");
    let output = run(command, &["--allow-read", "--allow-run"], "");
    let expected = "\
[Errno 13] read access to /etc/passwd is denied; run with --allow-read=/etc/passwd
[Errno 13] running posix.system() of true is denied; run with --allow-run
/dev/null
5 None
";
    assert_eq!(text(&output.stdout), expected, "{}", text(&output.stderr));
    assert!(
        text(&output.stderr).ends_with("    raise ValueError('shown')\nValueError: shown\n"),
        "{}",
        text(&output.stderr)
    );
}

/// An application is the interpreter of its own helper processes, and does not start itself over and over.
#[test]
fn multiprocessing_works() {
    let folder = Folder::new("compile-processes");
    let script = "import multiprocessing, os, signal, sys\nfrom helper import square\n\ndef cube(n):\n    return n * \
                  square(n)\n\nif __name__ == '__main__':\n    signal.alarm(60)\n    if os.environ.get('STARTED'):\n        \
                  sys.exit('started twice')\n    os.environ['STARTED'] = '1'\n    for method in ('fork', 'spawn', \
                  'forkserver'):\n        with multiprocessing.get_context(method).Pool(1) as pool:\n            \
                  print(method, pool.map(cube, [2, 3]))\n";
    folder.write("script.py", script);
    folder.write("helper.py", "def square(n):\n    return n * n\n");
    let app = application(&folder, &["script.py"]);
    remove_sources(&folder, &app);
    let output = run(started(&app), &["argument"], "");
    assert_eq!(
        text(&output.stdout),
        "fork [8, 27]\nspawn [8, 27]\nforkserver [8, 27]\n",
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn errors_are_reported() {
    let folder = Folder::new("compile-mistakes");
    folder.write("script.py", "import broken\n");
    folder.write("broken.py", "ok = 1\nif ok\n    pass\n");
    folder.write("late.py", "\ndef f():\n    x = 1\n    global x\n");
    std::fs::write(folder.0.join("binary.py"), b"x = '\xff\xfe'\n").expect("a file");
    folder.write("folder/module.py", "");
    folder.write("good.py", "");
    folder.write("user.py", "import good\n");
    let outside = std::env::temp_dir();
    let outside = outside.to_str().expect("a path of text");
    let cases: &[(&[&str], &str, i32)] = &[
        (&[], "compile takes a script\nhint: compile script.py -o app\n", 2),
        (&["nothing.py"], "can't open file 'nothing.py': [Errno 2] No such file or directory\n", 2),
        (&["good.py", "late.py"], "compile takes one script, got 2: good.py, late.py\n", 2),
        (&["folder", "-o", "x"], "can't find '__main__' module in 'folder'\n", 2),
        (&["-i", "good.py"], "Unknown option: -i of compile\n", 2),
        (&["--help-all", "good.py"], "unknown option --help-all of compile\n", 2),
        (&["good.py", "-o"], "Argument expected for the -o option\n", 2),
        (&["good.py", "--allow-net=1.2.3.4/99"], "--allow-net: invalid rule '1.2.3.4/99'", 2),
        (&["good.py", "-X", "utf8=7"], "-X utf8=n: n is missing or invalid\n", 2),
        (&["good.py", "-o", "good.py"], "cannot write good.py: it is the script", 2),
        (&["user.py", "-o", "good.py"], "cannot write good.py: it is part of the application\n", 2),
        (&["good.py", "-o", "folder"], "cannot write folder: Is a directory", 2),
        (&["good.py", "-o", "no/such/app"], "cannot write no/such/app: No such file or directory\n", 2),
        (&["good.py", "-o", env!("CARGO_BIN_EXE_tauraro")], ": it is this program\n", 2),
        (&["good.py", "--include", "absent"], "--include absent: there is no such module\n", 2),
        (&["good.py", "--data", "absent"], "--data absent: there is no such file or folder\n", 2),
        (&["good.py", "--data", outside], "it is neither below the folder of the script nor", 2),
        (&["binary.py"], "SyntaxError: invalid or missing encoding declaration (binary.py)\n", 1),
        (&["script.py"], "  File \"broken.py\", line 2\n    if ok\n         ^\nSyntaxError: ", 1),
        (&["late.py"], "  File \"late.py\", line 4\n    global x\n", 1),
    ];
    for (words, expected, status) in cases {
        let output = compile(&folder, words);
        let errors = text(&output.stderr);
        assert!(errors.contains(expected), "{words:?}: {errors}");
        assert!(!errors.contains("Traceback"), "{words:?}: {errors}");
        assert_eq!(output.status.code(), Some(*status), "{words:?}: {errors}");
        assert_eq!(text(&output.stdout), "", "{words:?}");
    }
    let output = run(tauraro(), &["--sandbox", "compile", "good.py"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("options go after the command"), "{}", text(&output.stderr));
    let left: Vec<_> =
        std::fs::read_dir(&folder.0).expect("the folder").flatten().map(|entry| entry.path()).collect();
    assert_eq!(left.len(), 7, "{left:?}");
    // A script of that name is a script.
    folder.write("compile", "print('a script')\n");
    assert_eq!(text(&compile(&folder, &[]).stdout), "a script\n");
}

#[test]
fn a_damaged_application_says_so() {
    let folder = Folder::new("compile-damage");
    folder.write("script.py", "print('whole')\n");
    let app = application(&folder, &["script.py"]);
    assert_eq!(text(&run(started(&app), &[""; 0], "").stdout), "whole\n");
    let again = folder.0.join("again");
    let made = compile(&folder, &["script.py", "-o", "again"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let whole = std::fs::read(&app).expect("the application");
    assert!(whole == std::fs::read(&again).expect("the application"), "the same input gives other bytes");

    let permissions = std::fs::metadata(&app).expect("the application").permissions();
    let runtime = std::fs::metadata(env!("CARGO_BIN_EXE_tauraro")).expect("the binary").len();
    let runtime = usize::try_from(runtime).expect("a length");
    let mut changed = whole.clone();
    changed[runtime + 60] ^= 1;
    let longer = [&whole[..], b"x"].concat();
    let cases = [&whole[..whole.len() - 1], &whole[..runtime + 10], &whole[..runtime], &changed, &longer];
    for (number, content) in cases.into_iter().enumerate() {
        // A process of its own writes it: what other tests start keeps no file of ours open for writing.
        let source = folder.0.join("content");
        let damaged = folder.0.join(format!("damaged{number}"));
        std::fs::write(&source, content).expect("a file");
        std::fs::set_permissions(&source, permissions.clone()).expect("an executable file");
        let copied = Command::new("cp").args([&source, &damaged]).status();
        assert!(copied.is_ok_and(|status| status.success()), "{number}");
        let output = run(started(&damaged), &["-c", "print('an interpreter')"], "");
        assert_eq!(text(&output.stdout), "", "{number}");
        let expected =
            format!("{}: the application is damaged: download or compile it again\n", damaged.display());
        assert_eq!(text(&output.stderr), expected, "{number}");
        assert_eq!(output.status.code(), Some(1), "{number}");
        std::fs::remove_file(&damaged).expect("the file");
    }
}

/// A folder with a `__main__.py`; packages that `PYTHONPATH` leads to, one of them in a zip file.
#[test]
fn modules_are_found_as_a_run_finds_them() {
    let folder = Folder::new("compile-path");
    folder.write(
        "program/__main__.py",
        "import near, far, zipped, sourceless\nprint(near.value, far.value, zipped.value)\nsourceless.fail()\n",
    );
    folder.write("program/near.py", "value = 'near'\n");
    folder.write(
        "site/far/__init__.py",
        "import typing\nif typing.TYPE_CHECKING:\n    import nowhere\nvalue = 'far'\n",
    );
    folder.write("zipped.py", "value = 'zipped'\n");
    let mut command = tauraro();
    command.current_dir(&folder.0);
    let zipping = run(command, &["-m", "zipfile", "-c", "library.zip", "zipped.py"], "");
    assert!(zipping.status.success(), "{}", text(&zipping.stderr));
    std::fs::remove_file(folder.0.join("zipped.py")).expect("the module");
    folder.write("sourceless.py", "def fail():\n    1 / 0\n");
    let mut command = tauraro();
    command.current_dir(&folder.0);
    let bytecode = "import py_compile; py_compile.compile('sourceless.py', 'program/sourceless.pyc')";
    let compiling = run(command, &["-c", bytecode], "");
    assert!(compiling.status.success(), "{}", text(&compiling.stderr));

    let mut command = tauraro();
    let paths = [folder.0.join("site"), folder.0.join("library.zip")];
    command.current_dir(&folder.0).env("PYTHONPATH", std::env::join_paths(paths).expect("a list of paths"));
    let output = run(command, &["compile", "program/", "-o", "app"], "");
    let note =
        "note: program/sourceless.pyc: it has no source, so what it imports is not known (--include NAME)\n";
    assert_eq!(text(&output.stderr), note);
    assert!(output.status.success());
    let app = folder.0.join("app");
    remove_sources(&folder, &app);
    let output = run(started(&app), &[""; 0], "");
    assert_eq!(text(&output.stdout), "near far zipped\n", "{}", text(&output.stderr));
    let place = "  File \"<app>/sourceless.py\", line 2, in fail\nZeroDivisionError: division by zero\n";
    assert!(text(&output.stderr).ends_with(place), "{}", text(&output.stderr));
}
