//! An inspection as bytes in some format, with a suggested file name.
//!
//! Pure: writing files is for [`crate::save`].

use std::str::FromStr;
use std::sync::Arc;

use crate::cert::{Certificate, pem};
use crate::chain::{Chain, NodeId, Path, PathEnd};
use crate::inspect::Inspection;
use crate::target::{Host, Source};
use crate::text;

pub mod clients;
pub mod commands;
pub mod explanation;
pub mod json;
mod layout;
pub use layout::WIDEST;
mod openssl;
pub mod report;
pub mod stores;
mod supposed;
mod verdicts;
mod words;

/// What to export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The server's own certificate.
    Leaf,
    /// The chain exactly as sent.
    Chain,
    /// The chain as it should be served: leaf first, intermediates in order, no root, gaps filled from stores.
    Repaired,
    /// The root alone.
    Root,
    /// One node.
    Node(NodeId),
    /// Public roots and this one: a bundle that adds.
    RootsPlus(NodeId),
}

/// In which format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// PEM, one block a certificate.
    Pem,
    /// DER; one certificate only.
    Der,
    /// As `openssl x509 -text` prints it.
    Text,
    /// `{schema, target, certificates}`, the certificates as in `inspect --format json`.
    Json,
    /// The whole report in Markdown, whatever was chosen.
    Markdown,
}

/// Why nothing was exported. The words are safe to display.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ExportError(pub String);

/// The bytes.
///
/// # Errors
/// When there is nothing of that kind, or the format cannot hold it.
pub fn render(inspection: &Inspection, what: What, format: Format) -> Result<Vec<u8>, ExportError> {
    if format == Format::Markdown {
        // The report is about everything, but what was asked for by number has to be there.
        if let What::Node(id) | What::RootsPlus(id) = what
            && inspection.chain.node(id).is_none()
        {
            certificate(&inspection.chain, id)?;
        }
        return Ok(report::markdown(inspection).into_bytes());
    }
    if format == Format::Json {
        return Ok(json::certificates(inspection, &nodes(inspection, what)?).into_bytes());
    }
    let certificates = certificates(inspection, what)?;
    match format {
        Format::Der => match certificates.as_slice() {
            [one] => Ok(one.to_vec()),
            many => Err(ExportError(format!(
                "DER holds one certificate, and these are {}; PEM holds them all",
                many.len()
            ))),
        },
        Format::Text => Ok(certificates
            .into_iter()
            .map(|der| openssl::text(&Certificate::read(der)))
            .collect::<String>()
            .into_bytes()),
        _ => Ok(certificates
            .iter()
            .map(|der| pem::encode(der))
            .collect::<String>()
            .into_bytes()),
    }
}

/// A file name such as `api.internal-leaf-1a2b3c4d.pem`.
pub fn file_name(inspection: &Inspection, what: What, format: Format) -> String {
    let chain = &inspection.chain;
    let subject = match what {
        What::Node(id) | What::RootsPlus(id) => Some(id),
        What::Root => root(chain, inspection).ok(),
        _ => chain.leaf,
    };
    let role = match what {
        _ if format == Format::Markdown => "report",
        What::Leaf => "leaf",
        What::Chain => "chain",
        What::Repaired => "fullchain",
        What::Root => "root",
        What::RootsPlus(_) => "bundle",
        What::Node(id) => role(chain, id),
    };
    let extension = match format {
        Format::Pem => "pem",
        Format::Der => "der",
        Format::Text => "txt",
        Format::Json => "json",
        Format::Markdown => "md",
    };
    let mut name = format!("{}-{role}", text::file_name_part(&origin(inspection)));
    if let Some(certificate) = subject.and_then(|id| chain.certificate(id)) {
        name.push('-');
        name.push_str(&certificate.short_fingerprint());
    }
    format!("{name}.{extension}")
}

/// What a node is on the paths of its chain: `leaf`, `root` or `intermediate`.
pub fn role(chain: &Chain, id: NodeId) -> &'static str {
    if chain.leaf == Some(id) {
        return "leaf";
    }
    let is_root = |path: &Path| path.end == PathEnd::SelfSigned && path.nodes.last() == Some(&id);
    let self_issued = chain.certificate(id).is_some_and(|c| c.is_self_issued());
    if chain.paths.iter().any(is_root) || self_issued {
        "root"
    } else {
        "intermediate"
    }
}

impl FromStr for What {
    type Err = ExportError;

    /// `leaf`, `chain`, `repaired`, `root`, `N` or `roots+N`.
    fn from_str(typed: &str) -> Result<Self, ExportError> {
        let number = |digits: &str| digits.parse().map(NodeId).ok();
        match typed {
            "leaf" => Some(Self::Leaf),
            "chain" => Some(Self::Chain),
            "repaired" => Some(Self::Repaired),
            "root" => Some(Self::Root),
            _ => match typed.strip_prefix("roots+") {
                Some(digits) => number(digits).map(Self::RootsPlus),
                None => number(typed).map(Self::Node),
            },
        }
        .ok_or_else(|| ExportError(format!("“{}” cannot be exported", text::safe(typed))))
    }
}

