//! Running as a compiled application.

use std::ffi::OsString;
use std::path::PathBuf;

use rustpython_vm::builtins::{PyCode, PyDictRef};
use rustpython_vm::{PyResult, VirtualMachine};

use super::payload;
use crate::cli::error::UsageError;
use crate::cli::parse::{self, Invocation, Program};
use crate::program;

/// The code that the helper processes of `multiprocessing` are started with.
const HELPERS: [&str; 3] = [
    "from multiprocessing.spawn import spawn_main; spawn_main(",
    "import sys; from multiprocessing.forkserver import main; main(",
    "from multiprocessing.resource_tracker import main;main(",
];

/// The application that this process is.
#[derive(Debug)]
pub(in crate::cli) struct Application {
    /// The executable, in which the interpreter finds the modules.
    pub(in crate::cli) path: PathBuf,
    /// The built-in options, as on a command line.
    built_in: Vec<String>,
}

impl Application {
    /// The application that this process is, if it is one.
    ///
    /// # Errors
    /// Why its payload cannot be used.
    pub(in crate::cli) fn find() -> Option<Result<Self, payload::InvalidPayload>> {
        payload::find().map(|found| found.map(|(path, built_in)| Self { path, built_in }))
    }

    /// Whether this process is an application.
    pub(in crate::cli) fn is_running() -> bool {
        payload::offset().is_some()
    }

    /// What it runs when started as `name` with `words`, all of which belong to the script.
    ///
    /// # Errors
    /// What is wrong with the words, or with the built-in options.
    pub(in crate::cli) fn invocation(
        &self,
        name: &str,
        words: impl Iterator<Item = OsString>,
    ) -> Result<Invocation, UsageError> {
        // Settings and packages that the user has for Python must not change what an application does.
        let built_in = ["-I", "-S"].into_iter().chain(self.built_in.iter().map(String::as_str));
        let options = parse::parse(built_in.map(OsString::from))?.options;
        let words = words.map(parse::text).collect::<Result<Vec<_>, _>>()?;
        let (program, name, words) = match helper(&words) {
            Some((code, rest)) if !options.permissions.permissions()?.restricts_run() => {
                (Program::Command(code.to_owned()), "-c", rest)
            }
            _ => (Program::Application, name, words.as_slice()),
        };
        let argv = std::iter::once(name).chain(words.iter().map(String::as_str));
        Ok(Invocation { options, program, argv: argv.map(str::to_owned).collect() })
    }

    /// Makes its modules importable.
    pub(in crate::cli) fn add_to_path(&self, vm: &VirtualMachine) -> PyResult<()> {
        program::search_first(vm, &self.path.to_string_lossy())
    }

    /// Runs its script.
    pub(in crate::cli) fn run(&self, vm: &VirtualMachine) -> PyResult<()> {
        let path = self.path.to_string_lossy();
        let importer = vm.import("zipimport", 0)?.get_attr("zipimporter", vm)?.call((&*path,), vm)?;
        let code = vm.call_method(&importer, "get_code", ("__main__",))?.downcast::<PyCode>();
        let code = code.map_err(|_| vm.new_type_error("the script of the application is not code"))?;
        // As with a script in a file there is no `__spec__`; `multiprocessing` runs `__file__` in its processes.
        let globals: PyDictRef = vm.main_namespace()?;
        globals.set_item("__file__", vm.ctx.new_str(&*path).into(), vm)?;
        globals.set_item("__loader__", importer, vm)?;
        vm.run_code_obj(code, program::main_scope(vm)?).map(drop)
    }
}

/// The code of a helper process of `multiprocessing`, which starts `sys.executable` as if it were an interpreter, and
/// the words after it. Without this it would run the script, which would start the next one.
fn helper(words: &[String]) -> Option<(&str, &[String])> {
    let flag = words.iter().position(|word| word == "-c")?;
    let (options, rest) = words.split_at_checked(flag)?;
    let [_, code, rest @ ..] = rest else { return None };
    let is_value = |place: usize| {
        place.checked_sub(1).and_then(|place| options.get(place)).is_some_and(|word| word == "-X")
    };
    let only_options =
        options.iter().enumerate().all(|(place, word)| word.starts_with('-') || is_value(place));
    (only_options && HELPERS.iter().any(|helper| code.starts_with(helper))).then_some((code, rest))
}

#[cfg(test)]
mod tests {
    use super::helper;

    #[test]
    fn only_helpers_of_multiprocessing_are_interpreters() {
        let helped = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            helper(&words).map(|(code, rest)| (code.to_owned(), rest.len()))
        };
        let tracker = "from multiprocessing.resource_tracker import main;main(4)";
        assert_eq!(helped(&["-c", tracker]), Some((tracker.to_owned(), 0)));
        assert_eq!(
            helped(&["-I", "-X", "dev", "-Werror", "-c", tracker, "a"]),
            Some((tracker.to_owned(), 1))
        );
        assert_eq!(helped(&["run", "-c", tracker]), None);
        assert_eq!(helped(&["-c", "print(1)"]), None);
        assert_eq!(helped(&["-c"]), None);
        assert_eq!(helped(&[]), None);
    }
}
