//! What a rung would do for one certificate of an inspection. Nothing is changed here.

use crate::chain::NodeId;
use crate::inspect::Inspection;
use crate::moment::Moment;
use crate::text;

use super::rungs::{self, Case};
use super::step::Step;
use super::{Place, Plan, Refusal, Rung, bundle, catch, file, reach, refuse, shown};

/// Plans on this machine, for this user.
///
/// # Errors
/// As [`plan`]'s.
pub fn plan_here(inspection: &Inspection, id: NodeId, rung: Rung) -> Result<Plan, Refusal> {
    plan(&Place::this()?, inspection, id, rung)
}

/// Plans to trust one certificate of an inspection on a rung.
///
/// # Errors
/// [`Refusal`] when it would not cure the failure, when only something else does, when something that it
/// needs is missing, or when nobody may.
pub fn plan(
    place: &Place,
    inspection: &Inspection,
    id: NodeId,
    rung: Rung,
) -> Result<Plan, Refusal> {
    let (inspection, id) = as_it_is(inspection, id)?;
    // As it stands now: the inspection may be older than what was undone since.
    let in_bundle = inspection
        .chain
        .certificate(id)
        .is_some_and(|certificate| bundle::is_in(place, certificate));
    let passed = catch::check(inspection, id, rung, in_bundle)?;
    let target = text::safe(&inspection.capture.target.typed).into_owned();
    let case = Case {
        place,
        certificate: &passed.certificate,
        public_roots: &passed.public_roots,
        endpoint: inspection.capture.target.endpoint(),
        target: &target,
        number: id.0,
        now: Moment::now(),
    };
    let made = rungs::made(rung, &case)?;
    let turns = reach::turns(
        inspection,
        &place.machine,
        &made.world,
        &passed.certificate.der,
    );
    let mut steps = made.steps;
    let planned = !steps.is_empty();
    steps.retain(|step| match step {
        Step::Files { changes, .. } => changes.iter().any(|c| !c.before.same(&c.after)),
        Step::Run { .. } => true,
    });
    if planned && steps.is_empty() {
        return Err(refuse(
            "That is done already: every file is as it would be written.",
            "“whycert trust list” shows what you added, and how to undo it.",
        ));
    }
    let stays = steps
        .iter()
        .flat_map(Step::changes)
        .filter(|change| change.before.is_there())
        .map(|change| format!("{}: {}", shown(&change.path), file::stays(&change.path)))
        .collect();
    let mut warnings = passed.warnings;
    warnings.extend(made.warnings);
    Ok(Plan {
        rung,
        steps,
        stays,
        scope: passed.scope,
        affects: made.affects,
        spares: made.spares,
        warnings,
        undo: made.undo,
        lines: made
            .lines
            .iter()
            .map(|line| text::safe(line).into_owned())
            .collect(),
        turns,
        needs_root: made.needs_root,
        untried: made.untried,
        variables: made.variables,
        finding: inspection
            .findings
            .first()
            .map(|finding| finding.rule.id.to_owned())
            .unwrap_or_default(),
        target,
        uses_bundle: made.uses_bundle,
        roots: made.roots,
        capture: inspection.capture.clone(),
        certificate: passed.certificate,
    })
}

/// What is written is about what is seen, not about what is assumed. Another time alone is judged as it is
/// given.
fn as_it_is(inspection: &Inspection, id: NodeId) -> Result<(&Inspection, NodeId), Refusal> {
    let assumed = inspection.asked.what_if.is_beyond_time();
    let Some(actual) = inspection.actual.as_deref().filter(|_| assumed) else {
        return Ok((inspection, id));
    };
    let Some(certificate) = inspection.chain.certificate(id) else {
        return Ok((inspection, id));
    };
    match actual.chain.find(&certificate.sha256) {
        Some(id) => Ok((actual, id)),
        None => Err(refuse(
            "This certificate is there only because that is assumed.",
            "Drop the assumption, or trust one that the server sent.",
        )),
    }
}
