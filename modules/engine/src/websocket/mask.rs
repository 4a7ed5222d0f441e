//! The masking of the frames that clients send (RFC 6455 section 5.3).

/// A new, unpredictable masking key.
pub fn random_key() -> [u8; 4] {
    rand::random()
}

/// Masks data, or removes the mask, in place; `offset` is where in the payload the data begins.
pub fn apply(data: &mut [u8], key: [u8; 4], offset: usize) {
    let mut key = key;
    key.rotate_left(offset % 4);
    let wide = u64::from_ne_bytes([key[0], key[1], key[2], key[3], key[0], key[1], key[2], key[3]]);
    let (blocks, rest) = data.as_chunks_mut::<32>();
    for block in blocks {
        for word in block.as_chunks_mut::<8>().0 {
            *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
        }
    }
    for (byte, key) in rest.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}
