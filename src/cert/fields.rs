//! A certificate as a tree of labelled fields: the one description that the Certificate pane, the
//! text format and the explanations share.

use std::ops::Range;

use super::Certificate;

/// One field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Stable id for the explanation, such as `extension.key-usage`.
    pub id: &'static str,
    /// Label on screen.
    pub label: String,
    /// Value in one line, safe to display; empty for a group.
    pub value: String,
    /// Marked critical (extensions only).
    pub critical: bool,
    /// Where it lies in the DER.
    pub range: Option<Range<usize>>,
    /// Parts.
    pub children: Vec<Field>,
}

/// What a field means, why it matters and where it is defined.
#[derive(Clone, Copy, Debug)]
pub struct Explanation {
    /// Same as [`Field::id`].
    pub id: &'static str,
    /// What it is, in one or two plain sentences.
    pub what: &'static str,
    /// What breaks when it is wrong.
    pub breaks: &'static str,
    /// Such as `RFC 5280, section 4.2.1.3`.
    pub source: &'static str,
}

/// All fields of a certificate.
pub fn fields(certificate: &Certificate) -> Vec<Field> {
    let _ = certificate;
    Vec::new()
}

/// The explanation of a field.
pub fn explain(id: &str) -> Option<&'static Explanation> {
    let _ = id;
    None
}
