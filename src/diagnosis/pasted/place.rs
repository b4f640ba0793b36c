//! The server that a text names: in a URL, or in one of the shapes that programs use.

use std::net::IpAddr;

use super::pattern::Prepared;
use super::table;
use crate::target::{Host, Target};

/// A server named in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What stood before `://`, when it was a URL of a scheme that targets know.
    pub scheme: Option<String>,
    /// The host.
    pub host: Host,
    /// The port, when it was named.
    pub port: Option<u16>,
}

impl Place {
    /// What to type to inspect it: `https://api.internal:8443`, `[::1]:8443`.
    pub fn typed(&self) -> String {
        let mut out = match &self.scheme {
            Some(scheme) => format!("{scheme}://"),
            None => String::new(),
        };
        match &self.host {
            Host::Name { ascii, .. } => out.push_str(ascii),
            Host::Ip(IpAddr::V6(address)) => out.push_str(&format!("[{address}]")),
            Host::Ip(address) => out.push_str(&address.to_string()),
        }
        if let Some(port) = self.port {
            out.push_str(&format!(":{port}"));
        }
        out
    }
}

/// Every server that the text names, at most `most`; what was found in several places is one. When a name
/// is there, the addresses that it led to are left out.
pub(super) fn places(text: &Prepared, most: usize) -> Vec<Place> {
    let text = text.text();
    let mut found: Vec<Place> = Vec::new();
    let shapes = table::table().shapes.iter();
    let urls = urls(text);
    for place in urls.into_iter().chain(shapes.flat_map(|s| s.find(text))) {
        let again = found.contains(&place);
        match found.iter_mut().find(|f| f.host == place.host) {
            Some(known)
                if known.port.is_none() || place.port.is_none() || known.port == place.port =>
            {
                known.port = known.port.or(place.port);
                known.scheme = known.scheme.take().or(place.scheme);
            }
            _ if again => {}
            _ => found.push(place),
        }
    }
    let named = found.iter().any(|p| matches!(p.host, Host::Name { .. }));
    if named {
        found.retain(|p| matches!(p.host, Host::Name { .. }));
    }
    found.truncate(most);
    found
}

/// At most so many URLs are looked at.
const MOST_URLS: usize = 1_000;
/// So much of a URL is looked at, in bytes.
const LONGEST_URL: usize = 400;

/// The servers of URLs, without proxies and pages of documentation.
fn urls(text: &str) -> Vec<Place> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("://").take(MOST_URLS) {
        let before = text.get(..at).unwrap_or("");
        let scheme_at = before
            .rfind(|c: char| !c.is_ascii_alphanumeric() && c != '+')
            .map_or(0, |i| {
                i + before
                    .get(i..)
                    .and_then(|s| s.chars().next())
                    .map_or(1, char::len_utf8)
            });
        let scheme = before.get(scheme_at..).unwrap_or("");
        let lead = before.get(..scheme_at).unwrap_or("");
        let lead = lead.trim_end_matches([' ', '=', ':', '\'', '(']);
        if lead.ends_with("proxy") || lead.ends_with("jdbc:") && scheme.is_empty() {
            continue;
        }
        let until = text.floor_char_boundary((at + 3 + LONGEST_URL).min(text.len()));
        let rest = text.get(at + 3..until).unwrap_or("");
        let rest = rest
            .split([
                ' ', '\'', '<', '>', '|', '{', '}', ')', '(', ',', ';', '\\', '^',
            ])
            .next()
            .unwrap_or("");
        if is_documentation(rest) {
            continue;
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
        let authority = authority.rsplit('@').next().unwrap_or("");
        if let Some(place) = place(Some(scheme), authority) {
            found.push(place);
        }
    }
    found
}

fn is_documentation(rest: &str) -> bool {
    let rest = rest.trim_start_matches("www.");
    table::table().never.iter().any(|never| {
        let never = never.trim_start_matches("www.");
        rest.strip_prefix(never).is_some_and(|more| {
            !more.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.')
        })
    })
}

