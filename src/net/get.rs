//! One bounded GET over plain HTTP, for what certificates say where their issuer is.
//!
//! The address comes from a stranger's certificate. So: http only, no login, no cookies, nothing sent but
//! the request; redirects are few and http only; size and time are limited; and addresses of this machine
//! or of a private network are asked only when the server looked at is there itself. A name is resolved
//! once, and what was checked is what is connected to.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::header::{ACCEPT, CONNECTION, HOST, LOCATION, USER_AGENT};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use url::Url;

use super::dial::{self, Trace};
use super::{Family, Trouble};
use crate::text;

/// Most bytes of an answer.
pub const MOST_BYTES: usize = 64 * 1024;
/// Redirects followed at most.
pub const MOST_REDIRECTS: usize = 3;
/// Longest address that is asked.
const MOST_ADDRESS: usize = 2048;
/// The longest time for one GET with all its redirects.
const LONGEST: Duration = Duration::from_secs(10);

/// How near an address is. What is farther than the server looked at may be asked, what is nearer may
/// not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nearness {
    /// On the internet.
    Public,
    /// In a private network, or on this link.
    Private,
    /// This machine.
    Loopback,
}

/// Why nothing came. Its words are safe to display and end with what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GetTrouble {
    /// Another scheme than http, or no address at all.
    NotHttp,
    /// The host is nearer than the server looked at: its address.
    TooNear(IpAddr),
    /// Not reached.
    NotReached(Trouble),
    /// Another status than 200.
    Status(u16),
    /// More than [`MOST_BYTES`].
    TooLarge,
    /// Not done in time.
    TimedOut,
    /// More than [`MOST_REDIRECTS`], or in a circle.
    Redirects,
    /// A redirect to something that is not http: where to.
    RedirectedAway(String),
    /// The answer is no HTTP: why.
    NoHttp(String),
}

impl Nearness {
    /// Of an address; `None` for those that nobody can be asked at.
    pub fn of(ip: IpAddr) -> Option<Self> {
        let ip = ip.to_canonical();
        let four = |ip: Ipv4Addr| {
            let [a, b, ..] = ip.octets();
            if ip.is_multicast() || ip.is_broadcast() {
                None
            // 0.0.0.0 reaches this machine on many systems.
            } else if ip.is_loopback() || a == 0 {
                Some(Self::Loopback)
            } else if ip.is_private() || ip.is_link_local() || (a == 100 && (64..128).contains(&b))
            {
                Some(Self::Private)
            } else {
                Some(Self::Public)
            }
        };
        match ip {
            IpAddr::V4(ip) => four(ip),
            IpAddr::V6(ip) if ip.is_multicast() => None,
            IpAddr::V6(ip) if ip.is_loopback() || ip.is_unspecified() => Some(Self::Loopback),
            IpAddr::V6(ip) if ip.is_unique_local() || ip.is_unicast_link_local() => {
                Some(Self::Private)
            }
            // An IPv4 address inside of NAT64 or 6to4 reaches what it names.
            IpAddr::V6(ip) => match ip.octets() {
                [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]
                | [0x20, 0x02, a, b, c, d, ..] => four(Ipv4Addr::new(a, b, c, d)),
                [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ..] => Some(Self::Loopback),
                _ => Some(Self::Public),
            },
        }
    }
}

/// Asks for `address`. `nearest`: how near a host may be. `limit` is for all of it, a fixed longest time at most.
///
/// # Errors
/// Why nothing came.
pub async fn get(
    address: &str,
    nearest: Nearness,
    family: Family,
    limit: Duration,
) -> Result<Vec<u8>, GetTrouble> {
    timeout(limit.min(LONGEST), follow(address, nearest, family, limit))
        .await
        .unwrap_or(Err(GetTrouble::TimedOut))
}

