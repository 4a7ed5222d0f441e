//! The settings that the options of a command line and the `PYTHON*` environment variables ask for.

use std::num::NonZeroI32;

use rustpython_vm::Settings;
use rustpython_vm::vm::CheckHashPycsMode;
use tauraro_permissions::{InvalidRule, Permissions};

use super::error::UsageError;
use super::flags::Shell;

/// The options as given, in their order where that counts.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of a command line")]
pub(super) struct Options {
    pub(super) bytes_warning: u8,
    pub(super) no_bytecode: bool,
    pub(super) debug: u8,
    pub(super) ignore_environment: bool,
    pub(super) help: bool,
    pub(super) inspect: bool,
    pub(super) isolated: bool,
    pub(super) optimize: u8,
    pub(super) safe_path: bool,
    pub(super) quiet: bool,
    pub(super) random_hashes: bool,
    pub(super) no_user_site: bool,
    pub(super) no_site: bool,
    pub(super) unbuffered: bool,
    pub(super) verbose: u8,
    pub(super) version: u8,
    pub(super) warnings: Vec<String>,
    pub(super) skip_first_line: bool,
    pub(super) implementation: Vec<String>,
    pub(super) pyc_check: PycCheck,
    pub(super) print: Option<Print>,
    pub(super) permissions: PermissionFlags,
    pub(super) audit: Option<String>,
    pub(super) compile: CompileOptions,
}

/// The options of `compile` alone.
#[derive(Debug, Default, Clone)]
pub(super) struct CompileOptions {
    pub(super) output: Option<String>,
    pub(super) include: Vec<String>,
    pub(super) exclude: Vec<String>,
    pub(super) data: Vec<String>,
}

/// What to print instead of running a program.
#[derive(Debug, Clone, Copy)]
pub(super) enum Print {
    AllHelp,
    Manual,
    Completions(Shell),
}

/// The permission flags, whatever their order.
#[derive(Debug, Default)]
pub(super) struct PermissionFlags {
    pub(super) sandbox: bool,
    pub(super) net: Lists,
    pub(super) denied_net: Lists,
    pub(super) listen: Lists,
    pub(super) read: Lists,
    pub(super) write: Lists,
    pub(super) env: Lists,
    pub(super) run: bool,
    pub(super) ffi: bool,
}

/// The values of a flag that may be given without one, and several times.
pub(super) type Lists = Vec<Option<String>>;

impl PermissionFlags {
    /// The permissions that they add up to.
    ///
    /// # Errors
    /// What is wrong with a list, and of which flag.
    pub(super) fn permissions(&self) -> Result<Permissions, UsageError> {
        type Add = fn(Permissions, &str) -> Result<Permissions, InvalidRule>;
        let start = if self.sandbox { Permissions::none() } else { Permissions::allow_all() };
        let lists: [(&str, &Lists, Add); 6] = [
            ("allow-net", &self.net, Permissions::allow_net),
            ("deny-net", &self.denied_net, Permissions::deny_net),
            ("allow-listen", &self.listen, Permissions::allow_listen),
            ("allow-read", &self.read, Permissions::allow_read),
            ("allow-write", &self.write, Permissions::allow_write),
            ("allow-env", &self.env, Permissions::allow_env),
        ];
        let mut permissions = start;
        for (flag, lists, add) in lists {
            // The flag without a list allows more than any list.
            let all = lists.iter().any(Option::is_none).then_some("");
            let lists =
                all.map_or_else(|| lists.iter().flatten().map(String::as_str).collect(), |all| vec![all]);
            for list in lists {
                permissions = add(permissions, list)
                    .map_err(|error| UsageError::InvalidRule { option: format!("--{flag}"), error })?;
            }
        }
        if self.run {
            permissions = permissions.allow_run();
        }
        if self.ffi {
            permissions = permissions.allow_ffi();
        }
        Ok(permissions)
    }
}

/// When hash-based `.pyc` files are compared to their source.
#[derive(Debug, Default, Clone, Copy)]
pub(super) enum PycCheck {
    Always,
    #[default]
    Default,
    Never,
}

/// The environment variables that apply: none with `-E` and `-I`, and never an empty one.
struct Environment {
    ignored: bool,
}

