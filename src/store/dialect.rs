//! Which certificates of a file each kind of program reads. Everything is read here; programs are more
//! particular, and not in the same way: some skip what they cannot read, some then read nothing of the file.
//!
//! Measured with OpenSSL 3.0 to 3.6, curl 7.88 and 8.23, Python 3.11 and 3.13, Node 20 and 24, npm, GnuTLS 3.7 and 3.8,
//! git, wget, wget2, Bun 1.4, Deno 2.9, uv, Go 1.19 to 1.26, Ruby, PHP.

use std::sync::Arc;

use serde::Deserialize;

use crate::capture::pem::{Begins, Block, Decoded, Flaw, Label};
use crate::text;

/// How a program reads a file of certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// Everything that is read here: programs that are given the certificates, not the file.
    Any,
    /// OpenSSL's `X509_load_cert_crl_file`: one flaw, and nothing of the file counts.
    Openssl,
    /// The same in BoringSSL, which knows no byte-order mark: Bun with `SSL_CERT_FILE`.
    BoringsslFile,
    /// Without `TRUSTED CERTIFICATE` besides: Bun with `NODE_EXTRA_CA_CERTS`.
    Boringssl,
    /// Node with `NODE_EXTRA_CA_CERTS`: up to the first flaw.
    Node,
    /// GnuTLS: blocks that stand anywhere; one flaw, and nothing counts.
    Gnutls,
    /// Go's `encoding/pem`: every block alone.
    Go,
    /// Rust's `rustls-pki-types`: every block alone; one without END takes the next with it.
    Rustls,
    /// Deno: as Rust programs do, but base64 that is none, or no END, and nothing counts.
    Deno,
    /// PHP with `openssl.cafile`: every block alone, with OpenSSL.
    Php,
    /// npm with `cafile`: what stands before each END alone, with OpenSSL.
    Npm,
}

/// All of them but [`Dialect::Any`], with the words for who they are.
const ALL: [(Dialect, &str); 10] = [
    (Dialect::Openssl, "OpenSSL programs such as curl and Python"),
    (Dialect::BoringsslFile, "Bun"),
    (Dialect::Boringssl, "Bun"),
    (Dialect::Node, "Node"),
    (Dialect::Gnutls, "GnuTLS programs such as wget and git"),
    (Dialect::Go, "Go programs"),
    (Dialect::Rustls, "Rust programs"),
    (Dialect::Deno, "Deno"),
    (Dialect::Php, "PHP's streams"),
    (Dialect::Npm, "npm"),
];

/// Those of programs that read a file themselves.
pub(super) fn everybody() -> impl Iterator<Item = Dialect> {
    ALL.iter().map(|(dialect, _)| *dialect)
}

/// The dialects in which something is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readers(u16);

impl Readers {
    /// Every one.
    pub const ALL: Self = Self(u16::MAX);

    /// This one is among them.
    pub fn has(self, dialect: Dialect) -> bool {
        self.0 & bit(dialect) != 0
    }

    /// These and those.
    #[must_use]
    pub fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }
}

fn bit(dialect: Dialect) -> u16 {
    1 << dialect as u16
}

impl Dialect {
    /// What is read of these blocks, and by what the file is spoilt.
    fn read(self, blocks: &[Block]) -> Read {
        let mut out = Read::default();
        let mut swallowed = false;
        for block in blocks {
            if std::mem::take(&mut swallowed) || !self.sees(block) {
                continue;
            }
            let certificate = block.certificate.filter(|_| self.knows(block.label));
            let Some(flaw) = block.flaw else {
                out.places.extend(certificate);
                continue;
            };
            let one = self.meets(flaw, block.label);
            swallowed = one.swallows_next;
            out.places.extend(certificate.filter(|_| one.reads));
            out.spoilt = out.spoilt.or(one.complains);
            match one.then {
                Then::GoesOn => {}
                Then::Stops => break,
                Then::DropsAll => {
                    out.places.clear();
                    break;
                }
            }
        }
        out
    }

