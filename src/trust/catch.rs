//! Whether trusting a certificate would help, and what it would mean. Reads nothing and writes nothing.

use std::sync::Arc;

use crate::cert::{Certificate, ExtensionValue, GeneralName};
use crate::chain::{Chain, NodeId};
use crate::diagnosis::interception;
use crate::inspect::{self, Inspection, Options, WhatIf};
use crate::judge::Verdict;
use crate::moment::NO_EXPIRY;
use crate::store::{Anchor, StoreKind, Stores, TrustStore};
use crate::text;

use super::{Refusal, Rung, refuse};

/// At most this many names are listed in a sentence.
const NAMES: usize = 4;

/// What passed the safety catch.
pub(super) struct Passed {
    pub certificate: Arc<Certificate>,
    pub public_roots: Vec<Arc<[u8]>>,
    /// What it allows, in one sentence.
    pub scope: String,
    /// What to know before saying yes.
    pub warnings: Vec<String>,
}

/// Whether one certificate of an inspection may be trusted on a rung.
///
/// # Errors
/// [`Refusal`] when it would not cure the failure, when only something else does, or when nobody may.
pub(super) fn check(
    inspection: &Inspection,
    id: NodeId,
    rung: Rung,
    in_bundle: bool,
) -> Result<Passed, Refusal> {
    let chain = &inspection.chain;
    let certificate = present(chain, id)?;
    not_leaked(&certificate)?;
    if rung == Rung::Bundle && in_bundle {
        return Err(refuse(
            "It is in your bundle already.",
            "Give the bundle to the program that fails; whycert bundle lines prints the line for each.",
        ));
    }
    needed(inspection, id, rung)?;
    in_time(inspection, id, &certificate)?;
    of_a_kind_that_helps(chain, id, rung)?;

    let public_roots = inspection.stores.public_roots();
    let options = Options {
        what_if: WhatIf::at_moment(inspection.at_given.then_some(inspection.at)),
        ..Options::default()
    };
    let pin = chain.leaf == Some(id) && !chain.is_self_signed(id);
    let cured = judged_with(inspection, &options, &public_roots, &certificate);
    match pin {
        // Our own judge takes no issued leaf for an anchor, as some of the programs do.
        true => nothing_else(inspection)?,
        false => cures(inspection, id, &cured)?,
    }
    let verdict = cured.verdicts.first().filter(|_| !pin);
    let mut warnings = warnings(chain, id, &certificate, verdict);
    if certificate.is_ca() && permitted(&certificate).is_none() && !rung.is_scoped() {
        warnings.push(smaller(chain, id).to_owned());
    }
    Ok(Passed {
        scope: scope(&certificate),
        warnings,
        certificate,
        public_roots,
    })
}

/// What would do instead of a CA that may sign for every site.
fn smaller(chain: &Chain, id: NodeId) -> &'static str {
    if chain.leaf == Some(id) {
        "A new certificate with CA:FALSE could sign for nothing else, and would do."
    } else {
        "Less would do: for one server use a rung for that server only (command, git, docker, firefox), or ask for a \
         CA that is limited to your names."
    }
}

/// What trust cannot cure stands in the way of a pinned leaf as well.
fn nothing_else(inspection: &Inspection) -> Result<(), Refusal> {
    let other = inspection
        .findings
        .iter()
        .find(|f| f.rule.id.starts_with("name.") || f.rule.id == "leaf.not-for-servers");
    match other {
        None => Ok(()),
        Some(left) => Err(refuse(
            format!(
                "Trusting it would not cure this failure. What remains: {}",
                left.summary
            ),
            left.fixes.first().map_or_else(
                || format!("Read “whycert explain {}”.", left.rule.id),
                |f| f.action.clone(),
            ),
        )),
    }
}

fn present(chain: &Chain, id: NodeId) -> Result<Arc<Certificate>, Refusal> {
    let Some(node) = chain.node(id) else {
        return Err(refuse(
            format!("There is no certificate {}.", id.0),
            "Choose one of the chain.",
        ));
    };
    node.certificate.clone().ok_or_else(|| {
        refuse(
            format!("“{}” is missing: there is nothing to trust.", node.title()),
            "Ask whoever runs the server to send it, or get it from its CA.",
        )
    })
}

