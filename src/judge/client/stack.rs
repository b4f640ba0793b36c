//! What a client's TLS stack meets before, during and after the certificate: versions, suites, groups,
//! key types. The certificate itself is for the engines.

use serde::Deserialize;

use super::super::words::Event;
use super::peer::{Afterwards, FirstAnswer, KeyExchange, Limits, Peer, Reach, Version};
use crate::cert::{Certificate, Hash, KeyKind};

/// What a TLS stack offers and insists on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Stack {
    /// The oldest version offered.
    pub oldest: Version,
    /// With TLS 1.0 it takes the SHA-1 signatures that belong to it.
    pub legacy_signatures: bool,
    /// Offers key exchange by encrypting to the server's RSA key.
    pub static_rsa: bool,
    /// Offers CBC suites with SHA-1.
    pub cbc: bool,
    /// Offers CBC suites with SHA-256.
    pub cbc_sha256: bool,
    /// Offers 3DES.
    pub triple_des: bool,
    /// Offers finite-field Diffie-Hellman.
    pub dhe: bool,
    /// Groups below this are refused.
    pub least_dh_bits: u32,
    /// Offers Camellia.
    pub camellia: bool,
    /// Offers secp521r1 for the key exchange.
    pub p521_exchange: bool,
    /// Offers X448 for the key exchange.
    pub x448_exchange: bool,
    /// Takes certificates with P-521 keys.
    pub p521_keys: bool,
    /// Takes certificates whose key may only make PSS signatures.
    pub rsa_pss_keys: bool,
    /// Takes certificates with Ed25519 keys.
    pub ed25519_keys: bool,
    /// Takes certificates with Ed448 keys.
    pub ed448_keys: bool,
    /// A handshake signed by a smaller RSA key than this fails as a bad signature.
    pub least_rsa_key_bits: u32,
    /// Takes certificates signed with MD5 (to refuse them itself); else the server finds none to send.
    pub md5_certificates: bool,
    /// Certificates that a server may send at most.
    pub most_certificates: Option<usize>,
    /// Bytes of certificates that a server may send at most.
    pub most_certificate_bytes: Option<usize>,
    /// Servers without RFC 5746 are refused.
    pub refuses_unsafe_renegotiation: bool,
    /// An answer that ends without close_notify is an error.
    pub needs_close_notify: bool,
    /// When the certificate is judged.
    pub verifies: Verifies,
    /// Who looks whether the leaf's key may sign the handshake.
    pub key_usage: KeyUsageCheck,
}

/// When the certificate is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verifies {
    /// As soon as it arrives.
    During,
    /// Once the handshake is over, so that trouble in the handshake is reported first.
    Afterwards,
}

/// Who looks whether the leaf's key may sign the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyUsageCheck {
    /// Nobody, or the verifier.
    Verifier,
    /// The handshake itself, before the certificate is judged.
    Handshake,
}

impl Default for Stack {
    fn default() -> Self {
        Self {
            oldest: Version::Tls12,
            legacy_signatures: true,
            static_rsa: true,
            cbc: true,
            cbc_sha256: true,
            triple_des: false,
            dhe: true,
            least_dh_bits: 2048,
            camellia: false,
            p521_exchange: true,
            x448_exchange: true,
            p521_keys: true,
            rsa_pss_keys: true,
            ed25519_keys: true,
            ed448_keys: true,
            least_rsa_key_bits: 0,
            md5_certificates: true,
            most_certificates: None,
            most_certificate_bytes: None,
            refuses_unsafe_renegotiation: false,
            needs_close_notify: false,
            verifies: Verifies::During,
            key_usage: KeyUsageCheck::Verifier,
        }
    }
}

/// What a stack meets, in its three places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Met {
    /// Before the certificate is looked at.
    pub before: Option<Event>,
    /// In the handshake, after the certificate arrived.
    pub during: Option<Event>,
    /// Once the handshake is over.
    pub after: Option<Event>,
}

