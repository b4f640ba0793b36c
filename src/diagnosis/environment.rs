//! Rules about what is set on this machine: variables and configuration that name a file which is not
//! there, replace the public roots, help only some programs, or turn verification off.
//!
//! Only for a server that showed a certificate, and only with the stores of a machine: what is set does
//! not matter to a file, and the lab's store belongs to no machine.

use super::{Case, Finding, Severity, Subject, Who, clip, rule, sentence};
use crate::chain::Path;
use crate::judge::ReasonKind;
use crate::store::{Environment, Found, Setting, StoreKind};
use crate::text;

/// A bundle with fewer public roots than this is not meant as one of the public roots.
const FEW: usize = 10;
/// Findings of one rule; what is cut is counted in the last one.
const MOST: usize = 4;

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let Some(environment) = case.stores.environment() else {
        return Vec::new();
    };
    if case.capture.target.endpoint().is_none() || case.chain.leaf.is_none() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for one in [missing, unreadable, off] {
        found.extend(limited(
            environment
                .settings
                .iter()
                .filter(|s| applies(case, s))
                .filter_map(|s| one(environment, s))
                .collect(),
        ));
    }
    found.extend(replaced(case, environment));
    found.extend(only_for_some(case, environment));
    found.extend(beaten(case, environment));
    found
}

/// A setting that is limited to an address counts only for that one.
fn applies(case: &Case<'_>, setting: &Setting) -> bool {
    let Some(only) = &setting.only_for else {
        return true;
    };
    let host = case.capture.target.endpoint().map(|e| e.host.to_string());
    host.is_some_and(|host| only.raw().contains(&host))
}

fn limited(mut findings: Vec<Finding>) -> Vec<Finding> {
    let more = findings.len().saturating_sub(MOST);
    findings.truncate(MOST);
    if more > 0
        && let Some(last) = findings.pop()
    {
        findings.push(last.saw("and", format!("{more} more of the same kind")));
    }
    findings
}

/// The first of them, for a sentence; all stand in the evidence.
fn who(programs: &[&str]) -> String {
    const MOST: usize = 3;
    match programs.split_at_checked(MOST) {
        Some((first, rest)) if !rest.is_empty() => format!("{} and others", first.join("; ")),
        _ => programs.join("; "),
    }
}

fn undo(finding: Finding, setting: &Setting, otherwise: &str) -> Finding {
    match setting.undo() {
        Some(command) => finding.fix_by(Who::You, otherwise, command),
        None => finding.fix(
            Who::You,
            format!("{otherwise} It is set in {}.", setting.title()),
        ),
    }
}

fn missing(_: &Environment, setting: &Setting) -> Option<Finding> {
    let Found::Missing(path) = &setting.found else {
        return None;
    };
    let shown = text::safe(&path.to_string_lossy()).into_owned();
    let finding = Finding::new(
        &rule::ENV_MISSING,
        Subject::Machine,
        format!(
            "{} names {}, and nothing is there.",
            setting.title(),
            clip(&shown)
        ),
    )
    .saw("path", shown)
    .saw_some("what happens", setting.known.missing.clone())
    .saw(
        "concerns",
        setting.known.programs().collect::<Vec<_>>().join("; "),
    );
    Some(undo(
        finding,
        setting,
        "Unset it, or put the file where it says.",
    ))
}

fn unreadable(_: &Environment, setting: &Setting) -> Option<Finding> {
    let (path, why, ending) = match &setting.found {
        Found::Unreadable(path, why, _) => (
            path.as_path(),
            why,
            "from which no program can read a certificate",
        ),
        Found::Anchors(store) => (
            store.path.as_deref()?,
            store.unread.as_ref()?,
            "which not every program reads as it is written",
        ),
        _ => return None,
    };
    let shown = text::safe(&path.to_string_lossy()).into_owned();
    let finding = Finding::new(
        &rule::ENV_UNREADABLE,
        Subject::Machine,
        format!("{} names {}, {ending}.", setting.title(), clip(&shown)),
    )
    .saw("problem", why.clone())
    .saw(
        "concerns",
        setting.known.programs().collect::<Vec<_>>().join("; "),
    );
    Some(undo(
        finding,
        setting,
        "Unset it, or name a file of certificates in plain PEM.",
    ))
}

