//! Is something standing between this machine and the server, signing certificates of its own?
//!
//! Known products are data: `assets/interceptors.toml`. A name alone proves nothing, so the finding
//! says "seems" and lists what points to it.

use std::sync::LazyLock;

use serde::Deserialize;

use super::path::store_in_sentence;
use super::{Case, Finding, Subject, Who, rule};
use crate::cert::{Certificate, ExtensionValue, Name};
use crate::chain::NodeId;
use crate::judge::Verdict;
use crate::moment::DAY;
use crate::text;

/// One known product.
#[derive(Debug, Deserialize)]
struct Interceptor {
    product: String,
    kind: Kind,
    field: Field,
    #[serde(flatten)]
    test: Test,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Corporate,
    Filter,
    Antivirus,
    Debugging,
    Malware,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Field {
    Cn,
    O,
    Any,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Test {
    Is(String),
    Starts(String),
    Ends(String),
    Contains(String),
}

#[derive(Debug, Deserialize)]
struct Table {
    interceptor: Vec<Interceptor>,
}

/// Empty only when the compiled-in file does not parse; a test sees to it that it does.
static KNOWN: LazyLock<Vec<Interceptor>> = LazyLock::new(|| {
    toml::from_str::<Table>(include_str!("../../assets/interceptors.toml"))
        .map(|t| t.interceptor)
        .unwrap_or_default()
});

/// The finding for an unknown root that bears the name of a known product; `None` for any other.
pub(super) fn finding(case: &Case<'_>, verdict: &Verdict, top: NodeId) -> Option<Finding> {
    let name = match case.chain.node(top) {
        Some(node) => match (&node.certificate, &node.ghost) {
            (Some(certificate), _) => &certificate.subject,
            (None, Some(ghost)) => &ghost.name,
            (None, None) => return None,
        },
        None => return None,
    };
    let known = KNOWN.iter().find(|known| known.matches(name))?;
    let leaf = case.chain.leaf.and_then(|l| case.chain.certificate(l))?;
    let quoted = case.quoted(top);
    let mut finding = Finding::new(
        &rule::RESIGNED,
        Subject::Node(top),
        format!(
            "{} seems to have re-signed this connection: the chain ends at its CA {quoted}.",
            super::sentence(&known.called())
        ),
    )
    .saw("CA", text::clip(&name.rfc4514(), 100).into_owned())
    .saw("kind", known.kind.words())
    .saw("trusted by", format!("not {}", store_in_sentence(verdict)));
    if !has_timestamps(leaf) {
        finding = finding.saw(
            "no SCTs",
            "the certificate is in no public log, unlike those of public sites",
        );
    }
    if let Some(born) = leaf.not_before.filter(|born| born.until(case.at) < 2 * DAY) {
        finding = finding.saw("minted", born.relative(case.at));
    }
    finding = finding.saw_some(
        "SHA-256 of the CA",
        case.chain
            .certificate(top)
            .map(|c| text::hex_colon(&c.sha256)),
    );
    Some(match known.kind {
        Kind::Malware => finding
            .fix(Who::You, "Never trust this CA: its key is public or in hostile hands. Remove the program that installed it.")
            .fix(Who::NetworkOwner, "Find the machine that re-signs connections and take it off the network."),
        Kind::Antivirus => finding
            .fix(Who::You, "Turn off the HTTPS scanning of the antivirus program, or give your client its root.")
            .fix_by(Who::You, "See which root it is.", format!("whycert export {} --what root", case.typed())),
        Kind::Debugging => finding
            .fix(Who::You, "If you started this proxy yourself, give your client its root; if not, stop and find out who did.")
            .fix_by(Who::You, "See what the server says without it.", format!("whycert --no-proxy {}", case.typed())),
        Kind::Corporate | Kind::Filter => finding
            .fix(Who::NetworkOwner, format!("Ask your IT department for the root {quoted} as a file, with its SHA-256."))
            .fix_by(Who::You, "Then give that file to your client.", format!("whycert {} --ca inspection-root.pem", case.typed())),
    })
}

fn has_timestamps(leaf: &Certificate) -> bool {
    leaf.extensions.iter().any(|e| matches!(&e.value, ExtensionValue::SignedCertificateTimestamps(list) if !list.is_empty()))
}

impl Interceptor {
    fn matches(&self, name: &Name) -> bool {
        name.rdns.iter().flatten().any(|attribute| {
            let field = match attribute.oid.as_str() {
                "2.5.4.3" => Field::Cn,
                "2.5.4.10" => Field::O,
                _ => return false,
            };
            (self.field == Field::Any || self.field == field)
                && self.test.holds(attribute.value.raw())
        })
    }

    fn called(&self) -> String {
        match (self.kind, self.product.starts_with("a ")) {
            (_, true) => self.product.clone(),
            (Kind::Corporate, false) => format!("the TLS-inspecting proxy {}", self.product),
            (Kind::Filter, false) => format!("the content filter {}", self.product),
            (Kind::Antivirus, false) => format!("the antivirus program {}", self.product),
            (Kind::Debugging, false) => format!("the debugging proxy {}", self.product),
            (Kind::Malware, false) => format!("the malicious program {}", self.product),
        }
    }
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Self::Corporate => "inspection by a company or school",
            Self::Filter => "content filter",
            Self::Antivirus => "antivirus on this machine",
            Self::Debugging => "debugging proxy",
            Self::Malware => "malware, or a CA whose key has leaked",
        }
    }
}

impl Test {
    fn holds(&self, value: &str) -> bool {
        let value = value.trim().to_lowercase();
        match self {
            Self::Is(text) => value == text.to_lowercase(),
            Self::Starts(text) => value.starts_with(&text.to_lowercase()),
            Self::Ends(text) => value.ends_with(&text.to_lowercase()),
            Self::Contains(text) => value.contains(&text.to_lowercase()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_parses() {
        let table: Table = toml::from_str(include_str!("../../assets/interceptors.toml")).unwrap();
        assert!(table.interceptor.len() > 50);
        assert!(
            KNOWN
                .iter()
                .any(|k| k.product == "mitmproxy" && k.test.holds("mitmproxy"))
        );
    }
}
