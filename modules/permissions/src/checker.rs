//! The checker: the permissions of one runtime, and the addresses that its allowed names have.

use std::collections::HashMap;
use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::denial::{display_address, display_host};
use crate::net::{self, Named};
use crate::policy::{Destination, Policy};
use crate::{Audit, Denial, Environment, Kind, NetRule, Permissions, Scope, UnixName, paths};

/// How many addresses are remembered with the names they were found for; beyond that, all are forgotten.
const MAX_ADDRESSES: usize = 16_384;

/// The environment variable for the file to which the keys of TLS connections are logged.
const KEY_LOG: &str = "SSLKEYLOGFILE";

/// The environment variables that name files for TLS.
const PATH_VARIABLES: [&str; 3] = ["SSL_CERT_FILE", "SSL_CERT_DIR", KEY_LOG];

/// What an operation does with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent sides of one question")]
pub struct Access {
    /// Its contents or its metadata are read.
    pub read: bool,
    /// It is made, changed or removed.
    pub write: bool,
    /// It is opened; otherwise something else is done with it, for the log.
    pub open: bool,
    /// Whether a symbolic link at the end of the path is followed.
    pub follow: bool,
}

impl Access {
    /// Reading by name, following links.
    pub const READ: Self = Self { read: true, write: false, open: false, follow: true };
    /// Changing by name, following links.
    pub const WRITE: Self = Self { read: false, write: true, open: false, follow: true };
}

/// The permissions of a runtime, asked about everything it does.
#[derive(Debug)]
pub struct PermissionChecker {
    permissions: Permissions,
    audit: Option<Audit>,
    environment: Option<Environment>,
    shares_process: bool,
    /// The names for which an address was found: a connection to it is one to them.
    found: Mutex<HashMap<IpAddr, Vec<String>>>,
    /// Where modules are imported from.
    imports: Mutex<Vec<PathBuf>>,
    /// The [`PATH_VARIABLES`] of the process as they were before any script ran.
    path_variables: [Option<OsString>; 3],
}

impl PermissionChecker {
    /// Creates the checker of a runtime.
    pub fn new(permissions: Permissions, audit: Option<Audit>) -> Self {
        Self {
            permissions,
            audit,
            environment: None,
            shares_process: false,
            found: Mutex::default(),
            imports: Mutex::default(),
            path_variables: PATH_VARIABLES.map(std::env::var_os),
        }
    }

    /// Gives the runtime its own environment.
    #[must_use]
    pub fn with_environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Declares that the process belongs to a host: ending it, or sending it a signal, needs the permission to run.
    #[must_use]
    pub fn with_shared_process(mut self) -> Self {
        self.shares_process = true;
        self
    }

    /// May the process itself be ended, or be sent a signal?
    ///
    /// # Errors
    /// A refusal, if it belongs to a host.
    pub fn signal_self(&self, what: &str) -> Result<(), Denial> {
        if self.shares_process { self.run(&format!("{what} of the host's process")) } else { Ok(()) }
    }

    /// The runtime's own environment; `None` if it shares the process's.
    pub fn environment(&self) -> Option<&Environment> {
        self.environment.as_ref()
    }

    /// The permissions.
    pub fn permissions(&self) -> &Permissions {
        &self.permissions
    }

    /// Whether there is an audit log.
    pub fn is_audited(&self) -> bool {
        self.audit.is_some()
    }

    /// Allows modules (`.py` and `.pyc` files, and listings of folders) to be read from a folder, or the file `path`
    /// itself (a script, a zip file).
    pub fn add_import_path(&self, path: &Path) {
        let path = paths::resolve(path, true);
        let mut imports = self.imports.lock().unwrap_or_else(PoisonError::into_inner);
        if !imports.contains(&path) {
            imports.push(path);
        }
    }