async fn follow(
    address: &str,
    nearest: Nearness,
    family: Family,
    limit: Duration,
) -> Result<Vec<u8>, GetTrouble> {
    if address.len() > MOST_ADDRESS {
        return Err(GetTrouble::NotHttp);
    }
    let mut url = Url::parse(address).map_err(|_| GetTrouble::NotHttp)?;
    let mut been = Vec::new();
    loop {
        if !is_plain(&url) {
            return Err(match been.is_empty() {
                true => GetTrouble::NotHttp,
                false => GetTrouble::RedirectedAway(shown(&url)),
            });
        }
        url.set_fragment(None);
        if been.contains(&url) || been.len() > MOST_REDIRECTS {
            return Err(GetTrouble::Redirects);
        }
        match once(&url, nearest, family, limit).await? {
            Answer::Body(body) => return Ok(body),
            Answer::Elsewhere(to) => {
                let next = url.join(&to).map_err(|_| {
                    GetTrouble::RedirectedAway(text::clip(&text::safe(&to), 120).into_owned())
                })?;
                been.push(std::mem::replace(&mut url, next));
            }
        }
    }
}

fn is_plain(url: &Url) -> bool {
    url.scheme() == "http"
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
}

fn shown(url: &Url) -> String {
    text::clip(&text::safe(url.as_str()), 120).into_owned()
}

enum Answer {
    Body(Vec<u8>),
    Elsewhere(String),
}

async fn once(
    url: &Url,
    nearest: Nearness,
    family: Family,
    limit: Duration,
) -> Result<Answer, GetTrouble> {
    let stream = reach(url, nearest, family, limit).await?;
    let broken = |error: hyper::Error| {
        GetTrouble::NoHttp(text::clip(&text::safe(&error.to_string()), 120).into_owned())
    };
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(MOST_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    // The connection ends with this function.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let mut host = url.host_str().unwrap_or_default().to_owned();
    if let Some(port) = url.port() {
        host.push_str(&format!(":{port}"));
    }
    let mut path = url.path().to_owned();
    if let Some(query) = url.query() {
        path.push('?');
        path.push_str(query);
    }
    let request = Request::get(path)
        .header(HOST, host)
        .header(USER_AGENT, concat!("whycert/", env!("CARGO_PKG_VERSION")))
        .header(
            ACCEPT,
            "application/pkix-cert, application/pkcs7-mime, */*;q=0.5",
        )
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|_| GetTrouble::NotHttp)?;
    let response = sender.send_request(request).await.map_err(broken)?;
    let status = response.status();
    if status.is_redirection()
        && let Some(to) = response.headers().get(LOCATION)
    {
        return Ok(Answer::Elsewhere(
            String::from_utf8_lossy(to.as_bytes()).into_owned(),
        ));
    }
    if status.as_u16() != 200 {
        return Err(GetTrouble::Status(status.as_u16()));
    }
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        bytes.extend(frame.map_err(broken)?.into_data().unwrap_or_default());
        if bytes.len() > MOST_BYTES {
            return Err(GetTrouble::TooLarge);
        }
    }
    Ok(Answer::Body(bytes))
}

/// Resolves, leaves out what is too near, and connects to what is left.
async fn reach(
    url: &Url,
    nearest: Nearness,
    family: Family,
    limit: Duration,
) -> Result<TcpStream, GetTrouble> {
    let port = url.port_or_known_default().unwrap_or(80);
    let found = match url.host() {
        Some(url::Host::Ipv4(ip)) => vec![IpAddr::V4(ip)],
        Some(url::Host::Ipv6(ip)) => vec![IpAddr::V6(ip)],
        Some(url::Host::Domain(name)) => dial::resolve(name, port, limit)
            .await
            .map_err(GetTrouble::NotReached)?,
        None => return Err(GetTrouble::NotHttp),
    };
    let (may, near): (Vec<IpAddr>, Vec<IpAddr>) = found
        .into_iter()
        .partition(|ip| Nearness::of(*ip).is_some_and(|n| n <= nearest));
    let addresses: Vec<SocketAddr> = dial::interleave(may, family)
        .into_iter()
        .map(|ip| SocketAddr::new(ip, port))
        .collect();
    if addresses.is_empty() {
        return Err(match near.first() {
            Some(ip) => GetTrouble::TooNear(*ip),
            None => GetTrouble::NotReached(Trouble::NoAddressOfFamily),
        });
    }
    dial::connect(&addresses, limit, &mut Trace::default())
        .await
        .map(|dialed| dialed.stream)
        .map_err(GetTrouble::NotReached)
}

