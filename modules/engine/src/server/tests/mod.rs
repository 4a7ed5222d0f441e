//! Connections beside what comes out of them. Every input is given as a whole, byte by byte, and in two pieces cut at
//! every place: events and output must be the same.

mod deadlines;
mod fuzz;
mod requests;
mod responses;
mod router;

use super::{Connection, Event, Framed, Limits, Next, Timeouts};

/// A driver that answers each complete request with its body, and notes what happens.
pub(super) struct Echo {
    pub(super) connection: Connection,
    pub(super) log: Vec<String>,
    pub(super) out: Vec<u8>,
    body: Vec<u8>,
    pub(super) ended: bool,
}

impl Echo {
    pub(super) fn new(limits: Limits) -> Self {
        let connection = Connection::new(limits, Timeouts::DEFAULT, 0);
        Self { connection, log: Vec::new(), out: Vec::new(), body: Vec::new(), ended: false }
    }

    pub(super) fn feed(&mut self, data: &[u8]) {
        if self.ended {
            return;
        }
        self.connection.receive(data, 0);
        self.act();
    }

    fn act(&mut self) {
        while !self.ended {
            let Some(event) = self.connection.next_event() else { return };
            match event {
                Event::Request(head) => {
                    let fields: Vec<_> = head
                        .fields()
                        .filter(|(name, _)| !name.eq_ignore_ascii_case(b"host"))
                        .map(|(name, value)| format!(" {}={}", name.escape_ascii(), value.escape_ascii()))
                        .collect();
                    self.log.push(format!(
                        "{} {} {}{}",
                        head.method().name(),
                        head.path().escape_ascii(),
                        head.query().escape_ascii(),
                        fields.concat()
                    ));
                    self.body.clear();
                    self.connection.read_body(0, &mut self.out);
                }
                Event::Body(piece) => {
                    assert!(!piece.is_empty());
                    self.body.extend_from_slice(&piece);
                }
                Event::End => self.answer(),
                Event::Refused(refusal) => {
                    self.log.push(format!("refused {refusal}"));
                    let written = self.connection.refuse(&refusal, None, &mut self.out);
                    self.log.push(if written { "linger" } else { "abort" }.to_owned());
                    self.ended = true;
                }
            }
        }
    }

    fn answer(&mut self) {
        let body = std::mem::take(&mut self.body);
        self.log.push(format!("end {}", body.escape_ascii()));
        let out = &mut self.out;
        self.connection.start_response(200, [], Some(body.len() as u64), None, out).expect("a response");
        if self.connection.frame_body(body.len(), out).expect("a body") == Framed::Plain {
            out.extend_from_slice(&body);
        }
        match self.connection.finish_response(0, out).expect("an end") {
            Next::KeepAlive => {}
            next => {
                self.log.push(format!("{next:?}").to_lowercase());
                self.ended = true;
            }
        }
    }

    pub(super) fn transcript(self) -> (String, Vec<u8>) {
        (self.log.join(" | "), self.out)
    }
}

/// What comes of the input in these pieces.
pub(super) fn run<'a>(limits: Limits, pieces: impl IntoIterator<Item = &'a [u8]>) -> (String, Vec<u8>) {
    let mut echo = Echo::new(limits);
    for piece in pieces {
        echo.feed(piece);
    }
    echo.transcript()
}

/// What comes of the input, which must not depend on how it is cut.
#[track_caller]
pub(super) fn check(limits: Limits, input: &[u8]) -> (String, Vec<u8>) {
    let whole = run(limits, [input]);
    assert_eq!(run(limits, input.chunks(1)), whole, "byte by byte: {}", input.escape_ascii());
    if input.len() < 600 {
        for cut in 1..input.len() {
            let (first, second) = input.split_at(cut);
            assert_eq!(run(limits, [first, second]), whole, "cut at {cut}: {}", input.escape_ascii());
        }
    }
    whole
}