    /// May the addresses of `host` be looked up? Literal addresses need no lookup.
    ///
    /// # Errors
    /// A refusal.
    pub fn resolve(&self, host: &str, port: Option<u16>) -> Result<(), Denial> {
        let what = || display_host(host, port);
        let permissions = &self.permissions;
        let allowed = match net::parse_name(host) {
            Some(Named::Address(_)) => return Ok(()),
            Some(Named::Name(name)) => permissions.allows_name(&name, port),
            None if permissions.restricts_net() => Err(None),
            None => Ok(()),
        };
        self.log(Kind::Resolve, &what(), allowed.map_err(|rule| Denial::net(&what(), &what(), rule)))
    }

    /// Remembers that `host` has these addresses, so that the rules for it apply to them.
    pub fn remember(&self, host: &str, addresses: impl IntoIterator<Item = IpAddr>) {
        if !self.permissions.restricts_net() {
            return;
        }
        let Some(Named::Name(name)) = net::parse_name(host) else { return };
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        for address in addresses {
            if found.len() >= MAX_ADDRESSES {
                found.clear();
            }
            let names = found.entry(address.to_canonical()).or_default();
            if !names.contains(&name) {
                names.push(name.clone());
            }
        }
    }

    /// May `address`, which `host` has or is, be connected to?
    ///
    /// # Errors
    /// A refusal.
    pub fn connect(&self, host: &str, address: SocketAddr) -> Result<(), Denial> {
        let ip = address.ip().to_canonical();
        let port = address.port();
        let mut what = display_host(host, Some(port));
        let allowed = if let Some(Named::Name(name)) = net::parse_name(host) {
            what = format!("{what} ({ip})");
            self.permissions.allows_address(&[name], ip, port)
        } else {
            let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            let names = found.get(&ip).map_or(&[][..], Vec::as_slice);
            self.permissions.allows_address(names, ip, port)
        };
        let verdict = allowed.map_err(|rule| Denial::net(&what, &display_host(host, Some(port)), rule));
        self.log(Kind::Connect, &what, verdict)
    }

    /// May this Unix socket be connected to?
    ///
    /// # Errors
    /// A refusal.
    pub fn connect_unix(&self, socket: &UnixName) -> Result<(), Denial> {
        let permissions = &self.permissions;
        let denied = permissions.denied_net.iter().find(|rule| rule.is_of(socket));
        let allowed = match denied {
            Some(rule) => Err(Some(rule)),
            None if permissions.net.allows(|rule| rule.is_of(socket)) => Ok(()),
            None => Err(None),
        };
        let what = socket.to_string();
        self.log(Kind::Connect, &what, allowed.map_err(|rule| Denial::net(&what, &what, rule)))
    }

    /// May a connection of another kind (raw packets, netlink...) be made? Not if any are restricted.
    ///
    /// # Errors
    /// A refusal.
    pub fn other_network(&self, what: &str) -> Result<(), Denial> {
        let verdict =
            if self.permissions.restricts_net() { Err(Denial::other_network(what)) } else { Ok(()) };
        self.log(Kind::Connect, what, verdict)
    }

    /// May a socket be bound to, or listen at, this local address?
    ///
    /// # Errors
    /// A refusal.
    pub fn listen(&self, host: &str, address: SocketAddr) -> Result<(), Denial> {
        let (ip, port) = (address.ip().to_canonical(), address.port());
        let name = match net::parse_name(host) {
            Some(Named::Name(name)) => Some(name),
            _ => None,
        };
        let matches = |rule: &NetRule| {
            rule.holds(ip, Some(port)) || name.as_deref().is_some_and(|name| rule.names(name, Some(port)))
        };
        let literal = display_address(ip);
        let what = display_host(if host.is_empty() { &literal } else { host }, Some(port));
        self.log_listen(&what, self.permissions.listen.allows(matches))
    }

    /// May a Unix socket listen at this name?
    ///
    /// # Errors
    /// A refusal.
    pub fn listen_unix(&self, socket: &UnixName) -> Result<(), Denial> {
        let what = socket.to_string();
        self.log_listen(&what, self.permissions.listen.allows(|rule| rule.is_of(socket)))
    }

    /// May a socket of another kind be bound? Not if listening is restricted.
    ///
    /// # Errors
    /// A refusal.
    pub fn other_listener(&self, what: &str) -> Result<(), Denial> {
        self.log_listen(what, self.permissions.listen.is_all())
    }

