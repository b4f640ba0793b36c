//! The verdict of Rust clients, by `rustls-webpki` itself with what rustls gives it: the certificates
//! as sent, the anchors, the time, the purpose, then the name.
//!
//! Its yes is its own (it looks at no anchor's dates, no leaf's key, no keyCertSign); its error does
//! not say which certificate, so that is found here, by walking the facts the error names.
//! Of the policy it reads `name_check` and `max_depth`; everything else is the library's.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use rustls::{CertificateError, ExtendedKeyPurpose, OtherError};
use webpki::{
    BorrowedCertRevocationList, CertRevocationList, EndEntityCert, Error, ExpirationPolicy,
    KeyUsage, RevocationOptions, RevocationOptionsBuilder, anchor_from_trusted_cert,
};

use super::{Answer, Input, Spoken};
use crate::cert::{Certificate, KeyKind, oid::Oid};
use crate::chain::{Chain, NodeId, SignatureCheck};
use crate::judge::policy::NameCheck;
use crate::judge::{ConstraintFault, ListFault, Purpose, Reason, ReasonKind, facts, name};
use crate::moment::Moment;
use crate::target::Host;

/// rustls refuses Certificate messages over 64 KB, and webpki certificates of that size.
const MOST_BYTES: usize = 0xffff;

/// Intermediates given to webpki at most. Its work grows with their number times the steps it takes; no
/// server's chain has so many.
const MOST_INTERMEDIATES: usize = 100;

/// webpki's verdict, its error as a reason on the certificate it is about.
pub(super) fn judge(input: &Input<'_>) -> Answer {
    match ask(input) {
        Ok(path) => Answer {
            accepted: true,
            path,
            ..Answer::default()
        },
        Err(error) => {
            // The path shown is our own walk's: webpki names none when it refuses.
            let walked = super::rfc5280(input);
            let reason = reason(input, &walked.path, &error);
            let mut failures = vec![reason];
            failures.extend(
                walked
                    .failures
                    .into_iter()
                    .filter(|r| webpki_minds(&r.kind)),
            );
            failures.dedup();
            Answer {
                accepted: false,
                path: walked.path,
                failures,
                spoken: Some(spoken(&error)),
                ..Answer::default()
            }
        }
    }
}

fn purpose(values: Vec<usize>) -> ExtendedKeyPurpose {
    match values.as_slice() {
        KeyUsage::CLIENT_AUTH_REPR => ExtendedKeyPurpose::ClientAuth,
        KeyUsage::SERVER_AUTH_REPR => ExtendedKeyPurpose::ServerAuth,
        _ => ExtendedKeyPurpose::Other(values),
    }
}

/// The error as rustls prints it behind `invalid peer certificate: `.
fn spoken(error: &Error) -> Spoken {
    let of = |error: CertificateError| Spoken::Text(error.to_string());
    #[allow(deprecated)]
    match error {
        Error::BadDer | Error::BadDerTime | Error::TrailingData(_) => {
            of(CertificateError::BadEncoding)
        }
        Error::CertNotValidYet { time, not_before } => of(CertificateError::NotValidYetContext {
            time: *time,
            not_before: *not_before,
        }),
        Error::CertExpired { time, not_after } => of(CertificateError::ExpiredContext {
            time: *time,
            not_after: *not_after,
        }),
        Error::InvalidCertValidity => of(CertificateError::Expired),
        Error::UnknownIssuer => of(CertificateError::UnknownIssuer),
        Error::CertNotValidForName(context) => of(CertificateError::NotValidForNameContext {
            expected: context.expected.clone(),
            presented: context.presented.clone(),
        }),
        Error::CertRevoked => of(CertificateError::Revoked),
        Error::UnknownRevocationStatus => of(CertificateError::UnknownRevocationStatus),
        Error::CrlExpired { time, next_update } => {
            of(CertificateError::ExpiredRevocationListContext {
                time: *time,
                next_update: *next_update,
            })
        }
        Error::InvalidSignatureForPublicKey => of(CertificateError::BadSignature),
        Error::UnsupportedSignatureAlgorithmContext(context) => Spoken::UnsupportedSignature {
            algorithm: context.signature_algorithm_id.clone(),
        },
        Error::UnsupportedSignatureAlgorithmForPublicKeyContext(context) => of(
            CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
                signature_algorithm_id: context.signature_algorithm_id.clone(),
                public_key_algorithm_id: context.public_key_algorithm_id.clone(),
            },
        ),
        Error::RequiredEkuNotFoundContext(context) => Spoken::Purpose {
            named: CertificateError::InvalidPurposeContext {
                required: purpose(context.required.oid_values().collect()),
                presented: context.present.iter().cloned().map(purpose).collect(),
            }
            .to_string(),
        },
        other => of(CertificateError::Other(OtherError(Arc::new(other.clone())))),
    }
}

