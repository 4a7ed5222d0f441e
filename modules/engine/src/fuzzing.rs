//! Shared by the fuzzing tests: the number of executions, the seed, and random cuts.

use fastrand::Rng;

/// Cuts the data at random places.
pub(crate) fn cut<'a>(rng: &mut Rng, mut data: &'a [u8]) -> Vec<&'a [u8]> {
    let longest = *rng.choice([1, 2, 7, 40, 400].iter()).expect("lengths");
    let mut pieces = Vec::new();
    while !data.is_empty() {
        let (piece, rest) = data.split_at(rng.usize(1..=longest).min(data.len()));
        pieces.push(piece);
        data = rest;
    }
    pieces
}

/// Runs a target `TAURARO_FUZZ_EXECUTIONS` times with consecutive seeds from `TAURARO_FUZZ_SEED`. A failure reports its
/// seed.
pub(crate) fn fuzz(target: fn(&mut Rng)) {
    let seed = setting("TAURARO_FUZZ_SEED", 1);
    for execution in 0..setting("TAURARO_FUZZ_EXECUTIONS", 20_000) {
        let seed = seed.wrapping_add(execution);
        let outcome = std::panic::catch_unwind(|| target(&mut Rng::with_seed(seed)));
        assert!(outcome.is_ok(), "failed with TAURARO_FUZZ_SEED={seed} TAURARO_FUZZ_EXECUTIONS=1");
    }
}

fn setting(name: &str, default: u64) -> u64 {
    let Ok(text) = std::env::var(name) else { return default };
    text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}"))
}