    fn log_listen(&self, what: &str, is_allowed: bool) -> Result<(), Denial> {
        self.log(Kind::Listen, what, if is_allowed { Ok(()) } else { Err(Denial::listen(what)) })
    }

    /// May a process be started, or be sent a signal?
    ///
    /// # Errors
    /// A refusal.
    pub fn run(&self, what: &str) -> Result<(), Denial> {
        let verdict = if self.permissions.run { Ok(()) } else { Err(Denial::run(what)) };
        self.log(Kind::Run, what, verdict)
    }

    /// May foreign code be loaded, or memory be touched?
    ///
    /// # Errors
    /// A refusal.
    pub fn ffi(&self, what: &str) -> Result<(), Denial> {
        let verdict = if self.permissions.ffi { Ok(()) } else { Err(Denial::ffi(what)) };
        self.log(Kind::Ffi, what, verdict)
    }

    /// May a script do something that only one without any restriction may?
    ///
    /// # Errors
    /// A refusal.
    pub fn unrestricted(&self, what: &str) -> Result<(), Denial> {
        if self.permissions.is_restricted() {
            return Err(Denial::restricted(what));
        }
        Ok(())
    }

    /// Is this environment variable visible to scripts, and may they set it?
    pub fn sees_env(&self, name: &str) -> bool {
        self.permissions.env.allows(|rule| match rule.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => rule == name,
        })
    }

    /// May this environment variable be set or removed?
    ///
    /// # Errors
    /// A refusal.
    pub fn set_env(&self, name: &str) -> Result<(), Denial> {
        let verdict = if self.sees_env(name) { Ok(()) } else { Err(Denial::env(name)) };
        self.log(Kind::Env, name, verdict)
    }

    /// May this be done with the file at `path`?
    ///
    /// # Errors
    /// A refusal.
    pub fn file(&self, path: &Path, access: Access) -> Result<(), Denial> {
        let (read, write) = (&self.permissions.read, &self.permissions.write);
        let restricted = access.read && !read.is_all() || access.write && !write.is_all();
        if !restricted && self.audit.is_none() {
            return Ok(());
        }
        let resolved = paths::trace(path, access.follow);
        let target = &resolved.path;
        let is_plain = resolved.system_link.is_none();
        let may_access = |scope: &Scope<PathBuf>, write| {
            (scope.allows(|rule| paths::covers(rule, target)) || paths::is_harmless(target, write))
                && (is_plain || scope.allows(|rule| resolved.may_follow(rule)))
        };
        // What a rule would have to name.
        let named = if is_plain { target } else { &resolved.given };
        let is_audit_log = self.audit.as_ref().is_some_and(|audit| audit.path() == target.as_path());
        let verdict = if access.write && is_audit_log {
            Err(Denial::new(format!("write access to the audit log {} is denied", target.display())))
        } else if access.write && !may_access(write, true) {
            Err(Denial::write(named))
        } else if access.read && !may_access(read, false) && !(is_plain && self.is_module(target)) {
            Err(Denial::read(named))
        } else {
            Ok(())
        };
        // Allowed reads of metadata are not logged.
        if verdict.is_ok() && !access.open && !access.write {
            return Ok(());
        }
        self.log(if access.open { Kind::Open } else { Kind::File }, &target.to_string_lossy(), verdict)
    }

    /// May this be done with the file at `path`, or with every file in the folder there?
    ///
    /// # Errors
    /// A refusal.
    pub fn file_or_entries(&self, path: &Path, access: Access) -> Result<(), Denial> {
        self.file(path, access)?;
        // What cannot be listed cannot be used either.
        let entries = path.read_dir().into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).try_for_each(|entry| self.file(&entry, access))
    }

    /// May the files be used that environment variables of the process name for TLS? They may if no script has changed
    /// the variable, or if the script may use the file.
    ///
    /// # Errors
    /// A refusal.
    pub fn tls_variables(&self) -> Result<(), Denial> {
        for (name, before) in PATH_VARIABLES.into_iter().zip(&self.path_variables) {
            let Some(path) = std::env::var_os(name).filter(|path| !path.is_empty()) else { continue };
            if self.sees_env(name) && before.as_ref() != Some(&path) {
                let access = if name == KEY_LOG { Access::WRITE } else { Access::READ };
                self.file_or_entries(Path::new(&path), Access { open: true, ..access })?;
            }
        }
        Ok(())
    }

    /// May an operation use files without a check of their names? Only if all may be read and written.
    ///
    /// # Errors
    /// A refusal that calls it `what`.
    pub fn every_file(&self, what: &str) -> Result<(), Denial> {
        if self.permissions.read.is_all() && self.permissions.write.is_all() {
            return Ok(());
        }
        self.log(Kind::File, what, Err(Denial::every_file(what)))
    }

    /// The checker as the policy of the engine's connections.
    pub fn policy(self: &Arc<Self>) -> Policy {
        if !self.permissions.restricts_net() && self.audit.is_none() {
            return Policy::allow_all();
        }
        let checker = Arc::clone(self);
        Policy::decided_by(move |asked: &Destination<'_>| {
            if let Some(path) = asked.host.strip_prefix("unix:") {
                return checker.connect_unix(&UnixName::new(path.as_bytes())).map_err(Denial::into_message);
            }
            let verdict = match asked.address {
                Some(address) => checker.connect(asked.host, SocketAddr::new(address, asked.port)),
                None => checker.resolve(asked.host, Some(asked.port)),
            };
            verdict.map_err(Denial::into_message)
        })
    }

    /// Whether an import reads the path: a module or a folder below an import path.
    fn is_module(&self, path: &Path) -> bool {
        let imports = self.imports.lock().unwrap_or_else(PoisonError::into_inner);
        imports.iter().any(|root| {
            if path == root {
                return true;
            }
            let module = path.extension().is_some_and(|extension| extension == "py" || extension == "pyc");
            paths::covers(root, path) && (module || path.is_dir())
        })
    }

    /// Writes a verdict to the log. What cannot be logged is denied.
    fn log(&self, kind: Kind, what: &str, verdict: Result<(), Denial>) -> Result<(), Denial> {
        if let Some(audit) = &self.audit
            && let Err(error) = audit.write(kind, what, verdict.is_ok())
            && verdict.is_ok()
        {
            return Err(Denial::not_logged(what, &error));
        }
        verdict
    }
}