/// webpki's verdict: its own word, as Rust programs print it, and the reason behind it on the path
/// that our own walk shows.
pub(super) fn says(input: &Input<'_>, path: &[NodeId]) -> Result<(), (String, Reason)> {
    ask(input)
        .map(|_| ())
        .map_err(|error| (words(&error), reason(input, path, &error)))
}

/// Asks it: the path it found, leaf first, or its error.
fn ask(input: &Input<'_>) -> Result<Vec<NodeId>, Error> {
    let chain = input.chain;
    let leaf = chain.leaf.ok_or(Error::BadDer)?;
    let certificate = chain.certificate(leaf).ok_or(Error::BadDer)?;
    let leaf_der = CertificateDer::from(certificate.der.as_ref());
    let end_entity = EndEntityCert::try_from(&leaf_der)?;
    let scts = facts::extension(certificate, "1.3.6.1.4.1.11129.2.4.2").is_some_and(|e| e.critical);
    if scts && !input.policy.critical_scts {
        return Err(Error::UnsupportedCriticalExtension);
    }
    let intermediates: Vec<CertificateDer<'_>> = intermediates(chain, leaf)
        .into_iter()
        .filter_map(|id| chain.certificate(id))
        .map(|c| CertificateDer::from(c.der.as_ref()))
        .collect();
    let anchor_ders: Vec<CertificateDer<'_>> = input
        .anchors
        .iter()
        .filter_map(|id| chain.certificate(id))
        .map(|c| CertificateDer::from(c.der.as_ref()))
        .collect();
    let anchors: Vec<TrustAnchor<'_>> = anchor_ders
        .iter()
        .filter_map(|der| anchor_from_trusted_cert(der).ok())
        .collect();
    // webpki knows no time before 1970: nothing is valid then.
    let seconds = u64::try_from(input.question.at.unix()).map_err(|_| Error::BadDerTime)?;
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let lists: Vec<CertRevocationList<'_>> = input
        .question
        .crls
        .iter()
        .map(|crl| BorrowedCertRevocationList::from_der(&crl.der).map(Into::into))
        .collect::<Result<_, Error>>()?;
    let lists: Vec<&CertRevocationList<'_>> = lists.iter().collect();
    let path = {
        let path = end_entity.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &anchors,
            &intermediates,
            time,
            usage(input),
            revocation(&lists),
            None,
        )?;
        let most = input.question.max_depth.or(input.policy.max_depth);
        let between = path.intermediate_certificates().count();
        if most.is_some_and(|most| between > most as usize) {
            return Err(Error::MaximumPathDepthExceeded);
        }
        let mut nodes = vec![leaf];
        nodes.extend(
            path.intermediate_certificates()
                .filter_map(|c| node_of(input, &c.der())),
        );
        nodes.extend(anchor_of(input, path.anchor()));
        nodes
    };
    if let (Some(host), true) = (
        &input.question.name,
        input.policy.name_check != NameCheck::Never,
    ) {
        end_entity.verify_is_valid_for_subject_name(&server_name(host)?)?;
    }
    Ok(path)
}

/// The certificates beside the leaf, in the order of their first appearance, as rustls hands them on. Of
/// very many only the nearest that can lead upwards: webpki decodes each of them anew at each step.
fn intermediates(chain: &Chain, leaf: NodeId) -> Vec<NodeId> {
    let sent = chain.iter().filter(|&(id, n)| id != leaf && n.is_sent());
    let all: Vec<NodeId> = sent.map(|(id, _)| id).collect();
    if all.len() <= MOST_INTERMEDIATES {
        return all;
    }
    let mut near = vec![leaf];
    let mut next = 0;
    while let Some(&child) = near.get(next) {
        next += 1;
        for link in chain.issuers(child) {
            let is_sent = chain.node(link.issuer).is_some_and(|n| n.is_sent());
            if is_sent && near.len() <= MOST_INTERMEDIATES && !near.contains(&link.issuer) {
                near.push(link.issuer);
            }
        }
    }
    near.retain(|id| *id != leaf);
    near.sort_unstable();
    near
}

fn usage(input: &Input<'_>) -> KeyUsage {
    match input.question.purpose {
        Some(Purpose::Client) => KeyUsage::client_auth(),
        _ => KeyUsage::server_auth(),
    }
}