fn off(_: &Environment, setting: &Setting) -> Option<Finding> {
    if !matches!(setting.found, Found::Off) {
        return None;
    }
    let value = setting.value.shown();
    let finding = Finding::new(
        &rule::ENV_OFF,
        Subject::Machine,
        format!(
            "{} turns verification off: everybody on the way can read and change what that program sends.",
            setting.title()
        ),
    )
    .saw("value", if value.is_empty() { "(set)".to_owned() } else { value.into_owned() });
    Some(undo(
        finding,
        setting,
        "Take it back; then repair what it was meant to hide, by trusting the one certificate that is missing.",
    ))
}

/// The server is accepted with public roots, and a setting leaves some programs without them.
fn replaced(case: &Case<'_>, environment: &Environment) -> Vec<Finding> {
    let with_public = case
        .verdicts
        .iter()
        .zip(&case.stores.0)
        .find(|(v, s)| v.accepted && matches!(s.kind, StoreKind::System | StoreKind::Mozilla));
    if with_public.is_none() {
        return Vec::new();
    }
    let settings = environment.settings.iter().filter(|s| applies(case, s));
    let found = settings.filter_map(|setting| {
        let programs: Vec<&str> = environment
            .replaced(setting)
            .into_iter()
            .filter(|p| !setting.overridden.iter().any(|o| o.programs.contains(p)))
            .collect();
        let anchors = setting.anchors()?;
        if programs.is_empty() || setting.public_roots() >= FEW || leads_to(case, setting) {
            return None;
        }
        let count = text::count(anchors.anchors.len(), "certificate");
        let finding = Finding::new(
            &rule::ENV_REPLACED,
            Subject::Machine,
            format!(
                "{} gives some programs {count} in place of the public roots, so they refuse this server: {}.",
                setting.title(),
                who(&programs)
            ),
        )
        .saw("file", text::safe(&setting.value.shown()).into_owned())
        .saw("public roots in it", setting.public_roots().to_string())
        .saw("refuse", programs.join("; "))
        .fix(
            Who::You,
            "Name a bundle that holds the public roots as well: whycert trust makes one.",
        );
        Some(undo(
            finding,
            setting,
            "Or go back to the public roots alone.",
        ))
    });
    limited(found.collect())
}

/// The chain is refused for want of a root, and a setting gives that root to some programs.
fn only_for_some(case: &Case<'_>, environment: &Environment) -> Option<Finding> {
    if !wants_a_root(case) {
        return None;
    }
    let helping: Vec<&Setting> = helping(case, environment).collect();
    let first = helping.first()?;
    let mut finding = Finding::new(
        &rule::ENV_ONLY_SOME,
        Subject::Machine,
        format!(
            "{} holds what is missing here: {} trust this server, and other programs do not.",
            first.title(),
            who(&first.known.programs().collect::<Vec<_>>())
        ),
    );
    for setting in &helping {
        finding = finding
            .saw("set", setting.title())
            .saw("value", text::safe(&setting.value.shown()).into_owned())
            .saw(
                "trust it",
                setting.known.programs().collect::<Vec<_>>().join("; "),
            )
            .saw_some(
                "do not follow it",
                (!setting.known.ignored.is_empty()).then(|| setting.known.ignored.join("; ")),
            );
    }
    let path = first.anchors().and_then(|s| s.path.as_ref())?;
    let shown = text::safe(&path.to_string_lossy()).into_owned();
    Some(
        finding
            .fix_by(
                Who::You,
                "See what it says with that file.",
                format!("whycert {} --ca {}", case.typed(), text::shell_quote(&shown)),
            )
            .fix(
                Who::You,
                "Give it to the other programs too, in a bundle with the public roots (whycert trust).",
            ),
    )
}

