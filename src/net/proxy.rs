//! Through a proxy, as curl would go: HTTP CONNECT with basic authentication, SOCKS5 and SOCKS5h.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::ext::ReasonPhrase;
use hyper::header::{HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION};
use hyper::{Method, Request, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{ProxyChoice, ProxyTrouble, Route, Stream, socks};
use crate::text::{self, Untrusted};

/// A proxy's answer is read up to this many bytes.
const MOST_ANSWER: usize = 16 * 1024;
/// The page that explains a refusal is waited for this long; the refusal itself is known by then.
const PAGE: Duration = Duration::from_secs(2);

/// The proxy to use for a target.
pub struct Proxy {
    intercept: Intercept,
    /// What the person sees: no password.
    pub route: Route,
}

/// Finds the proxy for `host:port`, if any.
///
/// # Errors
/// When the proxy's address is not understood.
pub fn find(choice: &ProxyChoice, host: &str, port: u16) -> Result<Option<Proxy>, ProxyTrouble> {
    let (url, because) = match choice {
        ProxyChoice::Direct => return Ok(None),
        ProxyChoice::Environment => match variable(&PROXY_VARIABLES) {
            Some((name, url)) => (url, name),
            None => return Ok(None),
        },
        ProxyChoice::Given(url) => (url.clone(), "--proxy"),
    };
    let target: Uri = format!("https://{host}:{port}/").parse().map_err(|_| {
        ProxyTrouble::BadUrl(format!("no proxy can be asked for {}", text::safe(host)))
    })?;
    let full = if url.contains("://") {
        url.clone()
    } else {
        format!("http://{url}")
    };
    let Some(intercept) = Matcher::builder()
        .all(full.as_str())
        .build()
        .intercept(&target)
    else {
        // Without what stands before the @: that may be a password.
        let shown = text::safe(url.rsplit('@').next().unwrap_or("")).into_owned();
        return Err(ProxyTrouble::BadUrl(format!(
            "“{shown}” ({because}) is no proxy address such as http://proxy:3128"
        )));
    };
    if *choice == ProxyChoice::Environment
        && let Some((_, except)) = variable(&["no_proxy", "NO_PROXY"])
        && Matcher::builder()
            .all(full)
            .no(except)
            .build()
            .intercept(&target)
            .is_none()
    {
        return Ok(None);
    }
    let url = shown(intercept.uri());
    Ok(Some(Proxy {
        intercept,
        route: Route::Proxy {
            url,
            because: because.to_owned(),
            variables: match choice {
                ProxyChoice::Environment => KNOWN_VARIABLES
                    .into_iter()
                    .filter(|name| variable(&[name]).is_some())
                    .collect(),
                _ => Vec::new(),
            },
        },
    }))
}

/// The variables that name the proxy for TLS targets, in curl's order.
const PROXY_VARIABLES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// All that some client reads for TLS targets: Ruby takes the one for plain HTTP.
const KNOWN_VARIABLES: [&str; 6] = [
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "http_proxy",
    "HTTP_PROXY",
];

/// The first of these variables that is set and not empty.
fn variable(names: &[&'static str]) -> Option<(&'static str, String)> {
    names.iter().find_map(|name| {
        let value = std::env::var_os(name)?.to_string_lossy().into_owned();
        (!value.is_empty()).then_some((*name, value))
    })
}

fn shown(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or("http");
    let host = uri.host().unwrap_or("");
    let port = uri.port_u16().map(|p| format!(":{p}")).unwrap_or_default();
    text::safe(&format!("{scheme}://{host}{port}")).into_owned()
}

impl Proxy {
    /// Host and port to dial.
    pub fn address(&self) -> (String, u16) {
        let uri = self.intercept.uri();
        let host = uri
            .host()
            .unwrap_or("")
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let default = match uri.scheme_str() {
            Some("socks5" | "socks5h") => 1080,
            Some("https") => 443,
            _ => 80,
        };
        (host, uri.port_u16().unwrap_or(default))
    }

    /// Asks the proxy behind `stream` to open a way to `host:port`.
    ///
    /// # Errors
    /// What it did instead.
    pub async fn open(
        &self,
        stream: TcpStream,
        host: &str,
        port: u16,
    ) -> Result<Box<dyn Stream>, ProxyTrouble> {
        match self.intercept.uri().scheme_str() {
            Some("http") => self.connect(stream, host, port).await,
            Some("socks5") => self.socks(stream, host, port, true).await,
            Some("socks5h") => self.socks(stream, host, port, false).await,
            Some(other) => Err(ProxyTrouble::BadUrl(format!(
                "proxies of the kind {}:// are not supported; http, socks5 and socks5h are",
                text::safe(other)
            ))),
            None => Err(ProxyTrouble::BadUrl(
                "the proxy's address has no scheme".to_owned(),
            )),
        }
    }

    async fn connect(
        &self,
        stream: TcpStream,
        host: &str,
        port: u16,
    ) -> Result<Box<dyn Stream>, ProxyTrouble> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let listening = Listening {
            inner: stream,
            seen: seen.clone(),
        };
        let failed = |_: hyper::Error| ProxyTrouble::NotAProxy(first_line(&seen));
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(listening))
                .await
                .map_err(failed)?;
        let driver = tokio::spawn(connection.with_upgrades());
        let authority = format!("{host}:{port}");
        let mut request = Request::builder()
            .method(Method::CONNECT)
            .uri(&authority)
            .header(HOST, &authority);
        if let Some(auth) = self.intercept.basic_auth() {
            request = request.header(PROXY_AUTHORIZATION, auth);
        }
        let request = request.body(Empty::<Bytes>::new()).map_err(|_| {
            ProxyTrouble::BadUrl(format!("{} cannot be asked for", text::safe(&authority)))
        })?;
        let response = sender.send_request(request).await.map_err(failed)?;
        let status = response.status();
        if status.is_success() {
            let upgraded = hyper::upgrade::on(response).await.map_err(failed)?;
            return Ok(Box::new(TokioIo::new(upgraded)));
        }
        let authenticate = response
            .headers()
            .get(PROXY_AUTHENTICATE)
            .map(|v| Untrusted::from_bytes(v.as_bytes()));
        let reason = response.extensions().get::<ReasonPhrase>().map_or_else(
            || status.canonical_reason().unwrap_or("").to_owned(),
            |reason| String::from_utf8_lossy(reason.as_bytes()).into_owned(),
        );
        let mut body = response.into_body();
        let mut page = Vec::new();
        let reading = async {
            while page.len() < MOST_ANSWER
                && let Some(Ok(frame)) = body.frame().await
            {
                page.extend(frame.into_data().unwrap_or_default());
            }
        };
        // What has come of the page until then is shown.
        let _ = timeout(PAGE, reading).await;
        page.truncate(MOST_ANSWER);
        driver.abort();
        Err(ProxyTrouble::Status {
            code: status.as_u16(),
            words: Untrusted::new(summary(&reason, &page)),
            authenticate,
        })
    }

    async fn socks(
        &self,
        mut stream: TcpStream,
        host: &str,
        port: u16,
        resolve_here: bool,
    ) -> Result<Box<dyn Stream>, ProxyTrouble> {
        let ask = socks::Ask {
            host: host.trim_start_matches('[').trim_end_matches(']'),
            port,
            login: self.intercept.raw_auth(),
            resolve_here,
        };
        socks::open(&mut stream, &ask).await?;
        Ok(Box::new(stream))
    }
}

/// Reason phrase and first words of a body without tags.
fn summary(reason: &str, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut plain = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                plain.push(' ');
            }
            c if !inside => plain.push(c),
            _ => {}
        }
    }
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = text::clip(&words, 160);
    if words.is_empty() {
        reason.to_owned()
    } else {
        format!("{reason}: {words}")
    }
}

fn first_line(seen: &Arc<Mutex<Vec<u8>>>) -> Untrusted {
    let bytes = seen.lock().map(|s| s.clone()).unwrap_or_default();
    if bytes.is_empty() {
        return Untrusted::new("it closed the connection without a word");
    }
    let line = bytes.split(|&b| b == b'\n').next().unwrap_or(&bytes);
    Untrusted::from_bytes(line.get(..200).unwrap_or(line).trim_ascii_end())
}

/// Keeps the first bytes a proxy says, for the case that they are no answer.
struct Listening {
    inner: TcpStream,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl AsyncRead for Listening {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        if let Ok(mut seen) = self.seen.lock() {
            let room = 1024usize.saturating_sub(seen.len());
            seen.extend(buf.filled().iter().skip(before).take(room));
        }
        polled
    }
}

impl AsyncWrite for Listening {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
