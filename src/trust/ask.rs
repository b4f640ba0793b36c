//! “Ask for this”: the text to send to whoever runs the server, or to one's own IT, with the file to attach.

use std::path::Path;

use crate::chain::NodeId;
use crate::diagnosis::Who;
use crate::inspect::Inspection;
use crate::text;

use super::server_lines;

/// The text about an inspection; `id` is the certificate that should be trusted, when one should. Safe to
/// display.
pub fn letter(inspection: &Inspection, id: Option<NodeId>) -> String {
    let target = text::safe(&inspection.capture.target.typed).into_owned();
    let mut out = format!("Subject: the certificate of {target}\n\nHello,\n\n");
    match inspection.findings.first() {
        Some(cause) => out.push_str(&format!(
            "{target} is not trusted on {}: {}\n",
            inspection.at.date(),
            cause.summary
        )),
        None => out.push_str(&format!(
            "I looked at {target} on {}.\n",
            inspection.at.date()
        )),
    }
    let theirs: Vec<&str> = inspection
        .findings
        .iter()
        .flat_map(|finding| &finding.fixes)
        .filter(|fix| fix.who != Who::You)
        .map(|fix| fix.action.as_str())
        .collect();
    if !theirs.is_empty() {
        out.push_str("\nPlease:\n");
        for action in theirs {
            out.push_str(&format!("- {action}\n"));
        }
    }
    if let Some(leaf) = inspection
        .chain
        .leaf
        .and_then(|l| inspection.chain.certificate(l))
    {
        out.push_str(&format!(
            "\nThe certificate that the server shows:\n  {}\n  SHA-256 {}\n",
            leaf.subject.rfc4514(),
            text::hex_colon(&leaf.sha256)
        ));
    }
    let trusted = id.filter(|id| inspection.chain.is_self_signed(*id));
    if let Some(certificate) = trusted.and_then(|id| inspection.chain.certificate(id)) {
        out.push_str(&format!(
            "\nIf it is meant to be so, please confirm by another way than this server that the following is yours, \
             and have it installed on our machines:\n  {}\n  SHA-256 {}\n",
            certificate.subject.rfc4514(),
            text::hex_colon(&certificate.sha256)
        ));
        if let Some(id) = trusted {
            out.push_str(&format!(
                "Attached: the file that “whycert export {} --what {} -o ca.pem” writes.\n",
                text::shell_quote(&target),
                id.0
            ));
        }
    }
    let about_chain = inspection.findings.iter().any(|f| {
        [
            "chain.missing-issuer",
            "chain.out-of-order",
            "chain.unrelated",
        ]
        .contains(&f.rule.id)
    });
    if about_chain {
        out.push_str(&format!(
            "\nThe chain as it should be served (without the root): whycert export {} --what repaired -o fullchain.pem\n",
            text::shell_quote(&target)
        ));
        for (program, lines) in server_lines(Path::new("fullchain.pem"), Path::new("privkey.pem")) {
            out.push_str(&format!("  {program}\n"));
            for line in lines {
                out.push_str(&format!("    {line}\n"));
            }
        }
    }
    out
}