impl Stack {
    /// What this stack meets with a server that sends `sent`, leaf first.
    pub fn meets(&self, peer: &Peer, sent: &[&Certificate]) -> Met {
        let before = reach(peer)
            .or_else(|| self.first_answer(peer))
            .or_else(|| self.hello(&peer.limits))
            .or_else(|| self.certificate_types(sent))
            .or_else(|| self.too_much(sent))
            .or_else(|| self.leaf_key_usage(&peer.limits, sent));
        let during = self
            .handshake_signature(&peer.limits, sent)
            .or_else(|| self.key_exchange(&peer.limits))
            .or(match peer.afterwards {
                Afterwards::ClientCertificateEarly(code) => Some(Event::alert(code)),
                _ => None,
            });
        let after = match peer.afterwards {
            Afterwards::ClientCertificate => Some(Event::client_certificate_required()),
            Afterwards::Silent => Some(Event::new(["silent-after-handshake", "timed-out"])),
            Afterwards::NoCloseNotify if self.needs_close_notify => {
                Some(Event::new(["no-close-notify"]))
            }
            _ => None,
        };
        Met {
            before,
            during,
            after,
        }
    }

    /// What this stack meets with any modern server that sends `sent`, leaf first: what the certificates
    /// alone decide.
    pub fn meets_file(&self, limits: &Limits, sent: &[&Certificate]) -> Met {
        Met {
            before: self
                .certificate_types(sent)
                .or_else(|| self.too_much(sent))
                .or_else(|| self.leaf_key_usage(limits, sent)),
            during: self.handshake_signature(limits, sent),
            after: None,
        }
    }

    fn first_answer(&self, peer: &Peer) -> Option<Event> {
        Some(match peer.first {
            FirstAnswer::Tls => return None,
            FirstAnswer::ClosedAtOnce => Event::new(["closed-at-once", "closed"]),
            FirstAnswer::ClosedAfterHello => Event::new(["closed-after-hello", "closed"]),
            FirstAnswer::ClosedMidway => {
                Event::new(["closed-midway", "closed-after-hello", "closed"])
            }
            FirstAnswer::Reset => Event::new(["reset", "closed-at-once", "closed"]),
            FirstAnswer::Silent => Event::new(["silent", "timed-out"]),
            FirstAnswer::Http => Event::new(["not-tls-http", "not-tls", "tls"]),
            FirstAnswer::Banner => Event::new(["not-tls-banner", "not-tls", "tls"]),
            FirstAnswer::Alert(code) => Event::alert(code),
        })
    }

    /// Version, suite and group.
    fn hello(&self, limits: &Limits) -> Option<Event> {
        let too_old = limits.newest < self.oldest;
        if too_old && limits.alerts_on_version {
            return Some(Event::alert(70));
        }
        let shares_suite = match limits.key_exchange {
            KeyExchange::StaticRsa => self.static_rsa,
            KeyExchange::Dhe(_) => self.dhe,
            KeyExchange::Ecdhe => true,
        };
        let shares_suite = shares_suite
            && (!limits.only_cbc || limits.only_cbc_sha256 || self.cbc)
            && (!limits.only_cbc_sha256 || self.cbc_sha256)
            && (!limits.only_triple_des || self.triple_des)
            && (!limits.only_unusual_cipher || self.camellia)
            && (!limits.only_p521 || self.p521_exchange)
            && (!limits.only_x448 || self.x448_exchange);
        if !shares_suite {
            return Some(Event::alert(40));
        }
        if too_old {
            let (wire, java) = match limits.newest {
                Version::Ssl3 => ("300", "SSL30"),
                Version::Tls10 => ("301", "TLS10"),
                _ => ("302", "TLS11"),
            };
            return Some(
                Event::new(["unsupported-version", "tls"])
                    .with("WIRE_VERSION", wire)
                    .with("JAVA_VERSION", java),
            );
        }
        (self.refuses_unsafe_renegotiation && !limits.secure_renegotiation)
            .then(|| Event::new(["unsafe-renegotiation", "tls"]))
    }

