//! Request and status lines (RFC 9112 sections 3 and 4), byte by byte.

use super::chars::FIELD_VALUE;
use super::error::{Fault, Stop};
use super::fields::Field;
use super::input::Input;
use super::parser::{Flow, State, Step};
use super::target::Target;
use super::{ErrorKind, Events, Kind, Leniencies, Method, Parser, Version};

/// What follows the version in the preface of HTTP/2 (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"\r\n\r\nSM\r\n\r\n";

/// Where in the start line the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Method,
    BeforeTarget,
    Target(Target),
    /// After the CR of a request without a version.
    TargetCr,
    BeforeProtocol,
    Protocol,
    Slash,
    Major,
    Dot,
    Minor,
    AfterVersion,
    /// So many bytes into the preface.
    Preface(usize),
    /// So many digits into the status.
    Status(u8),
    AfterStatus,
    Reason,
    /// After the CR that ends the line.
    Cr,
}

impl Line {
    pub(super) fn first(kind: Kind) -> Self {
        match kind {
            Kind::Request => Self::Method,
            Kind::Response => Self::Protocol,
        }
    }
}

impl Parser {
    /// Takes one byte of the start line, or a run of them.
    pub(super) fn line<E: Events>(&mut self, line: Line, input: &mut Input<'_>, events: &mut E) -> Step<E> {
        let Some(byte) = input.peek() else { return Ok(Flow::On) };
        let next = match line {
            Line::Method => self.method(byte)?,
            Line::BeforeTarget | Line::BeforeProtocol if byte == b' ' => line,
            Line::BeforeTarget => {
                self.state = State::Line(Line::Target(Target::of(self.message.method)));
                return Ok(Flow::On);
            }
            Line::Target(target) => return self.target(target, input, events),
            Line::TargetCr | Line::Cr if byte == b'\n' => return Ok(self.line_complete(input, true)),
            Line::TargetCr => return Err(Fault(ErrorKind::Target, "Expected CRLF").into()),
            Line::BeforeProtocol => {
                self.state = State::Line(Line::Protocol);
                return Ok(Flow::On);
            }
            Line::Protocol => self.protocol(byte)?,
            Line::Slash if byte == b'/' => Line::Major,
            Line::Slash => return Err(EXPECTED_PROTOCOL.into()),
            Line::Major | Line::Dot | Line::Minor => self.version(line, byte)?,
            Line::AfterVersion => return self.after_version(byte, input),
            Line::Preface(taken) => preface(taken, byte)?,
            Line::Status(digits) => self.status(digits, byte)?,
            Line::AfterStatus => return self.after_status(byte, input),
            Line::Reason => return self.reason(input, events),
            Line::Cr if self.lenient(Leniencies::OPTIONAL_LF_AFTER_CR) => {
                return Ok(self.line_complete(input, false));
            }
            Line::Cr => {
                let reason = match self.message.kind() {
                    Kind::Request => "Expected CRLF after version",
                    Kind::Response => "Expected LF after CR",
                };
                return Err(Fault(ErrorKind::Strict, reason).into());
            }
        };
        input.bump();
        self.state = State::Line(next);
        Ok(Flow::On)
    }

    fn line_complete(&mut self, input: &mut Input<'_>, take: bool) -> Flow {
        if take {
            input.bump();
        }
        self.token.clear();
        self.state = State::Field(Field::First);
        Flow::On
    }

    fn method(&mut self, byte: u8) -> Result<Line, Fault> {
        self.token.push(byte);
        if Method::is_prefix(&self.token) {
            return Ok(Line::Method);
        }
        self.token.pop();
        let Some(method) = Method::from_name(&self.token) else {
            return Err(Fault(ErrorKind::Method, "Invalid method encountered"));
        };
        if byte != b' ' {
            return Err(Fault(ErrorKind::Method, "Expected space after method"));
        }
        self.message.method = method;
        self.token.clear();
        Ok(Line::BeforeTarget)
    }

    fn target<E: Events>(&mut self, mut target: Target, input: &mut Input<'_>, events: &mut E) -> Step<E> {
        let (count, outcome) = target.run(input.rest());
        self.token.extend_from_slice(input.take(count));
        self.state = State::Line(Line::Target(target));
        outcome?;
        let Some(end) = input.peek() else { return Ok(Flow::On) };
        events.target(&mut self.message, &self.token).map_err(Stop::Events)?;
        self.token.clear();
        if end != b' ' {
            // What HTTP/0.9 looked like; a caller sees it by its version.
            self.message.version = Version { major: 0, minor: 9 };
        }
        match end {
            b'\n' => return Ok(self.line_complete(input, true)),
            b'\r' => self.state = State::Line(Line::TargetCr),
            _ => self.state = State::Line(Line::BeforeProtocol),
        }
        input.bump();
        Ok(Flow::On)
    }

