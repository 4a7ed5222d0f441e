//! What a script raised, as a host sees it.

use std::error::Error;

use tauraro::{ErrorKind, Permissions, Runtime};

use crate::{failure, start};

#[test]
fn errors_carry_class_message_and_traceback() {
    let runtime = start();
    let source = "def f():\n    raise KeyError('k')\ntry:\n    f()\nexcept KeyError as e:\n    raise ValueError('bad') from e\n";
    let error = failure(runtime.run_string(source, "plugin.py"));
    assert_eq!((error.class(), error.module(), error.message()), ("ValueError", "builtins", "bad"));
    assert_eq!(error.to_string(), "ValueError: bad");
    assert_eq!(error.kind(), ErrorKind::Exception);
    for part in
        ["File \"plugin.py\", line 2, in f", "raise KeyError('k')", "direct cause", "ValueError: bad\n"]
    {
        assert!(error.traceback().contains(part), "{part:?} is not in {}", error.traceback());
    }
    let frames: Vec<_> = error
        .frames()
        .iter()
        .map(|frame| (frame.file.as_str(), frame.line, frame.function.as_str()))
        .collect();
    assert_eq!(frames, [("plugin.py", 6, "<module>")]);

    assert_eq!(failure(runtime.run_string("def f(:", "x")).class(), "SyntaxError");
    assert_eq!(failure(runtime.run_string("x = '\0'", "x")).class(), "SyntaxError");
    // The runtime is still good for more.
    assert_eq!(runtime.eval::<i64>("1 + 1").expect("a value"), 2);
}

#[test]
fn causes_are_sources() {
    let runtime = start();
    let texts = |source: &str| {
        let error = failure(runtime.run_string(source, "<causes>"));
        let mut texts = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(found) = cause {
            texts.push(found.to_string());
            cause = found.source();
        }
        texts
    };
    let while_handling = "try: 1 / 0\nexcept ZeroDivisionError: raise ValueError('b')";
    assert_eq!(texts(while_handling), ["ValueError: b", "ZeroDivisionError: division by zero"]);
    assert_eq!(texts(&format!("{while_handling} from None")), ["ValueError: b"]);
    assert_eq!(texts(&format!("{while_handling} from KeyError(1)")), ["ValueError: b", "KeyError: 1"]);
    // A chain that never ends, and one that is only long.
    assert_eq!(texts("a = ValueError('a'); a.__cause__ = a\nraise a").len(), 17);
    let long = "e = None\nfor n in range(50_000):\n    f = ValueError(n); f.__cause__ = e; e = f\nraise e";
    assert_eq!(texts(long).len(), 17);
}

#[test]
fn classes_have_their_modules() {
    let runtime = start();
    let error = failure(runtime.run_string("import json; json.loads('?')", "<json>"));
    assert_eq!((error.class(), error.module()), ("JSONDecodeError", "json.decoder"));
    assert_eq!(error.qualified_class(), "json.decoder.JSONDecodeError");
    assert!(error.to_string().starts_with("json.decoder.JSONDecodeError: Expecting value"));
    let own = "class Own(Exception):\n    class Inner(Exception): pass\nraise Own.Inner";
    assert_eq!(failure(runtime.run_string(own, "<own>")).qualified_class(), "Own.Inner");
}

#[test]
fn system_exit_is_no_end_of_the_host() {
    let runtime = start();
    for (source, status) in [
        ("raise SystemExit", 0),
        ("raise SystemExit(None)", 0),
        ("raise SystemExit(3)", 3),
        ("raise SystemExit(300)", 44),
        ("raise SystemExit(-1)", 255),
        ("raise SystemExit('why')", 1),
        ("import sys; sys.exit(7)", 7),
        ("exit(8)", 8),
    ] {
        let error = failure(runtime.run_string(source, "<exit>"));
        assert_eq!((error.class(), error.kind()), ("SystemExit", ErrorKind::Exit(status)), "{source}");
    }
    // Not worth the import of what formats tracebacks.
    assert!(!runtime.eval::<bool>("'traceback' in sys.modules").expect("a bool"));
    let error = failure(runtime.run_string("raise SystemExit(3)", "<exit>"));
    assert_eq!(
        error.traceback(),
        "Traceback (most recent call last):\n  File \"<exit>\", line 1, in <module>\nSystemExit: 3\n"
    );
}