    /// What a program does with a block with this flaw. Each line was seen.
    fn meets(self, flaw: Flaw, label: Label) -> Met {
        let is_key = label == Label::NoCertificate;
        match (self, flaw) {
            (Self::Any, _) => Met::READ,
            (Self::Gnutls | Self::Rustls | Self::Deno | Self::Npm, Flaw::EndNotAlone) => Met::READ,
            // The letters end at the first dash: the next BEGIN line.
            (Self::Gnutls, Flaw::NextBegins { whole: true, .. }) => Met::READ,
            (Self::Gnutls, _) => Met::dropping(flaw),
            (Self::Openssl | Self::Node | Self::Php, Flaw::NextBegins { whole: true, .. })
            | (Self::Npm, Flaw::NextBegins { .. }) => Met {
                swallows_next: true,
                reads: !matches!(flaw, Flaw::NextBegins { whole: false, .. }),
                ..Met::PASSED
            },
            (Self::Php, Flaw::NextBegins { .. }) => Met {
                swallows_next: true,
                ..Met::PASSED
            },
            (Self::Npm, Flaw::NoEnd { whole }) => Met {
                reads: whole,
                ..Met::PASSED
            },
            // The next certificate stands in the same part.
            (Self::Npm, Flaw::Letter(..) | Flaw::Length | Flaw::Empty) if is_key => Met {
                swallows_next: true,
                ..Met::PASSED
            },
            // Base64 that holds none: told apart by some when there is nothing else.
            (Self::Go | Self::Rustls, Flaw::Cut | Flaw::Other | Flaw::Empty) if !is_key => Met {
                complains: Some(flaw),
                ..Met::PASSED
            },
            (Self::Go | Self::Php | Self::Npm, _) => Met::PASSED,
            (Self::Rustls | Self::Deno, Flaw::NextBegins { padding, .. }) => match padding {
                // The padding stands amid letters then.
                Some(_) => self.at_bad_base64(flaw, true),
                None => Met {
                    swallows_next: true,
                    complains: (self == Self::Rustls).then_some(Flaw::Cut),
                    ..Met::PASSED
                },
            },
            (Self::Rustls | Self::Deno, Flaw::Letter(..) | Flaw::NoEnd { .. }) => {
                self.at_bad_base64(flaw, false)
            }
            (Self::Rustls | Self::Deno, _) => Met::PASSED,
            (Self::Boringssl | Self::BoringsslFile, Flaw::NextBegins { .. }) => {
                Met::dropping(Flaw::Length)
            }
            // Only OpenSSL looks into keys.
            (Self::Node | Self::Boringssl | Self::BoringsslFile, Flaw::Other) if is_key => {
                Met::PASSED
            }
            (Self::Node, Flaw::Empty) => Met {
                then: Then::Stops,
                ..Met::PASSED
            },
            (Self::Node, _) => Met {
                then: Then::Stops,
                ..Met::dropping(flaw)
            },
            (Self::Openssl | Self::Boringssl | Self::BoringsslFile, _) => Met::dropping(flaw),
        }
    }

    /// Programs in Rust: an error for this block, which only Deno takes for one of the whole file.
    fn at_bad_base64(self, flaw: Flaw, swallows_next: bool) -> Met {
        Met {
            swallows_next,
            complains: Some(flaw),
            then: match self {
                Self::Deno => Then::DropsAll,
                _ => Then::GoesOn,
            },
            ..Met::PASSED
        }
    }

    /// It takes this for the beginning of a block.
    fn sees(self, block: &Block) -> bool {
        match block.begins {
            Begins::Line => self != Self::Gnutls || self.knows(block.label),
            Begins::Mark => matches!(
                self,
                Self::Openssl | Self::Node | Self::Gnutls | Self::Php | Self::Npm
            ),
            Begins::Joined => matches!(self, Self::Gnutls | Self::Rustls | Self::Deno | Self::Npm),
            Begins::Inside => self == Self::Gnutls && self.knows(block.label),
        }
    }

    /// It takes a block with this label for a certificate.
    fn knows(self, label: Label) -> bool {
        match label {
            Label::Certificate => true,
            Label::X509 => !matches!(self, Self::Go | Self::Rustls | Self::Deno),
            Label::Trusted => matches!(
                self,
                Self::Openssl | Self::BoringsslFile | Self::Php | Self::Npm
            ),
            Label::NoCertificate => false,
        }
    }
}

