//! SOCKS version 5 (RFC 1928), with a user name and password when given (RFC 1929).
//!
//! Its own few lines, because the library reads ahead and drops what arrives together with the
//! proxy's answer (a mail server's greeting, say), and because it resolves names on the runtime's thread.

use std::io;
use std::net::IpAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{ProxyTrouble, dial};
use crate::text::Untrusted;

const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const LOGIN: u8 = 2;
const NONE_ACCEPTABLE: u8 = 0xff;

/// What to ask for.
pub(super) struct Ask<'a> {
    /// A name, or an address without brackets.
    pub(super) host: &'a str,
    /// The port behind it.
    pub(super) port: u16,
    /// User name and password.
    pub(super) login: Option<(&'a str, &'a str)>,
    /// Resolve the name on this machine (`socks5://`) instead of at the proxy (`socks5h://`).
    pub(super) resolve_here: bool,
}

/// Has the proxy open a way. Not a byte is read beyond its answer.
///
/// # Errors
/// What it did instead.
pub(super) async fn open(stream: &mut TcpStream, ask: &Ask<'_>) -> Result<(), ProxyTrouble> {
    let address = address(ask).await?;
    let methods: &[u8] = match ask.login {
        Some(_) => &[VERSION, 2, NO_LOGIN, LOGIN],
        None => &[VERSION, 1, NO_LOGIN],
    };
    stream.write_all(methods).await.map_err(broken)?;
    let mut chosen = [0; 2];
    stream.read_exact(&mut chosen).await.map_err(broken)?;
    match (chosen, ask.login) {
        ([VERSION, NO_LOGIN], _) => {}
        ([VERSION, LOGIN], Some((user, password))) => log_in(stream, user, password).await?,
        ([VERSION, NONE_ACCEPTABLE], None) => {
            return Err(ProxyTrouble::SocksLogin(
                "it lets nobody through without a login".to_owned(),
            ));
        }
        ([VERSION, NONE_ACCEPTABLE], Some(_)) => {
            return Err(ProxyTrouble::SocksLogin(
                "it takes no login by user name and password".to_owned(),
            ));
        }
        ([VERSION, _], _) => {
            return Err(ProxyTrouble::Socks(
                "it chose a login that was not offered".to_owned(),
            ));
        }
        (other, _) => return Err(not_socks(stream, &other)),
    }
    let mut request = vec![VERSION, 1, 0];
    request.extend_from_slice(&address);
    request.extend_from_slice(&ask.port.to_be_bytes());
    stream.write_all(&request).await.map_err(broken)?;
    let mut head = [0; 4];
    stream.read_exact(&mut head).await.map_err(broken)?;
    let [version, reply, _, kind] = head;
    if version != VERSION {
        return Err(not_socks(stream, &head));
    }
    if reply != 0 {
        return Err(ProxyTrouble::Socks(refusal(reply)));
    }
    // The address that the proxy is bound to: of no use here, but part of the answer.
    let length = match kind {
        1 => 4,
        4 => 16,
        3 => usize::from(stream.read_u8().await.map_err(broken)?),
        _ => return Err(not_socks(stream, &head)),
    };
    let mut bound = vec![0; length + 2];
    stream.read_exact(&mut bound).await.map_err(broken)?;
    Ok(())
}

/// The address in SOCKS form, resolved here when asked to.
async fn address(ask: &Ask<'_>) -> Result<Vec<u8>, ProxyTrouble> {
    let ip = match ask.host.parse::<IpAddr>() {
        Ok(ip) => Some(ip),
        Err(_) if ask.resolve_here => {
            let found = tokio::net::lookup_host((ask.host, ask.port)).await;
            let mut found = found.map_err(|error| {
                ProxyTrouble::Socks(format!(
                    "the name does not resolve on this machine ({}); with socks5h:// the proxy resolves it",
                    dial::words(&error)
                ))
            })?;
            found.next().map(|address| address.ip())
        }
        Err(_) => None,
    };
    Ok(match ip {
        Some(IpAddr::V4(ip)) => [&[1][..], &ip.octets()].concat(),
        Some(IpAddr::V6(ip)) => [&[4][..], &ip.octets()].concat(),
        None => {
            let length = u8::try_from(ask.host.len())
                .map_err(|_| ProxyTrouble::Socks("the name is too long for SOCKS".to_owned()))?;
            [&[3, length][..], ask.host.as_bytes()].concat()
        }
    })
}

async fn log_in(stream: &mut TcpStream, user: &str, password: &str) -> Result<(), ProxyTrouble> {
    let too_long =
        |_| ProxyTrouble::SocksLogin("user name or password is longer than 255 bytes".to_owned());
    let user_length = u8::try_from(user.len()).map_err(too_long)?;
    let password_length = u8::try_from(password.len()).map_err(too_long)?;
    let mut request = vec![1, user_length];
    request.extend_from_slice(user.as_bytes());
    request.push(password_length);
    request.extend_from_slice(password.as_bytes());
    stream.write_all(&request).await.map_err(broken)?;
    let mut answer = [0; 2];
    stream.read_exact(&mut answer).await.map_err(broken)?;
    match answer {
        [_, 0] => Ok(()),
        _ => Err(ProxyTrouble::SocksLogin(
            "it does not accept this user name and password".to_owned(),
        )),
    }
}

/// RFC 1928, section 6.
fn refusal(reply: u8) -> String {
    match reply {
        1 => "general failure".to_owned(),
        2 => "not allowed by its rules".to_owned(),
        3 => "network unreachable".to_owned(),
        4 => "host unreachable".to_owned(),
        5 => "connection refused".to_owned(),
        6 => "time to live expired".to_owned(),
        7 => "command not supported".to_owned(),
        8 => "address type not supported".to_owned(),
        other => format!("failure {other}"),
    }
}

/// Something that is no SOCKS: what has come of it so far is shown.
fn not_socks(stream: &TcpStream, seen: &[u8]) -> ProxyTrouble {
    let mut more = [0; 200];
    let n = stream.try_read(&mut more).unwrap_or(0);
    let all = [seen, more.get(..n).unwrap_or_default()].concat();
    let line = all.split(|&b| b == b'\n').next().unwrap_or(&all);
    ProxyTrouble::NotAProxy(Untrusted::from_bytes(line.trim_ascii_end()))
}

fn broken(error: io::Error) -> ProxyTrouble {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ProxyTrouble::NotAProxy(Untrusted::new(
            "it closed the connection in the middle of SOCKS",
        )),
        _ => ProxyTrouble::NotAProxy(Untrusted::new(dial::words(&error))),
    }
}
