//! Dates and times (§4.1.6.11, §6.1.6.11): ISO 8601 as XML Schema has it.

use jiff::{SignedDuration, civil::DateTime, fmt::temporal::DateTimeParser};

use super::{ErrorKind, number};

const EXPECTED: &str = "a time such as 2001-01-01T10:00:00+10:00";

/// The seconds of a time. One without a time zone is in UTC; fractions are left out (§4.1.6.11: "truncated").
pub(crate) fn seconds(text: &str) -> Result<i64, ErrorKind> {
    if let Some(number) = number::hexadecimal64(text) {
        return number.map(u64::cast_signed).ok_or_else(|| ErrorKind::value(EXPECTED, text));
    }
    parse(text).map(|(seconds, _)| seconds).ok_or_else(|| ErrorKind::value(EXPECTED, text))
}

/// The microseconds of a time, of a number, or of a number in hexadecimal.
pub(crate) fn microseconds(text: &str) -> Result<i64, ErrorKind> {
    let wrong = || ErrorKind::value("a number of microseconds", text);
    if let Some(number) = number::hexadecimal64(text) {
        return number.map(u64::cast_signed).ok_or_else(wrong);
    }
    if let Ok(number) = text.parse() {
        return Ok(number);
    }
    let whole = |(seconds, micros): (i64, i64)| seconds.checked_mul(1_000_000)?.checked_add(micros);
    parse(text).and_then(whole).ok_or_else(wrong)
}

/// The seconds since 1970, and the microseconds behind them.
fn parse(text: &str) -> Option<(i64, i64)> {
    // A date alone, or with what belongs to other standards behind it, is not what XML Schema has.
    if !text.get(8..)?.contains('T') || text.contains('[') {
        return None;
    }
    let pieces = DateTimeParser::new().parse_pieces(text).ok()?;
    let time = pieces.time()?;
    let micros = i64::from(time.subsec_nanosecond() / 1000);
    let whole = pieces.date().to_datetime(time.with().subsec_nanosecond(0).build().ok()?);
    let offset = pieces.to_numeric_offset().map_or(0, |offset| i64::from(offset.seconds()));
    Some((whole.duration_since(EPOCH).as_secs() - offset, micros))
}

/// Writes a time; in hexadecimal one outside the years 1 to 9999, which have the four digits.
pub(crate) fn write(seconds: i64) -> String {
    match EPOCH.checked_add(SignedDuration::from_secs(seconds)) {
        Ok(time) if time.year() > 0 => time.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string(),
        // XML Schema 1.0 has no year 0.
        _ => format!("{seconds:#018x}"),
    }
}

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, expected) in [
            ("2001-01-01T10:00:00+10:00", 978_307_200),
            ("2001-01-01T10:00:00+00:00", 978_343_200),
            ("2001-01-01T10:00:00Z", 978_343_200),
            ("2001-01-01T10:00:00", 978_343_200),
            ("2001-01-01T10:00:00.999999999-01:30", 978_348_600),
            // The fraction is left out, not rounded, before 1970 as well.
            ("1969-12-31T23:59:58.5Z", -2),
            ("0x000000003a505520", 978_343_200),
            ("0xffffffffffffffff", -1),
            ("0001-01-01T00:00:00Z", -62_135_596_800),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            "2001-01-01",
            "10:00:00",
            "2001-13-01T10:00:00Z",
            "978343200",
            "0xxyz",
            "2001-01-01T10:00:00Z[UTC]",
        ] {
            assert!(seconds(text).is_err(), "{text}");
        }
        assert_eq!(microseconds("2001-01-01T10:00:00.000123Z"), Ok(978_343_200_000_123));
        assert_eq!(microseconds("978343200000123"), Ok(978_343_200_000_123));
        assert_eq!(microseconds("-1"), Ok(-1));
    }

    #[test]
    fn times_are_written_so_that_they_are_read_the_same() {
        for time in [
            0,
            -1,
            978_343_200,
            -62_135_596_800,
            -62_135_596_801,
            253_402_300_799,
            253_402_300_800,
            i64::MIN,
            i64::MAX,
        ] {
            assert_eq!(seconds(&write(time)), Ok(time), "{}", write(time));
        }
        assert_eq!(write(978_343_200), "2001-01-01T10:00:00+00:00");
        assert_eq!(write(253_402_300_800), "0x0000003afff44180");
    }
}
