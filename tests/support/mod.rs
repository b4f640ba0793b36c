//! What several test modules share.

#![allow(dead_code)] // not every module uses everything

pub mod draft;
pub mod driven;
pub mod machine;
pub mod mint;
pub mod programs;
pub mod source;

pub use programs::peer;