fn revocation<'a>(lists: &'a [&'a CertRevocationList<'a>]) -> Option<RevocationOptions<'a>> {
    let builder = RevocationOptionsBuilder::new(lists).ok()?;
    Some(
        builder
            .with_expiration_policy(ExpirationPolicy::Enforce)
            .build(),
    )
}

fn node_of(input: &Input<'_>, der: &CertificateDer<'_>) -> Option<NodeId> {
    input.chain.iter().find_map(|(id, n)| {
        let certificate = n.certificate.as_ref()?;
        (certificate.der.as_ref() == der.as_ref()).then_some(id)
    })
}

fn anchor_of(input: &Input<'_>, anchor: &TrustAnchor<'_>) -> Option<NodeId> {
    input.anchors.iter().find(|&id| {
        input.chain.certificate(id).is_some_and(|c| {
            anchor_from_trusted_cert(&CertificateDer::from(c.der.as_ref())).is_ok_and(|a| {
                a.subject == anchor.subject
                    && a.subject_public_key_info == anchor.subject_public_key_info
            })
        })
    })
}

fn server_name(host: &Host) -> Result<ServerName<'static>, Error> {
    match host {
        Host::Ip(ip) => Ok(ServerName::IpAddress((*ip).into())),
        Host::Name { ascii, .. } => {
            ServerName::try_from(ascii.clone()).map_err(|_| Error::MalformedDnsIdentifier)
        }
    }
}

/// The variant's name, as Rust programs print it; details that hold untrusted text are left out.
fn words(error: &Error) -> String {
    let text = format!("{error:?}");
    let end = text.find(['{', '(']).unwrap_or(text.len());
    text.get(..end).unwrap_or(&text).trim().to_owned()
}

/// Reasons of our own walk that webpki looks at too, to stand behind its own.
fn webpki_minds(kind: &ReasonKind) -> bool {
    matches!(
        kind,
        ReasonKind::MissingIssuer
            | ReasonKind::UnknownRoot
            | ReasonKind::SelfSignedLeaf
            | ReasonKind::Expired { .. }
            | ReasonKind::NotYetValid { .. }
            | ReasonKind::NameMismatch { .. }
            | ReasonKind::NameOnlyInCommonName { .. }
            | ReasonKind::BadSignature
            | ReasonKind::NotACa
            | ReasonKind::NameConstraint { .. }
            | ReasonKind::NotForServers { .. }
            | ReasonKind::NotForClients { .. }
            | ReasonKind::UnknownCriticalExtension { .. }
    )
}

