//! Points in time and the distance between them, in whole seconds of UTC.
//!
//! The clock is read in one function, [`Moment::now`], which only the outer rooms call; everything
//! that judges takes a `Moment` as an argument.

use std::fmt;

use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time, macros::format_description};

/// Seconds since 1970-01-01T00:00:00Z, negative before. Covers the years 0000 to 9999 of X.509.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Moment(i64);

/// One day, in seconds.
pub const DAY: i64 = 86_400;

/// 9999-12-31T23:59:59Z: RFC 5280, section 4.1.2.5, uses it for "no well-defined expiration date".
pub const NO_EXPIRY: Moment = Moment(253_402_300_799);

/// Why a time that was typed could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{typed}” is not a time")]
pub struct MomentError {
    /// What was typed, safe to display.
    pub typed: String,
}

impl Moment {
    /// From seconds since the epoch.
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since the epoch.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// The system clock. The one place that reads it.
    pub fn now() -> Self {
        match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => Self(i64::try_from(since.as_secs()).unwrap_or(i64::MAX)),
            Err(before) => Self(-i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX)),
        }
    }

    /// Reads what `--at` takes: RFC 3339 (`2027-01-31T12:00:00Z`), a date (`2027-01-31`, midnight
    /// UTC), `now`, or a distance from `now`: `+30d`, `-2h`, `+1y` (units s, m, h, d, w, y).
    ///
    /// # Errors
    /// When the text is none of these or leaves the years 0000 to 9999.
    pub fn parse(typed: &str, now: Moment) -> Result<Self, MomentError> {
        let fail = || MomentError {
            typed: crate::text::safe(typed).into_owned(),
        };
        let text = typed.trim();
        if text == "now" {
            return Ok(now);
        }
        if let Some(distance) = text.strip_prefix(['+', '-']) {
            let unit = distance.chars().last().ok_or_else(fail)?;
            let seconds = match unit {
                's' => 1,
                'm' => 60,
                'h' => 3_600,
                'd' => DAY,
                'w' => 7 * DAY,
                'y' => 365 * DAY,
                _ => return Err(fail()),
            };
            let number: i64 = distance[..distance.len() - 1].parse().map_err(|_| fail())?;
            let span = number.checked_mul(seconds).ok_or_else(fail)?;
            let span = if text.starts_with('-') { -span } else { span };
            let at = now.0.checked_add(span).ok_or_else(fail)?;
            return OffsetDateTime::from_unix_timestamp(at)
                .map(|_| Self(at))
                .map_err(|_| fail());
        }
        if let Ok(date) = Date::parse(text, format_description!("[year]-[month]-[day]")) {
            return Ok(Self(
                PrimitiveDateTime::new(date, Time::MIDNIGHT)
                    .assume_utc()
                    .unix_timestamp(),
            ));
        }
        OffsetDateTime::parse(text, &Rfc3339)
            .map(|t| Self(t.unix_timestamp()))
            .map_err(|_| fail())
    }

    /// RFC 3339 in UTC, such as `2026-11-24T05:08:43Z`. Years past 9999 are cut to 9999.
    pub fn rfc3339(self) -> String {
        self.calendar()
            .format(&Rfc3339)
            .unwrap_or_else(|_| self.0.to_string())
    }

    /// For people: `24 Nov 2026 05:08 UTC`; `never` for [`NO_EXPIRY`].
    pub fn long(self) -> String {
        if self == NO_EXPIRY {
            return "never".to_owned();
        }
        self.calendar()
            .format(format_description!(
                "[day padding:none] [month repr:short] [year] [hour]:[minute] UTC"
            ))
            .unwrap_or_else(|_| self.0.to_string())
    }

    /// The date alone: `24 Nov 2026`; `never` for [`NO_EXPIRY`].
    pub fn date(self) -> String {
        if self == NO_EXPIRY {
            return "never".to_owned();
        }
        self.calendar()
            .format(format_description!(
                "[day padding:none] [month repr:short] [year]"
            ))
            .unwrap_or_else(|_| self.0.to_string())
    }

    /// Date and time in parts, UTC; times outside the years 0000 to 9999 are cut to the nearest end.
    pub fn calendar(self) -> OffsetDateTime {
        const FIRST: i64 = -62_167_219_200;
        OffsetDateTime::from_unix_timestamp(self.0.clamp(FIRST, NO_EXPIRY.0))
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// Seconds from `self` until `later`; negative when `later` is earlier.
    pub const fn until(self, later: Moment) -> i64 {
        later.0.saturating_sub(self.0)
    }

    /// This moment moved by `seconds`.
    #[must_use]
    pub const fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// `in 41 days`, `3 hours ago`, `now`: where `self` lies as seen from `now`.
    pub fn relative(self, now: Moment) -> String {
        match now.until(self) {
            0 => "now".to_owned(),
            s if s > 0 => format!("in {}", span(s)),
            s => format!("{} ago", span(s)),
        }
    }
}

/// A length of time in its one largest sensible unit: `41 days`, `3 hours`, `2 years`.
pub fn span(seconds: i64) -> String {
    let s = seconds.unsigned_abs();
    let (n, unit) = match s {
        0..60 => (s, "second"),
        60..3_600 => (s / 60, "minute"),
        3_600..172_800 => (s / 3_600, "hour"),
        172_800..63_072_000 => (s / 86_400, "day"),
        _ => (s / 31_557_600, "year"),
    };
    crate::text::count(usize::try_from(n).unwrap_or(usize::MAX), unit)
}

/// [`span`] for narrow places: `41 d`, `3 h`, `12 y`.
pub fn span_short(seconds: i64) -> String {
    let s = seconds.unsigned_abs();
    match s {
        0..60 => format!("{s} s"),
        60..3_600 => format!("{} min", s / 60),
        3_600..172_800 => format!("{} h", s / 3_600),
        172_800..63_072_000 => format!("{} d", s / 86_400),
        _ => format!("{} y", s / 31_557_600),
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.rfc3339())
    }
}
