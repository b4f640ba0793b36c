//! Is it the clock of this machine? What the whole chain, the public logs and the server's own date say.

use std::sync::Arc;

use super::{Case, Finding, Severity, Subject, Who, rule};
use crate::cert::{Certificate, ExtensionValue};
use crate::chain::Node;
use crate::judge::Verdict;
use crate::moment::{DAY, Moment, span};

/// Clocks that differ by less than this are said to agree.
const TOLERATED: i64 = 5 * 60;

/// Everything on the path lies on the same wrong side of its dates, or a public log signed a time that is
/// still to come: rather the clock than the CA.
pub(super) fn from_chain(case: &Case<'_>, verdict: &Verdict) -> Option<Finding> {
    if case.at_given {
        return None;
    }
    let certificates: Vec<&Arc<Certificate>> = verdict
        .path
        .iter()
        .filter_map(|&n| case.chain.certificate(n))
        .collect();
    let logged = certificates.first().and_then(|leaf| logged_at(leaf));
    let logged = logged.filter(|at| case.at.until(*at) > TOLERATED);
    let complete = certificates.len() == verdict.path.len() && certificates.len() > 1;
    let not_yet = |c: &&Arc<Certificate>| c.not_before.is_some_and(|t| case.at < t);
    let sent = verdict
        .path
        .iter()
        .filter(|&&n| case.chain.node(n).is_some_and(Node::is_sent));
    let sent_in_future = sent
        .filter_map(|&n| case.chain.certificate(n))
        .all(|c| not_yet(&c));
    let begins_soon = certificates
        .first()?
        .not_before
        .is_some_and(|t| case.at.until(t) < 2 * DAY);
    let future = (sent_in_future && begins_soon) || (complete && certificates.iter().all(not_yet));
    let past = complete
        && certificates
            .iter()
            .all(|c| c.not_after.is_some_and(|t| case.at > t));
    let summary = match (future, past, logged) {
        (_, _, Some(_)) => "A public log has signed a time that this machine says is still to come: its clock is behind.".to_owned(),
        (true, ..) => "Every certificate of the chain is not valid yet: the clock of this machine may be wrong.".to_owned(),
        (_, true, _) => "Every certificate of the chain is expired: the clock of this machine may be wrong.".to_owned(),
        (false, false, None) => return None,
    };
    let window = window(&certificates);
    Some(set(Finding::new(
        &rule::CLOCK_SUSPECT,
        Subject::Machine,
        summary,
    )
    .severity(Severity::Error)
    .saw("this machine says", case.at.long())
    .saw_some("logged at", logged.map(Moment::long))
    .saw_some(
        "all of the chain is valid",
        window.map(|(from, to)| format!("from {} to {}", from.long(), to.long())),
    )))
}

/// A plain-HTTP answer (of the server, or of what stands before it) tells the time.
pub(super) fn from_server(case: &Case<'_>) -> Option<Finding> {
    if case.at_given {
        return None;
    }
    let theirs = date_in(&case.capture.first_bytes)?;
    let apart = theirs.until(case.at);
    if apart.abs() <= TOLERATED {
        return None;
    }
    let side = if apart > 0 { "ahead of" } else { "behind" };
    Some(set(Finding::new(
        &rule::CLOCK_SUSPECT,
        Subject::Machine,
        format!(
            "This machine's clock is {} {side} the server's: one of them is wrong.",
            span(apart)
        ),
    )
    .saw("this machine says", case.at.long())
    .saw("the server says", theirs.long())))
}

fn set(finding: Finding) -> Finding {
    finding.fix_by(
        Who::You,
        "Check the clock and set it; virtual machines and WSL lose time when they sleep.",
        "date -u",
    )
}

/// The latest moment at which a log promised to publish the certificate; it had seen it then.
fn logged_at(leaf: &Certificate) -> Option<Moment> {
    leaf.extensions
        .iter()
        .filter_map(|e| match &e.value {
            ExtensionValue::SignedCertificateTimestamps(list) => Some(list),
            _ => None,
        })
        .flatten()
        .map(|sct| sct.at)
        .max()
}

/// When all of them are valid; `None` when that is never, or not known.
fn window(certificates: &[&Arc<Certificate>]) -> Option<(Moment, Moment)> {
    let mut from = None;
    let mut to = None;
    for certificate in certificates {
        let (begins, ends) = (certificate.not_before?, certificate.not_after?);
        from = Some(from.map_or(begins, |f: Moment| f.max(begins)));
        to = Some(to.map_or(ends, |t: Moment| t.min(ends)));
    }
    Some((from?, to?)).filter(|(from, to)| from <= to)
}

/// The `Date` of an HTTP answer (RFC 9110, section 5.6.7, in its preferred form).
fn date_in(bytes: &[u8]) -> Option<Moment> {
    if !bytes.starts_with(b"HTTP/") {
        return None;
    }
    let text = String::from_utf8_lossy(bytes);
    let value = text
        .lines()
        .skip(1)
        .take_while(|line| !line.is_empty())
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("date").then_some(value.trim())
        })?;
    // Tue, 24 Nov 2026 05:08:43 GMT
    let mut words = value
        .strip_suffix("GMT")?
        .split([' ', ','])
        .filter(|w| !w.is_empty());
    let (_, day, month, year, time) = (
        words.next()?,
        words.next()?,
        words.next()?,
        words.next()?,
        words.next()?,
    );
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = MONTHS.iter().position(|m| m.eq_ignore_ascii_case(month))? + 1;
    let (day, year): (u8, u16) = (day.parse().ok()?, year.parse().ok()?);
    let typed = format!("{year:04}-{month:02}-{day:02}T{time}Z");
    // An absolute time: the moment that distances count from is not used.
    Moment::parse(&typed, Moment::from_unix(0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_an_answer_is_read() {
        let answer = b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\ndate: Tue, 24 Nov 2026 05:08:43 GMT\r\n\r\nDate: x";
        assert_eq!(
            date_in(answer).map(Moment::rfc3339).as_deref(),
            Some("2026-11-24T05:08:43Z")
        );
        for none in [
            &b"HTTP/1.1 200 OK\r\n\r\nDate: Tue, 24 Nov 2026 05:08:43 GMT"[..],
            b"HTTP/1.1 200 OK\r\nDate: yesterday GMT\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nDate: Tue, 99 Nov 2026 05:08:43 GMT\r\n\r\n",
            b"SSH-2.0\r\nDate: Tue, 24 Nov 2026 05:08:43 GMT",
        ] {
            assert_eq!(date_in(none), None, "{:?}", String::from_utf8_lossy(none));
        }
    }
}