/// `host`, `host:port`, `[v6]:port`; a scheme that targets do not know is dropped.
fn place(scheme: Option<&str>, authority: &str) -> Option<Place> {
    let authority = authority.trim_end_matches(['.', ':', ']']);
    let authority = match authority.strip_prefix('[') {
        Some(inner) if !inner.contains(']') => format!("[{inner}]"),
        _ => authority.to_owned(),
    };
    if authority.is_empty() || authority.starts_with('-') || authority.contains("..") {
        return None;
    }
    let known = scheme.filter(|s| !s.is_empty()).and_then(|scheme| {
        let target = Target::parse(&format!("{scheme}://{authority}")).ok()?;
        Some((Some(scheme.to_owned()), target))
    });
    let (scheme, target) = match known {
        Some(known) => known,
        None => (None, Target::parse(&format!("tls://{authority}")).ok()?),
    };
    let port = Target::names_port(&authority);
    let endpoint = target.endpoint()?;
    Some(Place {
        scheme,
        host: endpoint.host.clone(),
        port: port.then_some(endpoint.port),
    })
}

/// A way in which programs name a server: `host='{H}', port={P}`.
#[derive(Debug)]
pub(super) struct Shape(Vec<Piece>);

#[derive(Debug, PartialEq)]
enum Piece {
    Text(String),
    Host,
    Port,
    Any,
}

/// The longest text that `{*}` stands for.
const ANY: usize = 400;

impl Shape {
    /// A shape as the table writes it.
    pub fn new(written: &str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = written;
        while !rest.is_empty() {
            let mark = [
                ("{H}", Piece::Host),
                ("{P}", Piece::Port),
                ("{*}", Piece::Any),
            ]
            .into_iter()
            .filter_map(|(mark, piece)| Some((rest.find(mark)?, piece)))
            .min_by_key(|(at, _)| *at);
            let Some((at, piece)) = mark else {
                pieces.push(Piece::Text(rest.to_owned()));
                break;
            };
            if at > 0 {
                pieces.push(Piece::Text(rest.get(..at).unwrap_or("").to_owned()));
            }
            pieces.push(piece);
            rest = rest.get(at + 3..).unwrap_or("");
        }
        Self(pieces)
    }

    fn find<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Place> + 't {
        let first = match self.0.first() {
            Some(Piece::Text(first)) => first.as_str(),
            _ => "\u{0}",
        };
        text.match_indices(first).filter_map(move |(at, _)| {
            let before = text.get(..at).unwrap_or("");
            let joined = first.starts_with(|c: char| c.is_ascii_alphanumeric())
                && before.ends_with(|c: char| c.is_ascii_alphanumeric());
            if joined
                || before
                    .trim_end_matches([' ', ':'])
                    .ends_with("proxyconnect tcp")
            {
                return None;
            }
            self.at(text.get(at..)?)
        })
    }

    fn at(&self, mut rest: &str) -> Option<Place> {
        let (mut host, mut port) = (None, None);
        let mut pieces = self.0.iter().peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Text(text) => rest = rest.strip_prefix(text.as_str())?,
                Piece::Any => {
                    let Some(Piece::Text(next)) = pieces.next() else {
                        return None;
                    };
                    let window = rest.get(..rest.floor_char_boundary(ANY.min(rest.len())))?;
                    let at = window.find(next.as_str())?;
                    rest = rest.get(at + next.len()..)?;
                }
                Piece::Host => {
                    let end = host_end(rest);
                    host = Some(rest.get(..end)?);
                    rest = rest.get(end..)?;
                    // A dot that ends the sentence, or the name, is no part of it; but a text may follow it.
                    if let (Some(Piece::Text(next)), Some(name)) = (pieces.peek(), host)
                        && next.starts_with('.')
                        && let Some(bare) = name.strip_suffix('.')
                    {
                        host = Some(bare);
                        rest = rest.strip_prefix(next.strip_prefix('.')?)?;
                        pieces.next();
                    }
                }
                Piece::Port => {
                    let end = rest
                        .find(|c: char| !c.is_ascii_digit())
                        .unwrap_or(rest.len());
                    port = Some(rest.get(..end)?.parse::<u16>().ok().filter(|p| *p > 0)?);
                    rest = rest.get(end..)?;
                }
            }
        }
        let host = host?;
        let bare = host.parse::<std::net::Ipv6Addr>().is_ok();
        let authority = if bare {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        let mut place = place(None, &authority)?;
        place.port = port.or(place.port);
        Some(place)
    }
}