#[test]
fn exceptions_that_cannot_be_shown() {
    let runtime = start();
    let source = "
class Bad(Exception):
    def __str__(self): raise RuntimeError('no text')
    __module__ = property(lambda self: 1 / 0)
class Meta(type):
    def __getattribute__(cls, name): raise RuntimeError(name)
class Worse(Exception, metaclass=Meta): pass
";
    runtime.run_string(source, "<bad>").expect("runs");
    let error = failure(runtime.run_string("raise Bad", "<bad>"));
    assert_eq!((error.class(), error.message()), ("Bad", "<exception str() failed>"));
    let error = failure(runtime.run_string("raise Worse('x')", "<worse>"));
    assert_eq!((error.class(), error.message()), ("Worse", "x"));
    let spoiled = "import traceback\ntraceback.format_exception = None\n1 / 0";
    let error = failure(runtime.run_string(spoiled, "<spoiled>"));
    assert_eq!(
        error.traceback(),
        "Traceback (most recent call last):\n  File \"<spoiled>\", line 3, in <module>\nZeroDivisionError: division by zero\n"
    );
}

#[test]
fn endless_messages_are_cut() {
    let runtime = start();
    let error = failure(runtime.run_string("raise ValueError('x' * 5_000_000)", "<long>"));
    assert_eq!(error.message().len(), (1 << 20) + "...".len());
    assert!(error.traceback().len() <= (1 << 20) + "...\n".len());
    assert!(error.traceback().starts_with("Traceback"));
}

#[test]
fn deep_tracebacks_are_bounded() {
    let runtime = start();
    let error = failure(runtime.run_string("def f(n): f(n + 1)\nf(0)", "<deep>"));
    assert_eq!(error.class(), "RecursionError");
    assert_eq!(error.frames().len(), 256);
    assert!(error.frames().iter().all(|frame| frame.function == "f"));
}

#[test]
fn tracebacks_quote_only_what_may_be_read() {
    let folder = std::env::temp_dir().join(format!("tauraro-quotes-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let secret = folder.join("secret.txt");
    std::fs::write(&secret, "the password is 1234\n").expect("a file");
    // Whoever runs under the name of a file has tracebacks quote it.
    let spells = [
        "exec(compile('1 / 0', {file}, 'exec'))",
        "raise SyntaxError('bad', ({file}, 1, 1, None))",
        "def f(): 1 / 0\nf.__code__ = f.__code__.replace(co_filename={file})\nf()",
    ];
    let restricted = Runtime::builder().permissions(Permissions::none()).build().expect("a runtime");
    let free = start();
    let name = format!("{:?}", secret.display().to_string());
    let mut quoted = 0;
    for spell in spells {
        let source = spell.replace("{file}", &name);
        for given in ["<quotes>", &secret.display().to_string()] {
            let error = failure(restricted.run_string(&source, given));
            assert!(!error.traceback().contains("1234"), "{source}: {}", error.traceback());
            let error = failure(free.run_string(&source, given));
            quoted += usize::from(error.traceback().contains("1234"));
        }
    }
    assert!(quoted > 0, "nothing would be quoted anyway");
    std::fs::remove_dir_all(&folder).expect("a folder to remove");
}

#[test]
fn a_runtime_that_cannot_start_says_why() {
    for (name, value) in [("", "x"), ("A=B", "x"), ("A\0", "x"), ("A", "x\0")] {
        let error = Runtime::builder().env(name, value).build().expect_err("no such variable");
        assert_eq!(error.class(), "ValueError");
        assert!(error.message().starts_with("illegal environment variable \""), "{error}");
    }
}

#[test]
fn a_defect_of_the_interpreter_is_no_end_of_the_host() {
    let runtime = start();
    let source = "import sys\ndel sys.unraisablehook\nclass Fails:\n    def __del__(self): 1 / 0\nFails()\n";
    let error = runtime.run_string(source, "<defect>").expect_err("fails");
    assert_eq!((error.kind(), error.class()), (ErrorKind::Crashed, "SystemError"), "{error}");
    assert!(error.message().starts_with("the interpreter failed: "), "{error}");
    drop(runtime);
    assert_eq!(start().eval::<i64>("1 + 1").expect("a value of another runtime"), 2);
}

#[test]
fn restricted_scripts_do_not_end_the_host() {
    let permissions = Permissions::none();
    let runtime = Runtime::builder().permissions(permissions).build().expect("a runtime");
    for ending in [
        "import os; os._exit(3)",
        "import os; os.abort()",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import signal; signal.raise_signal(signal.SIGKILL)",
        "import signal; signal.alarm(1)",
        "import signal; signal.setitimer(signal.ITIMER_REAL, 0.01)",
        "import faulthandler; faulthandler._sigsegv()",
        "import faulthandler; faulthandler._read_null()",
        "import faulthandler; faulthandler.dump_traceback_later(0.01, exit=True)",
    ] {
        let error = runtime.run_string(ending, "<end>").expect_err(ending);
        assert_eq!(error.class(), "PermissionError", "{ending}: {error}");
    }
    assert_eq!(runtime.eval::<i64>("1 + 1").expect("a value"), 2);
}
