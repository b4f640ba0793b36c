//! Lines to copy into a shell: the same look with other programs, and the use of an exported file.
//!
//! Every part is quoted for a POSIX shell and safe to display.

use std::path::Path;

use crate::chain::Chain;
use crate::inspect::Inspection;
use crate::net::Route;
use crate::target::{Endpoint, Host, Scheme, ServerNameChoice, Source, StartTls};
use crate::text;

use super::{What, role};

/// Lines with which `openssl` and `curl` look at the same target.
pub fn reproduce(inspection: &Inspection) -> Vec<String> {
    match &inspection.capture.target.source {
        Source::Endpoint(endpoint) => {
            let with = Beside::of(inspection);
            let mut lines = vec![s_client(endpoint, &with)];
            lines.extend(curl(endpoint, None, &with));
            lines
        }
        Source::File(path) => vec![format!(
            "openssl storeutl -noout -text -certs {}",
            quoted(&path.to_string_lossy())
        )],
        Source::Stdin => Vec::new(),
    }
}

/// The line that uses a file that was just written, if there is an obvious one.
pub fn usage(inspection: &Inspection, what: What, file: &Path) -> Option<String> {
    let file = quoted(&file.to_string_lossy());
    let look = format!("openssl x509 -in {file} -noout -text");
    let trusts = match what {
        What::Root | What::RootsPlus(_) => true,
        What::Leaf => is_root(&inspection.chain, inspection.chain.leaf?),
        What::Node(id) => is_root(&inspection.chain, id),
        What::Chain => false,
        What::Repaired => return Some(format!("ssl_certificate {file};   # nginx")),
    };
    match inspection.capture.target.endpoint() {
        Some(endpoint) if trusts => curl(endpoint, Some(&file), &Beside::default()).or(Some(look)),
        _ => Some(look),
    }
}

fn is_root(chain: &Chain, id: crate::chain::NodeId) -> bool {
    role(chain, id) == "root" || chain.certificate(id).is_some_and(|c| c.is_self_issued())
}

/// What was given beside the target and changes the result.
#[derive(Default)]
struct Beside {
    /// The one file of `--ca`, when these programs read it.
    ca: Option<String>,
    /// The proxy that the connection went through, without its password; and whether it was typed, or found
    /// as curl finds it too.
    proxy: Option<(String, bool)>,
}

impl Beside {
    fn of(inspection: &Inspection) -> Self {
        let given = inspection.stores.given();
        let plain = given.filter(|s| s.unread.is_none() && s.problems.is_empty());
        let file = plain.and_then(|s| s.title.strip_prefix("--ca "));
        let proxy = match &inspection.capture.route {
            Route::Proxy { url, because, .. } => Some((url.clone(), because == "--proxy")),
            Route::Direct => None,
        };
        Self {
            // Several files stand there with commas; these programs take one.
            ca: file.filter(|f| !f.contains(", ")).map(quoted),
            proxy,
        }
    }
}

fn s_client(endpoint: &Endpoint, with: &Beside) -> String {
    let (host, port) = reached(endpoint);
    let mut line = format!(
        "openssl s_client -connect {} -showcerts",
        quoted(&format!("{}:{port}", plain(host)))
    );
    match (&endpoint.server_name, endpoint.verified()) {
        (ServerNameChoice::Omitted, _) | (_, Host::Ip(_)) => line.push_str(" -noservername"),
        (_, Host::Name { ascii, .. }) => {
            line.push_str(&format!(" -servername {}", quoted(&ascii)));
        }
    }
    match endpoint.verified() {
        Host::Name { ascii, .. } => line.push_str(&format!(" -verify_hostname {}", quoted(&ascii))),
        Host::Ip(ip) => line.push_str(&format!(" -verify_ip {ip}")),
    }
    if let Some(protocol) = endpoint.upgrade {
        line.push_str(&format!(" -starttls {}", starttls(protocol)));
    }
    if let Some(file) = &with.ca {
        line.push_str(&format!(" -CAfile {file}"));
    }
    if let Some(at) = with
        .proxy
        .as_ref()
        .and_then(|(url, _)| url.strip_prefix("http://"))
    {
        line.push_str(&format!(" -proxy {}", quoted(at.trim_end_matches('/'))));
    }
    line.push_str(" </dev/null");
    line
}

/// `None` for what curl does not speak.
fn curl(endpoint: &Endpoint, cacert: Option<&str>, with: &Beside) -> Option<String> {
    let name = plain(&endpoint.verified());
    let port = endpoint.port;
    let (scheme, extra, path) = match endpoint.upgrade {
        None => ("https", "", endpoint.path.as_str()),
        Some(StartTls::Smtp) => ("smtp", " --ssl-reqd", ""),
        Some(StartTls::Imap) => ("imap", " --ssl-reqd", ""),
        Some(StartTls::Pop3) => ("pop3", " --ssl-reqd", ""),
        Some(StartTls::Ftp) => ("ftp", " --ssl-reqd", ""),
        Some(_) => return None,
    };
    let usual = endpoint.upgrade.is_none() && port == 443;
    let port_part = if usual {
        String::new()
    } else {
        format!(":{port}")
    };
    let mut line = "curl -v".to_owned();
    if let Some(file) = cacert {
        line = format!("curl --cacert {file}");
    }
    if let Some(file) = &with.ca {
        line.push_str(&format!(" --cacert {file}"));
    }
    if let Some((url, true)) = &with.proxy {
        line.push_str(&format!(" --proxy {}", quoted(url)));
    }
    line.push_str(extra);
    let (reached, reached_port) = reached(endpoint);
    if *reached != endpoint.verified() || reached_port != port {
        let to = format!("{name}:{port}:{}:{reached_port}", plain(reached));
        line.push_str(&format!(" --connect-to {}", quoted(&to)));
    }
    if matches!(endpoint.scheme, Scheme::Http | Scheme::Ws) && cacert.is_none() {
        return Some(format!(
            "{line} {}",
            quoted(&format!("http://{name}{port_part}{path}"))
        ));
    }
    Some(format!(
        "{line} {}",
        quoted(&format!("{scheme}://{name}{port_part}{path}"))
    ))
}

/// Where the connection really goes.
fn reached(endpoint: &Endpoint) -> (&Host, u16) {
    match &endpoint.connect {
        Some((host, port)) => (host, port.unwrap_or(endpoint.port)),
        None => (&endpoint.host, endpoint.port),
    }
}

/// As in a URL, in ASCII.
fn plain(host: &Host) -> String {
    match host {
        Host::Name { ascii, .. } => ascii.clone(),
        Host::Ip(_) => host.to_string(),
    }
}

fn quoted(part: &str) -> String {
    text::safe(&text::shell_quote(part)).into_owned()
}

fn starttls(protocol: StartTls) -> &'static str {
    match protocol {
        StartTls::Smtp => "smtp",
        StartTls::Imap => "imap",
        StartTls::Pop3 => "pop3",
        StartTls::Ftp => "ftp",
        StartTls::Postgres => "postgres",
        StartTls::Mysql => "mysql",
        StartTls::Ldap => "ldap",
    }
}