    /// A server has nothing to show to a client that does not take its kind of key.
    fn certificate_types(&self, sent: &[&Certificate]) -> Option<Event> {
        let leaf = sent.first()?;
        let takes_key = match &leaf.key.kind {
            KeyKind::RsaPss { .. } => self.rsa_pss_keys,
            KeyKind::Ed25519 => self.ed25519_keys,
            KeyKind::Ed448 => self.ed448_keys,
            KeyKind::Ec { curve } => match curve.as_str() {
                "P-256" | "P-384" => true,
                "P-521" => self.p521_keys,
                // No client offers other curves.
                _ => false,
            },
            _ => true,
        };
        // It looks at the signature on its own certificate only.
        let md5 = matches!(leaf.signature_algorithm.hash, Some(Hash::Md5 | Hash::Md2))
            && !leaf.is_self_issued();
        (!takes_key || (md5 && !self.md5_certificates)).then(|| Event::alert(40))
    }

    /// More certificates than the stack takes in one message.
    fn too_much(&self, sent: &[&Certificate]) -> Option<Event> {
        // Each comes after its length in three bytes; in TLS 1.3 two of extensions follow.
        let bytes: usize = sent.iter().map(|c| c.der.len() + 5).sum::<usize>() + 4;
        if let Some(most) = self.most_certificate_bytes.filter(|&most| bytes > most) {
            return Some(
                Event::new(["too-many-bytes", "too-much", "tls"])
                    .with("SENT_BYTES", bytes.to_string())
                    .with("MOST_BYTES", most.to_string()),
            );
        }
        let most = self.most_certificates.filter(|&most| sent.len() > most)?;
        Some(
            Event::new(["too-many-certificates", "too-much", "tls"])
                .with("SENT_COUNT", (most + 1).to_string())
                .with("MOST_COUNT", most.to_string()),
        )
    }

    fn leaf_key_usage(&self, limits: &Limits, sent: &[&Certificate]) -> Option<Event> {
        let usage = sent.first()?.key_usage()?;
        let forbids = limits.key_exchange != KeyExchange::StaticRsa
            && !usage.has(crate::cert::extension::KeyUsage::DIGITAL_SIGNATURE);
        (self.key_usage == KeyUsageCheck::Handshake && forbids)
            .then(|| Event::new(["key-usage", "tls"]))
    }

    /// The server proves that it holds the leaf's key by signing, except with static RSA.
    fn handshake_signature(&self, limits: &Limits, sent: &[&Certificate]) -> Option<Event> {
        let key = &sent.first()?.key;
        let small = matches!(key.kind, KeyKind::Rsa { .. } | KeyKind::RsaPss { .. })
            && key.bits < self.least_rsa_key_bits;
        (small && limits.key_exchange != KeyExchange::StaticRsa).then(|| {
            Event::new(["bad-signature", "certificate"]).with("KEY_BITS", key.bits.to_string())
        })
    }

    fn key_exchange(&self, limits: &Limits) -> Option<Event> {
        if limits.newest <= Version::Tls11 && !self.legacy_signatures {
            return Some(Event::new(["legacy-signature", "tls"]));
        }
        match limits.key_exchange {
            KeyExchange::Dhe(bits) if bits < self.least_dh_bits => {
                Some(Event::new(["small-dh", "tls"]))
            }
            _ => None,
        }
    }
}

fn reach(peer: &Peer) -> Option<Event> {
    Some(match peer.reach {
        Reach::Connected => return None,
        Reach::NoSuchName => Event::new(["no-such-name"]),
        Reach::Refused => Event::new(["refused"]),
        Reach::Unreachable => Event::new(["unreachable", "refused"]),
        Reach::TimedOut => Event::new(["timed-out", "silent"]),
    })
}
