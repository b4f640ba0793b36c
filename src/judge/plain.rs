//! The plain implementations, for files and for comparing: each verifier with the switches that its
//! own command-line tool or library call has, and no product around it.

use super::policy::{CommonName, Engine, NameCheck, Policy, TrustedLeaf};

/// One implementation by its stable id.
#[derive(Clone, Debug)]
pub struct Implementation {
    /// `rfc5280`, `openssl`, `rustls`, `go`, `python`, `gnutls`.
    pub id: &'static str,
    /// For people.
    pub title: &'static str,
    /// Its rules.
    pub policy: Policy,
}

/// All of them; the first decides the exit code of `whycert verify`.
pub fn implementations() -> Vec<Implementation> {
    let of = |id, title, policy| Implementation { id, title, policy };
    vec![
        of(
            "rfc5280",
            "RFC 5280 with today's floors for keys and hashes",
            Policy::default(),
        ),
        of(
            "openssl",
            "OpenSSL, strict (openssl verify -x509_strict)",
            Policy {
                engine: Engine::Openssl,
                partial_chain: false,
                strict: true,
                // `openssl verify` asks for no level; TLS programs do.
                security_level: 0,
                common_name: CommonName::Names,
                partial_wildcards: true,
                name_check: NameCheck::Inside,
                ..Policy::default()
            },
        ),
        of("rustls", "Rust programs (rustls-webpki)", Policy::webpki()),
        of(
            "go",
            "Go (crypto/x509)",
            Policy {
                engine: Engine::Go,
                least_rsa_bits: 1024,
                ..Policy::default()
            },
        ),
        of(
            "python",
            "Python 3.13 and later (ssl, strict)",
            Policy {
                engine: Engine::Openssl,
                strict: true,
                common_name: CommonName::Names,
                name_check: NameCheck::Inside,
                trusted_leaf: TrustedLeaf::Any,
                ..Policy::default()
            },
        ),
        of(
            "gnutls",
            "GnuTLS",
            Policy {
                engine: Engine::Gnutls,
                common_name: CommonName::Names,
                least_rsa_bits: 1024,
                ..Policy::default()
            },
        ),
    ]
}