/// What a program reads of a file.
#[derive(Default)]
struct Read {
    /// The places, in [`Decoded::certificates`].
    places: Vec<usize>,
    /// What it complains about.
    spoilt: Option<Flaw>,
}

/// What a program does with a block that has a flaw.
struct Met {
    reads: bool,
    swallows_next: bool,
    complains: Option<Flaw>,
    then: Then,
}

enum Then {
    GoesOn,
    /// What follows is not read.
    Stops,
    /// Nothing of the file is read.
    DropsAll,
}

impl Met {
    const PASSED: Self = Self {
        reads: false,
        swallows_next: false,
        complains: None,
        then: Then::GoesOn,
    };
    const READ: Self = Self {
        reads: true,
        ..Self::PASSED
    };

    fn dropping(flaw: Flaw) -> Self {
        Self {
            complains: Some(flaw),
            then: Then::DropsAll,
            ..Self::PASSED
        }
    }
}

/// By what a file is spoilt for programs that complain about it.
pub(super) fn spoilt(decoded: &Decoded) -> Vec<(Dialect, Flaw)> {
    let of = |dialect: Dialect| Some((dialect, dialect.read(&decoded.blocks).spoilt?));
    everybody().filter_map(of).collect()
}

/// Who reads each certificate, where that is not everybody: by its DER.
pub(super) fn readers(decoded: &Decoded) -> Vec<(Arc<[u8]>, Readers)> {
    // What is not PEM stands in no block: nobody finds it.
    let mut each = vec![bit(Dialect::Any); decoded.certificates.len()];
    for (dialect, _) in ALL {
        for place in dialect.read(&decoded.blocks).places {
            if let Some(readers) = each.get_mut(place) {
                *readers |= bit(dialect);
            }
        }
    }
    let all = ALL
        .iter()
        .fold(bit(Dialect::Any), |all, (d, _)| all | bit(*d));
    let mut out: Vec<(Arc<[u8]>, Readers)> = Vec::new();
    if each.iter().all(|&readers| readers == all) {
        return out;
    }
    for (der, readers) in decoded.certificates.iter().zip(each) {
        match out.iter_mut().find(|(known, _)| **known == **der) {
            Some((_, known)) => *known = known.and(Readers(readers)),
            None => out.push((Arc::from(der.as_slice()), Readers(readers))),
        }
    }
    out.retain(|(_, readers)| readers.0 != all);
    out
}

