//! The `Date` field (RFC 9110 section 6.6.1).

const DAYS: [&[u8; 3]; 7] = [b"Thu", b"Fri", b"Sat", b"Sun", b"Mon", b"Tue", b"Wed"];
const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// A time, in seconds since 1970, as `Sun, 06 Nov 1994 08:49:37 GMT`. Years after 9999 are written as 9999.
pub fn imf_fixdate(seconds: u64) -> [u8; 29] {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let mut out = *b"Thu, 01 Jan 1970 00:00:00 GMT";
    let index = |value: u64| usize::try_from(value).unwrap_or_default();
    put(&mut out, 0, DAYS.get(index(days % 7)).map_or(b"Thu", |name| *name));
    put(&mut out, 5, &two(day));
    put(&mut out, 8, MONTHS.get(index(month - 1)).map_or(b"Jan", |name| *name));
    put(&mut out, 12, &two(year.min(9999) / 100));
    put(&mut out, 14, &two(year.min(9999) % 100));
    put(&mut out, 17, &two(second / 3600));
    put(&mut out, 20, &two(second / 60 % 60));
    put(&mut out, 23, &two(second % 60));
    out
}

fn put(out: &mut [u8; 29], at: usize, text: &[u8]) {
    if let Some(place) = out.get_mut(at..at + text.len()) {
        place.copy_from_slice(text);
    }
}

fn two(value: u64) -> [u8; 2] {
    let digit = |value: u64| b'0' + u8::try_from(value % 10).unwrap_or_default();
    [digit(value / 10), digit(value)]
}

/// Year, month and day of a day since 1970, in the proleptic Gregorian calendar: years begin in March, so that the leap
/// day is the last of one.
fn civil(days: u64) -> (u64, u64, u64) {
    // Days since 0000-03-01.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}
