//! The same event stream, read whole and in pieces, must give the same events, none larger than the limit.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tauraro_engine::http::sse::{Event, EventDecoder, EventTooLarge};
use tauraro_fuzz::{Input, pieces};

fn read<'a>(limit: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Event>, Option<EventTooLarge>) {
    let mut decoder = EventDecoder::new(limit);
    let mut events = Vec::new();
    for piece in pieces {
        decoder.feed(Bytes::copy_from_slice(piece));
        loop {
            match decoder.next_event() {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(error) => return (events, Some(error)),
            }
        }
    }
    (events, None)
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let limit = usize::from(input.byte()) * 16;
    let seed = input.byte();
    let whole = read(limit, [input.rest()]);
    assert_eq!(read(limit, pieces(seed, input.rest())), whole);
    for event in whole.0 {
        // An invalid byte becomes U+FFFD, which has three.
        assert!(event.event.len() + event.data.len() <= 3 * limit, "{event:?}");
        assert!(!event.event.contains(['\r', '\n']) && !event.id.contains(['\r', '\n', '\0']));
    }
});
