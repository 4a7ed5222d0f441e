//! What a `Host` field may hold (RFC 9110 section 7.2).

/// Whether the value is `host` or `host:port`: a name, an IPv4 address, or an IPv6 address in brackets. User
/// information, lists, paths and an empty host are not accepted, although RFC 3986 has a syntax for some of them: what
/// chooses a site must not be open to interpretation.
pub(super) fn is_valid(value: &[u8]) -> bool {
    let (host_is_valid, port) = if let Some(rest) = value.strip_prefix(b"[") {
        let Some(end) = rest.iter().position(|&byte| byte == b']') else { return false };
        let (address, after) = rest.split_at(end);
        let valid = std::str::from_utf8(address).is_ok_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok());
        (valid, after.get(1..).unwrap_or_default())
    } else {
        let end = value.iter().position(|&byte| byte == b':').unwrap_or(value.len());
        let (host, port) = value.split_at(end);
        let valid = !host.is_empty()
            && host.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=".contains(byte));
        (valid, port)
    };
    host_is_valid
        && match port {
            [] => true,
            [b':', digits @ ..] => {
                digits.len() <= 5
                    && digits.iter().all(u8::is_ascii_digit)
                    && digits.iter().fold(0_u32, |port, digit| port * 10 + u32::from(digit - b'0')) <= 0xffff
            }
            _ => false,
        }
}
