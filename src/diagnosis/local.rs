//! Servers of people's own machines, by port and answer: data in `assets/local-servers.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::{Case, Finding, Who};
use crate::target::{Endpoint, Host};
use crate::text;

/// One known server.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Server {
    name: String,
    #[serde(default)]
    ports: Vec<u16>,
    #[serde(default)]
    answers: Vec<String>,
    openai: Option<String>,
    start: Option<String>,
    tls: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Table {
    server: Vec<Server>,
}

/// Empty only when the compiled-in file does not parse; a test sees to it that it does.
static KNOWN: LazyLock<Vec<Server>> = LazyLock::new(|| {
    toml::from_str::<Table>(include_str!("../../assets/local-servers.toml"))
        .map(|t| t.server)
        .unwrap_or_default()
});

/// How a server was recognised.
enum By {
    Answer(String),
    Port(u16),
}

/// The server that an answer gives away, else the one that usually has this port on one's own machine;
/// `None` when several share the port and the answer decides nothing.
fn recognise(endpoint: &Endpoint, answer: &[u8]) -> Option<(&'static Server, By)> {
    let answer = String::from_utf8_lossy(answer).to_lowercase();
    for server in KNOWN.iter() {
        let mut texts = server.answers.iter();
        if let Some(text) = texts.find(|t| answer.contains(&t.to_lowercase())) {
            return Some((server, By::Answer(text.clone())));
        }
    }
    if !is_near(&endpoint.host) {
        return None;
    }
    let mut usual = KNOWN.iter().filter(|s| s.ports.contains(&endpoint.port));
    match (usual.next(), usual.next()) {
        (Some(one), None) => Some((one, By::Port(endpoint.port))),
        _ => None,
    }
}

/// This machine, or one without a public name or address.
fn is_near(host: &Host) -> bool {
    match host {
        Host::Name { ascii, .. } => {
            !ascii.contains('.')
                || ascii.ends_with(".local")
                || ascii.ends_with(".internal")
                || ascii.ends_with(".lan")
                || ascii.ends_with(".localhost")
        }
        Host::Ip(std::net::IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private(),
        Host::Ip(std::net::IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local(),
    }
}

/// Adds who it is to a finding about plain HTTP, and the address that its clients take.
pub(super) fn plain_http(case: &Case<'_>, endpoint: &Endpoint, finding: Finding) -> Finding {
    let Some((server, by)) = recognise(endpoint, &case.capture.first_bytes) else {
        return finding;
    };
    let mut finding = match by {
        By::Answer(text) => {
            finding.saw("server", format!("{}, by its answer “{text}”", server.name))
        }
        By::Port(port) => finding.saw(
            "server",
            format!("usually {}, by its port {port}", server.name),
        ),
    };
    if let Some(path) = &server.openai {
        let base = format!(
            "http://{}:{}{path}",
            bracketed(&endpoint.host),
            endpoint.port
        );
        finding = finding.fix_by(
            Who::You,
            "In the OpenAI client, take this address.",
            format!("client = OpenAI(base_url=\"{base}\")"),
        );
    }
    match &server.tls {
        Some(how) => finding.fix_by(
            Who::ServerOwner,
            format!("Turn on TLS in {}.", server.name),
            how.clone(),
        ),
        None => finding.fix(
            Who::ServerOwner,
            format!(
                "{} has no TLS of its own: put a reverse proxy such as Caddy before it.",
                super::sentence(&server.name)
            ),
        ),
    }
}

/// Adds to a finding about a port where nothing listens who usually does.
pub(super) fn nothing_listens(endpoint: &Endpoint, finding: Finding) -> Finding {
    let Some((server, By::Port(port))) = recognise(endpoint, b"") else {
        return finding;
    };
    let finding = finding.saw("usually here", format!("{} on port {port}", server.name));
    match &server.start {
        Some(start) => finding.fix_by(Who::You, format!("Start {}.", server.name), start.clone()),
        None => finding,
    }
}

fn bracketed(host: &Host) -> String {
    let shown = text::safe(&host.to_string()).into_owned();
    match host {
        Host::Ip(std::net::IpAddr::V6(_)) if !shown.starts_with('[') => format!("[{shown}]"),
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{Source, Target};

    fn endpoint(typed: &str) -> Endpoint {
        match Target::parse(typed).unwrap().source {
            Source::Endpoint(endpoint) => endpoint,
            _ => panic!("{typed}"),
        }
    }

    fn named(typed: &str, answer: &[u8]) -> Option<&'static str> {
        recognise(&endpoint(typed), answer).map(|(s, _)| s.name.as_str())
    }

    #[test]
    fn the_table_parses() {
        let table: Table = toml::from_str(include_str!("../../assets/local-servers.toml")).unwrap();
        assert_eq!(table.server.len(), KNOWN.len());
        assert!(KNOWN.len() > 25);
        for server in KNOWN.iter() {
            assert!(
                server.ports.len() + server.answers.len() > 0,
                "{}",
                server.name
            );
        }
    }

    #[test]
    fn an_answer_says_more_than_a_port() {
        assert_eq!(named("https://localhost:11434", b""), Some("Ollama"));
        assert_eq!(named("https://api.example.com:11434", b""), None);
        assert_eq!(
            named(
                "https://api.example.com:443",
                b"HTTP/1.1 200 OK\r\n\r\nOllama is running"
            ),
            Some("Ollama")
        );
        // Many share port 8000: without an answer nothing is said.
        assert_eq!(
            named(
                "https://localhost:8000",
                b"HTTP/1.1 400 Bad Request\r\n\r\n"
            ),
            None
        );
        assert_eq!(
            named(
                "https://localhost:8000",
                b"HTTP/1.1 400 Bad Request\r\n\r\nInvalid HTTP request received."
            ),
            Some("uvicorn (FastAPI, vLLM and others)")
        );
    }
}
