//! The dates of `Expires` in all their spellings (RFC 6265 section 5.1.1).

use time::{Date, Month, Time, UtcDateTime};

/// Seconds since the epoch; `None` for text that is not a date.
pub(super) fn parse(text: &str) -> Option<i64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(is_delimiter).filter(|token| !token.is_empty()) {
        if time.is_none() && read_time(token).is_some() {
            time = read_time(token);
        } else if day.is_none() && read_number(token, 1..=2).is_some() {
            day = read_number(token, 1..=2);
        } else if month.is_none() && read_month(token).is_some() {
            month = read_month(token);
        } else if year.is_none() && read_number(token, 2..=4).is_some() {
            year = read_number(token, 2..=4);
        }
    }
    let year = match year? {
        year @ 70..=99 => year + 1900,
        year @ 0..=69 => year + 2000,
        year => year,
    };
    if year < 1601 {
        return None;
    }
    let date = Date::from_calendar_date(i32::from(year), month?, u8::try_from(day?).ok()?).ok()?;
    Some(UtcDateTime::new(date, time?).unix_timestamp())
}

fn is_delimiter(c: char) -> bool {
    matches!(c, '\t' | ' '..='/' | ';'..='@' | '['..='`' | '{'..='~')
}

/// `h:m:s`, each of one or two digits; what follows the last is not looked at.
fn read_time(token: &str) -> Option<Time> {
    let mut fields = token.splitn(3, ':').map(|field| read_number(field, 1..=2));
    let mut next = || fields.next().flatten().and_then(|number| u8::try_from(number).ok());
    let (hour, minute, second) = (next()?, next()?, next()?);
    Time::from_hms(hour, minute, second).ok()
}

fn read_month(token: &str) -> Option<Month> {
    const NAMES: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let name = token.get(..3)?.to_ascii_lowercase();
    let at = NAMES.iter().position(|known| *known == name)?;
    Month::try_from(u8::try_from(at + 1).ok()?).ok()
}

/// The leading digits, when there are as many as `lengths` says.
fn read_number(token: &str, lengths: std::ops::RangeInclusive<usize>) -> Option<u16> {
    let digits = token.find(|c: char| !c.is_ascii_digit()).unwrap_or(token.len());
    if lengths.contains(&digits) { token.get(..digits)?.parse().ok() } else { None }
}
