//! Times in a certificate: UTCTime and GeneralizedTime (RFC 5280, section 4.1.2.5).

use super::Certificate;
use super::asn1::{Element, GENERALIZED_TIME, UTC_TIME};
use crate::moment::Moment;

/// A way to write a time that RFC 5280 does not allow, and that some verifiers read all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeForm {
    /// Up to the minute only.
    NoSeconds,
    /// With a fraction of a second.
    Fraction,
    /// With an offset from UTC.
    NotUtc,
    /// Not to be read at all.
    Unreadable,
}

impl TimeForm {
    /// The words of its [`Defect`](super::Defect).
    pub fn words(self) -> &'static str {
        match self {
            Self::NoSeconds => "The time has no seconds.",
            Self::Fraction => "The time has a fraction of a second, which is not allowed.",
            Self::NotUtc => "The time is not in UTC, as it must be.",
            Self::Unreadable => "The time could not be read.",
        }
    }
}

/// The moment that this says, as far as it has one meaning; what is against the rules becomes a defect.
pub(super) fn read(
    out: &mut Certificate,
    field: &'static str,
    element: &Element<'_>,
) -> Option<Moment> {
    let text = element.content;
    let (year, rest) = match element.tag {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            // 50 to 99 are of the last century.
            let year = number(year).map(|year| if year >= 50 { 1900 + year } else { 2000 + year });
            (year, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (number(year), rest)
        }
        _ => {
            out.defect(field, "It is no time.");
            return None;
        }
    };
    let part = |at: usize| rest.get(at..at + 2).and_then(number);
    let (second, zone) = match rest.get(8..) {
        Some(b"Z") => (Some(0), &b"Z"[..]),
        tail => (
            part(8),
            tail.and_then(|tail| tail.get(2..)).unwrap_or_default(),
        ),
    };
    let numbers = [year, part(0), part(2), part(4), part(6), second];
    let Some(moment) = moment(numbers) else {
        out.defect(field, TimeForm::Unreadable.words());
        return None;
    };
    if rest.len() == 9 {
        out.defect(field, TimeForm::NoSeconds.words());
    }
    let zone = match zone {
        [b'.', fraction @ ..] if element.tag == GENERALIZED_TIME => {
            out.defect(field, TimeForm::Fraction.words());
            let digits = fraction.iter().take_while(|d| d.is_ascii_digit()).count();
            fraction.get(digits..).unwrap_or_default()
        }
        zone => zone,
    };
    let offset = match zone {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), digits @ ..] if digits.len() == 4 => {
            out.defect(field, TimeForm::NotUtc.words());
            let hours = digits.get(..2).and_then(number)?;
            let minutes = digits.get(2..).and_then(number)?;
            let seconds = (hours * 60 + minutes) * 60;
            if *sign == b'+' { seconds } else { -seconds }
        }
        _ => {
            out.defect(field, TimeForm::Unreadable.words());
            return None;
        }
    };
    if (element.tag == GENERALIZED_TIME) == year.is_some_and(|y| (1950..2050).contains(&y)) {
        out.defect(field, "The time has the wrong type for its year.");
    }
    Some(moment.plus(-offset))
}

/// GeneralizedTime in the one form that DER and RFC 5280 allow: `20260131235959Z`.
pub(super) fn generalized(content: &[u8]) -> Option<Moment> {
    let (digits, b"Z") = content.split_at_checked(14)? else {
        return None;
    };
    let part = |at: usize, length: usize| digits.get(at..at + length).and_then(number);
    moment([
        part(0, 4),
        part(4, 2),
        part(6, 2),
        part(8, 2),
        part(10, 2),
        part(12, 2),
    ])
}

/// The moment of year, month, day, hour, minute and second, if there is one.
fn moment(numbers: [Option<i64>; 6]) -> Option<Moment> {
    let [
        Some(year),
        Some(month),
        Some(day),
        Some(hour),
        Some(minute),
        Some(second),
    ] = numbers
    else {
        return None;
    };
    let sane = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour <= 23
        && minute <= 59
        && second <= 60;
    let days = days_from_epoch(year, month, day);
    sane.then(|| Moment::from_unix(days * 86_400 + hour * 3_600 + minute * 60 + second))
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |n, d| {
        d.is_ascii_digit().then(|| n * 10 + i64::from(d - b'0'))
    })
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date in the Gregorian calendar; years begin in March here, so that the
/// leap day is the last.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_the_epoch() {
        assert_eq!(days_from_epoch(1970, 1, 1), 0);
        assert_eq!(days_from_epoch(2000, 3, 1), 11_017);
        assert_eq!(days_from_epoch(9999, 12, 31), 2_932_896);
        assert_eq!(days_from_epoch(0, 1, 1), -719_528);
    }
}
