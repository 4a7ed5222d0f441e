//! URLs: a parsed URL, alone or joined with another, parses again to the same parts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tauraro_engine::Url;
use tauraro_fuzz::Input;

fn check(url: &Url) {
    assert!(url.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "{url:?}");
    let first_segment = url.raw_path_only().split('/').next().unwrap_or_default();
    let is_relative = url.scheme().is_empty() && url.netloc().is_empty();
    // As in httpx, two kinds of path read as something else the next time: `//`, and in a relative URL a colon.
    if url.netloc().is_empty() && url.raw_path_only().starts_with("//")
        || is_relative && first_segment.contains(':')
    {
        return;
    }
    let again = Url::parse(url.as_str()).unwrap_or_else(|error| panic!("{url:?}: {error}"));
    // As in httpx, hosts are lowered before they are encoded: a second reading lowers what the first one encoded.
    assert!(again.as_str().eq_ignore_ascii_case(url.as_str()), "{again:?} is not {url:?}");
    assert!(again.host().eq_ignore_ascii_case(&url.host()), "{again:?} is not {url:?}");
    let parts = |url: &Url| {
        let decoded =
            [url.username(), url.password(), url.path(), url.fragment()].map(std::borrow::Cow::into_owned);
        (decoded, url.port(), url.query().map(str::to_owned), url.scheme().to_owned())
    };
    assert_eq!(parts(&again), parts(url));
    assert!(url.password().is_empty() || url.redacted().contains(":[secure]@"), "{url:?}");
}

fuzz_target!(|data: &[u8]| {
    let Some(text) = Input::new(data).text() else { return };
    let (base, reference) = text.split_once('\n').unwrap_or(("http://example.com/a/b?c#d", text));
    if let Ok(url) = Url::parse(reference) {
        check(&url);
    }
    let Ok(base) = Url::parse(base) else { return };
    check(&base);
    if let Ok(joined) = base.join(reference) {
        check(&joined);
    }
});