impl fmt::Display for GetTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ask = "ask the server's owner for the certificate";
        match self {
            Self::NotHttp => write!(
                f,
                "only http:// addresses without a login are fetched; get it by other means, or {ask}"
            ),
            Self::TooNear(ip) => write!(
                f,
                "it leads to {ip}, which is nearer than the server itself, so it was not asked; fetch it \
                 yourself if you know it"
            ),
            Self::NotReached(Trouble::NoSuchName { words }) => {
                write!(f, "its name does not resolve ({words}); {ask}")
            }
            Self::NotReached(Trouble::NoAddressOfFamily) => {
                f.write_str("it has no address of the family asked for; leave out -4 or -6")
            }
            Self::NotReached(Trouble::Refused) => write!(f, "nothing listens there; {ask}"),
            Self::NotReached(Trouble::Unreachable { words }) => {
                write!(f, "it cannot be reached ({words}); {ask}")
            }
            Self::NotReached(Trouble::TimedOut) | Self::TimedOut => {
                write!(f, "it did not answer in time; try again, or {ask}")
            }
            Self::Status(404 | 410) => write!(f, "it is not there any more; {ask}"),
            Self::Status(code) => write!(f, "it answers with HTTP status {code}; {ask}"),
            Self::TooLarge => write!(
                f,
                "it sends more than {} KB, which is no certificate; {ask}",
                MOST_BYTES / 1024
            ),
            Self::Redirects => write!(
                f,
                "it redirects in a circle, or more than {MOST_REDIRECTS} times; {ask}"
            ),
            Self::RedirectedAway(to) => write!(
                f,
                "it redirects to {to}, which is not fetched; only http:// is. Get it from there yourself"
            ),
            Self::NoHttp(why) => write!(f, "its answer is no HTTP ({why}); {ask}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart_by_how_near_they_are() {
        use Nearness::{Loopback, Private, Public};
        for (ip, near) in [
            ("93.184.216.34", Some(Public)),
            ("2606:4700::1", Some(Public)),
            ("10.0.0.1", Some(Private)),
            ("172.16.3.4", Some(Private)),
            ("192.168.1.1", Some(Private)),
            ("169.254.169.254", Some(Private)),
            ("100.64.0.1", Some(Private)),
            ("fd00::1", Some(Private)),
            ("fe80::1", Some(Private)),
            ("127.0.0.1", Some(Loopback)),
            ("127.9.9.9", Some(Loopback)),
            ("0.0.0.0", Some(Loopback)),
            ("::1", Some(Loopback)),
            ("::", Some(Loopback)),
            ("::ffff:127.0.0.1", Some(Loopback)),
            ("::ffff:10.1.1.1", Some(Private)),
            ("64:ff9b::7f00:1", Some(Loopback)),
            ("2002:0a00:0001::1", Some(Private)),
            ("224.0.0.1", None),
            ("255.255.255.255", None),
            ("ff02::1", None),
        ] {
            assert_eq!(Nearness::of(ip.parse().unwrap()), near, "{ip}");
        }
    }

    #[tokio::test]
    async fn what_is_not_plain_http_is_not_asked() {
        for address in [
            "https://example.com/a",
            "ldap://example.com/a",
            "file:///etc/passwd",
            "http://user@127.0.0.1/",
            "http://user:secret@127.0.0.1/",
            "nonsense",
            "",
        ] {
            let limit = Duration::from_secs(1);
            let got = get(address, Nearness::Loopback, Family::Any, limit).await;
            assert_eq!(got, Err(GetTrouble::NotHttp), "{address}");
        }
        for address in [
            "http://127.0.0.1:1/",
            "http://[::1]:1/",
            "http://2130706433:1/",
        ] {
            let limit = Duration::from_secs(1);
            let got = get(address, Nearness::Private, Family::Any, limit).await;
            assert!(
                matches!(got, Err(GetTrouble::TooNear(_))),
                "{address} {got:?}"
            );
        }
    }
}
