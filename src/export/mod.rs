//! An inspection as bytes in some format, with a suggested file name.
//!
//! Pure: writing files is for the front ends (through [`crate::export::save`] once it exists there).

use crate::chain::NodeId;
use crate::inspect::Inspection;

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
    /// The JSON object of `inspect --format json`.
    Json,
    /// A report in Markdown.
    Markdown,
}

/// Why nothing was exported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ExportError(pub String);

/// The bytes.
///
/// # Errors
/// When there is nothing of that kind, or the format cannot hold it.
pub fn render(inspection: &Inspection, what: What, format: Format) -> Result<Vec<u8>, ExportError> {
    let _ = (inspection, what, format);
    Err(ExportError("nothing to export".to_owned()))
}

/// A file name such as `api.internal-leaf-1a2b3c4d.pem`.
pub fn file_name(inspection: &Inspection, what: What, format: Format) -> String {
    let _ = (inspection, what, format);
    String::new()
}
