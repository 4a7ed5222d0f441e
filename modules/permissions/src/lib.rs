//! What a script may access: hosts, listeners, processes, files, environment variables, foreign code.
//!
//! [`Permissions`] is the configuration. [`PermissionChecker`] decides by it for one runtime: it remembers which
//! addresses the allowed names have, and writes the audit log. Neither depends on Python.
//!
//! | file | what it is |
//! |---|---|
//! | `checker` | the checker of a runtime |
//! | `denial` | refusals and their messages |
//! | `net`, `paths` | rules for hosts and for files |
//! | `policy` | the checker as the engine's connections use it |
//! | `environment` | environment variables of one runtime |
//! | `audit` | the audit log |

mod audit;
mod checker;
mod denial;
mod environment;
mod net;
mod paths;
mod policy;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

pub use audit::{Audit, Kind};
pub use checker::{Access, PermissionChecker};
pub use denial::Denial;
pub use environment::{Environment, InvalidVariable};
pub use net::{Named, NetRule, UnixName, parse_name};
pub use paths::{from_bytes, resolve};
pub use policy::{Destination, Policy};

/// What is allowed in a category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope<Rule> {
    /// Everything.
    All,
    /// What one of the rules allows.
    Only(Vec<Rule>),
}

impl<Rule> Scope<Rule> {
    fn add(&mut self, rules: impl IntoIterator<Item = Rule>) {
        match self {
            Self::All => *self = Self::Only(rules.into_iter().collect()),
            Self::Only(known) => known.extend(rules),
        }
    }

    fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    /// Whether everything is allowed, or a rule `matches`.
    fn allows(&self, matches: impl Fn(&Rule) -> bool) -> bool {
        match self {
            Self::All => true,
            Self::Only(rules) => rules.iter().any(matches),
        }
    }
}

/// A rule that cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidRule {
    rule: String,
    reason: String,
}

impl InvalidRule {
    pub(crate) fn new(rule: &str, reason: &str) -> Self {
        Self { rule: rule.to_owned(), reason: reason.to_owned() }
    }
}

impl fmt::Display for InvalidRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid rule '{}': {}", self.rule, self.reason)
    }
}

impl std::error::Error for InvalidRule {}

/// What a script may do. Each method corresponds to a flag of the command line.
///
/// Start from [`allow_all`](Self::allow_all) or [`none`](Self::none). The lists are texts as on the
/// command line, rules separated by commas. A list narrows a category in which everything was
/// allowed, and extends one that has rules already; an empty list allows everything in it.
///
/// ```
/// use tauraro_permissions::Permissions;
///
/// let permissions = Permissions::none().allow_net("api.example.org:443")?.deny_net("10.0.0.0/8")?;
/// assert!(permissions.is_restricted());
/// # Ok::<(), tauraro_permissions::InvalidRule>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    pub(crate) net: Scope<NetRule>,
    pub(crate) denied_net: Vec<NetRule>,
    pub(crate) listen: Scope<NetRule>,
    pub(crate) read: Scope<PathBuf>,
    pub(crate) write: Scope<PathBuf>,
    pub(crate) env: Scope<String>,
    pub(crate) run: bool,
    pub(crate) ffi: bool,
}

impl Default for Permissions {
    fn default() -> Self {
        Self::allow_all()
    }
}

impl Permissions {
    /// Everything, as any Python has it.
    pub fn allow_all() -> Self {
        Self {
            net: Scope::All,
            denied_net: Vec::new(),
            listen: Scope::All,
            read: Scope::All,
            write: Scope::All,
            env: Scope::All,
            run: true,
            ffi: true,
        }
    }

    /// Nothing: `--sandbox`.
    pub fn none() -> Self {
        Self {
            net: Scope::Only(Vec::new()),
            denied_net: Vec::new(),
            listen: Scope::Only(Vec::new()),
            read: Scope::Only(Vec::new()),
            write: Scope::Only(Vec::new()),
            env: Scope::Only(Vec::new()),
            run: false,
            ffi: false,
        }
    }

    /// Hosts to connect to, as [`NetRule`] describes them.
    ///
    /// # Errors
    /// What is wrong with a rule.
    pub fn allow_net(mut self, list: &str) -> Result<Self, InvalidRule> {
        if list.is_empty() {
            self.net = Scope::All;
        } else {
            self.net.add(net_rules(list)?);
        }
        Ok(self)
    }

