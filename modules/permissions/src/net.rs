//! Rules about the network: which hosts, addresses, ports and Unix sockets.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::InvalidRule;
use super::paths;

/// One entry of `--allow-net` and its like.
///
/// | text | what it matches |
/// |---|---|
/// | `example.org` | that name, whatever it resolves to |
/// | `*.example.org` | every name below `example.org`, not itself |
/// | `192.0.2.1`, `2001:db8::1`, `[2001:db8::1]` | that address, however it is written or named |
/// | `10.0.0.0/8`, `fc00::/7` | the addresses of a network |
/// | `*` | every host |
/// | any of these with `:443` or `:8000-8999` (an IPv6 address in brackets then) | only those ports |
/// | `:8080` | that port of every host |
/// | `unix:/run/app` | the Unix sockets at that path and below |
/// | `unix:@name` | an abstract Unix socket |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetRule {
    host: Host,
    ports: RangeInclusive<u16>,
    text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Any,
    Name(String),
    Below(String),
    Network { address: IpAddr, prefix: u8 },
    Unix(PathBuf),
    Abstract(Vec<u8>),
}

/// The address of a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnixName {
    /// A path, symbolic links resolved.
    Path(PathBuf),
    /// A name without a file, without its leading zero byte.
    Abstract(Vec<u8>),
}

impl UnixName {
    /// Parses the bytes that a script passed as the address. The system ends a path at a NUL.
    pub fn new(address: &[u8]) -> Self {
        if let Some(name) = address.strip_prefix(b"\0") {
            Self::Abstract(name.to_owned())
        } else {
            let path = address.split(|&byte| byte == 0).next().unwrap_or_default();
            Self::Path(paths::resolve(&paths::from_bytes(path), true))
        }
    }
}

impl fmt::Display for UnixName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "unix:{}", path.display()),
            Self::Abstract(name) => write!(f, "unix:@{}", String::from_utf8_lossy(name)),
        }
    }
}

impl NetRule {
    /// Every host, port and socket.
    pub fn any() -> Self {
        Self { host: Host::Any, ports: 0..=u16::MAX, text: "*".to_owned() }
    }

    /// Whether the rule is about the host called `name` (in lower case, without a final dot), at
    /// `port` or, without one, at all of the ports.
    pub(super) fn names(&self, name: &str, port: Option<u16>) -> bool {
        let host = match &self.host {
            Host::Any => true,
            Host::Name(known) => known == name,
            Host::Below(parent) => name.strip_suffix(parent.as_str()).is_some_and(|rest| rest.ends_with('.')),
            _ => false,
        };
        host && self.has_port(port)
    }

    /// Whether the rule names `name` for one port at least.
    pub(super) fn names_somewhere(&self, name: &str) -> bool {
        Self { ports: 0..=u16::MAX, ..self.clone() }.names(name, None)
    }

    /// Whether the rule is about `address`, which is in its canonical form.
    pub(super) fn holds(&self, address: IpAddr, port: Option<u16>) -> bool {
        let inside = match &self.host {
            Host::Any => true,
            Host::Network { address: network, prefix } => in_network(address, *network, *prefix),
            _ => false,
        };
        inside && self.has_port(port)
    }

    /// Whether the rule is about addresses, so that a name must be resolved to check it.
    pub(super) fn is_of_addresses(&self) -> bool {
        matches!(self.host, Host::Network { .. })
    }

    pub(super) fn is_of(&self, socket: &UnixName) -> bool {
        match (&self.host, socket) {
            // A port in a rule is one of TCP or UDP.
            (Host::Any, _) => self.has_port(None),
            (Host::Unix(allowed), UnixName::Path(path)) => path.starts_with(allowed),
            (Host::Abstract(allowed), UnixName::Abstract(name)) => name == allowed,
            _ => false,
        }
    }

    fn has_port(&self, port: Option<u16>) -> bool {
        match port {
            Some(port) => self.ports.contains(&port),
            None => self.ports == (0..=u16::MAX),
        }
    }
}

impl fmt::Display for NetRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for NetRule {
    type Err = InvalidRule;

    fn from_str(text: &str) -> Result<Self, InvalidRule> {
        let invalid = |reason: &str| InvalidRule::new(text, reason);
        let text_of = || text.to_owned();
        if let Some(socket) = text.strip_prefix("unix:") {
            let host = match socket.strip_prefix('@') {
                Some(name) => Host::Abstract(name.as_bytes().to_owned()),
                None if socket.is_empty() => return Err(invalid("a path is missing after 'unix:'")),
                None => Host::Unix(paths::resolve(Path::new(socket), true)),
            };
            return Ok(Self { host, ports: 0..=u16::MAX, text: text_of() });
        }
        let (host, ports) = split(text).ok_or_else(|| invalid("a ']' is missing"))?;
        let ports = match ports {
            None | Some("*") => 0..=u16::MAX,
            Some(ports) => range(ports)
                .ok_or_else(|| invalid("a port is a number up to 65535, or a range such as 8000-8999"))?,
        };
        let host = match host {
            "" | "*" if text.is_empty() => return Err(invalid("a host is missing")),
            "" | "*" => Host::Any,
            _ => parse_host(host)
                .ok_or_else(|| invalid("expected a host name, an address or a network such as 10.0.0.0/8"))?,
        };
        Ok(Self { host, ports, text: text_of() })
    }
}

