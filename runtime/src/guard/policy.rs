//! Which functions of which native modules need which check.
//!
//! A module with `harmless` functions is fully classified: a function in neither list, because a later version of
//! the interpreter has added it, is denied to every restricted script.

use std::sync::Arc;

use rustpython_vm::builtins::{PyModule, PyType};
use rustpython_vm::{Py, PyResult, VirtualMachine};
use tauraro_permissions::{Denial, PermissionChecker};

use super::{Call, Check, certificates, databases, files, processes, sockets, sources};
use crate::interpose::{Change, Constructor, Initializer, SlotOriginal};

/// Whether a whole module may be imported.
type ImportCheck = fn(&PermissionChecker) -> Result<(), Denial>;

/// Changes a filled module.
type Finish = fn(&VirtualMachine, &Arc<PermissionChecker>, &Py<PyModule>) -> PyResult<()>;

/// Keeps what the checks need of a class.
type Remember = fn(&VirtualMachine, &'static Py<PyType>) -> PyResult<()>;

/// The change of a property of a class.
type Property = fn(&VirtualMachine, &'static Py<PyType>) -> PyResult<Change>;

/// What is guarded in a module.
pub(super) struct ModulePolicy {
    pub(super) module: &'static str,
    pub(super) functions: &'static [(&'static str, Check)],
    pub(super) harmless: &'static [&'static str],
    pub(super) classes: &'static [ClassPolicy],
    /// Whether it may be imported.
    pub(super) import: Option<ImportCheck>,
    /// What else is done with the filled module.
    pub(super) finish: Option<Finish>,
}

