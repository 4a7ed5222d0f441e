//! The WebSocket machine without a socket: masks, messages received and sent, compression.
//!
//! ```console
//! $ cargo bench -p tauraro-engine --bench websocket --ignore-rust-version
//! ```

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use tauraro_engine::websocket::deflate::Agreement;
use tauraro_engine::websocket::{
    Extension, FrameReader, Limits, PerMessageDeflate, Protocol, Settings, Side, State, mask, opcode,
};

const SIZES: [usize; 3] = [64, 1024, 64 * 1024];

/// The size of one read from a socket.
const READ: usize = 64 * 1024;

fn machine(side: Side) -> Protocol {
    Protocol::new(side, State::Open, Limits { message: None, fragment: None })
}

const fn peer(side: Side) -> Side {
    match side {
        Side::Server => Side::Client,
        Side::Client => Side::Server,
    }
}

/// Messages of this length, about 1 MiB in total, as `side` sends them, and their number.
fn stream(side: Side, length: usize) -> (Vec<u8>, usize) {
    let (message, count) = (vec![b'x'; length], (1 << 20) / length);
    let mut sender = machine(side);
    for _ in 0..count {
        sender.send_data(opcode::BINARY, &message, true, &mut ()).expect("an open connection");
    }
    (sender.take_output().into_bytes(), count)
}

/// Text that compresses well.
fn text(size: usize) -> Vec<u8> {
    let words = ["lorem ", "ipsum ", "dolor ", "sit ", "amet, ", "consectetur "];
    let mut rng = fastrand::Rng::with_seed(1);
    let mut text = Vec::new();
    while text.len() < size {
        text.extend_from_slice(rng.choice(words).expect("words").as_bytes());
    }
    text.truncate(size);
    text
}

#[divan::bench(args = SIZES)]
fn masks(bencher: Bencher<'_, '_>, size: usize) {
    let mut data = vec![b'x'; size];
    // Unaligned: a payload can start at any address.
    let data = data.get_mut(1..).expect("more than a byte");
    bencher
        .counter(BytesCount::of_slice(data))
        .bench_local(|| mask::apply(black_box(&mut *data), [0x5A, 0, 0xFF, 0x0F], 3));
}

#[divan::bench(args = SIZES)]
fn frames_alone(bencher: Bencher<'_, '_>, size: usize) {
    let (data, count) = stream(Side::Client, size);
    bencher.counter(BytesCount::of_slice(&data)).counter(ItemsCount::new(count)).bench(|| {
        let mut reader = FrameReader::new(true);
        let mut input = black_box(data.as_slice());
        let mut frames = 0;
        while let Some(frame) = reader.read(&mut input, None).expect("valid frames") {
            black_box(frame);
            frames += 1;
        }
        assert_eq!(frames, count);
    });
}

fn receive(bencher: Bencher<'_, '_>, side: Side, length: usize) {
    let (data, count) = stream(peer(side), length);
    bencher.counter(BytesCount::of_slice(&data)).counter(ItemsCount::new(count)).bench(|| {
        let mut receiver = machine(side);
        let mut events = 0;
        for piece in data.chunks(READ) {
            receiver.receive_data(black_box(piece), &mut ()).expect("an open connection");
            events += black_box(receiver.take_events()).len();
        }
        assert_eq!(events, count);
    });
}

#[divan::bench(args = SIZES)]
fn receive_as_server(bencher: Bencher<'_, '_>, size: usize) {
    receive(bencher, Side::Server, size);
}

#[divan::bench(args = SIZES)]
fn receive_as_client(bencher: Bencher<'_, '_>, size: usize) {
    receive(bencher, Side::Client, size);
}

fn send(bencher: Bencher<'_, '_>, side: Side, length: usize) {
    let message = vec![b'x'; length];
    let mut sender = machine(side);
    bencher.counter(BytesCount::of_slice(&message)).bench_local(|| {
        sender.send_data(opcode::BINARY, black_box(&message), true, &mut ()).expect("an open connection");
        sender.take_output()
    });
}

#[divan::bench(args = SIZES)]
fn send_as_server(bencher: Bencher<'_, '_>, size: usize) {
    send(bencher, Side::Server, size);
}

#[divan::bench(args = SIZES)]
fn send_as_client(bencher: Bencher<'_, '_>, size: usize) {
    send(bencher, Side::Client, size);
}

/// The defaults of a server and its client.
fn extension() -> PerMessageDeflate {
    let agreement =
        Agreement { remote_max_window_bits: 12, local_max_window_bits: 12, ..Agreement::default() };
    let settings = Settings { memory_level: 5, ..Settings::default() };
    PerMessageDeflate::new(agreement, settings).expect("figures in their ranges")
}

#[divan::bench(args = SIZES)]
fn deflate_text(bencher: Bencher<'_, '_>, size: usize) {
    let message = text(size);
    let (mut sender, mut extension) = (machine(Side::Server), extension());
    bencher.counter(BytesCount::of_slice(&message)).bench_local(|| {
        let sent = sender.send_data(opcode::TEXT, black_box(&message), true, &mut extension);
        sent.expect("an open connection");
        sender.take_output()
    });
}

#[divan::bench(args = SIZES)]
fn inflate_text(bencher: Bencher<'_, '_>, size: usize) {
    let message = text(size);
    let (mut sender, mut receiver) = (machine(Side::Server), machine(Side::Client));
    let (mut deflating, mut inflating) = (extension(), extension());
    // Each message depends on the earlier ones, so every output is inflated, in order.
    bencher
        .counter(BytesCount::of_slice(&message))
        .with_inputs(|| {
            sender.send_data(opcode::TEXT, &message, true, &mut deflating).expect("an open connection");
            sender.take_output()
        })
        .bench_local_values(|output| {
            let extension: &mut dyn Extension = &mut inflating;
            receiver.receive_data(black_box(output.bytes()), extension).expect("an open connection");
            receiver.take_events()
        });
}

fn main() {
    divan::main();
}