impl Permissions {
    /// May a name be looked up, so that its addresses can be connected to? The error is the rule that denies it, if
    /// there is one.
    fn allows_name(&self, name: &str, port: Option<u16>) -> Result<(), Option<&NetRule>> {
        if let Some(rule) = self.denied_net.iter().find(|rule| rule.names(name, port)) {
            return Err(Some(rule));
        }
        // A proxy may resolve a name that can only have addresses of this machine.
        if net::is_local(name) {
            let denied = |address| self.denied_net.iter().find(|rule| rule.holds(address, port));
            if let (Some(rule), Some(_)) =
                (denied(Ipv4Addr::LOCALHOST.into()), denied(Ipv6Addr::LOCALHOST.into()))
            {
                return Err(Some(rule));
            }
        }
        let named = |rule: &NetRule| match port {
            Some(port) => rule.names(name, Some(port)),
            None => rule.names_somewhere(name),
        };
        // Its addresses are known without a query, and are checked afterwards.
        let local = |rule: &NetRule| rule.is_of_addresses() && net::is_local(name);
        if self.net.allows(|rule| named(rule) || local(rule)) { Ok(()) } else { Err(None) }
    }

    fn allows_address(&self, names: &[String], address: IpAddr, port: u16) -> Result<(), Option<&NetRule>> {
        let port = Some(port);
        let is_named = |rule: &NetRule| names.iter().any(|name| rule.names(name, port));
        let all = net::equivalents(address);
        let denies = |rule: &&NetRule| is_named(rule) || all.iter().any(|address| rule.holds(*address, port));
        if let Some(rule) = self.denied_net.iter().find(denies) {
            return Err(Some(rule));
        }
        if self.net.allows(|rule| is_named(rule) || rule.holds(address, port)) { Ok(()) } else { Err(None) }
    }
}