/// Nobody may trust a CA whose private key everybody has.
fn not_leaked(certificate: &Certificate) -> Result<(), Refusal> {
    match interception::denied(certificate) {
        None => Ok(()),
        Some(name) => Err(refuse(
            format!("Everybody has the private key of this certificate: it belongs to {name}."),
            "Remove the program that installed it, and never trust it.",
        )),
    }
}

fn needed(inspection: &Inspection, id: NodeId, rung: Rung) -> Result<(), Refusal> {
    let chain = &inspection.chain;
    let public = inspection.verdicts.iter().zip(&inspection.stores.0);
    // What the system trusts, browsers, Java and Python's own bundles may still refuse.
    let mut accepting = public.filter(|(v, s)| {
        let counts = match s.kind {
            StoreKind::Mozilla => true,
            StoreKind::System => rung == Rung::System,
            _ => false,
        };
        v.accepted && !v.pretended && counts
    });
    if let Some((verdict, _)) = accepting.next() {
        return Err(refuse(
            format!(
                "Nothing to cure: this chain is accepted by {} as it is.",
                verdict.store_title
            ),
            "Give the program that fails the public roots, and nothing more.",
        ));
    }
    let on_path = chain.paths.iter().any(|path| path.nodes.contains(&id));
    if chain.leaf.is_some() && !on_path && chain.leaf != Some(id) {
        return Err(refuse(
            "It is no part of this failure: no path from the server's certificate leads to it.",
            "Choose a certificate on the path.",
        ));
    }
    Ok(())
}

fn in_time(inspection: &Inspection, id: NodeId, certificate: &Certificate) -> Result<(), Refusal> {
    let who = if inspection.chain.leaf == Some(id) {
        "Whoever runs the server has to renew it."
    } else {
        "Whoever runs this CA has to issue a new one."
    };
    match (certificate.not_before, certificate.not_after) {
        (_, Some(until)) if inspection.at > until => Err(refuse(
            format!(
                "It expired on {}: trust does not turn back time.",
                until.date()
            ),
            who,
        )),
        (Some(from), _) if inspection.at < from => Err(refuse(
            format!("It is not valid before {}.", from.long()),
            "Check the clock of this machine; if it is right, wait or ask for a certificate that is valid now.",
        )),
        _ => Ok(()),
    }
}

/// A root, or a leaf that signed itself. Everything between works in some programs only.
fn of_a_kind_that_helps(chain: &Chain, id: NodeId, rung: Rung) -> Result<(), Refusal> {
    let leaf = chain.leaf == Some(id);
    if rung == Rung::Firefox {
        return match leaf {
            true => Ok(()),
            false => Err(refuse(
                "Firefox pins the server's own certificate, and this is not it.",
                "Choose certificate 0, or the rung nss for a CA.",
            )),
        };
    }
    if chain.is_self_signed(id) {
        return Ok(());
    }
    // Go and Java take any certificate for an anchor.
    if leaf
        && matches!(
            rung,
            Rung::Docker | Rung::Podman | Rung::Java | Rung::JavaOwn
        )
    {
        return Ok(());
    }
    let root = chain
        .paths
        .iter()
        .filter(|path| path.nodes.contains(&id))
        .filter_map(|path| path.nodes.last().copied())
        .find(|last| *last != id && chain.is_self_signed(*last));
    let instead = match root {
        Some(root) => format!(
            "Trust its root “{}” (certificate {}) instead.",
            chain.node(root).map(crate::chain::Node::title).unwrap_or_default(),
            root.0
        ),
        None => "Ask whoever runs the server for the root certificate of their CA, and pass it with --from.".to_owned(),
    };
    if chain.leaf == Some(id) {
        return Err(refuse(
            "A CA issued this server certificate, and Python up to 3.12, Node, Ruby and Rust programs do not \
             accept such a certificate on its own.",
            instead,
        ));
    }
    Err(refuse(
        "It is an intermediate, and Python up to 3.12, Node and Ruby accept roots only.",
        instead,
    ))
}

