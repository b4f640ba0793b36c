//! The table of rules. A rule has a lesson in `assets/lessons/<id>.md`, a lab scenario that shows it
//! (or a stated reason why none can), and code that emits it; `tests/catalogue.rs` finds orphans.

use std::fmt;

/// A kind of finding.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable name, such as `chain.missing-issuer`.
    pub id: &'static str,
    /// Usual severity.
    pub severity: Severity,
    /// The finding in a few words, for lists and the README.
    pub title: &'static str,
}

/// How grave a finding is. Ordered: the gravest is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know.
    Note,
    /// Works today for the clients judged here; some clients refuse, or it will break.
    Warning,
    /// Clients refuse because of this.
    Error,
}

impl Severity {
    /// `error`, `warning`, `note`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

macro_rules! rules {
    ($($name:ident = $id:literal $severity:ident $title:literal;)*) => {
        $(#[doc = $title] pub static $name: Rule = Rule { id: $id, severity: Severity::$severity, title: $title };)*
        /// Every rule, in the order of the documentation.
        pub static RULES: &[&Rule] = &[$(&$name),*];

        /// The text of a rule's lesson. A rule without a lesson does not compile.
        pub(super) fn page(id: &str) -> Option<(&'static str, &'static str)> {
            match id {
                $($id => Some(($id, include_str!(concat!("../../assets/lessons/", $id, ".md")))),)*
                _ => None,
            }
        }
    };
}

rules! {
    // reaching the server
    NO_SUCH_NAME = "net.no-such-name" Error "the name does not resolve";
    REFUSED = "net.refused" Error "nothing listens on that port";
    UNREACHABLE = "net.unreachable" Error "the address cannot be reached";
    TIMED_OUT = "net.timed-out" Error "no answer within the time limit";
    PROXY_UNREACHABLE = "proxy.unreachable" Error "the proxy cannot be reached";
    PROXY_AUTHENTICATION = "proxy.authentication" Error "the proxy asks for a password";
    PROXY_REFUSED = "proxy.refused" Error "the proxy refuses to connect";
    PROXY_NOT_A_PROXY = "proxy.not-a-proxy" Error "the proxy's port does not answer like a proxy";
    // speaking TLS
    PLAIN_HTTP = "tls.plain-http" Error "the server speaks plain HTTP on this port";
    NEEDS_STARTTLS = "tls.needs-starttls" Error "the server speaks another protocol first; TLS starts after STARTTLS";
    NOT_TLS = "tls.not-tls" Error "the server speaks something that is not TLS";
    HTTPS_ON_HTTP_URL = "tls.http-url" Warning "http:// was typed, but the port speaks TLS";
    STARTTLS_REFUSED = "tls.starttls-refused" Error "the server refuses STARTTLS";
    CLOSED_AT_ONCE = "tls.closed-at-once" Error "the server closes the connection at once";
    RESET = "tls.reset" Error "the connection was reset";
    SILENT = "tls.silent" Error "the server accepts the connection and says nothing";
    GARBAGE = "tls.garbage" Error "the server answers with bytes that are no known protocol";
    TOO_MUCH_DATA = "tls.too-much-data" Error "the server sends more than a handshake may hold";
    ALERT = "tls.alert" Error "the server ends the handshake with an alert";
    HANDSHAKE = "tls.handshake" Error "the handshake fails";
    OLD_VERSION = "tls.old-version" Warning "the server speaks only old TLS versions or suites";
    CLIENT_CERTIFICATE = "tls.client-certificate" Error "the server demands a client certificate";
    NO_CERTIFICATE = "tls.no-certificate" Error "the server sends no certificate";
    KEY_NOT_PROVED = "tls.key-not-proved" Error "the server does not prove that it holds the private key";
    // files
    FILE_UNREADABLE = "file.unreadable" Error "the file cannot be read";
    FILE_EMPTY = "file.no-certificate" Error "the file holds no certificate";
    FILE_PARTS = "file.unreadable-part" Warning "a part of the file cannot be read as a certificate";
    // one certificate
    EXPIRED = "cert.expired" Error "a certificate has expired";
    NOT_YET_VALID = "cert.not-yet-valid" Error "a certificate is not valid yet";
    CLOCK_SUSPECT = "cert.clock-suspect" Warning "the clock of this machine may be wrong";
    EXPIRES_SOON = "cert.expires-soon" Warning "the certificate expires soon";
    NAME_MISMATCH = "name.mismatch" Error "the certificate is for other names";
    IP_NOT_IN_SAN = "name.ip-not-in-san" Error "an IP address was asked for, and the certificate does not list it";
    COMMON_NAME_ONLY = "name.common-name-only" Error "the name stands only in the common name, which most clients ignore";
    SELF_SIGNED = "leaf.self-signed" Error "the server's certificate is signed by itself";
    CA_AS_LEAF = "leaf.ca-as-server" Warning "the server's own certificate is marked as a CA";
    NOT_FOR_SERVERS = "leaf.not-for-servers" Error "the certificate may not be used by servers";
    WEAK_HASH = "crypto.weak-hash" Error "a signature uses a broken hash";
    WEAK_KEY = "crypto.weak-key" Error "a key is too small";
    UNCHECKED_SIGNATURE = "crypto.unchecked-signature" Warning "a signature cannot be checked";
    BROKEN_ENCODING = "cert.broken-encoding" Warning "a certificate is not encoded as the standard demands";
    CRITICAL_EXTENSION = "cert.unknown-critical-extension" Error "an unknown extension is marked critical";
    REVOKED = "cert.revoked" Error "a certificate has been revoked";
    REVOCATION_UNKNOWN = "cert.revocation-unknown" Error "nobody says whether a certificate is revoked";
    MUST_STAPLE = "cert.must-staple" Warning "the certificate demands a stapled answer, and none came";
    BAD_STAPLE = "cert.bad-staple" Warning "the stapled answer about a certificate is no good";
    PROFILE = "cert.profile" Note "a certificate breaks a rule that few verifiers enforce";
    STRICT = "cert.strict-profile" Warning "strict clients, such as Python 3.13, refuse a certificate";
    // the chain
    MISSING_ISSUER = "chain.missing-issuer" Error "the server does not send an intermediate";
    UNKNOWN_ROOT = "chain.unknown-root" Error "the chain ends at a root this machine does not trust";
    EXPIRED_CROSS_SIGN = "chain.expired-cross-sign" Warning "one path ends at an expired root, another one works";
    BAD_SIGNATURE = "chain.bad-signature" Error "a signature does not match its issuer's key";
    NOT_A_CA = "chain.not-a-ca" Error "a certificate signed another without being a CA";
    PATH_LENGTH = "chain.path-length" Error "a CA signed more levels than it may";
    NAME_CONSTRAINT = "chain.name-constraint" Error "a CA may not sign for this name";
    POLICY = "chain.policy" Error "certificate policies do not allow the chain";
    OUT_OF_ORDER = "chain.out-of-order" Warning "the certificates are sent in the wrong order";
    DUPLICATE = "chain.duplicate" Note "a certificate is sent twice";
    UNRELATED = "chain.unrelated" Note "a certificate is sent that belongs to no path";
    REDUNDANT_ROOT = "chain.redundant-root" Note "the root is sent although every client must already have it";
    BUDGET = "chain.budget" Warning "there are too many possible paths to try them all";
    VERIFIERS_DISAGREE = "chain.verifiers-disagree" Warning "verifiers disagree about this chain";
    RESIGNED = "proxy.re-signed" Error "a TLS-inspecting proxy seems to have re-signed the certificate";
    LEAKED_KEY = "proxy.leaked-key" Error "everybody has the private key of a CA in the chain";
    // this machine
    ENV_MISSING = "env.file-missing" Warning "a variable or setting names a file that does not exist";
    ENV_UNREADABLE = "env.no-certificate" Warning "a variable or setting names a file without certificates";
    ENV_REPLACED = "env.replaced-roots" Warning "a variable or setting took the public roots away from some programs";
    ENV_ONLY_SOME = "env.only-for-some" Note "the missing root is given to some programs only";
    ENV_BEATEN = "env.overridden" Note "the right setting is overridden by another";
    ENV_OFF = "env.verification-off" Warning "verification is turned off for a program";
    // stores
    STORES_DISAGREE = "store.disagree" Note "one trust store of this machine accepts what another rejects";
    STORE_UNREADABLE = "store.unreadable" Warning "a trust store could not be read";
}

/// Looks a rule up by its id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|r| r.id == id)
}
