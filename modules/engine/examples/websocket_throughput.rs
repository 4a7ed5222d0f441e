//! How fast the WebSocket machine is without a socket:
//! `cargo run --release --example websocket_throughput -p tauraro-engine --ignore-rust-version`.
#![expect(clippy::print_stdout, reason = "it is what an example is for")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use tauraro_engine::websocket::deflate::Agreement;
use tauraro_engine::websocket::{
    Extension, Limits, Opcode, PerMessageDeflate, Protocol, Settings, Side, State,
};

const TIME: Duration = Duration::from_millis(500);

fn machine(side: Side) -> Protocol {
    Protocol::new(side, State::Open, Limits { message: None, fragment: None })
}

/// Sends `count` messages over, and gives what they are on the wire.
fn wire(side: Side, message: &[u8], count: usize, extension: &mut dyn Extension) -> Vec<u8> {
    let mut peer = machine(side);
    for _ in 0..count {
        peer.send_data(Opcode::Binary, message, true, extension).expect("an open connection");
    }
    peer.take_output().into_bytes()
}

fn measure(name: &str, size: usize, mut operation: impl FnMut() -> usize) {
    let start = Instant::now();
    let mut messages = 0;
    while start.elapsed() < TIME {
        messages += operation();
    }
    #[expect(clippy::cast_precision_loss, reason = "figures to be read")]
    let (rate, bytes) = {
        let rate = messages as f64 / start.elapsed().as_secs_f64();
        (rate, rate * size as f64)
    };
    println!("{name:44} {:10.0} messages/s {:8.3} GB/s", rate, bytes / 1e9);
}

fn receive(name: &str, side: Side, length: usize) {
    let message = vec![b'x'; length];
    let count = (1 << 20) / length;
    let peer = if side == Side::Server { Side::Client } else { Side::Server };
    let data = wire(peer, &message, count, &mut ());
    let mut reader = machine(side);
    measure(name, length, || {
        // As much as a socket gives at once.
        for piece in data.chunks(64 * 1024) {
            reader.receive_data(piece, &mut ()).expect("an open connection");
            black_box(reader.take_events());
        }
        count
    });
}

fn send(name: &str, side: Side, length: usize) {
    let message = vec![b'x'; length];
    let mut peer = machine(side);
    measure(name, length, || {
        peer.send_data(Opcode::Binary, &message, true, &mut ()).expect("an open connection");
        black_box(peer.take_output());
        1
    });
}

fn deflate(name: &str, size: usize) {
    let words = ["lorem ", "ipsum ", "dolor ", "sit ", "amet, ", "consectetur "];
    let mut rng = fastrand::Rng::with_seed(1);
    let mut message = Vec::new();
    while message.len() < size {
        message.extend_from_slice(rng.choice(words).expect("words").as_bytes());
    }
    message.truncate(size);
    let agreement =
        Agreement { remote_max_window_bits: 12, local_max_window_bits: 12, ..Agreement::default() };
    let settings = Settings { memory_level: 5, ..Settings::default() };
    let extension = || PerMessageDeflate::new(agreement, settings).expect("valid figures");
    let (mut peer, mut reader) = (machine(Side::Server), machine(Side::Client));
    let (mut one, mut two) = (extension(), extension());
    measure(name, size, || {
        peer.send_data(Opcode::Text, &message, true, &mut one).expect("an open connection");
        reader.receive_data(peer.take_output().bytes(), &mut two).expect("an open connection");
        black_box(reader.take_events());
        1
    });
}

fn main() {
    receive("receive 64 KiB, masked", Side::Server, 64 * 1024);
    receive("receive 64 KiB, plain", Side::Client, 64 * 1024);
    receive("receive 64 bytes, masked", Side::Server, 64);
    receive("receive 64 bytes, plain", Side::Client, 64);
    send("send 64 KiB, masked", Side::Client, 64 * 1024);
    send("send 64 KiB, plain", Side::Server, 64 * 1024);
    send("send 64 bytes, masked", Side::Client, 64);
    send("send 64 bytes, plain", Side::Server, 64);
    deflate("deflate and inflate 64 KiB of text", 64 * 1024);
    deflate("deflate and inflate 64 bytes of text", 64);
}
