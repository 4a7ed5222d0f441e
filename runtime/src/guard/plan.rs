//! Which functions of which native modules ask for what.
//!
//! A module with `harmless` functions is known entirely: one that is in neither list (because the
//! interpreter below has grown it) is denied to whoever is restricted at all.

use std::sync::{Arc, OnceLock};

use rustpython_vm::builtins::{PyModule, PyType};
use rustpython_vm::{Py, PyResult, VirtualMachine};
use tauraro_permissions::{Denial, PermissionChecker};

use super::install::{Initializer, Maker};
use super::{Call, Judge, files, processes, sockets, sources};

/// What decides about a whole module.
type Question = fn(&PermissionChecker) -> Result<(), Denial>;

/// What works on a finished module.
type Finish = fn(&VirtualMachine, &Arc<PermissionChecker>, &Py<PyModule>) -> PyResult<()>;

/// What takes from a class what the guards need.
type Remember = fn(&VirtualMachine, &'static Py<PyType>) -> PyResult<()>;

/// What replaces an attribute of a class.
type Setter = fn(&VirtualMachine, &'static Py<PyType>);

/// What is guarded of a module.
pub(super) struct Plan {
    pub(super) module: &'static str,
    pub(super) functions: &'static [(&'static str, Judge)],
    pub(super) harmless: &'static [&'static str],
    pub(super) classes: &'static [Class],
    /// Whether it may be imported.
    pub(super) import: Option<Question>,
    /// What else is to be done with the finished module.
    pub(super) after: Option<Finish>,
}

