//! Negotiating the parameters of permessage-deflate (RFC 7692 section 7.1).

use super::deflate::Agreement;

/// The name of the extension.
pub const NAME: &str = "permessage-deflate";

const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";

/// A limit of the client's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowBits {
    /// The client would follow a limit; without a value, which only a request may have.
    Supported,
    /// This many bits.
    Limit(u8),
}

/// The parameters of an offer or an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// The server begins each message with an empty window.
    pub server_no_context_takeover: bool,
    /// The client does.
    pub client_no_context_takeover: bool,
    /// The limit of the server's window, in bits.
    pub server_max_window_bits: Option<u8>,
    /// The limit of the client's window, in bits.
    pub client_max_window_bits: Option<WindowBits>,
}

/// A parameter in a header.
pub type Parameter = (String, Option<String>);

/// Why the negotiation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A parameter was given twice.
    #[error("duplicate parameter: {0}")]
    Duplicate(String),
    /// There is no such parameter.
    #[error("invalid parameter name: {0}")]
    Name(String),
    /// A parameter cannot have this value.
    #[error("{}", invalid_value(.0, .1.as_deref()))]
    Value(String, Option<String>),
    /// One side does not do what the other insists on.
    #[error("{0}")]
    Unacceptable(&'static str),
}

fn invalid_value(name: &str, value: Option<&str>) -> String {
    match value {
        None => format!("missing value for parameter {name}"),
        Some("") => format!("empty value for parameter {name}"),
        Some(value) => format!("invalid value for parameter {name}: {value}"),
    }
}

impl Parameters {
    /// Reads the parameters of a header; a request may name the client's window without a limit.
    ///
    /// # Errors
    /// The parameter that is given twice, unknown, or has a wrong value.
    pub fn parse<'a>(
        parameters: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
        in_request: bool,
    ) -> Result<Self, Refusal> {
        let mut parsed = Self::default();
        for (name, value) in parameters {
            let duplicate = || Refusal::Duplicate(name.to_owned());
            let wrong = || Refusal::Value(name.to_owned(), value.map(str::to_owned));
            match name {
                SERVER_NO_CONTEXT_TAKEOVER | CLIENT_NO_CONTEXT_TAKEOVER => {
                    let flag = if name == SERVER_NO_CONTEXT_TAKEOVER {
                        &mut parsed.server_no_context_takeover
                    } else {
                        &mut parsed.client_no_context_takeover
                    };
                    if *flag {
                        return Err(duplicate());
                    }
                    if value.is_some() {
                        return Err(wrong());
                    }
                    *flag = true;
                }
                SERVER_MAX_WINDOW_BITS => {
                    if parsed.server_max_window_bits.is_some() {
                        return Err(duplicate());
                    }
                    parsed.server_max_window_bits = Some(bits(value).ok_or_else(wrong)?);
                }
                CLIENT_MAX_WINDOW_BITS => {
                    if parsed.client_max_window_bits.is_some() {
                        return Err(duplicate());
                    }
                    parsed.client_max_window_bits = Some(match bits(value) {
                        Some(bits) => WindowBits::Limit(bits),
                        None if in_request && value.is_none() => WindowBits::Supported,
                        None => return Err(wrong()),
                    });
                }
                _ => return Err(Refusal::Name(name.to_owned())),
            }
        }
        Ok(parsed)
    }

    /// The parameters as they stand in a header.
    pub fn build(&self) -> Vec<Parameter> {
        let mut built = Vec::new();
        if self.server_no_context_takeover {
            built.push((SERVER_NO_CONTEXT_TAKEOVER.to_owned(), None));
        }
        if self.client_no_context_takeover {
            built.push((CLIENT_NO_CONTEXT_TAKEOVER.to_owned(), None));
        }
        if let Some(bits) = self.server_max_window_bits {
            built.push((SERVER_MAX_WINDOW_BITS.to_owned(), Some(bits.to_string())));
        }
        match self.client_max_window_bits {
            None => {}
            Some(WindowBits::Supported) => built.push((CLIENT_MAX_WINDOW_BITS.to_owned(), None)),
            Some(WindowBits::Limit(bits)) => {
                built.push((CLIENT_MAX_WINDOW_BITS.to_owned(), Some(bits.to_string())));
            }
        }
        built
    }
}

