//! Is something standing between this machine and the server, signing certificates of its own?
//!
//! Known products, CAs that nobody may trust, and makers that are no proxies are data:
//! `assets/interceptors.toml`. A name alone proves nothing, so every sign has a weight, the finding lists
//! them all, and it says “seems”.

use std::sync::LazyLock;

use serde::Deserialize;

use super::path::store_in_sentence;
use super::stores::will_fail;
use super::{Case, Finding, Severity, Subject, Who, rule};
use crate::cert::{Certificate, ExtensionValue, Name};
use crate::chain::NodeId;
use crate::judge::Verdict;
use crate::moment::DAY;
use crate::store::StoreKind;
use crate::target::Host;
use crate::text;

/// A certificate that began to be valid this recently may have been made for this connection; mitmproxy dates
/// its own two days back.
const MINTED: i64 = 2 * DAY + 3_600;
/// Signs that weigh this much together make a finding.
const ENOUGH: u32 = 60;
/// Signs that weigh this much are worth asking further.
const SUSPICIOUS: u32 = 40;

/// One known product.
#[derive(Debug, Deserialize)]
struct Interceptor {
    product: String,
    kind: Kind,
    #[serde(default)]
    leaked: bool,
    /// Where the product keeps its CA's certificate.
    root: Option<String>,
    field: Field,
    #[serde(flatten)]
    test: Test,
}

/// CAs whose private key everybody has.
#[derive(Debug, Deserialize)]
struct Denied {
    name: String,
    #[serde(default)]
    sha1: Vec<String>,
    #[serde(default)]
    sha256: Vec<String>,
}

