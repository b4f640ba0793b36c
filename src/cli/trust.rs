//! `whycert trust`: the user's bundle, headless.

use crate::chain::NodeId;
use crate::headless::{self, Judges};
use crate::inspect::Inspection;
use crate::text;
use crate::trust::{self, Plan, Shell, TrustError, usage_lines};

use super::args::{TrustAction, TrustAdd};
use super::usage::Usage;
use super::{Failure, values};

pub(super) fn run(action: TrustAction) -> Result<u8, Failure> {
    match action {
        TrustAction::List => list(),
        TrustAction::Add(add) => self::add(*add),
        TrustAction::Remove { fingerprint } => remove(&fingerprint),
    }
}

impl From<TrustError> for Failure {
    fn from(error: TrustError) -> Self {
        let listed = "whycert trust list shows what you added";
        match error {
            TrustError::NotAFingerprint { .. } | TrustError::Ambiguous { .. } => {
                Usage::new(error.to_string(), listed).into()
            }
            TrustError::Unknown { .. } => Self::could_not(error, listed),
            TrustError::AlreadyThere => Self::could_not(error, listed),
            TrustError::Journal { .. } => Self::could_not(
                error,
                "nothing was changed; put the file right or move it away, and try again",
            ),
            TrustError::Busy => Self::could_not(error, "wait a moment and try again"),
            TrustError::NoHome => Self::could_not(error, "set HOME or XDG_DATA_HOME"),
            _ => Self::could_not(error, ""),
        }
    }
}

fn list() -> Result<u8, Failure> {
    let entries = trust::list()?;
    let Some(last) = entries.last() else {
        headless::print(b"Nothing is added to your bundle.\n")?;
        return Ok(0);
    };
    let mut out = String::new();
    for entry in &entries {
        out.push_str(&format!(
            "{}  {}\n    for {} ({}), added {}, valid until {}\n",
            entry.sha256.get(..16).unwrap_or(&entry.sha256),
            text::safe(&entry.subject),
            text::safe(&entry.target),
            text::safe(&entry.finding),
            text::safe(&entry.added),
            text::safe(&entry.not_after),
        ));
    }
    out.push_str(&format!(
        "\nThe bundle: {}\n",
        text::safe(&last.bundle.to_string_lossy())
    ));
    out.push_str(&lines(&last.bundle));
    headless::print(out.as_bytes())?;
    Ok(0)
}

fn remove(fingerprint: &str) -> Result<u8, Failure> {
    let entry = trust::remove(fingerprint)?;
    let out = format!(
        "Removed {} from {}.\nThe public roots stay in it, so programs that use the bundle go on working.\n",
        text::safe(&entry.subject),
        text::safe(&entry.bundle.to_string_lossy())
    );
    headless::print(out.as_bytes())?;
    Ok(0)
}

fn add(typed: TrustAdd) -> Result<u8, Failure> {
    let target = values::one_target(&typed.target, &typed.reaching)?;
    let options = values::options(&typed.reaching, &typed.judging)?;
    values::given_files("--ca", &typed.judging.ca)?;
    let inspection = headless::look(target, options, Judges::Machine(typed.judging.ca))?;
    let id = node(&inspection, &typed.certificate)?;
    let plan = trust::plan(&inspection, id)
        .map_err(|refusal| Failure::could_not(&refusal.reason, &refusal.instead))?;
    if !typed.yes {
        let mut out = described(&plan);
        out.push_str("\nNothing was written. Add --yes to write it.\n");
        headless::print(out.as_bytes())?;
        return Ok(0);
    }
    let applied = trust::apply(&plan)?;
    let mut out = described(&plan);
    let result = if applied.cured() {
        "accepted"
    } else {
        "still rejected"
    };
    out.push_str(&format!(
        "\nWritten. Judged again with the bundle: {} is {result}.\n",
        plan.target
    ));
    out.push_str(&lines(&applied.bundle));
    headless::print(out.as_bytes())?;
    Ok(u8::from(!applied.cured()))
}

fn described(plan: &Plan) -> String {
    let mut out = format!(
        "{}\n    SHA-256  {}\n    Bundle   {}\n\n{}\n",
        plan.certificate.subject.rfc4514(),
        text::hex(&plan.certificate.sha256),
        text::safe(&plan.bundle.to_string_lossy()),
        plan.scope
    );
    for warning in &plan.warnings {
        out.push_str(&format!("Note: {warning}\n"));
    }
    out
}

/// The lines for each program, in the syntax of the person's shell.
fn lines(bundle: &std::path::Path) -> String {
    let shell = std::env::var("SHELL").ok();
    let mut out =
        "\nTo use it, one of these lines. It adds to the roots of that program, or replaces them; \
                   the public roots are in it either way.\n"
            .to_owned();
    for usage in usage_lines(bundle, Shell::from_variable(shell.as_deref())) {
        out.push_str(&format!(
            "    {:<21} {:<8}  {}\n",
            usage.program,
            usage.effect.words(),
            usage.line
        ));
    }
    out
}

/// The certificate that was named by number or by the start of its SHA-256.
fn node(inspection: &Inspection, typed: &str) -> Result<NodeId, Failure> {
    let chain = &inspection.chain;
    if chain.nodes.is_empty() {
        let hint = "whycert inspect shows what was found";
        return Err(match inspection.findings.first() {
            Some(cause) => Failure::could_not(super::in_one_line(cause), hint),
            None => Failure::could_not("no certificate was seen", hint),
        });
    }
    if let Some(number) = typed
        .parse()
        .ok()
        .filter(|n: &usize| *n < chain.nodes.len())
    {
        return Ok(NodeId(number));
    }
    let wanted = typed.replace(':', "").to_ascii_lowercase();
    let mut found = chain.iter().filter(|(_, node)| {
        let certificate = node.certificate.as_ref();
        wanted.len() >= 4 && certificate.is_some_and(|c| text::hex(&c.sha256).starts_with(&wanted))
    });
    match (found.next(), found.next()) {
        (Some((id, _)), None) => Ok(id),
        _ => Err(Usage::new(
            format!("--certificate: there is no certificate “{typed}” in this chain"),
            format!(
                "use a number from 0 to {}, or the first digits of a SHA-256",
                chain.nodes.len() - 1
            ),
        )
        .into()),
    }
}