    /// Hosts never to connect to, whatever else is allowed; every host if the list is empty.
    ///
    /// # Errors
    /// What is wrong with a rule.
    pub fn deny_net(mut self, list: &str) -> Result<Self, InvalidRule> {
        self.denied_net.extend(if list.is_empty() { vec![NetRule::any()] } else { net_rules(list)? });
        Ok(self)
    }

    /// Local addresses and ports to listen at.
    ///
    /// # Errors
    /// What is wrong with a rule.
    pub fn allow_listen(mut self, list: &str) -> Result<Self, InvalidRule> {
        if list.is_empty() {
            self.listen = Scope::All;
        } else {
            self.listen.add(net_rules(list)?);
        }
        Ok(self)
    }

    /// Files, and folders with everything in them, to read. An empty list allows everything, but `/proc`, `/sys` and
    /// `/dev` only if they were allowed before.
    ///
    /// # Errors
    /// What is wrong with a rule.
    pub fn allow_read(mut self, list: &str) -> Result<Self, InvalidRule> {
        allow_paths(&mut self.read, list)?;
        Ok(self)
    }

    /// Files, and folders with everything in them, to write, create and remove. An empty list is as for
    /// [`allow_read`](Self::allow_read).
    ///
    /// # Errors
    /// What is wrong with a rule.
    pub fn allow_write(mut self, list: &str) -> Result<Self, InvalidRule> {
        allow_paths(&mut self.write, list)?;
        Ok(self)
    }

    /// Environment variables to see and to set: names, or prefixes followed by `*`.
    ///
    /// # Errors
    /// What is wrong with a name.
    pub fn allow_env(mut self, list: &str) -> Result<Self, InvalidRule> {
        if list.is_empty() {
            self.env = Scope::All;
            return Ok(self);
        }
        let names = entries(list)?.into_iter().map(|name| {
            let stem = name.strip_suffix('*').unwrap_or(name);
            if stem.contains(['*', '=']) || name.is_empty() {
                return Err(InvalidRule::new(name, "expected a name, or a prefix followed by '*'"));
            }
            Ok(name.to_owned())
        });
        self.env.add(names.collect::<Result<Vec<_>, _>>()?);
        Ok(self)
    }

    /// Allows starting processes and sending them signals.
    #[must_use]
    pub fn allow_run(mut self) -> Self {
        self.run = true;
        self
    }

    /// Allows loading foreign libraries and accessing memory (`ctypes`).
    #[must_use]
    pub fn allow_ffi(mut self) -> Self {
        self.ffi = true;
        self
    }

    /// Whether anything at all is forbidden.
    pub fn is_restricted(&self) -> bool {
        *self != Self::allow_all()
    }

    /// Whether reading is restricted to some files.
    pub fn restricts_read(&self) -> bool {
        !self.read.is_all()
    }

    /// Whether writing is restricted to some files.
    pub fn restricts_write(&self) -> bool {
        !self.write.is_all()
    }

    /// Whether connections are restricted.
    pub fn restricts_net(&self) -> bool {
        !self.net.is_all() || !self.denied_net.is_empty()
    }

    /// Whether listening is restricted.
    pub fn restricts_listen(&self) -> bool {
        !self.listen.is_all()
    }

    /// Whether environment variables are hidden.
    pub fn restricts_env(&self) -> bool {
        !self.env.is_all()
    }

    /// Whether processes may not be started.
    pub fn restricts_run(&self) -> bool {
        !self.run
    }
}

fn entries(list: &str) -> Result<Vec<&str>, InvalidRule> {
    let entries: Vec<&str> = list.split(',').map(str::trim).collect();
    if entries.iter().any(|entry| entry.is_empty()) {
        return Err(InvalidRule::new(list, "there is nothing between two commas"));
    }
    Ok(entries)
}

fn net_rules(list: &str) -> Result<Vec<NetRule>, InvalidRule> {
    entries(list)?.into_iter().map(str::parse).collect()
}

fn allow_paths(scope: &mut Scope<PathBuf>, list: &str) -> Result<(), InvalidRule> {
    if !list.is_empty() {
        for path in entries(list)?.into_iter().map(Path::new) {
            scope.add([resolve(path, true)]);
            if paths::is_of_system(path) {
                // A link there, such as /dev/stdin, is followed if a rule names it.
                scope.add([path.to_owned()]);
            }
        }
    } else if !scope.is_all() {
        scope.add([PathBuf::from("/")]);
    }
    Ok(())
}