/// Who made a certificate that no proxy made.
#[derive(Debug, Deserialize)]
pub(super) struct Maker {
    pub product: String,
    of: Of,
    field: Field,
    #[serde(flatten)]
    test: Test,
    owner: Owner,
    advice: String,
    command: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Of {
    Subject,
    Issuer,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Owner {
    You,
    Server,
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

#[derive(Debug, Default, Deserialize)]
struct Table {
    interceptor: Vec<Interceptor>,
    denied: Vec<Denied>,
    maker: Vec<Maker>,
}

/// Empty only when the compiled-in file does not parse; a test sees to it that it does.
static KNOWN: LazyLock<Table> = LazyLock::new(|| {
    serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/interceptors.json")))
        .unwrap_or_default()
});

/// Whose leaked key this certificate's is; `None` when it is not on the list. Nobody may trust one that is.
pub fn denied(certificate: &Certificate) -> Option<&'static str> {
    let is = |hex: &String, digest: &[u8]| *hex == text::hex(digest);
    KNOWN
        .denied
        .iter()
        .find(|d| {
            d.sha1.iter().any(|hex| is(hex, &certificate.sha1))
                || d.sha256.iter().any(|hex| is(hex, &certificate.sha256))
        })
        .map(|d| d.name.as_str())
}

/// Keys that everybody has: the first thing to know, and no other finding about the same certificate may
/// advise to trust it.
pub(super) fn leaked_keys(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let leaked: Vec<Finding> = case
        .chain
        .iter()
        .filter_map(|(id, node)| leaked(case, id, node.certificate.as_ref()?))
        .collect();
    for finding in findings.iter_mut() {
        if leaked.iter().any(|l| l.subject == finding.subject) {
            finding.fixes.retain(|fix| fix.who != Who::You);
        }
    }
    findings.splice(0..0, leaked);
}

/// Inspection that this machine accepts, when nothing has been said of it.
pub(super) fn findings(case: &Case<'_>, found: &[Finding]) -> Option<Finding> {
    let told = found.iter().any(|f| f.rule == &rule::RESIGNED);
    if told { None } else { accepted(case) }
}

fn leaked(case: &Case<'_>, id: NodeId, certificate: &Certificate) -> Option<Finding> {
    let name = denied(certificate)?;
    Some(
        Finding::new(
            &rule::LEAKED_KEY,
            Subject::Node(id),
            format!(
                "Everybody has the private key of {}: it belongs to {name}. Nothing that it signed proves anything.",
                case.quoted(id)
            ),
        )
        .saw("SHA-256", text::hex_colon(&certificate.sha256))
        .fix(Who::You, "Never trust it. Remove the program that installed it, and the certificate from every store.")
        .fix_by(Who::You, "See which stores there are.", "whycert stores"),
    )
}

/// The finding for an unknown root that bears the name of a known product, or that an unrelated server
/// shows as well; `None` for any other.
pub(super) fn finding(case: &Case<'_>, verdict: &Verdict, top: NodeId) -> Option<Finding> {
    let signs = Signs::of(case, verdict, top)?;
    if signs.weight() < ENOUGH {
        return None;
    }
    Some(
        signs
            .finding(case, top)
            .saw("trusted by", format!("not {}", store_in_sentence(verdict))),
    )
}

/// Inspection by a CA that the company put into this machine's store: all is well here, and programs with
/// roots of their own fail.
fn accepted(case: &Case<'_>) -> Option<Finding> {
    let verdict = case.deciding().filter(|v| v.accepted && !v.pretended)?;
    let top = *verdict.path.last()?;
    case.capture.target.endpoint()?;
    let signs = Signs::of(case, verdict, top)?;
    if signs.weight() >= ENOUGH {
        let severity = match signs.known.map(|k| k.kind) {
            Some(Kind::Malware) => Severity::Error,
            _ => Severity::Warning,
        };
        return Some(
            signs
                .finding(case, top)
                .severity(severity)
                .saw("trusted by", store_in_sentence(verdict))
                .saw(
                    "will fail",
                    will_fail(
                        !case
                            .verdicts
                            .iter()
                            .any(|v| v.store == "system" && v.accepted),
                    ),
                ),
        );
    }
    if signs.weight() < SUSPICIOUS {
        return None;
    }
    let mut finding = Finding::new(
        &rule::RESIGNED,
        Subject::Node(top),
        format!(
            "A TLS-inspecting proxy may have made this certificate: its CA {} is trusted here and not by Mozilla.",
            case.quoted(top)
        ),
    )
    .severity(Severity::Note);
    for sign in &signs.seen {
        finding = finding.saw(sign.label, sign.words.clone());
    }
    Some(finding.fix_by(
        Who::You,
        "Look at a public server that has nothing to do with this one: the same CA there gives a proxy away.",
        format!("whycert inspect {} --compare https://example.com", case.typed()),
    ))
}

/// What points to a proxy.
struct Signs<'k> {
    known: Option<&'k Interceptor>,
    seen: Vec<Sign>,
}

struct Sign {
    weight: u32,
    label: &'static str,
    words: String,
}

impl Signs<'static> {
    fn of(case: &Case<'_>, verdict: &Verdict, top: NodeId) -> Option<Self> {
        let node = case.chain.node(top)?;
        let name = match (&node.certificate, &node.ghost) {
            (Some(certificate), _) => certificate.subject.clone(),
            (None, Some(ghost)) => ghost.name.clone(),
            (None, None) => return None,
        };
        let leaf = case.chain.leaf.and_then(|l| case.chain.certificate(l))?;
        let issuers = verdict
            .path
            .iter()
            .skip(1)
            .filter_map(|&n| case.chain.certificate(n))
            .map(|c| &c.subject)
            .chain([&leaf.issuer, &name]);
        let mut known = KNOWN.interceptor.iter();
        let issuers: Vec<&Name> = issuers.collect();
        let known = known.find(|k| issuers.iter().any(|name| k.matches(name)));
        let mut seen = vec![Sign {
            weight: if known.is_some() { 60 } else { 0 },
            label: "CA",
            words: text::clip(&name.rfc4514(), 100).into_owned(),
        }];
        if let Some(known) = known {
            seen.push(Sign {
                weight: 0,
                label: "kind",
                words: known.kind.words().to_owned(),
            });
        }
        if let Some(other) = case.further.other.as_ref().filter(|o| shows(o, &name)) {
            seen.push(Sign {
                weight: 50,
                label: "same CA",
                words: format!("{} is signed by it as well", other.typed),
            });
        }
        if held_privately(case, verdict, top) {
            seen.push(Sign {
                weight: 15,
                label: "its root",
                words: "in this machine's stores and not among Mozilla's roots".to_owned(),
            });
        }
        if !has_timestamps(leaf) {
            let public = case.name.is_some_and(looks_public);
            seen.push(Sign {
                weight: if public { 15 } else { 0 },
                label: "no SCTs",
                words: "the certificate is in no public log, unlike those of public sites"
                    .to_owned(),
            });
        }
        if let Some(born) = leaf
            .not_before
            .filter(|b| (0..=MINTED).contains(&b.until(case.at)))
        {
            seen.push(Sign {
                weight: 10,
                label: "minted",
                words: born.relative(case.at),
            });
        }
        Some(Self { known, seen })
    }