impl Environment {
    fn get(&self, name: &str) -> Option<String> {
        let value = if self.ignored { None } else { std::env::var_os(name) }?;
        // Only in PYTHONPATH can anything but ASCII have an effect.
        Some(value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
    }

    fn is_set(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A level: a number, or 1 for anything else.
    fn level(&self, name: &str) -> u8 {
        self.get(name).map_or(0, |value| value.parse().unwrap_or(1))
    }
}

impl Options {
    /// Applies the options and the environment to `settings`.
    ///
    /// # Errors
    /// What is wrong with a value, in the words of `CPython`.
    pub(super) fn apply(self, settings: &mut Settings) -> Result<(), UsageError> {
        let environment = Environment { ignored: self.isolated || self.ignore_environment };
        settings.ignore_environment = environment.ignored;
        settings.isolated = self.isolated;
        settings.bytes_warning = self.bytes_warning.into();
        settings.import_site = !self.no_site;
        settings.optimize = self.optimize.max(environment.level("PYTHONOPTIMIZE"));
        settings.verbose = self.verbose.max(environment.level("PYTHONVERBOSE"));
        settings.debug = self.debug.max(environment.level("PYTHONDEBUG"));
        settings.user_site_directory =
            !(self.isolated || self.no_user_site || environment.is_set("PYTHONNOUSERSITE"));
        settings.quiet = self.quiet;
        settings.write_bytecode = !(self.no_bytecode || environment.is_set("PYTHONDONTWRITEBYTECODE"));
        settings.safe_path = self.isolated || self.safe_path || environment.is_set("PYTHONSAFEPATH");
        settings.inspect = self.inspect || environment.is_set("PYTHONINSPECT");
        settings.interactive = self.inspect;
        settings.buffered_stdio = !(self.unbuffered || environment.is_set("PYTHONUNBUFFERED"));
        settings.faulthandler = environment.is_set("PYTHONFAULTHANDLER");
        settings.warn_default_encoding = environment.is_set("PYTHONWARNDEFAULTENCODING");
        settings.code_debug_ranges = !environment.is_set("PYTHONNODEBUGRANGES");
        settings.dev_mode = environment.is_set("PYTHONDEVMODE");
        settings.check_hash_pycs_mode = match self.pyc_check {
            PycCheck::Always => CheckHashPycsMode::Always,
            PycCheck::Default => CheckHashPycsMode::Default,
            PycCheck::Never => CheckHashPycsMode::Never,
        };
        if let Some(paths) = environment.get("PYTHONPATH") {
            let paths = std::env::split_paths(&paths).map(|path| path.to_string_lossy().into_owned());
            settings.path_list.extend(paths);
        }
        if let Some(value) = environment.get("PYTHONUTF8") {
            settings.utf8_mode = utf8_mode(Some(&value))
                .ok_or_else(|| UsageError::invalid_value("PYTHONUTF8=N: N is missing or invalid"))?;
        }
        if let Some(value) = environment.get("PYTHONINTMAXSTRDIGITS") {
            settings.int_max_str_digits = digits(Some(&value)).ok_or_else(|| {
                let message = "PYTHONINTMAXSTRDIGITS: invalid limit; must be >= 640 or 0 for unlimited.";
                UsageError::invalid_value(message)
            })?;
        }
        if let Some(value) = environment.get("PYTHON_CPU_COUNT") {
            settings.cpu_count = cpu_count(Some(&value))?;
        }
        if let Some(value) = environment.get("PYTHONIOENCODING") {
            let (encoding, errors) = value.split_once(':').unwrap_or((&value, ""));
            settings.stdio_encoding = Some(encoding.to_owned()).filter(|encoding| !encoding.is_empty());
            settings.stdio_errors = Some(errors.to_owned()).filter(|errors| !errors.is_empty());
        }
        for option in &self.implementation {
            implementation_option(settings, option)?;
        }
        settings.warnoptions = self.warning_options(settings.dev_mode, &environment);
        settings.faulthandler |= settings.dev_mode;
        settings.hash_seed = if self.random_hashes { None } else { hash_seed(&environment)? };
        Ok(())
    }

    /// `sys.warnoptions`: a later one takes precedence.
    fn warning_options(&self, dev_mode: bool, environment: &Environment) -> Vec<String> {
        let mut options = Vec::new();
        if dev_mode {
            options.push("default".to_owned());
        }
        if let Some(value) = environment.get("PYTHONWARNINGS") {
            options.extend(
                value.split(',').map(str::trim).filter(|option| !option.is_empty()).map(str::to_owned),
            );
        }
        options.extend(self.warnings.iter().cloned());
        match self.bytes_warning {
            0 => {}
            1 => options.push("default::BytesWarning".to_owned()),
            _ => options.push("error::BytesWarning".to_owned()),
        }
        options
    }
}

/// One `-X name[=value]`. Unknown names are only kept in `sys._xoptions`.
fn implementation_option(settings: &mut Settings, option: &str) -> Result<(), UsageError> {
    let (name, value) = match option.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (option, None),
    };
    match name {
        "cpu_count" => settings.cpu_count = cpu_count(value)?,
        "dev" => settings.dev_mode = true,
        "faulthandler" => settings.faulthandler = true,
        "int_max_str_digits" => {
            settings.int_max_str_digits = digits(value).ok_or_else(|| {
                let message = "-X int_max_str_digits: invalid limit; must be >= 640 or 0 for unlimited.";
                UsageError::invalid_value(message)
            })?;
        }
        "no_debug_ranges" => settings.code_debug_ranges = false,
        "utf8" => {
            settings.utf8_mode = utf8_mode(value)
                .ok_or_else(|| UsageError::invalid_value("-X utf8=n: n is missing or invalid"))?;
        }
        "warn_default_encoding" => settings.warn_default_encoding = true,
        _ => {}
    }
    settings.xoptions.push((name.to_owned(), value.map(str::to_owned)));
    Ok(())
}

fn utf8_mode(value: Option<&str>) -> Option<i8> {
    match value {
        None | Some("1") => Some(1),
        Some("0") => Some(0),
        Some(_) => None,
    }
}

fn digits(value: Option<&str>) -> Option<i64> {
    value?.parse().ok().filter(|&digits| digits == 0 || digits >= 640)
}

fn cpu_count(value: Option<&str>) -> Result<Option<NonZeroI32>, UsageError> {
    if value == Some("default") {
        return Ok(None);
    }
    let count = value.and_then(|value| value.parse::<NonZeroI32>().ok()).filter(|count| count.is_positive());
    let message = "-X cpu_count=n option: n is missing or an invalid number, n must be greater than 0";
    count.map(Some).ok_or_else(|| UsageError::invalid_value(message))
}

fn hash_seed(environment: &Environment) -> Result<Option<u32>, UsageError> {
    match environment.get("PYTHONHASHSEED").as_deref() {
        None | Some("random") => Ok(None),
        Some(seed) => seed.parse().map(Some).map_err(|_| {
            UsageError::invalid_value(
                "PYTHONHASHSEED must be \"random\" or an integer in range [0; 4294967295]",
            )
        }),
    }
}