/// What is guarded in a native class.
pub(super) struct ClassPolicy {
    pub(super) name: &'static str,
    pub(super) methods: &'static [(&'static str, Check)],
    /// Where the original `__init__` is kept, and what takes its place.
    pub(super) init: Option<(&'static SlotOriginal<Initializer>, Initializer)>,
    /// The same for `__new__`.
    pub(super) new: Option<(&'static SlotOriginal<Constructor>, Constructor)>,
    pub(super) remember: Option<Remember>,
    pub(super) properties: &'static [Property],
}

const NO_POLICY: ModulePolicy =
    ModulePolicy { module: "", functions: &[], harmless: &[], classes: &[], import: None, finish: None };
const NO_CLASS: ClassPolicy =
    ClassPolicy { name: "", methods: &[], init: None, new: None, remember: None, properties: &[] };

impl ModulePolicy {
    /// The check of the function called `name`, if it needs one.
    pub(super) fn check_of(&self, name: &str) -> Option<Check> {
        if let Some((_, check)) = self.functions.iter().find(|(known, _)| *known == name) {
            return Some(*check);
        }
        (!self.harmless.is_empty() && !self.harmless.contains(&name)).then_some(unknown as Check)
    }
}

fn unknown(call: Call<'_>) -> PyResult {
    let verdict = call.checker.unrestricted(call.original.name());
    call.proceed_if(verdict)
}

fn memory(checker: &PermissionChecker) -> Result<(), Denial> {
    checker.ffi("a module that touches memory")
}

/// Every module of which something is guarded.
pub(super) static MODULES: &[ModulePolicy] = &[
    ModulePolicy {
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
            // A descriptor can be made to mean another file between check and use, and a link to mean another
            // place by moving it.
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
            ("nice", processes::signal_self),
            ("setpgid", processes::signal_self),
            ("setpgrp", processes::signal_self),
            ("setsid", processes::signal_self),
            ("umask", processes::signal_self),
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
            "tcgetpgrp",
            "openpty",
            "ttyname",
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
        finish: Some(processes::own_environment),
        ..NO_POLICY
    },
    ModulePolicy {
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
        classes: &[ClassPolicy {
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
        ..NO_POLICY
    },
    ModulePolicy {
        module: "_posixsubprocess",
        functions: &[("fork_exec", processes::fork_exec)],
        ..NO_POLICY
    },
    ModulePolicy {
        module: "_io",
        classes: &[ClassPolicy {
            name: "FileIO",
            init: Some((&files::ORIGINAL_INIT, files::init)),
            ..NO_CLASS
        }],
        ..NO_POLICY
    },
    ModulePolicy {
        module: "_sqlite3",
        // Tracebacks of callbacks show lines of their source, from any file.
        functions: &[("connect", databases::connect), ("enable_callback_tracebacks", files::every)],
        classes: &[ClassPolicy {
            name: "Connection",
            methods: &[("setlimit", databases::limit)],
            init: Some((&databases::ORIGINAL_INIT, databases::init)),
            new: Some((&databases::ORIGINAL_NEW, databases::new)),
            remember: Some(databases::prepare),
            ..NO_CLASS
        }],
        ..NO_POLICY
    },
    ModulePolicy {
        module: "_ssl",
        functions: &[("_test_decode_cert", files::read_at)],
        classes: &[ClassPolicy {
            name: "_SSLContext",
            methods: &[
                ("load_cert_chain", certificates::load),
                ("load_verify_locations", certificates::load),
                ("load_dh_params", certificates::load),
                ("load_default_certs", certificates::load_default),
                ("set_default_verify_paths", certificates::load_default),
            ],
            properties: &[certificates::key_log],
            ..NO_CLASS
        }],
        ..NO_POLICY
    },
    ModulePolicy {
        module: "_posixshmem",
        import: Some(|checker| checker.every_file("shared memory")),
        ..NO_POLICY
    },
    ModulePolicy {
        module: "_multiprocessing",
        import: Some(|checker| checker.run("processes by multiprocessing")),
        ..NO_POLICY
    },
    ModulePolicy {
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
        ..NO_POLICY
    },
    ModulePolicy {
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
        ..NO_POLICY
    },
    ModulePolicy {
        module: "fcntl",
        functions: &[("fcntl", processes::fcntl), ("ioctl", processes::ioctl)],
        harmless: &["flock", "lockf"],
        ..NO_POLICY
    },
    ModulePolicy {
        module: "time",
        functions: &[("clock_settime", processes::run), ("clock_settime_ns", processes::run)],
        ..NO_POLICY
    },
    ModulePolicy {
        module: "pwd",
        functions: &[
            ("getpwnam", files::read_passwd),
            ("getpwuid", files::read_passwd),
            ("getpwall", files::read_passwd),
        ],
        ..NO_POLICY
    },
    ModulePolicy {
        module: "grp",
        functions: &[
            ("getgrnam", files::read_group),
            ("getgrgid", files::read_group),
            ("getgrall", files::read_group),
        ],
        ..NO_POLICY
    },
    ModulePolicy { module: "syslog", import: Some(sockets::system_log), ..NO_POLICY },
    ModulePolicy { module: "_ctypes", import: Some(|checker| checker.ffi("ctypes")), ..NO_POLICY },
    ModulePolicy { module: "_testinternalcapi", import: Some(memory), ..NO_POLICY },
    ModulePolicy { module: "_remote_debugging", import: Some(memory), ..NO_POLICY },
    ModulePolicy {
        module: "_imp",
        functions: &[("create_dynamic", processes::load), ("exec_dynamic", processes::load)],
        ..NO_POLICY
    },
    // Another interpreter makes `builtins` and `sys` in its own way. Exceptions are captured with lines of their source,
    // from any file.
    ModulePolicy {
        module: "_interpreters",
        functions: &[
            ("create", unknown),
            ("exec", unknown),
            ("run_string", unknown),
            ("run_func", unknown),
            ("call", unknown),
            ("capture_exception", unknown),
        ],
        harmless: &[
            "new_config",
            "destroy",
            "list_all",
            "get_current",
            "get_main",
            "is_running",
            "whence",
            "get_config",
            "is_shareable",
            "set___main___attrs",
            "incref",
            "decref",
        ],
        ..NO_POLICY
    },
    ModulePolicy { module: "resource", functions: &[("setrlimit", processes::run)], ..NO_POLICY },
    // Functions that read source files by themselves, to show a line of them.
    ModulePolicy { module: "builtins", functions: &[("compile", sources::compile)], ..NO_POLICY },
    ModulePolicy { module: "_symtable", functions: &[("symtable", sources::compile)], ..NO_POLICY },
    ModulePolicy {
        module: "sys",
        functions: &[
            ("excepthook", sources::excepthook),
            ("__excepthook__", sources::excepthook),
            ("unraisablehook", sources::unraisablehook),
            ("__unraisablehook__", sources::unraisablehook),
            ("breakpointhook", processes::breakpoint_hook),
            ("__breakpointhook__", processes::breakpoint_hook),
        ],
        ..NO_POLICY
    },
    ModulePolicy {
        module: "_thread",
        functions: &[("_excepthook", sources::thread_excepthook)],
        ..NO_POLICY
    },
];

#[cfg(test)]
mod tests {
    use super::MODULES;

    /// Whether only some systems have the function.
    fn is_elsewhere(name: &str) -> bool {
        ["fdatasync", "sendmsg_afalg"].contains(&name)
    }

    #[test]
    fn every_listed_function_exists_and_every_function_of_a_classified_module_is_listed() {
        crate::Runtime::builder().build().expect("a runtime").enter(|vm| {
            for policy in MODULES {
                let definition = match policy.module {
                    "builtins" => vm.builtins.def,
                    "sys" => vm.sys_module.def,
                    name => vm.state.module_defs.get(name).copied(),
                };
                let definition = definition.unwrap_or_else(|| panic!("no module {}", policy.module));
                let has = |name: &str| definition.methods.iter().any(|method| method.name == name);
                let listed =
                    policy.functions.iter().map(|(name, _)| *name).chain(policy.harmless.iter().copied());
                for name in listed.filter(|name| !is_elsewhere(name)) {
                    assert!(has(name), "{} has no function {name}", policy.module);
                }
                if policy.harmless.is_empty() {
                    continue;
                }
                for method in definition.methods {
                    let known = policy.functions.iter().any(|(name, _)| *name == method.name)
                        || policy.harmless.contains(&method.name);
                    assert!(known, "{}.{} is not classified", policy.module, method.name);
                }
            }
        });
    }
}