/// webpki's error as a reason, on the first certificate of `path` (then of all sent) that it fits.
fn reason(input: &Input<'_>, path: &[NodeId], error: &Error) -> Reason {
    let chain = input.chain;
    let sent = chain.iter().filter(|(_, n)| n.is_sent()).map(|(id, _)| id);
    let order: Vec<NodeId> = path.iter().copied().chain(sent).collect();
    let find = |fits: &dyn Fn(&Certificate) -> bool| {
        order
            .iter()
            .copied()
            .find(|&id| chain.certificate(id).is_some_and(|c| fits(c)))
            .or(chain.leaf)
    };
    let at = input.question.at;
    let on_leaf = |kind| Reason {
        kind,
        node: chain.leaf,
    };
    let unreadable = || ReasonKind::Unreadable(format!("rustls-webpki: {}", words(error)));
    #[allow(deprecated)]
    match error {
        Error::CertExpired { .. } => {
            let node = find(&|c| c.not_after.is_some_and(|t| at > t));
            let end = node.and_then(|id| chain.certificate(id)?.not_after);
            Reason {
                kind: ReasonKind::Expired {
                    not_after: end.unwrap_or(at),
                },
                node,
            }
        }
        Error::CertNotValidYet { .. } => {
            let node = find(&|c| c.not_before.is_some_and(|t| at < t));
            let begin = node.and_then(|id| chain.certificate(id)?.not_before);
            Reason {
                kind: ReasonKind::NotYetValid {
                    not_before: begin.unwrap_or(at),
                },
                node,
            }
        }
        Error::InvalidCertValidity => Reason {
            kind: ReasonKind::ReversedValidity,
            node: find(&|c| c.not_after < c.not_before),
        },
        Error::CaUsedAsEndEntity => on_leaf(ReasonKind::CaAsLeaf),
        Error::EndEntityUsedAsCa => {
            let node = path
                .iter()
                .skip(1)
                .copied()
                .find(|&id| chain.certificate(id).is_some_and(|c| !c.is_ca()));
            Reason {
                kind: ReasonKind::NotACa,
                node: node.or(chain.leaf),
            }
        }
        Error::CertNotValidForName(_) => {
            let wanted = input
                .question
                .name
                .as_ref()
                .map_or_else(String::new, facts::host);
            let leaf = chain.leaf.and_then(|id| chain.certificate(id));
            on_leaf(ReasonKind::NameMismatch {
                wanted,
                presented: leaf.map(|c| name::presented(c, 8)).unwrap_or_default(),
            })
        }
        Error::RequiredEkuNotFoundContext(_)
        | Error::RequiredEkuNotFound
        | Error::EmptyEkuExtension => {
            let wanted = match input.question.purpose {
                Some(Purpose::Client) => crate::cert::oid::KP_CLIENT_AUTH,
                _ => crate::cert::oid::KP_SERVER_AUTH,
            };
            let node = find(&|c| {
                c.extended_key_usage()
                    .is_some_and(|usages| !usages.iter().any(|u| u.as_str() == wanted))
            });
            let usages = node
                .and_then(|id| chain.certificate(id)?.extended_key_usage())
                .unwrap_or_default()
                .iter()
                .map(Oid::title)
                .collect();
            let kind = match input.question.purpose {
                Some(Purpose::Client) => ReasonKind::NotForClients { usages },
                _ => ReasonKind::NotForServers { usages },
            };
            Reason { kind, node }
        }
        Error::InvalidSignatureForPublicKey => bad_signature(input, path),
        Error::SignatureAlgorithmMismatch => Reason {
            kind: ReasonKind::AlgorithmMismatch,
            node: find(&|c| c.signature_algorithm.der != c.inner_signature_algorithm.der),
        },
        Error::UnsupportedSignatureAlgorithm
        | Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKey
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            let node = find(&|c| !facts::webpki_knows(c));
            let algorithm = node
                .and_then(|id| chain.certificate(id))
                .map_or_else(String::new, |c| c.signature_algorithm.name.clone());
            Reason {
                kind: ReasonKind::UnsupportedSignature {
                    algorithm: crate::text::safe(&algorithm).into_owned(),
                },
                node,
            }
        }
        Error::NameConstraintViolation
        | Error::InvalidNetworkMaskConstraint
        | Error::MalformedNameConstraint
        | Error::UnsupportedNameType => {
            let walked = super::rfc5280(input);
            let found = walked
                .failures
                .into_iter()
                .find(|r| matches!(r.kind, ReasonKind::NameConstraint { .. }));
            found.unwrap_or_else(|| Reason {
                kind: ReasonKind::NameConstraint {
                    name: "a name".to_owned(),
                    fault: match error {
                        Error::NameConstraintViolation => ConstraintFault::NotPermitted,
                        Error::UnsupportedNameType => ConstraintFault::Type,
                        _ => ConstraintFault::Syntax,
                    },
                    detail: words(error),
                },
                node: find(&|c| c.extensions.iter().any(|e| e.oid.as_str() == "2.5.29.30")),
            })
        }
        Error::PathLenConstraintViolated => {
            let below = |id: NodeId| path.iter().skip(1).take_while(|&&n| n != id).count();
            let node = path.iter().copied().skip(1).find(|&id| {
                chain.certificate(id).is_some_and(|c| {
                    matches!(c.basic_constraints(), Some((_, Some(most))) if below(id) > most as usize)
                })
            });
            let allowed = node
                .and_then(|id| chain.certificate(id)?.basic_constraints()?.1)
                .unwrap_or(0);
            Reason {
                kind: ReasonKind::PathTooLong { allowed },
                node: node.or(chain.leaf),
            }
        }
        Error::UnsupportedCriticalExtension => {
            let node = find(&|c| facts::unknown_critical(c).is_some());
            let oid = node
                .and_then(|id| facts::unknown_critical(chain.certificate(id)?))
                .unwrap_or_default();
            Reason {
                kind: ReasonKind::UnknownCriticalExtension { oid },
                node,
            }
        }
        Error::UnsupportedCertVersion => {
            let node = find(&|c| c.version != Some(3));
            let version = node
                .and_then(|id| chain.certificate(id)?.version)
                .unwrap_or(1);
            Reason {
                kind: ReasonKind::Version {
                    version,
                    why: "rustls-webpki reads version 3 only".to_owned(),
                },
                node,
            }
        }
        Error::MaximumPathDepthExceeded => on_leaf(ReasonKind::TooDeep {
            most: input
                .question
                .max_depth
                .or(input.policy.max_depth)
                .unwrap_or(6),
        }),
        Error::MaximumSignatureChecksExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumNameConstraintComparisonsExceeded => Reason {
            kind: ReasonKind::BudgetSpent,
            node: None,
        },
        Error::CertRevoked => revoked(input, &order),
        Error::UnknownRevocationStatus => {
            on_leaf(ReasonKind::RevocationUnknown(ListFault::NoneCovers))
        }
        Error::CrlExpired { next_update, .. } => on_leaf(ReasonKind::CrlExpired {
            next_update: Moment::from_unix(
                i64::try_from(next_update.as_secs()).unwrap_or(i64::MAX),
            ),
        }),
        Error::InvalidCrlSignatureForPublicKey
        | Error::IssuerNotCrlSigner
        | Error::InvalidCrlNumber
        | Error::UnsupportedCrlIssuingDistributionPoint
        | Error::UnsupportedCrlVersion
        | Error::UnsupportedDeltaCrl
        | Error::UnsupportedIndirectCrl
        | Error::UnsupportedRevocationReason
        | Error::UnsupportedRevocationReasonsPartitioning
        | Error::UnsupportedCrlSignatureAlgorithm
        | Error::UnsupportedCrlSignatureAlgorithmContext(_)
        | Error::UnsupportedCrlSignatureAlgorithmForPublicKey
        | Error::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => {
            on_leaf(ReasonKind::RevocationUnknown(ListFault::Other(format!(
                "rustls-webpki: {}",
                words(error)
            ))))
        }
        Error::CertDistrusted => on_leaf(ReasonKind::Distrusted("rustls-webpki".to_owned())),
        Error::TrailingData(_) => Reason {
            kind: unreadable(),
            node: find(&|c| c.der.len() > MOST_BYTES || !c.defects.is_empty()),
        },
        Error::UnknownIssuer => unknown(input, path),
        _ => Reason {
            kind: unreadable(),
            node: find(&|c| !c.defects.is_empty()),
        },
    }
}

