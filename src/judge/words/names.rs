//! Names and times in the notations of the programs that print them.

use crate::cert::{Certificate, GeneralName, Name};
use crate::moment::Moment;
use crate::target::Host;

/// The host as clients print it: A-labels, addresses without brackets.
pub fn host(host: &Host) -> String {
    match host {
        Host::Name { ascii, .. } => ascii.clone(),
        Host::Ip(ip) => ip.to_string(),
    }
}

/// DNS names of the certificate, in order.
pub fn dns_names(certificate: &Certificate) -> Vec<String> {
    certificate
        .subject_alt_names()
        .iter()
        .filter_map(|name| match name {
            GeneralName::Dns(name) => Some(name.raw().to_owned()),
            _ => None,
        })
        .collect()
}

/// Addresses of the certificate, in order.
pub fn addresses(certificate: &Certificate) -> Vec<String> {
    certificate
        .subject_alt_names()
        .iter()
        .filter_map(|name| match name {
            GeneralName::Ip(ip) => Some(ip.to_string()),
            _ => None,
        })
        .collect()
}

/// The certificate has a subjectAltName extension.
pub fn has_alt_names(certificate: &Certificate) -> bool {
    certificate
        .extensions
        .iter()
        .any(|e| e.oid.as_str() == "2.5.29.17")
}

/// The last common name, as OpenSSL and GnuTLS take it.
pub fn common_name(certificate: &Certificate) -> String {
    let mut names = certificate.subject.common_names();
    names.next().map(|n| n.raw().to_owned()).unwrap_or_default()
}

/// Python's `repr` of a string: single quotes, unless only double ones avoid escaping.
pub fn python_repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

/// `ssl.SSLSocket.getpeercert()` as Python prints it.
pub fn python_certificate(certificate: &Certificate) -> String {
    let mut out = format!(
        "{{'subject': {}, 'issuer': {}, 'version': {}, 'serialNumber': '{}', 'notBefore': '{}', 'notAfter': '{}'",
        python_name(&certificate.subject),
        python_name(&certificate.issuer),
        certificate.version.unwrap_or(3),
        crate::text::hex(&certificate.serial).to_uppercase(),
        certificate.not_before.map(python_time).unwrap_or_default(),
        certificate.not_after.map(python_time).unwrap_or_default(),
    );
    let names: Vec<String> = certificate
        .subject_alt_names()
        .iter()
        .filter_map(|name| match name {
            GeneralName::Dns(name) => Some(format!("('DNS', {})", python_repr(name.raw()))),
            GeneralName::Ip(ip) => Some(format!("('IP Address', '{ip}')")),
            _ => None,
        })
        .collect();
    if !names.is_empty() {
        out.push_str(", 'subjectAltName': ");
        out.push_str(&tuple(&names));
    }
    out.push('}');
    out
}

fn python_name(name: &Name) -> String {
    let rdns: Vec<String> = name
        .rdns
        .iter()
        .map(|rdn| {
            let pairs: Vec<String> = rdn
                .iter()
                .map(|a| {
                    format!(
                        "('{}', {})",
                        long_name(a.oid.as_str()),
                        python_repr(a.value.raw())
                    )
                })
                .collect();
            tuple(&pairs)
        })
        .collect();
    tuple(&rdns)
}

fn tuple(items: &[String]) -> String {
    match items {
        [one] => format!("({one},)"),
        many => format!("({})", many.join(", ")),
    }
}

fn long_name(oid: &str) -> String {
    match oid {
        "2.5.4.3" => "commonName",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "countryName",
        "2.5.4.7" => "localityName",
        "2.5.4.8" => "stateOrProvinceName",
        "2.5.4.9" => "streetAddress",
        "2.5.4.10" => "organizationName",
        "2.5.4.11" => "organizationalUnitName",
        "1.2.840.113549.1.9.1" => "emailAddress",
        "0.9.2342.19200300.100.1.25" => "domainComponent",
        other => return other.to_owned(),
    }
    .to_owned()
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

fn month(moment: Moment) -> &'static str {
    let number = usize::from(u8::from(moment.calendar().month()));
    MONTHS.get(number.wrapping_sub(1)).copied().unwrap_or("???")
}

/// `Nov 23 16:10:00 2026 GMT`.
fn python_time(moment: Moment) -> String {
    let t = moment.calendar();
    format!(
        "{} {:>2} {:02}:{:02}:{:02} {} GMT",
        month(moment),
        t.day(),
        t.hour(),
        t.minute(),
        t.second(),
        t.year()
    )
}

/// `Mon Nov 23 16:10:00 UTC 2026`.
pub fn java_time(moment: Moment) -> String {
    let t = moment.calendar();
    let day = t.weekday().to_string();
    format!(
        "{} {} {:02} {:02}:{:02}:{:02} UTC {}",
        day.get(..3).unwrap_or(&day),
        month(moment),
        t.day(),
        t.hour(),
        t.minute(),
        t.second(),
        t.year()
    )
}

/// A name as Java prints it: `CN=Root, O=Lab`, the last RDN first.
pub fn java_name(name: &Name) -> String {
    name.rfc4514()
        .split(',')
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_quotes() {
        assert_eq!(python_repr("a"), "'a'");
        assert_eq!(python_repr("it's"), "\"it's\"");
        assert_eq!(python_repr("'\""), "'\\'\"'");
    }

    #[test]
    fn times() {
        let now = Moment::parse("2026-11-03T06:01:09Z", Moment::now()).unwrap();
        assert_eq!(python_time(now), "Nov  3 06:01:09 2026 GMT");
        assert_eq!(java_time(now), "Tue Nov 03 06:01:09 UTC 2026");
    }
}
