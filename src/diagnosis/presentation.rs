//! Rules about how the certificates were sent.

use super::{Case, Finding, Subject, Who, clip, rule};
use crate::chain::NodeId;

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let presentation = &case.chain.presentation;
    let mut found = Vec::new();
    if presentation.bundle || case.chain.leaf.is_none() {
        return found;
    }
    if presentation.out_of_order {
        found.push(
            Finding::new(
                &rule::OUT_OF_ORDER,
                Subject::Connection,
                "The certificates are in the wrong order; some older clients fail on that.",
            )
            .saw("order", order(case))
            .fix_by(
                Who::ServerOwner,
                "Serve the server's certificate first, then each issuer after the one it signed.",
                format!(
                    "whycert export {} --what repaired -o fullchain.pem",
                    case.typed()
                ),
            ),
        );
    }
    if let Some(&first) = presentation.duplicates.first() {
        found.push(
            Finding::new(
                &rule::DUPLICATE,
                Subject::Node(first),
                format!(
                    "{} is sent more than once.",
                    super::sentence(&case.called(first))
                ),
            )
            .fix(
                Who::ServerOwner,
                "Remove the repeated certificate from the file that the server reads.",
            ),
        );
    }
    if let Some(&first) = presentation.unrelated.first() {
        let more = presentation.unrelated.len() - 1;
        let also = if more > 0 {
            format!(" and {}", crate::text::count(more, "other"))
        } else {
            String::new()
        };
        found.push(
            Finding::new(
                &rule::UNRELATED,
                Subject::Node(first),
                format!(
                    "{}{also} was sent, but belongs to no path from the server's certificate.",
                    case.quoted(first)
                ),
            )
            .fix(
                Who::ServerOwner,
                "Remove it from the file that the server reads.",
            ),
        );
    }
    if let Some(root) = presentation.redundant_root {
        found.push(
            Finding::new(
                &rule::REDUNDANT_ROOT,
                Subject::Node(root),
                format!(
                    "The root {} is sent along; clients ignore it, they must already have it.",
                    case.quoted(root)
                ),
            )
            .saw_some(
                "costs",
                case.chain
                    .certificate(root)
                    .map(|c| format!("{} bytes in every handshake", c.der.len())),
            )
            .fix(
                Who::ServerOwner,
                "Leave the root out of the file that the server reads.",
            ),
        );
    }
    found.extend(expired_cross_sign(case));
    found
}

fn order(case: &Case<'_>) -> String {
    let sent = case.chain.nodes.iter().filter(|n| n.is_sent()).take(6);
    let names: Vec<String> = sent.map(|n| super::clip(&n.title())).collect();
    names.join(", then ")
}

/// The verdict is good, and another path that was sent ends at something expired: clients that try
/// only that one fail.
fn expired_cross_sign(case: &Case<'_>) -> Option<Finding> {
    let verdict = case.deciding().filter(|v| v.reasons.is_empty())?;
    let expired = |&id: &NodeId| {
        case.chain
            .certificate(id)
            .is_some_and(|c| c.not_after.is_some_and(|t| case.at > t))
    };
    let dead = case
        .chain
        .paths
        .iter()
        .filter(|p| p.nodes.len() > 1)
        .find_map(|p| {
            p.nodes
                .iter()
                .skip(1)
                .find(|id| expired(id) && !verdict.path.contains(id))
        })?;
    let good = verdict.path.last()?;
    let sent = case
        .chain
        .node(*dead)
        .is_some_and(crate::chain::Node::is_sent);
    let summary = match case
        .chain
        .certificate(*dead)
        .map(|c| clip(&c.issuer.rfc4514()))
    {
        // The cross-signed certificate itself; the root of the same name and key is another one.
        Some(by) if sent && case.quoted(*dead) == case.quoted(*good) => format!(
            "The server also sends {} as signed by {by}, and that certificate has expired; old clients take that path and fail, current ones find the root {} itself.",
            case.quoted(*dead),
            case.quoted(*good)
        ),
        _ => format!(
            "One path of this chain leads through {}, which has expired; old clients take that path and fail, current ones find {}.",
            case.quoted(*dead),
            case.quoted(*good)
        ),
    };
    Some(
        Finding::new(&rule::EXPIRED_CROSS_SIGN, Subject::Node(*dead), summary)
        .saw_some("expired", case.chain.certificate(*dead).and_then(|c| c.not_after).map(|t| t.date()))
        .saw("who fails", "programs that trust only the old root; OpenSSL before 1.1 and GnuTLS before 3.6.14 that still hold it")
        .fix(Who::ServerOwner, "Stop sending the certificate that leads to what has expired."),
    )
}