/// The same capture, judged as if the bundle were written already.
fn judged_with(
    inspection: &Inspection,
    options: &Options,
    public_roots: &[Arc<[u8]>],
    certificate: &Certificate,
) -> Inspection {
    let ders = public_roots.iter().chain([&certificate.der]);
    let anchors = ders.map(|der| Anchor { der: der.clone() }).collect();
    let store = TrustStore::new(
        StoreKind::Bundle,
        "bundle",
        "my bundle",
        None,
        anchors,
        Vec::new(),
    );
    inspect::assemble(
        inspection.capture.clone(),
        &Stores::only(store),
        options,
        inspection.at,
    )
}

fn cures(inspection: &Inspection, id: NodeId, cured: &Inspection) -> Result<(), Refusal> {
    if cured
        .verdicts
        .first()
        .is_some_and(|verdict| verdict.accepted)
    {
        return Ok(());
    }
    let title = inspection.chain.node(id).map(crate::chain::Node::title);
    let title = title.unwrap_or_default();
    let Some(left) = cured.findings.first() else {
        return Err(refuse(
            format!("Trusting “{title}” would not cure this failure."),
            "Look at the verdicts for what remains.",
        ));
    };
    let instead = left.fixes.first().map(|fix| fix.action.clone());
    Err(refuse(
        format!(
            "Trusting “{title}” would not cure this failure. What remains: {}",
            left.summary
        ),
        instead.unwrap_or_else(|| format!("Read “whycert explain {}”.", left.rule.id)),
    ))
}

/// What the certificate will be able to do, in one sentence.
fn scope(certificate: &Certificate) -> String {
    let until = match certificate.not_after {
        Some(until) if until != NO_EXPIRY => format!(" until {}", until.date()),
        _ => String::new(),
    };
    if !certificate.is_ca() {
        return format!(
            "Only this one certificate is trusted{until}; when the server gets a new one, that must be added anew."
        );
    }
    match permitted(certificate) {
        Some(names) => format!("This CA is trusted{until} for {names} only."),
        None => format!("This CA is trusted{until}, for every name."),
    }
}

/// The names that a CA is limited to, in words.
fn permitted(certificate: &Certificate) -> Option<String> {
    let permitted = certificate.extensions.iter().find_map(|e| match &e.value {
        ExtensionValue::NameConstraints { permitted, .. } if !permitted.is_empty() => {
            Some(permitted)
        }
        _ => None,
    })?;
    let mut names: Vec<String> = permitted
        .iter()
        .take(NAMES)
        .map(GeneralName::to_string)
        .collect();
    if permitted.len() > NAMES {
        names.push(format!("{} more", permitted.len() - NAMES));
    }
    Some(text::list_and(&names))
}

fn warnings(
    chain: &Chain,
    id: NodeId,
    certificate: &Certificate,
    verdict: Option<&Verdict>,
) -> Vec<String> {
    let mut warnings = Vec::new();
    let leaf = chain.leaf == Some(id);
    if certificate.is_ca() {
        if permitted(certificate).is_some() {
            warnings.push("Java ignores the limit on names of a root that is trusted.".to_owned());
        } else {
            warnings.push(
                "Whoever holds the private key of this CA can impersonate every website to the programs that \
                 this reaches."
                    .to_owned(),
            );
        }
        if leaf {
            warnings.push(
                "The server's own certificate is marked as a CA: Rust programs and Firefox refuse it even so. \
                 A new one with CA:FALSE would work everywhere."
                    .to_owned(),
            );
        }
        let missing = strict(certificate);
        if !missing.is_empty() {
            warnings.push(format!(
                "Python 3.13 and newer refuse it even when trusted: it has no {}.",
                text::list_and(&missing)
            ));
        }
    } else if let Some(Err(error)) = verdict.map(|v| &v.webpki) {
        warnings.push(format!("Rust programs refuse it even so ({error})."));
    }
    warnings
}

/// What Python's strict mode (since 3.13) wants of a CA and does not find here.
fn strict(certificate: &Certificate) -> Vec<&'static str> {
    let mut missing = Vec::new();
    let critical = certificate
        .extensions
        .iter()
        .any(|e| e.critical && matches!(e.value, ExtensionValue::BasicConstraints { .. }));
    if !critical {
        missing.push("critical basic constraints");
    }
    if certificate.key_usage().is_none() {
        missing.push("key usage");
    }
    if certificate.subject_key_id().is_none() {
        missing.push("subject key identifier");
    }
    missing
}