    fn weight(&self) -> u32 {
        self.seen.iter().map(|s| s.weight).sum()
    }

    fn finding(&self, case: &Case<'_>, top: NodeId) -> Finding {
        let quoted = case.quoted(top);
        let called = self
            .known
            .map_or_else(|| "a TLS-inspecting proxy".to_owned(), Interceptor::called);
        let mut finding = Finding::new(
            &rule::RESIGNED,
            Subject::Node(top),
            format!(
                "{} seems to have re-signed this connection: the chain ends at its CA {quoted}.",
                super::sentence(&called)
            ),
        );
        for sign in &self.seen {
            finding = finding.saw(sign.label, sign.words.clone());
        }
        if self.known.is_some_and(|k| k.leaked) {
            finding = finding.saw(
                "its key",
                "the private key of this product's built-in CA is public: trust it only for a moment, if at all",
            );
        }
        let finding = finding.saw_some(
            "SHA-256 of the CA",
            case.chain
                .certificate(top)
                .map(|c| text::hex_colon(&c.sha256)),
        );
        let kind = self.known.map_or(Kind::Corporate, |k| k.kind);
        let export = format!(
            "whycert export {} --what root -o inspection-root.pem",
            case.typed()
        );
        let have = case.chain.certificate(top).is_some();
        match kind {
            Kind::Malware => finding
                .fix(Who::You, "Never trust this CA: its key is public or in hostile hands. Remove the program that installed it.")
                .fix(Who::NetworkOwner, "Find the machine that re-signs connections and take it off the network."),
            Kind::Antivirus if have => finding
                .fix(Who::You, "Turn off the HTTPS scanning of the antivirus program, or give your client its root.")
                .fix_by(Who::You, format!("Export this one certificate, {quoted}."), export),
            Kind::Antivirus => finding
                .fix(Who::You, format!("Turn off the HTTPS scanning of the antivirus program, or export its root {quoted} from its settings or the system's store, and give it to your client.")),
            Kind::Debugging => {
                let finding = match self.known.and_then(|k| k.root.as_ref()) {
                    Some(root) => finding.fix_by(
                        Who::You,
                        "If you started this proxy yourself, give your client its root; if not, stop and find out who did.",
                        format!("whycert {} --ca {root}", case.typed()),
                    ),
                    None => finding.fix(Who::You, "If you started this proxy yourself, give your client its root; if not, stop and find out who did."),
                };
                finding.fix_by(Who::You, "See what the server says without it.", format!("whycert --no-proxy {}", case.typed()))
            }
            Kind::Corporate | Kind::Filter if have && held_somewhere(case, top) => finding
                .fix_by(Who::You, format!("Export this one certificate, {quoted}; your company put it into this machine's store."), export)
                .fix(Who::You, "Give it to the programs that fail: NODE_EXTRA_CA_CERTS adds it to Node; for Python and others whycert trust makes a bundle with the public roots."),
            Kind::Corporate | Kind::Filter => finding
                .fix(Who::NetworkOwner, format!("Ask your IT department for the root {quoted} as a file, with its SHA-256."))
                .fix_by(Who::You, "Then give that file to your client.", format!("whycert {} --ca inspection-root.pem", case.typed())),
        }
    }
}

/// The other server's certificates bear the same CA's name.
fn shows(other: &super::Other, name: &Name) -> bool {
    other.presented.iter().any(|der| {
        let certificate = Certificate::read(der.clone());
        certificate.issuer.matches(name) || certificate.subject.matches(name)
    })
}