/// Why not every program reads every certificate of a file, and which do not; `None` when all do.
pub(super) fn words(decoded: &Decoded, readers: &[(Arc<[u8]>, Readers)]) -> Option<String> {
    if readers.is_empty() {
        return None;
    }
    let mut without: Vec<String> = ALL
        .iter()
        .filter(|(dialect, _)| readers.iter().any(|(_, of)| !of.has(*dialect)))
        .map(|(_, who)| (*who).to_owned())
        .collect();
    without.dedup();
    let blocks = &decoded.blocks;
    let flaws = || blocks.iter().filter_map(|b| b.flaw);
    let begins = |begins| blocks.iter().any(|b| b.begins == begins);
    let why = if blocks.is_empty() {
        return Some("it is not PEM as programs read it (DER, UTF-16, or base64 alone)".to_owned());
    } else if begins(Begins::Joined) || flaws().any(|flaw| flaw == Flaw::EndNotAlone) {
        "the END of one certificate and the BEGIN of the next stand in one line"
    } else if flaws().next().is_some() {
        "a damaged block stands in it, which spoils the file for many"
    } else if begins(Begins::Mark) {
        "a byte-order mark stands before its first certificate"
    } else if begins(Begins::Inside) {
        "a BEGIN line does not stand alone at the beginning of its line"
    } else {
        "a certificate has a label that not all programs know"
    };
    Some(format!(
        "{why}: not all of it is read by {}",
        text::list_and(&without)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::pem::decode;

    const NAMES: [(Dialect, char); 10] = [
        (Dialect::Openssl, 'o'),
        (Dialect::BoringsslFile, 'f'),
        (Dialect::Boringssl, 'b'),
        (Dialect::Node, 'n'),
        (Dialect::Gnutls, 't'),
        (Dialect::Go, 'g'),
        (Dialect::Rustls, 'r'),
        (Dialect::Deno, 'd'),
        (Dialect::Php, 'p'),
        (Dialect::Npm, 'm'),
    ];
    const EVERYBODY: &str = "ofbntgrdpm";

    fn root(n: usize) -> Vec<u8> {
        webpki_root_certs::TLS_SERVER_ROOT_CERTS[n].to_vec()
    }

    fn pem(n: usize) -> String {
        crate::cert::pem::encode(&root(n))
    }

    /// Who reads the roots 0 and 1.
    fn read_by(bytes: &[u8]) -> [String; 2] {
        let decoded = decode(bytes);
        let found = readers(&decoded);
        [0, 1].map(|n| {
            let der = root(n);
            let held = decoded.certificates.contains(&der);
            let of = found.iter().find(|(known, _)| **known == *der);
            let of = of.map_or(Readers::ALL, |(_, of)| *of);
            let names = NAMES.iter().filter(|(d, _)| held && of.has(*d));
            names.map(|(_, c)| c).collect()
        })
    }

    /// Each line was seen with the programs themselves.
    #[test]
    fn files_are_read_as_the_programs_read_them() {
        let (a, b) = (pem(0), pem(1));
        let spaced = |pem: &str| pem.lines().map(|l| format!("  {l}\n")).collect::<String>();
        let old = a.replace("CERTIFICATE", "X509 CERTIFICATE");
        let bad = |n| pem(n).replacen("\nMII", "\n!!!", 1);
        let unended = |n| pem(n).replace("-----END CERTIFICATE-----\n", "");
        let cut = "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgI\n";
        let empty = "-----BEGIN CERTIFICATE-----\nAAAAAAAA\n-----END CERTIFICATE-----\n";
        let joined = format!("{}{}", a.trim_end(), b.trim_end());
        for (file, first, second) in [
            (format!("{a}{b}"), EVERYBODY, EVERYBODY),
            (format!("\u{feff}{a}{b}"), "ontpm", EVERYBODY),
            (format!("\u{feff}# comment\n{a}{b}"), EVERYBODY, EVERYBODY),
            (format!("{}{b}", spaced(&a)), "t", EVERYBODY),
            (format!("{b}{}", spaced(&a)), "t", EVERYBODY),
            (a.replace('\n', "\r\n"), EVERYBODY, ""),
            (a.replace("E-----\n", "E-----  \n"), EVERYBODY, ""),
            (old, "ofbntpm", ""),
            (joined, "trdm", "trdm"),
            (format!("{a}{}", bad(2)), "ngrpm", ""),
            (format!("{}{a}", bad(2)), "grpm", ""),
            (format!("{a}{cut}"), "ngrpm", ""),
            (format!("{cut}{a}"), "g", ""),
            (format!("{a}{empty}"), "ngrdpm", ""),
            (format!("{empty}{a}"), "grdpm", ""),
            (
                format!("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n{a}"),
                "fbntgrdpm",
                "",
            ),
            (
                format!("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n{a}"),
                EVERYBODY,
                "",
            ),
            (unended(0) + &b, "ontpm", "tg"),
            (a.replace('\n', "\\n"), "", ""),
        ] {
            let shown = &file[..file.len().min(60)];
            assert_eq!(read_by(file.as_bytes()), [first, second], "{shown:?}");
        }
        assert_eq!(read_by(&root(0)), ["", ""], "DER");
    }

    #[test]
    fn what_all_read_needs_no_words() {
        let plain = decode(pem(0).as_bytes());
        assert_eq!(words(&plain, &readers(&plain)), None);
        let marked = decode(format!("\u{feff}{}", pem(0)).as_bytes());
        assert_eq!(
            words(&marked, &readers(&marked)).as_deref(),
            Some(
                "a byte-order mark stands before its first certificate: not all of it is read by Bun, Go programs, Rust programs and Deno"
            )
        );
    }
}