    fn protocol(&mut self, byte: u8) -> Result<Line, Fault> {
        const PROTOCOLS: [&[u8]; 3] = [b"HTTP", b"RTSP", b"ICE"];
        self.token.push(byte);
        let Some(protocol) = PROTOCOLS.iter().find(|protocol| protocol.starts_with(&self.token)) else {
            return Err(EXPECTED_PROTOCOL);
        };
        if self.token.len() < protocol.len() {
            return Ok(Line::Protocol);
        }
        if self.message.kind() == Kind::Request {
            let method = self.message.method;
            let (allowed, reason) = match *protocol {
                b"HTTP" => (method.is_http(), "Invalid method for HTTP/x.x request"),
                b"RTSP" => (method.is_rtsp(), "Invalid method for RTSP/x.x request"),
                _ => (method.is_ice(), "Expected SOURCE method for ICE/x.x request"),
            };
            if !allowed {
                return Err(Fault(ErrorKind::Protocol, reason));
            }
        }
        self.token.clear();
        Ok(Line::Slash)
    }

    fn version(&mut self, line: Line, byte: u8) -> Result<Line, Fault> {
        let digit = byte.is_ascii_digit().then(|| byte - b'0');
        let fault = |reason| Err(Fault(ErrorKind::Version, reason));
        match (line, digit) {
            (Line::Dot, _) if byte == b'.' => Ok(Line::Minor),
            (Line::Dot, _) => fault("Expected dot"),
            (Line::Major, Some(major)) => {
                self.message.version.major = major;
                Ok(Line::Dot)
            }
            (Line::Major, None) => fault("Invalid major version"),
            (_, None) => fault("Invalid minor version"),
            (_, Some(minor)) => {
                self.message.version.minor = minor;
                let known = matches!((self.message.version.major, minor), (0, 9) | (1, 0 | 1) | (2, 0));
                if !known && !self.lenient(Leniencies::VERSION) {
                    return fault("Invalid HTTP version");
                }
                let preface = self.message.kind() == Kind::Request && self.message.method == Method::Pri;
                Ok(if preface { Line::Preface(0) } else { Line::AfterVersion })
            }
        }
    }

    fn after_version<E>(&mut self, byte: u8, input: &mut Input<'_>) -> Result<Flow, Stop<E>> {
        let next = match (self.message.kind(), byte) {
            (Kind::Request, b'\r') => Line::Cr,
            (Kind::Request, b'\n') if self.lenient(Leniencies::OPTIONAL_CR_BEFORE_LF) => {
                return Ok(self.line_complete(input, true));
            }
            (Kind::Request, _) => {
                return Err(Fault(ErrorKind::Version, "Expected CRLF after version").into());
            }
            (Kind::Response, b' ') => {
                self.message.status = 0;
                Line::Status(0)
            }
            (Kind::Response, _) => {
                return Err(Fault(ErrorKind::Version, "Expected space after version").into());
            }
        };
        input.bump();
        self.state = State::Line(next);
        Ok(Flow::On)
    }

    fn status(&mut self, digits: u8, byte: u8) -> Result<Line, Fault> {
        if !byte.is_ascii_digit() {
            return Err(Fault(ErrorKind::Status, "Invalid status code"));
        }
        self.message.status = self.message.status * 10 + u16::from(byte - b'0');
        Ok(if digits == 2 { Line::AfterStatus } else { Line::Status(digits + 1) })
    }

    fn after_status<E>(&mut self, byte: u8, input: &mut Input<'_>) -> Result<Flow, Stop<E>> {
        self.state = match byte {
            b' ' => State::Line(Line::Reason),
            b'\r' => State::Line(Line::Cr),
            b'\n' if self.lenient(Leniencies::OPTIONAL_CR_BEFORE_LF) => {
                return Ok(self.line_complete(input, true));
            }
            _ => return Err(Fault(ErrorKind::Status, "Invalid response status").into()),
        };
        input.bump();
        Ok(Flow::On)
    }

    fn reason<E: Events>(&mut self, input: &mut Input<'_>, events: &mut E) -> Step<E> {
        self.token.extend_from_slice(input.take_class(&FIELD_VALUE));
        let Some(end) = input.peek() else { return Ok(Flow::On) };
        let fault = match end {
            b'\r' => None,
            b'\n' if self.lenient(Leniencies::OPTIONAL_CR_BEFORE_LF) => None,
            b'\n' => Some(Fault(ErrorKind::Strict, "Missing expected CR after response line")),
            _ if self.lenient(Leniencies::HEADERS) => {
                self.token.push(end);
                input.bump();
                return Ok(Flow::On);
            }
            _ => Some(Fault(ErrorKind::Status, "Invalid character in response status")),
        };
        if let Some(fault) = fault {
            return Err(fault.into());
        }
        events.reason(&mut self.message, &self.token).map_err(Stop::Events)?;
        if end == b'\n' {
            return Ok(self.line_complete(input, true));
        }
        input.bump();
        self.state = State::Line(Line::Cr);
        Ok(Flow::On)
    }
}

/// Neither of the protocols that share this syntax.
const EXPECTED_PROTOCOL: Fault = Fault(ErrorKind::Protocol, "Expected HTTP/, RTSP/ or ICE/");

/// Takes one byte of the HTTP/2 connection preface, of which `taken` have come.
fn preface(taken: usize, byte: u8) -> Result<Line, Fault> {
    if PREFACE.get(taken) != Some(&byte) {
        return Err(Fault(ErrorKind::Version, "Expected HTTP/2 Connection Preface"));
    }
    if taken + 1 == PREFACE.len() {
        return Err(Fault(ErrorKind::Http2, "Pause on PRI/Upgrade"));
    }
    Ok(Line::Preface(taken + 1))
}