/// The root is trusted by a store of this machine, and Mozilla's list leads nowhere.
fn held_privately(case: &Case<'_>, verdict: &Verdict, top: NodeId) -> bool {
    let mozilla = case
        .verdicts
        .iter()
        .zip(&case.stores.0)
        .find(|(_, s)| s.kind == StoreKind::Mozilla);
    verdict.accepted && held_somewhere(case, top) && mozilla.is_some_and(|(v, _)| !v.accepted)
}

fn held_somewhere(case: &Case<'_>, top: NodeId) -> bool {
    let Some(certificate) = case.chain.certificate(top) else {
        return false;
    };
    case.stores.0.iter().any(|s| {
        matches!(s.kind, StoreKind::System | StoreKind::Environment) && s.holds(certificate)
    })
}

/// A name that a public CA would sign for: with a dot, and under no domain that is kept for private use.
fn looks_public(host: &Host) -> bool {
    const PRIVATE: &[&str] = &[
        "localhost",
        "local",
        "internal",
        "intranet",
        "lan",
        "home",
        "corp",
        "private",
        "test",
        "example",
        "invalid",
        "home.arpa",
        "localdomain",
        "docker",
    ];
    let Host::Name { ascii: name, .. } = host else {
        return false;
    };
    name.contains('.')
        && !PRIVATE.iter().any(|end| {
            name.strip_suffix(end)
                .is_some_and(|rest| rest.ends_with('.'))
        })
}

fn has_timestamps(leaf: &Certificate) -> bool {
    leaf.extensions.iter().any(|e| matches!(&e.value, ExtensionValue::SignedCertificateTimestamps(list) if !list.is_empty()))
}

/// Who made the certificate, when it is one of the makers that are known and no proxies.
pub(super) fn maker(leaf: &Certificate, top: &Name) -> Option<&'static Maker> {
    KNOWN.maker.iter().find(|maker| {
        let name = match maker.of {
            Of::Subject => &leaf.subject,
            Of::Issuer => top,
        };
        matches(name, maker.field, &maker.test)
    })
}

impl Maker {
    /// Adds to a finding who made the certificate and, as the first fix, what helps.
    pub fn told_by(&self, mut finding: Finding, case: &Case<'_>) -> Finding {
        finding = finding.saw("made by", self.product.clone());
        let fixes = std::mem::take(&mut finding.fixes);
        let who = match self.owner {
            Owner::You => Who::You,
            Owner::Server => Who::ServerOwner,
        };
        finding = match &self.command {
            Some(command) => finding.fix_by(
                who,
                self.advice.clone(),
                command.replace("TARGET", &case.typed()),
            ),
            None => finding.fix(who, self.advice.clone()),
        };
        finding.fixes.extend(fixes);
        finding
    }
}

impl Interceptor {
    fn matches(&self, name: &Name) -> bool {
        matches(name, self.field, &self.test)
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

fn matches(name: &Name, field: Field, test: &Test) -> bool {
    name.rdns.iter().flatten().any(|attribute| {
        let found = match attribute.oid.as_str() {
            "2.5.4.3" => Field::Cn,
            "2.5.4.10" => Field::O,
            _ => return false,
        };
        (field == Field::Any || field == found) && test.holds(attribute.value.raw())
    })
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
        assert_eq!(KNOWN.interceptor.len(), table.interceptor.len());
        let mut known = KNOWN.interceptor.iter();
        assert!(known.any(|k| k.product == "mitmproxy" && k.test.holds("mitmproxy")));
        assert!(table.maker.len() >= 10);
        for denied in &table.denied {
            assert!(denied.sha1.len() + denied.sha256.len() > 0);
            let is_hex = |hex: &String| hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            assert!(denied.sha1.iter().all(|h| h.len() == 40 && is_hex(h)));
            assert!(denied.sha256.iter().all(|h| h.len() == 64 && is_hex(h)));
        }
    }

    #[test]
    fn public_names_are_told_from_private_ones() {
        let host = |name: &str| Host::Name {
            ascii: name.to_owned(),
            unicode: name.to_owned(),
        };
        for public in ["api.openai.com", "example.org", "a.b.example.net"] {
            assert!(looks_public(&host(public)), "{public}");
        }
        for private in [
            "localhost",
            "router",
            "nas.local",
            "git.corp",
            "a.home.arpa",
            "x.internal",
        ] {
            assert!(!looks_public(&host(private)), "{private}");
        }
    }
}