/// The setting whose file has the root that the chain wants, and that file; the first of several.
pub(super) fn naming_the_root(case: &Case<'_>) -> Option<(String, String)> {
    let environment = case.stores.environment()?;
    case.capture.target.endpoint()?;
    let setting = helping(case, environment).next()?;
    let path = setting.anchors()?.path.as_ref()?;
    Some((
        setting.title(),
        text::safe(&path.to_string_lossy()).into_owned(),
    ))
}

/// The root is in a file that another setting beats.
fn beaten(case: &Case<'_>, environment: &Environment) -> Option<Finding> {
    if !wants_a_root(case) {
        return None;
    }
    let setting = helping(case, environment).find(|s| !s.overridden.is_empty())?;
    let winner = setting.overridden.iter().find(|winner| {
        let mut all = environment.settings.iter();
        all.find(|s| s.title() == winner.by)
            .is_some_and(|s| s.anchors().is_some() && !leads_to(case, s))
    })?;
    Some(
        Finding::new(
            &rule::ENV_BEATEN,
            Subject::Machine,
            format!(
                "{} holds the root that is missing, and {} overrides it.",
                sentence(&setting.title()),
                winner.by
            ),
        )
        .saw("overridden for", winner.programs.join("; "))
        .fix(
            Who::You,
            format!("Name the same file in {}, or unset it.", winner.by),
        ),
    )
}

fn wants_a_root(case: &Case<'_>) -> bool {
    case.deciding().is_some_and(|v| {
        !v.accepted
            && v.reasons.iter().any(|r| {
                matches!(
                    r.kind,
                    ReasonKind::UnknownRoot
                        | ReasonKind::MissingIssuer
                        | ReasonKind::SelfSignedLeaf
                        | ReasonKind::HeldLeafRefused
                )
            })
    })
}

/// Settings whose certificates complete a path; those of the deciding store are told of elsewhere.
fn helping<'c>(
    case: &'c Case<'_>,
    environment: &'c Environment,
) -> impl Iterator<Item = &'c Setting> {
    environment
        .settings
        .iter()
        .filter(|s| applies(case, s))
        .filter(|s| !matches!(s.known.name.as_str(), "SSL_CERT_FILE" | "SSL_CERT_DIR"))
        .filter(|s| leads_to(case, s))
}

/// Some path of the chain ends at, or right below, a certificate that the setting names.
fn leads_to(case: &Case<'_>, setting: &Setting) -> bool {
    case.chain
        .paths
        .iter()
        .any(|path| ends_in(case, setting, path))
}

fn ends_in(case: &Case<'_>, setting: &Setting, path: &Path) -> bool {
    let held = path
        .nodes
        .iter()
        .filter_map(|&n| case.chain.certificate(n))
        .any(|c| setting.holds(c));
    let Some(top) = path.nodes.last().and_then(|&n| case.chain.node(n)) else {
        return held;
    };
    let (name, key) = match (&top.certificate, &top.ghost) {
        (None, Some(ghost)) => (&ghost.name, ghost.key_id.as_deref()),
        (Some(c), _) if !c.is_self_issued() => (&c.issuer, c.authority_key_id()),
        _ => return held,
    };
    held || setting.anchors().is_some_and(|s| s.has_issuer(name, key))
}

/// For a store that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, the rules here say what is wrong with it.
pub(super) fn tells_of_its_store(findings: &[Finding]) -> bool {
    findings.iter().any(|f| {
        (f.rule == &rule::ENV_MISSING || f.rule == &rule::ENV_UNREADABLE)
            && f.summary.starts_with("SSL_CERT_")
            && f.severity >= Severity::Warning
    })
}