/// A window's size: one or two digits, without a leading zero.
fn bits(value: Option<&str>) -> Option<u8> {
    match value? {
        "8" => Some(8),
        "9" => Some(9),
        "10" => Some(10),
        "11" => Some(11),
        "12" => Some(12),
        "13" => Some(13),
        "14" => Some(14),
        "15" => Some(15),
        _ => None,
    }
}

/// Compares a server's answer with what the client has offered.
///
/// # Errors
/// What the answer leaves out, or adds to the offer.
pub fn accept_answer(offer: &Parameters, answer: &Parameters) -> Result<Agreement, Refusal> {
    if offer.server_no_context_takeover && !answer.server_no_context_takeover {
        return Err(Refusal::Unacceptable("expected server_no_context_takeover"));
    }
    if let Some(wanted) = offer.server_max_window_bits {
        match answer.server_max_window_bits {
            None => return Err(Refusal::Unacceptable("expected server_max_window_bits")),
            Some(given) if given > wanted => {
                return Err(Refusal::Unacceptable("unsupported server_max_window_bits"));
            }
            Some(_) => {}
        }
    }
    let client_bits = match (offer.client_max_window_bits, answer.client_max_window_bits) {
        (None, Some(_)) => return Err(Refusal::Unacceptable("unexpected client_max_window_bits")),
        (Some(WindowBits::Limit(own)), Some(WindowBits::Limit(given))) if given > own => {
            return Err(Refusal::Unacceptable("unsupported client_max_window_bits"));
        }
        (_, Some(WindowBits::Limit(given))) => given,
        (Some(WindowBits::Limit(own)), None | Some(WindowBits::Supported)) => own,
        (None | Some(WindowBits::Supported), None | Some(WindowBits::Supported)) => 15,
    };
    if client_bits == 8 {
        return Err(Refusal::Unacceptable("unsupported client_max_window_bits = 8, use 9"));
    }
    Ok(Agreement {
        remote_no_context_takeover: answer.server_no_context_takeover,
        local_no_context_takeover: answer.client_no_context_takeover || offer.client_no_context_takeover,
        remote_max_window_bits: answer.server_max_window_bits.unwrap_or(15),
        local_max_window_bits: client_bits,
    })
}

/// Answers a client's offer as the server is configured: `wanted` is what it insists on, and
/// `require_client_max_window_bits` refuses clients that do not speak of their window.
///
/// # Errors
/// What the offer lacks.
pub fn answer_offer(
    wanted: &Parameters,
    require_client_max_window_bits: bool,
    offer: &Parameters,
) -> Result<(Parameters, Agreement), Refusal> {
    let server_bits = match (wanted.server_max_window_bits, offer.server_max_window_bits) {
        (Some(own), Some(asked)) => Some(own.min(asked)),
        (own, asked) => own.or(asked),
    };
    if server_bits == Some(8) {
        return Err(Refusal::Unacceptable("unsupported server_max_window_bits = 8, use 9"));
    }
    let own = match wanted.client_max_window_bits {
        Some(WindowBits::Limit(own)) => Some(own),
        _ => None,
    };
    let client_bits = match (own, offer.client_max_window_bits) {
        (_, None) if own.is_some() && require_client_max_window_bits => {
            return Err(Refusal::Unacceptable("required client_max_window_bits"));
        }
        (_, None) => None,
        (own, Some(WindowBits::Supported)) => own,
        (own, Some(WindowBits::Limit(asked))) => Some(own.map_or(asked, |own| own.min(asked))),
    };
    let answer = Parameters {
        server_no_context_takeover: wanted.server_no_context_takeover || offer.server_no_context_takeover,
        client_no_context_takeover: wanted.client_no_context_takeover || offer.client_no_context_takeover,
        server_max_window_bits: server_bits,
        client_max_window_bits: client_bits.map(WindowBits::Limit),
    };
    let agreement = Agreement {
        remote_no_context_takeover: answer.client_no_context_takeover,
        local_no_context_takeover: answer.server_no_context_takeover,
        remote_max_window_bits: client_bits.unwrap_or(15),
        local_max_window_bits: server_bits.unwrap_or(15),
    };
    Ok((answer, agreement))
}