/// A key of fewer than 2048 bits does not verify in webpki: that too is a bad signature there.
fn bad_signature(input: &Input<'_>, path: &[NodeId]) -> Reason {
    let bad = path.windows(2).find_map(|pair| {
        let [child, issuer] = pair else { return None };
        let link = input.chain.link(*child, *issuer)?;
        let short = input
            .chain
            .certificate(*issuer)
            .is_some_and(|c| matches!(c.key.kind, KeyKind::Rsa { .. }) && c.key.bits < 2048);
        (short || link.signature != SignatureCheck::Verified).then_some(*child)
    });
    let node = bad.or(input.chain.leaf);
    // The library says the same of keys that it does not take; then nothing is known to be bad.
    let kind = match node.and_then(|id| unchecked(input, id)) {
        Some(why) => ReasonKind::UncheckedSignature(why),
        None => ReasonKind::BadSignature,
    };
    Reason { kind, node }
}

/// No key is known that the signature of `child` fails with: why it was not accepted all the same.
fn unchecked(input: &Input<'_>, child: NodeId) -> Option<String> {
    let mut why = None;
    for link in input.chain.issuers(child) {
        let key = &input.chain.certificate(link.issuer)?.key;
        let short = matches!(key.kind, KeyKind::Rsa { .. }) && key.bits < 2048;
        match &link.signature {
            SignatureCheck::Bad => return None,
            _ if short => why = Some(format!("rustls takes no RSA key of {} bits", key.bits)),
            SignatureCheck::CannotCheck(words) => why = Some(words.clone()),
            _ => {}
        }
    }
    why
}

fn revoked(input: &Input<'_>, order: &[NodeId]) -> Reason {
    let found = order.iter().find_map(|&id| {
        let certificate = input.chain.certificate(id)?;
        let entry = input
            .question
            .crls
            .iter()
            .filter(|crl| crl.issuer.der == certificate.issuer.der)
            .find_map(|crl| crl.entry(certificate))?;
        Some(Reason::on(
            id,
            ReasonKind::Revoked {
                at: Some(entry.at),
                why: entry.why.clone(),
            },
        ))
    });
    found.unwrap_or(Reason {
        kind: ReasonKind::Revoked {
            at: None,
            why: String::new(),
        },
        node: input.chain.leaf,
    })
}

/// Which of the ways to end nowhere it is, and at which node, as our own walk found.
fn unknown(input: &Input<'_>, path: &[NodeId]) -> Reason {
    let found = super::rfc5280(input).failures.into_iter().find(|r| {
        matches!(
            r.kind,
            ReasonKind::MissingIssuer | ReasonKind::UnknownRoot | ReasonKind::SelfSignedLeaf
        )
    });
    found.unwrap_or(Reason {
        kind: ReasonKind::MissingIssuer,
        node: path.last().copied(),
    })
}
