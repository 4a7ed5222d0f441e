use crate::websocket::{Error, Frame, FrameReader, mask, opcode};

fn read(data: &[u8], masked: bool, limit: Option<u64>) -> Result<Option<Frame>, Error> {
    FrameReader::new(masked).read(&mut &*data, limit)
}

#[test]
fn every_length_is_read_as_it_was_written() {
    for length in [0, 1, 125, 126, 127, 65535, 65536, 70000] {
        let data: Vec<u8> = (0..length).map(|at: u32| at.to_le_bytes()[0]).collect();
        for key in [None, Some([0x12, 0x34, 0x56, 0x78])] {
            let frame = Frame::new(opcode::BINARY, true, data.clone());
            let mut written = Vec::new();
            frame.write(key, &mut written);
            let got = read(&written, key.is_some(), None).expect("valid").expect("complete");
            assert!(got == frame, "{length}");
            // One byte less is not enough.
            written.pop();
            assert!(matches!(read(&written, key.is_some(), None), Ok(None)), "{length}");
        }
    }
}

#[test]
fn masks_apply_at_any_offset() {
    let key = [1, 2, 3, 4];
    let whole: Vec<u8> = (0..100).map(|at| at ^ key[usize::from(at) % 4]).collect();
    for cut in 0..=100 {
        let mut data: Vec<u8> = (0..100).collect();
        let (one, two) = data.split_at_mut(cut);
        mask::apply(one, key, 0);
        mask::apply(two, key, cut);
        assert_eq!(data, whole, "{cut}");
    }
}

#[test]
fn bits_and_opcodes() {
    let frame = read(b"\x51\x00", false, None).expect("valid").expect("complete");
    assert_eq!((frame.fin, frame.rsv1, frame.rsv2, frame.rsv3), (false, true, false, true));
    assert_eq!(frame.check().expect_err("reserved").to_string(), "reserved bits must be 0");
    for opcode in (3..8).chain(11..16) {
        let error = read(&[0x80 | opcode, 0], false, None).expect_err("no opcode");
        assert_eq!(error.to_string(), "invalid opcode");
    }
}

#[test]
fn masking_must_be_as_expected() {
    assert_eq!(read(b"\x81\x80", false, None).expect_err("masked").to_string(), "incorrect masking");
    assert_eq!(read(b"\x81\x00", true, None).expect_err("unmasked").to_string(), "incorrect masking");
}

#[test]
fn too_big_is_known_from_the_header() {
    let error = read(b"\x82\x7e\x04\x01", false, Some(1024)).expect_err("too big");
    assert_eq!(error.to_string(), "frame with 1025 bytes exceeds limit of 1024 bytes");
    assert!(matches!(read(b"\x82\x7e\x04\x00", false, Some(1024)), Ok(None)));
    let error = read(b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", false, None).expect_err("too big");
    assert_eq!(error.to_string(), "invalid payload length");
    // Control frames are small anyway.
    assert!(matches!(read(b"\x89\x04abcd", false, Some(1)), Ok(Some(_))));
}

#[test]
fn control_frames_break_no_rules() {
    let error = read(b"\x89\x7e\x00\x7e", false, None).expect_err("too long");
    assert_eq!(error.to_string(), "control frame too long");
    assert_eq!(read(b"\x09\x00", false, None).expect_err("cut").to_string(), "fragmented control frame");
}

#[test]
fn ends_are_explained() {
    let cases: [(&[u8], &str); 6] = [
        (b"", "unexpected end of stream"),
        (b"\x82", "stream ends after 1 bytes, expected 2 bytes"),
        (b"\x82\xfe\x01", "stream ends after 1 bytes, expected 2 bytes"),
        (b"\x82\xff\x00\x00\x00", "stream ends after 3 bytes, expected 8 bytes"),
        (b"\x82\x83\x00", "stream ends after 1 bytes, expected 4 bytes"),
        (b"\x82\x83\x00\x00\x00\x00ab", "stream ends after 2 bytes, expected 3 bytes"),
    ];
    for (data, message) in cases {
        let mut reader = FrameReader::new(true);
        assert!(matches!(reader.read(&mut &*data, None), Ok(None)));
        assert_eq!(reader.end().to_string(), message);
    }
}

#[test]
fn an_announced_size_costs_nothing_before_it_arrives() {
    let mut reader = FrameReader::new(false);
    let mut input: &[u8] = b"\x82\x7f\x00\x00\x00\xff\xff\xff\xff\xffab";
    assert!(matches!(reader.read(&mut input, None), Ok(None)));
    assert!(input.is_empty());
    assert!(format!("{reader:?}").len() < 1000);
}

#[test]
fn what_is_missing_is_told_step_by_step() {
    for (length, masked, steps) in [
        (0, false, vec![2]),
        (5, false, vec![2, 7]),
        (5, true, vec![2, 11]),
        (126, true, vec![2, 4, 134]),
        (65536, false, vec![2, 10, 65546]),
    ] {
        let mut written = Vec::new();
        Frame::new(opcode::BINARY, true, vec![7; length]).write(masked.then_some([1, 2, 3, 4]), &mut written);
        let mut told = Vec::new();
        let mut have = 0;
        loop {
            let mut reader = FrameReader::new(masked);
            let mut input = &written[..have];
            if reader.read(&mut input, None).expect("valid").is_some() {
                break;
            }
            have += usize::try_from(reader.missing_bytes()).expect("small");
            told.push(have);
        }
        assert_eq!(told, steps, "{length}");
        assert_eq!(have, written.len());
    }
}