/// What is guarded of a native class.
pub(super) struct Class {
    pub(super) name: &'static str,
    pub(super) methods: &'static [(&'static str, Judge)],
    /// Where its `__init__` is kept, and what takes its place.
    pub(super) init: Option<(&'static OnceLock<Initializer>, Initializer)>,
    /// The same for `__new__`.
    pub(super) new: Option<(&'static OnceLock<Maker>, Maker)>,
    /// Keeps what the guards need of the class.
    pub(super) remember: Option<Remember>,
    /// Replace what is no method.
    pub(super) setters: &'static [Setter],
}

const NO_PLAN: Plan =
    Plan { module: "", functions: &[], harmless: &[], classes: &[], import: None, after: None };
const NO_CLASS: Class = Class { name: "", methods: &[], init: None, new: None, remember: None, setters: &[] };

impl Plan {
    /// What judges calls of the function called `name`, if anything does.
    pub(super) fn judge_of(&self, name: &str) -> Option<Judge> {
        if let Some((_, judge)) = self.functions.iter().find(|(known, _)| *known == name) {
            return Some(*judge);
        }
        (!self.harmless.is_empty() && !self.harmless.contains(&name)).then_some(unknown as Judge)
    }
}

fn unknown(call: Call<'_>) -> PyResult {
    let verdict = call.checker.unrestricted(call.original.name);
    call.proceed_if(verdict)
}

fn memory(checker: &PermissionChecker) -> Result<(), Denial> {
    checker.ffi("a module that touches memory")
}

/// Every module of which something is guarded.
pub(super) static MODULES: &[Plan] = &[
    Plan {
        module: "posix",
        functions: &[
            ("open", files::open),
            ("mkdir", files::write_at),
            ("mkdirs", files::write_at),
            ("rmdir", files::write_link_at),
            ("unlink", files::write_link_at),
            ("remove", files::write_link_at),
            ("rename", files::rename),
            ("replace", files::rename),
            ("listdir", files::list),
            ("scandir", files::list),
            ("readlink", files::read_link_at),
            ("stat", files::read_at),
            ("lstat", files::read_link_at),
            ("access", files::read_at),
            ("statvfs", files::read_at),
            ("pathconf", files::read_at),
            ("truncate", files::write_at),
            ("utime", files::change_at),
            ("chmod", files::change_at),
            ("chown", files::change_at),
            ("lchown", files::write_link_at),
            // Numbers of open files can be made to mean another file between question and deed, and links
            // to mean another place by moving them.
            ("fchmod", files::every),
            ("fchown", files::every),
            ("symlink", files::every),
            ("link", files::every),
            ("mknod", files::every),
            ("chdir", files::every),
            ("fchdir", files::every),
            ("chroot", files::every),
            ("putenv", processes::put_env),
            ("unsetenv", processes::unset_env),
            ("_create_environ", processes::environ),
            ("system", processes::system),
            ("fork", processes::run),
            ("forkpty", processes::run),
            ("execv", processes::exec),
            ("execve", processes::run),
            ("posix_spawn", processes::spawn),
            ("posix_spawnp", processes::spawn),
            ("kill", processes::kill),
            ("_exit", processes::signal_self),
            ("abort", processes::signal_self),
            ("killpg", processes::run),
            ("pidfd_open", processes::run),
            ("setpriority", processes::run),
            ("sched_setscheduler", processes::run),
            ("sched_setparam", processes::run),
            ("setgid", processes::run),
            ("setegid", processes::run),
            ("setuid", processes::run),
            ("seteuid", processes::run),
            ("setreuid", processes::run),
            ("setresuid", processes::run),
            ("setregid", processes::run),
            ("setresgid", processes::run),
            ("initgroups", processes::run),
            ("setgroups", processes::run),
            ("login_tty", processes::run),
            ("tcsetpgrp", processes::run),
        ],
        harmless: &[
            "close",
            "closerange",
            "fsync",
            "fdatasync",
            "read",
            "readinto",
            "write",
            "fstat",
            "getcwd",
            "getcwdb",
            "fspath",
            "getpid",
            "cpu_count",
            "urandom",
            "isatty",
            "lseek",
            "times",
            "copy_file_range",
            "strerror",
            "ftruncate",
            "getloadavg",
            "waitstatus_to_exitcode",
            "device_encoding",
            "fstatvfs",
            "sched_getscheduler",
            "sched_getparam",
            "getgroups",
            "register_at_fork",
            "nice",
            "sched_get_priority_max",
            "sched_get_priority_min",
            "sched_yield",
            "get_inheritable",
            "set_inheritable",
            "get_blocking",
            "set_blocking",
            "pread",
            "pwrite",
            "pipe",
            "pipe2",
            "getppid",
            "getgid",
            "getegid",
            "getpgid",
            "getpgrp",
            "getsid",
            "getuid",
            "geteuid",
            "setpgid",
            "setpgrp",
            "setsid",
            "tcgetpgrp",
            "openpty",
            "ttyname",
            "umask",
            "uname",
            "sync",
            "getresuid",
            "getresgid",
            "WCOREDUMP",
            "WIFCONTINUED",
            "WIFSTOPPED",
            "WIFSIGNALED",
            "WIFEXITED",
            "WEXITSTATUS",
            "WSTOPSIG",
            "WTERMSIG",
            "waitpid",
            "wait",
            "wait3",
            "wait4",
            "get_terminal_size",
            "dup",
            "dup2",
            "getlogin",
            "getgrouplist",
            "getpriority",
            "fpathconf",
            "sysconf",
            "sendfile",
            "getrandom",
            "_is_inputhook_installed",
        ],
        after: Some(processes::own_environment),
        ..NO_PLAN
    },
    Plan {
        module: "_socket",
        functions: &[
            ("getaddrinfo", sockets::getaddrinfo),
            ("gethostbyname", sockets::gethostbyname),
            ("gethostbyname_ex", sockets::gethostbyname),
            ("gethostbyaddr", sockets::gethostbyaddr),
            ("getnameinfo", sockets::getnameinfo),
            ("sethostname", processes::run),
        ],
        harmless: &[
            "htonl",
            "htons",
            "ntohl",
            "ntohs",
            "gethostname",
            "inet_aton",
            "inet_ntoa",
            "getservbyname",
            "getservbyport",
            "inet_pton",
            "inet_ntop",
            "getprotobyname",
            "socketpair",
            "if_nametoindex",
            "if_indextoname",
            "if_nameindex",
            "getdefaulttimeout",
            "setdefaulttimeout",
            "dup",
            "close",
            "CMSG_LEN",
            "CMSG_SPACE",
        ],
        classes: &[Class {
            name: "socket",
            methods: &[
                ("connect", sockets::connect),
                ("connect_ex", sockets::connect),
                ("bind", sockets::bind),
                ("listen", sockets::listen),
                ("sendto", sockets::sendto),
                ("sendmsg", sockets::sendmsg),
                ("sendmsg_afalg", sockets::sendmsg_afalg),
            ],
            init: Some((&sockets::ORIGINAL_INIT, sockets::init)),
            remember: Some(sockets::remember_class),
            ..NO_CLASS
        }],
        ..NO_PLAN
    },
    Plan { module: "_posixsubprocess", functions: &[("fork_exec", processes::fork_exec)], ..NO_PLAN },
    Plan {
        module: "_io",
        classes: &[Class {
            name: "FileIO",
            init: Some((&files::ORIGINAL_FILE_INIT, files::init)),
            ..NO_CLASS
        }],
        ..NO_PLAN
    },
    Plan {
        module: "_sqlite3",
        functions: &[("connect", files::database_connect)],
        classes: &[Class {
            name: "Connection",
            methods: &[("setlimit", files::database_limit)],
            init: Some((&files::ORIGINAL_DATABASE_INIT, files::database_init)),
            new: Some((&files::ORIGINAL_DATABASE_NEW, files::database_new)),
            remember: Some(files::remember_database),
            ..NO_CLASS
        }],
        ..NO_PLAN
    },
    Plan {
        module: "_ssl",
        functions: &[("_test_decode_cert", files::read_at)],
        classes: &[Class {
            name: "_SSLContext",
            methods: &[
                ("load_cert_chain", files::certificates),
                ("load_verify_locations", files::certificates),
                ("load_dh_params", files::certificates),
            ],
            setters: &[files::guard_key_log],
            ..NO_CLASS
        }],
        ..NO_PLAN
    },
    Plan { module: "_posixshmem", import: Some(|checker| checker.every_file("shared memory")), ..NO_PLAN },
    Plan {
        module: "_multiprocessing",
        import: Some(|checker| checker.run("processes by multiprocessing")),
        ..NO_PLAN
    },
    Plan {
        module: "faulthandler",
        functions: &[
            ("enable", processes::signal_self),
            ("register", processes::signal_self),
            ("dump_traceback_later", processes::signal_self),
            ("_read_null", processes::signal_self),
            ("_sigabrt", processes::signal_self),
            ("_sigfpe", processes::signal_self),
            ("_sigsegv", processes::signal_self),
            ("_fatal_error_c_thread", processes::signal_self),
        ],
        harmless: &["disable", "is_enabled", "dump_traceback", "cancel_dump_traceback_later", "unregister"],
        ..NO_PLAN
    },
    Plan {
        module: "_signal",
        functions: &[
            ("pidfd_send_signal", processes::run),
            ("raise_signal", processes::signal_self),
            ("alarm", processes::signal_self),
            ("setitimer", processes::signal_self),
        ],
        harmless: &[
            "signal",
            "getsignal",
            "pause",
            "getitimer",
            "default_int_handler",
            "set_wakeup_fd",
            "siginterrupt",
            "strsignal",
            "valid_signals",
            "pthread_sigmask",
        ],
        ..NO_PLAN
    },
    Plan {
        module: "fcntl",
        functions: &[("fcntl", processes::fcntl), ("ioctl", processes::ioctl)],
        harmless: &["flock", "lockf"],
        ..NO_PLAN
    },
    Plan {
        module: "time",
        functions: &[("clock_settime", processes::run), ("clock_settime_ns", processes::run)],
        ..NO_PLAN
    },
    Plan {
        module: "pwd",
        functions: &[
            ("getpwnam", files::read_passwd),
            ("getpwuid", files::read_passwd),
            ("getpwall", files::read_passwd),
        ],
        ..NO_PLAN
    },
    Plan {
        module: "grp",
        functions: &[
            ("getgrnam", files::read_group),
            ("getgrgid", files::read_group),
            ("getgrall", files::read_group),
        ],
        ..NO_PLAN
    },
    Plan { module: "syslog", import: Some(sockets::system_log), ..NO_PLAN },
    Plan { module: "_ctypes", import: Some(|checker| checker.ffi("ctypes")), ..NO_PLAN },
    Plan { module: "_testinternalcapi", import: Some(memory), ..NO_PLAN },
    Plan { module: "_remote_debugging", import: Some(memory), ..NO_PLAN },
    Plan {
        module: "_imp",
        functions: &[("create_dynamic", processes::load), ("exec_dynamic", processes::load)],
        ..NO_PLAN
    },
    // A further interpreter makes `builtins` and `sys` in its own way.
    Plan { module: "_interpreters", functions: &[("create", unknown)], ..NO_PLAN },
    // What reads source files by itself, to show a line of them.
    Plan { module: "builtins", functions: &[("compile", sources::compile)], ..NO_PLAN },
    Plan { module: "_symtable", functions: &[("symtable", sources::compile)], ..NO_PLAN },
    Plan {
        module: "sys",
        functions: &[
            ("excepthook", sources::excepthook),
            ("__excepthook__", sources::excepthook),
            ("unraisablehook", sources::unraisablehook),
            ("__unraisablehook__", sources::unraisablehook),
        ],
        ..NO_PLAN
    },
    Plan { module: "_thread", functions: &[("_excepthook", sources::unraisablehook)], ..NO_PLAN },
];

#[cfg(test)]
mod tests {
    use super::MODULES;

    /// Whether the system has the function: a few are found on some only.
    fn is_elsewhere(name: &str) -> bool {
        ["fdatasync", "sendmsg_afalg"].contains(&name)
    }

    #[test]
    fn every_planned_function_exists_and_every_function_of_a_known_module_is_planned() {
        crate::Runtime::builder().build().expect("a runtime").enter(|vm| {
            for plan in MODULES {
                let definition = match plan.module {
                    "builtins" => vm.builtins.def,
                    "sys" => vm.sys_module.def,
                    name => vm.state.module_defs.get(name).copied(),
                };
                let definition = definition.unwrap_or_else(|| panic!("no module {}", plan.module));
                let has = |name: &str| definition.methods.iter().any(|method| method.name == name);
                let planned =
                    plan.functions.iter().map(|(name, _)| *name).chain(plan.harmless.iter().copied());
                for name in planned.filter(|name| !is_elsewhere(name)) {
                    assert!(has(name), "{} has no function {name}", plan.module);
                }
                if plan.harmless.is_empty() {
                    continue;
                }
                for method in definition.methods {
                    let known = plan.functions.iter().any(|(name, _)| *name == method.name)
                        || plan.harmless.contains(&method.name);
                    assert!(known, "{}.{} is not classified", plan.module, method.name);
                }
            }
        });
    }
}
