//! Choosing what a runtime has before it starts.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustpython_vm::builtins::PyModuleDef;
use rustpython_vm::common::rc::PyRc;
use rustpython_vm::{Context, InterpreterBuilder, Settings, VirtualMachine};

use tauraro_permissions::{Audit, Environment, PermissionChecker, Permissions};

use crate::interrupt::{self, Interrupter};
use crate::streams::Streams;
use crate::{Input, Module, Output, Runtime, ScriptError, guard, interpose, stdlib};

/// The `module_def` function that `#[pymodule]` makes.
pub type NativeModule = fn(&Context) -> &'static PyModuleDef;

/// Prepares a [`Runtime`].
///
/// By default: every module of Tauraro, `sys.argv` of one empty string, an empty `sys.path`, no environment
/// variable consulted and no signal handler installed, so that the host stays in charge of its process.
#[must_use]
pub struct Builder {
    settings: Settings,
    executable: Option<String>,
    search_paths: Vec<String>,
    modules: Vec<Module>,
    native: Vec<NativeModule>,
    permissions: Permissions,
    audit: Option<Audit>,
    time_limit: Option<Duration>,
    interruptible: bool,
    streams: Streams,
    /// `None` while the runtime shares the process's.
    environment: Option<BTreeMap<OsString, OsString>>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        let mut settings = Settings::default();
        settings.install_signal_handlers = false;
        settings.ignore_environment = true;
        settings.user_site_directory = false;
        settings.import_site = false;
        settings.utf8_mode = 1;
        settings.argv = vec![String::new()];
        Self {
            settings,
            executable: None,
            search_paths: Vec::new(),
            modules: Module::ALL.to_vec(),
            native: Vec::new(),
            permissions: Permissions::allow_all(),
            audit: None,
            time_limit: None,
            interruptible: true,
            streams: Streams::default(),
            environment: None,
        }
    }

    /// `sys.argv`: the script's name, then its arguments.
    pub fn argv<T: Into<String>>(mut self, argv: impl IntoIterator<Item = T>) -> Self {
        self.settings.argv = argv.into_iter().map(Into::into).collect();
        self
    }

    /// `sys.executable`; by default the running program. `subprocess` and `multiprocessing` start it.
    pub fn executable(mut self, path: impl Into<PathBuf>) -> Self {
        self.executable = Some(path.into().to_string_lossy().into_owned());
        self
    }

    /// What `sys.stdin` reads: by default the standard input of the process.
    pub fn stdin(mut self, input: Input) -> Self {
        self.streams.stdin = input;
        self
    }

    /// Where `sys.stdout` writes: by default to the standard output of the process.
    pub fn stdout(mut self, output: Output) -> Self {
        self.streams.stdout = output;
        self
    }

    /// Where `sys.stderr` writes, including warnings and uncaught exceptions of threads.
    pub fn stderr(mut self, output: Output) -> Self {
        self.streams.stderr = output;
        self
    }

    /// Adds a variable to the environment of scripts, which is their own from then on: a copy of the process's, or
    /// an empty one after [`env_clear`](Self::env_clear). Changes that scripts make stay in the runtime, and the
    /// processes they start inherit them.
    ///
    /// Without this, `env_clear` and [`envs`](Self::envs) the runtime shares the process's environment: changes
    /// that scripts make affect the whole process.
    pub fn env(self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.envs([(name, value)])
    }

    /// Adds several variables, as [`env`](Self::env) does one.
    pub fn envs<N: Into<OsString>, V: Into<OsString>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let own = self.environment.get_or_insert_with(|| std::env::vars_os().collect());
        own.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// Gives scripts an empty environment of their own.
    pub fn env_clear(mut self) -> Self {
        self.environment = Some(BTreeMap::new());
        self
    }

    /// Appends a folder (or zip file) to `sys.path`.
    pub fn search_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.search_paths.push(path.into().to_string_lossy().into_owned());
        self
    }

    /// Provides only these of Tauraro's modules, instead of all of them.
    pub fn modules(mut self, modules: impl IntoIterator<Item = Module>) -> Self {
        self.modules = modules.into_iter().collect();
        self
    }

    /// Adds a native module of the host: `builder.native_module(my_module::module_def)`.
    ///
    /// It replaces a stock module of the same name.
    pub fn native_module(mut self, module: NativeModule) -> Self {
        self.native.push(module);
        self
    }

    /// Keeps the script's own folder off `sys.path` (`-P`).
    pub fn safe_path(mut self, on: bool) -> Self {
        self.settings.safe_path = on;
        self
    }

    /// Optimization level: 1 drops `assert` statements (`-O`), 2 docstrings too (`-OO`).
    pub fn optimize(mut self, level: u8) -> Self {
        self.settings.optimize = level;
        self
    }

    /// Whether Ctrl-C raises `KeyboardInterrupt`. Signal handlers belong to the whole process.
    pub fn handle_signals(mut self, on: bool) -> Self {
        self.settings.install_signal_handlers = on;
        self
    }

    /// Changes any other setting of the interpreter below.
    pub fn configure(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// What scripts may access; by default everything. Runtimes of a process may have different permissions.
    ///
    /// Native modules of the host are not checked: they are the host's own code.
    pub fn permissions(mut self, permissions: Permissions) -> Self {
        self.permissions = permissions;
        self
    }

    /// Appends a line of JSON to the file at `path` for every connection, listener, process and file that scripts
    /// request, whether it was allowed or not.
    ///
    /// # Errors
    /// Why the file cannot be opened.
    pub fn audit(mut self, path: impl AsRef<Path>) -> io::Result<Self> {
        self.audit = Some(Audit::to_file(path.as_ref())?);
        Ok(self)
    }

    /// How long each call ([`Runtime::run_string`], [`Runtime::eval`]...) may take; by default there is no limit.
    ///
    /// A call that takes longer is interrupted and fails with an error of kind `TimedOut`; the threads that scripts
    /// of the runtime have started are interrupted as well. The runtime can be used again afterwards.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// Leaves out what interrupts scripts: for a process that is one script.
    pub(crate) fn uninterruptible(mut self) -> Self {
        self.interruptible = false;
        self
    }

    /// Starts the interpreter.
    ///
    /// # Errors
    /// `ValueError` for an invalid [environment variable](Self::env); what Python raised meanwhile, which only
    /// settings made by [`configure`](Self::configure) can cause.
    pub fn build(mut self) -> Result<Runtime, ScriptError> {
        let paths: Vec<String> = self.settings.path_list.iter().cloned().chain(self.search_paths).collect();
        let mut invalid = None;
        let environment = self.environment.map(|variables| {
            let own = Environment::default();
            for (name, value) in variables {
                invalid = own.set(&name, &value).err().or(invalid.take());
            }
            own
        });
        let checker = if self.permissions.is_restricted() || self.audit.is_some() || environment.is_some() {
            // Where nothing may be written, modules are not cached either.
            self.settings.write_bytecode &= !self.permissions.restricts_write();
            let mut checker = PermissionChecker::new(self.permissions, self.audit);
            if let Some(environment) = environment {
                checker = checker.with_environment(environment);
            }
            if self.interruptible {
                checker = checker.with_shared_process();
            }
            for path in &paths {
                checker.add_import_path(Path::new(path));
            }
            Some(Arc::new(checker))
        } else {
            None
        };
        let handles_signals = self.settings.install_signal_handlers;
        let mut builder = stdlib::install(InterpreterBuilder::new().settings(self.settings));
        for module in self.modules {
            let definitions = module.definitions(&builder.ctx);
            builder = builder.add_native_modules(&definitions);
        }
        for module in self.native {
            let definition = module(&builder.ctx);
            builder = builder.add_native_module(definition);
        }
        let executable = self.executable;
        let interrupter = Interrupter::new(self.time_limit, handles_signals, self.interruptible);
        let builder = builder.init_hook(move |vm| {
            set_paths(vm, executable, paths);
            interrupt::prepare();
            // The checks of permissions lie on top: a call is checked once, before anything waits for it.
            if let Some(checker) = checker {
                tauraro_bridge::set_checker(vm, checker);
                interpose::install(vm, &[interrupt::LAYER, guard::LAYER]);
            } else {
                interpose::install(vm, &[interrupt::LAYER]);
            }
        });
        Runtime::start(builder, self.streams, interrupter, invalid)
    }
}

/// Replaces the paths computed by the interpreter. They include the library folder of a `CPython` of the same version,
/// whose modules must not shadow the frozen ones.
fn set_paths(vm: &mut VirtualMachine, executable: Option<String>, search: Vec<String>) {
    let Some(state) = PyRc::get_mut(&mut vm.state) else {
        return;
    };
    let paths = &mut state.config.paths;
    paths.module_search_paths = search;
    paths.stdlib_dir = None;
    if let Some(executable) = executable {
        paths.executable = executable;
    }
}