/// Where a host ends: letters, digits, dots, dashes and underscores, or an address in brackets, or a bare
/// IPv6 address.
fn host_end(text: &str) -> usize {
    if text.starts_with('[') {
        return text.find(']').map_or(0, |at| at + 1);
    }
    let address = text
        .find(|c: char| !c.is_ascii_hexdigit() && c != ':' && c != '.')
        .unwrap_or(text.len());
    if text
        .get(..address)
        .is_some_and(|a| a.parse::<std::net::Ipv6Addr>().is_ok())
    {
        return address;
    }
    text.find(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '-' | '_'))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Vec<String> {
        places(&Prepared::of(text), 8)
            .iter()
            .map(Place::typed)
            .collect()
    }

    #[test]
    fn every_program_names_its_server() {
        for (text, expected) in [
            (
                "HTTPSConnectionPool(host='api.internal', port=8443): Max retries",
                "api.internal:8443",
            ),
            (
                "Cannot connect to host api.internal:8443 ssl:True [SSLCert",
                "api.internal:8443",
            ),
            (
                "curl: (7) Failed to connect to api.internal port 8443 after 2 ms",
                "api.internal:8443",
            ),
            (
                "curl: (6) Could not resolve host: api.internal",
                "api.internal",
            ),
            ("connect ECONNREFUSED 127.0.0.1:8443", "127.0.0.1:8443"),
            ("getaddrinfo ENOTFOUND api.internal", "api.internal"),
            (
                "dial tcp: lookup api.internal on 10.0.0.53:53: no such host",
                "api.internal",
            ),
            (
                "dial tcp [::1]:8443: connect: connection refused",
                "[::1]:8443",
            ),
            (
                "SSL_connect returned=1 errno=0 peeraddr=10.1.2.3:8443 state=error",
                "10.1.2.3:8443",
            ),
            (
                "connection to server at \"db.internal\" (10.1.2.3), port 5432 failed",
                "db.internal:5432",
            ),
            (
                "certificate is not valid for 'api.internal'. (_ssl.c:1006)",
                "api.internal",
            ),
            (
                "x509: certificate is valid for a.test, b.test, not api.internal",
                "api.internal",
            ),
            (
                "Hostname/IP does not match certificate's altnames: Host: api.internal. is not in the cert's altnames: DNS:a.test",
                "api.internal",
            ),
            (
                "ERROR: The certificate of ‘api.internal’ is not trusted.",
                "api.internal",
            ),
            (
                "fatal: unable to access 'https://api.internal:8443/repo.git/': server",
                "https://api.internal:8443",
            ),
            ("Get \"https://[::1]:6443/api\": x509", "https://[::1]:6443"),
            (
                "invalid peer certificate: certificate not valid for name \"api.internal\"; cert",
                "api.internal",
            ),
            (
                "certificate not valid for name “bücher.example”",
                "xn--bcher-kva.example",
            ),
        ] {
            assert_eq!(typed(text), [expected], "{text}");
        }
    }

    #[test]
    fn passwords_documentation_and_proxies_are_no_servers() {
        assert_eq!(
            typed("https://me:hunter2@api.internal:8443/x?token=abc"),
            ["https://api.internal:8443"]
        );
        assert!(typed("More details here: https://curl.se/docs/sslcerts.html").is_empty());
        assert!(typed("see https://urllib3.readthedocs.io/en/latest/x.html#y").is_empty());
        assert!(typed("HTTPS_PROXY=http://proxy.corp:3128").is_empty());
        assert!(typed("proxyconnect tcp: dial tcp 10.0.0.1:3128: connect").is_empty());
        assert!(typed("https:// {HOST} https://… host=''").is_empty());
        assert_eq!(
            typed("https://curl.se.evil.test/docs"),
            ["https://curl.se.evil.test"]
        );
    }

    #[test]
    fn one_server_in_many_places_is_one() {
        let text = "Get \"https://api.internal:8443/v2/\": dial tcp 10.1.2.3:8443: x509: certificate is valid for \
            a.test, not api.internal";
        assert_eq!(typed(text), ["https://api.internal:8443"]);
        let text = "https://a.test/x and https://b.test/y";
        assert_eq!(typed(text), ["https://a.test", "https://b.test"]);
    }
}