/// The host and, after a colon, the ports of a rule. `None` for an open bracket.
fn split(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        if rest.is_empty() {
            return Some((host, None));
        }
        return rest.strip_prefix(':').map(|ports| (host, Some(ports)));
    }
    match text.split_once(':') {
        // More than one colon: an IPv6 address without brackets.
        Some((_, rest)) if rest.contains(':') => Some((text, None)),
        Some((host, ports)) => Some((host, Some(ports))),
        None => Some((text, None)),
    }
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some(first..=last)
}

fn number(text: &str) -> Option<u16> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn parse_host(text: &str) -> Option<Host> {
    if let Some((address, prefix)) = text.split_once('/') {
        let address: IpAddr = address.parse().ok()?;
        let max_prefix = if address.is_ipv4() { 32 } else { 128 };
        let prefix = u8::try_from(number(prefix)?).ok().filter(|&prefix| prefix <= max_prefix)?;
        // A network inside ::ffff:0:0/96 is one of IPv4, like the addresses in it.
        return Some(match address.to_canonical() {
            canonical if canonical.is_ipv4() && address.is_ipv6() => {
                Host::Network { address: canonical, prefix: prefix.checked_sub(96)? }
            }
            _ => Host::Network { address, prefix },
        });
    }
    if let Some(parent) = text.strip_prefix("*.") {
        return match parse_name(parent)? {
            Named::Name(parent) => Some(Host::Below(parent)),
            Named::Address(_) => None,
        };
    }
    Some(match parse_name(text)? {
        Named::Name(name) => Host::Name(name),
        Named::Address(address) => {
            Host::Network { address, prefix: if address.is_ipv4() { 32 } else { 128 } }
        }
    })
}

/// A host: a name, or a literal address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// In lower case and ASCII, without a final dot.
    Name(String),
    /// An IPv4 address inside an IPv6 one is given as IPv4.
    Address(IpAddr),
}

/// Parses a host: addresses in every notation (decimal, octal, hexadecimal, shortened, in brackets, with a scope),
/// names of any script. `None` for what cannot be a host.
pub fn parse_name(host: &str) -> Option<Named> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let without_scope = bare.split_once('%').map_or(bare, |(address, _)| address);
    if let Ok(address) = without_scope.parse::<Ipv6Addr>() {
        return Some(Named::Address(IpAddr::V6(address).to_canonical()));
    }
    match url::Host::parse(host).ok()? {
        url::Host::Ipv4(address) => Some(Named::Address(address.into())),
        url::Host::Ipv6(address) => Some(Named::Address(IpAddr::V6(address).to_canonical())),
        url::Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(&name).to_ascii_lowercase();
            if name.is_empty() { None } else { Some(Named::Name(name)) }
        }
    }
}

/// Whether `name` means this machine everywhere (RFC 6761, and the usual file of hosts), so that resolving it needs no
/// query.
pub(super) fn is_local(name: &str) -> bool {
    let of_hosts_file = ["localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"];
    of_hosts_file.contains(&name) || name.ends_with(".localhost")
}

fn in_network(address: IpAddr, network: IpAddr, prefix: u8) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(prefix.into())).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(prefix.into())).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        _ => false,
    }
}

/// The addresses that a packet to `address` may end up at, itself first. Unspecified addresses (`0.0.0.0`) lead to this
/// machine; an address that embeds an IPv4 address may be translated to it.
pub(super) fn equivalents(address: IpAddr) -> Vec<IpAddr> {
    let mut all = vec![address.to_canonical()];
    match address.to_canonical() {
        IpAddr::V4(address) if address.octets().first() == Some(&0) => all.push(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(address) if address.is_unspecified() => {
            all.extend([IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)]);
        }
        IpAddr::V6(address) if !address.is_loopback() => {
            let bits = address.to_bits();
            let low = Ipv4Addr::from_bits(u32::try_from(bits & u128::from(u32::MAX)).unwrap_or_default());
            // NAT64 (RFC 6052) and the old IPv4-compatible form carry it in the last 32 bits.
            if bits >> 32 == 0x0064_ff9b_u128 << 64 || bits >> 32 == 0 {
                all.push(low.into());
            }
            // 6to4 (RFC 3056) has it after the first 16.
            if bits >> 112 == 0x2002 {
                let high = u32::try_from(bits >> 80 & u128::from(u32::MAX)).unwrap_or_default();
                all.push(Ipv4Addr::from_bits(high).into());
            }
        }
        _ => {}
    }
    all
}
