//! Mozilla's roots, compiled in: what browsers, certifi, Node and many Rust programs bring along.

use super::{Anchor, StoreKind, TrustStore};
use crate::moment::Moment;

/// The day on which the compiled-in list (webpki-root-certs 1.0.11) was made from Mozilla's: 2026-10-23.
const MADE: Moment = Moment::from_unix(1_792_713_600);

pub(super) fn store() -> TrustStore {
    let anchors = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|c| Anchor {
            der: std::sync::Arc::from(c.as_ref()),
        });
    let mut store = TrustStore::new(
        StoreKind::Mozilla,
        "mozilla",
        "Mozilla's roots",
        None,
        anchors.collect(),
        Vec::new(),
    );
    store.modified = Some(MADE);
    store.used_by([
        "whycert's own copy, to compare with",
        "Rust programs that use webpki-roots, in the version they were built with",
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_its_roots() {
        assert!(store().anchors.len() > 100);
    }

    /// The date belongs to one version of the list: with another one it must be set again.
    #[test]
    fn its_date_belongs_to_the_version_in_use() {
        let lock = include_str!("../../Cargo.lock");
        assert!(lock.contains("name = \"webpki-root-certs\"\nversion = \"1.0.11\"\n"));
        assert_eq!(MADE.date(), "23 Oct 2026");
    }
}