/// The DER of what was chosen, in order.
fn certificates(inspection: &Inspection, what: What) -> Result<Vec<Arc<[u8]>>, ExportError> {
    let chain = &inspection.chain;
    match what {
        What::Chain => {
            // As sent means as sent: twice when it came twice, and also what no parser reads.
            let sent = inspection.capture.presented.clone();
            if sent.is_empty() {
                return Err(nothing_seen());
            }
            Ok(sent)
        }
        What::RootsPlus(id) => {
            let one = certificate(chain, id)?;
            let mut all = inspection.stores.public_roots();
            if !all.contains(&one.der) {
                all.push(one.der.clone());
            }
            Ok(all)
        }
        _ => nodes(inspection, what)?
            .into_iter()
            .map(|id| certificate(chain, id).map(|c| c.der.clone()))
            .collect(),
    }
}

/// The nodes of what was chosen, in order.
fn nodes(inspection: &Inspection, what: What) -> Result<Vec<NodeId>, ExportError> {
    let chain = &inspection.chain;
    let leaf = || chain.leaf.ok_or_else(nothing_seen);
    match what {
        What::Leaf => Ok(vec![leaf()?]),
        What::Node(id) => certificate(chain, id).map(|_| vec![id]),
        What::Root => root(chain, inspection).map(|id| vec![id]),
        What::Repaired => repaired(inspection, leaf()?),
        What::RootsPlus(_) => Err(ExportError(
            "public roots are exported as PEM only".to_owned(),
        )),
        What::Chain => {
            let mut sent: Vec<(usize, NodeId)> = chain
                .iter()
                .filter_map(|(id, node)| match &node.origin {
                    crate::chain::Origin::Sent(places) => Some((places, id)),
                    _ => None,
                })
                .flat_map(|(places, id)| places.iter().map(move |place| (*place, id)))
                .collect();
            if sent.is_empty() {
                return Err(nothing_seen());
            }
            sent.sort_unstable();
            Ok(sent.into_iter().map(|(_, id)| id).collect())
        }
    }
}

/// The best path whose end is known, else the missing issuer in words.
fn best(inspection: &Inspection) -> Result<&[NodeId], ExportError> {
    let chain = &inspection.chain;
    let accepted = inspection
        .verdicts
        .iter()
        .find(|verdict| verdict.accepted && !verdict.path.is_empty())
        .map(|verdict| verdict.path.as_slice());
    let whole = || {
        let path = chain.paths.iter().find(|p| p.end != PathEnd::Missing)?;
        Some(path.nodes.as_slice())
    };
    accepted.or_else(whole).ok_or_else(|| missing(chain))
}

fn repaired(inspection: &Inspection, leaf: NodeId) -> Result<Vec<NodeId>, ExportError> {
    let chain = &inspection.chain;
    let path = best(inspection)?;
    let mut kept: Vec<NodeId> = path.to_vec();
    // A client has the root already; only a leaf that is its own root is served.
    if let [_, .., last] = path
        && chain.certificate(*last).is_some_and(|c| c.is_self_issued())
    {
        kept.pop();
    }
    if kept.first() != Some(&leaf) {
        return Err(missing(chain));
    }
    Ok(kept)
}

fn root(chain: &Chain, inspection: &Inspection) -> Result<NodeId, ExportError> {
    let last = best(inspection)?.last().copied();
    let last = last.ok_or_else(nothing_seen)?;
    match chain.certificate(last) {
        Some(certificate) if certificate.is_self_issued() => Ok(last),
        _ => Err(ExportError(
            "the path ends at a certificate that is no root; its root is not here".to_owned(),
        )),
    }
}

/// Names the certificate that is missing, and where its child says it can be had.
fn missing(chain: &Chain) -> ExportError {
    let Some(ghost) = chain.nodes.iter().find(|node| node.is_ghost()) else {
        return nothing_seen();
    };
    let mut words = format!(
        "the issuer “{}” is missing: it was not sent and is in no store of this machine",
        ghost.title()
    );
    if let Some(address) = ghost.ghost.as_ref().and_then(|g| g.addresses.first()) {
        words.push_str(&format!("; its child says it is at {address}"));
    }
    ExportError(words)
}

fn certificate(chain: &Chain, id: NodeId) -> Result<&Arc<Certificate>, ExportError> {
    let known = chain.nodes.len();
    match chain.node(id) {
        Some(node) => node.certificate.as_ref().ok_or_else(|| {
            ExportError(format!(
                "certificate {} (“{}”) is missing: there is nothing to export",
                id.0,
                node.title()
            ))
        }),
        None if known == 0 => Err(nothing_seen()),
        None => Err(ExportError(format!(
            "there is no certificate {}: they are numbered 0 to {}",
            id.0,
            known - 1
        ))),
    }
}

fn nothing_seen() -> ExportError {
    ExportError("no certificate was seen: there is nothing to export".to_owned())
}

/// The host, the file's name, or `stdin`; not yet fit for a file name.
fn origin(inspection: &Inspection) -> String {
    match &inspection.capture.target.source {
        Source::Endpoint(endpoint) => match endpoint.verified() {
            Host::Name { ascii, .. } => ascii,
            Host::Ip(ip) => ip.to_string(),
        },
        Source::File(path) => path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default(),
        Source::Stdin => "stdin".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_from_words() {
        assert_eq!("leaf".parse(), Ok(What::Leaf));
        assert_eq!("2".parse(), Ok(What::Node(NodeId(2))));
        assert_eq!("roots+2".parse(), Ok(What::RootsPlus(NodeId(2))));
        for wrong in ["", "roots", "roots+", "-1", "leaf ", "99999999999999999999"] {
            assert!(wrong.parse::<What>().is_err(), "{wrong}");
        }
    }
}
