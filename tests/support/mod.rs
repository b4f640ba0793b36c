//! What several test modules share.

#![allow(dead_code)] // not every module uses everything

pub mod draft;
pub mod driven;
pub mod machine;
pub mod mint;
pub mod nginx;
pub mod programs;
pub mod source;

pub use programs::peer;

use std::sync::Arc;

use whycert::store::{Anchor, StoreKind, Stores, TrustStore};

/// A store that was given, of these anchors.
pub fn store(anchors: &[&[u8]]) -> Stores {
    let anchors = anchors
        .iter()
        .map(|der| Anchor {
            der: Arc::from(*der),
        })
        .collect();
    Stores::only(TrustStore::new(
        StoreKind::Given,
        "lab",
        "the test's store",
        None,
        anchors,
        Vec::new(),
    ))
}
