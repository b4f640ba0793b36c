//! Rules about the trust stores of this machine and about verifiers that disagree.

use super::{Case, Finding, Severity, Subject, Who, path, rule};
use crate::chain::Chain;
use crate::judge::{ReasonKind, Verdict};
use crate::store::StoreKind;
use crate::text;

/// `environment`: what the rules about variables found already.
pub(super) fn findings(case: &Case<'_>, environment: &[Finding]) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(verifiers_disagree(case));
    found.extend(stores_disagree(case));
    let told = super::environment::tells_of_its_store(environment);
    let unreadable = unreadable(case)
        .into_iter()
        .filter(|f| !(told && f.subject == Subject::Store("environment".to_owned())));
    found.extend(unreadable);
    found
}

fn verifiers_disagree(case: &Case<'_>) -> Option<Finding> {
    let verdict = case.deciding()?;
    let words = verdict.webpki.as_ref().err()?;
    let reason = verdict.webpki_reason.as_ref()?;
    if !verdict.accepted || case.chain.presentation.bundle {
        return None;
    }
    // A leaf that is marked as a CA has a rule of its own where there is a server.
    if reason.kind == ReasonKind::CaAsLeaf && case.capture.target.endpoint().is_some() {
        return None;
    }
    let node = reason.node.or(case.chain.leaf);
    let about = node.map_or_else(|| "the chain".to_owned(), |n| case.called(n));
    Some(
        Finding::new(
            &rule::VERIFIERS_DISAGREE,
            node.map_or(Subject::Connection, Subject::Node),
            format!("The rules of the standard are met, but Rust programs (rustls-webpki) refuse {about}."),
        )
        .saw("rustls-webpki says", words.clone())
        .fix(Who::ServerOwner, "Use a plain, current certificate; what only some verifiers accept will fail for someone."),
    )
}

fn stores_disagree(case: &Case<'_>) -> Option<Finding> {
    let (deciding, others) = case.verdicts.split_first()?;
    if case.chain.presentation.bundle {
        return None;
    }
    let may_decide = |id: &str| case.stores.by_id(id).is_some_and(|s| s.kind.may_decide());
    let differing: Vec<&Verdict> = others
        .iter()
        .filter(|v| may_decide(&v.store))
        .filter(|v| v.accepted != deciding.accepted && trust_differs(case.chain, deciding, v))
        .collect();
    let first = differing.first()?;
    let titles: Vec<String> = differing
        .iter()
        .map(|v| path::store_in_sentence(v))
        .collect();
    let (yes, no) = if deciding.accepted {
        (path::store_in_sentence(deciding), text::list_and(&titles))
    } else {
        (text::list_and(&titles), path::store_in_sentence(deciding))
    };
    let verb = |list: &str, plural: &str| {
        if differing.len() > 1 {
            plural.to_owned()
        } else {
            list.to_owned()
        }
    };
    let (yes_verb, no_verb) = if deciding.accepted {
        ("leads".to_owned(), verb("does", "do"))
    } else {
        (verb("leads", "lead"), "does".to_owned())
    };
    let finding = Finding::new(
        &rule::STORES_DISAGREE,
        Subject::Store(first.store.clone()),
        format!(
            "{} {yes_verb} to a trusted root, {no} {no_verb} not: programs that use different stores will disagree.",
            super::sentence(&yes)
        ),
    );
    let system_too = differing.iter().any(|v| v.store == "system");
    Some(if deciding.accepted {
        finding
            .saw("will fail", will_fail(system_too))
            .fix(
                Who::You,
                if system_too {
                    "Give those programs the root, all at once in a bundle with the public roots (whycert trust), or one by its variable (REQUESTS_CA_BUNDLE, NODE_EXTRA_CA_CERTS)."
                } else {
                    "Give those programs the root through their own variable (REQUESTS_CA_BUNDLE, NODE_EXTRA_CA_CERTS)."
                },
            )
    } else {
        finding.fix(
            Who::You,
            "Use the store that holds the root, or update the other one.",
        )
    })
}

/// Whom a root does not help that only some store holds: `system_too` when that is not the system's.
pub(super) const fn will_fail(system_too: bool) -> &'static str {
    if system_too {
        "programs that are not given this root: with the system's roots (git, wget) and with their own (Python requests, Node, Firefox)"
    } else {
        "programs with their own roots, such as Python requests, Node and Firefox"
    }
}

/// The verdicts differ because of the store, not because one path is worse in another way.
fn trust_differs(chain: &Chain, a: &Verdict, b: &Verdict) -> bool {
    chain.leaf.is_some() && (a.accepted || b.accepted)
}

fn unreadable(case: &Case<'_>) -> Vec<Finding> {
    // `verify` reads what it is given itself; before a server others are to read it too.
    let for_others = case.capture.target.endpoint().is_some();
    case.stores
        .0
        .iter()
        // What a variable or a configuration names is told of by the rules about settings.
        .filter(|s| s.kind != StoreKind::Setting)
        .filter(|s| {
            !s.problems.is_empty()
                || (s.unread.is_some() && (for_others || s.kind != StoreKind::Given))
        })
        .map(|store| {
            let mut finding = Finding::new(
                &rule::STORE_UNREADABLE,
                Subject::Store(store.id.clone()),
                if store.anchors.is_empty() {
                    format!("No certificate could be read from {}.", store.title)
                } else if store.problems.is_empty() {
                    format!("Not every program reads all of {}.", store.title)
                } else {
                    format!("Not everything in {} could be read.", store.title)
                },
            );
            if !store.kind.may_decide() {
                finding = finding.severity(Severity::Note);
            }
            let problems = store.unread.iter().chain(&store.problems);
            for problem in problems.take(3) {
                finding = finding.saw("problem", problem.clone());
            }
            if store.problems.len() > 3 {
                finding = finding.saw("and", format!("{} more", store.problems.len() - 3));
            }
            match store.kind {
                StoreKind::System => {
                    finding.fix(Who::You, "Install or repair the package ca-certificates.")
                }
                StoreKind::Environment => finding.fix_by(
                    Who::You,
                    "Unset the variable, or point it at a PEM file of certificates.",
                    "unset SSL_CERT_FILE SSL_CERT_DIR",
                ),
                _ if store.problems.is_empty() => {
                    let path = store
                        .path
                        .as_deref()
                        .unwrap_or(std::path::Path::new("FILE"));
                    let shown = text::safe(&path.to_string_lossy()).into_owned();
                    finding.fix_by(
                        Who::You,
                        "Write it as plain PEM, which every program reads, and give them that.",
                        format!(
                            "whycert export {} --what chain -o anchors.pem",
                            text::shell_quote(&shown)
                        ),
                    )
                }
                _ => finding.fix(
                    Who::You,
                    "Check the file: it must hold certificates as PEM or DER.",
                ),
            }
        })
        .collect()
}
