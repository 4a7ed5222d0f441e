//! `Link` fields: each link starts with its target, and the result is not larger than the field.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tauraro_engine::http::link;
use tauraro_fuzz::Input;

fuzz_target!(|data: &[u8]| {
    let Some(text) = Input::new(data).text() else { return };
    let links = link::parse(text);
    assert!(links.len() <= text.len());
    let size: usize = links.iter().flatten().map(|(name, value)| name.len() + value.len()).sum();
    assert!(size <= text.len() + 3 * links.len(), "{links:?}");
    for link in &links {
        assert!(link.first().is_some_and(|(name, _)| name == "url"), "{link:?}");
    }
});
