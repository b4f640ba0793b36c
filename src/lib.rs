//! `whycert`: why does this certificate fail, for whom, and what is the smallest safe fix?
//!
//! This page is the map. It is kept true by `tests/architecture.rs`.
//!
//! ```text
//!  argv ─cli─▶ Target ─net─▶ connection ─capture─▶ Capture ─cert─▶ Certificate… ─chain─▶ Chain
//!                                                                                         │
//!        stores on this machine ─store─▶ TrustStore… ────────────────────────────▶ judge: Verdict…
//!                                                                                         │
//!                                 Inspection ◀── diagnosis: Finding…, Fix… ◀──────────────┘
//!                                      │
//!    headless: stdout + exit code ◀─ export ─┼─ tui: Model ─view▶ screen, keys ─▶ Message ─update▶ Effect…
//!                                      └─ trust: plan ▶ journal ▶ apply ▶ prove ▶ undo
//! ```
//!
//! A file imports only from lower ranks and from its own room:
//!
//! | rank | room | what it is | I/O |
//! |--:|---|---|---|
//! | 0 | [`text`] | text that is safe to display | no |
//! | 1 | [`moment`], [`target`] | points in time; what was typed | no |
//! | 2 | [`net`] | a byte stream to the target, with every attempt and its timing; one bounded GET | yes |
//! | 3 | [`capture`] | what the server showed; a failed handshake is still a `Capture` | yes |
//! | 4 | [`cert`] | one certificate, decoded; reading never fails | no |
//! | 5 | [`store`] | trust anchors of this machine, and the settings that change who reads them | loading only |
//! | 6 | [`chain`] | certificates as a graph, links with their evidence, candidate paths | no |
//! | 7 | [`judge`] | verdicts by the RFC's rules and by each client's engine: a path accepted, or every reason against it, in the client's words | no |
//! | 8 | [`diagnosis`] | findings, fixes and lessons, by stable rule id; errors that people paste | no |
//! | 9 | [`inspect`] | the recipe; makes the one immutable `Inspection`, under any assumption; what is asked further | orchestrates |
//! | 9 | [`save`] | files written whole, never over another | yes |
//! | 10 | [`trust`], [`export`] | the ladder of trust: plan, apply, prove, undo; bytes in a format with a file name | trust: yes |
//! | 10 | [`ask`] | the clients of this machine, found and asked themselves | yes |
//! | 11 | [`tui`], [`headless`] | the two front ends; they never import each other | yes |
//! | 12 | [`cli`] | argv to command, exit code | yes |
//! | side | [`lab`] | loopback servers that misbehave in one known way; used by `cli` and tests | yes |
//!
//! Between `Capture` and `Inspection` everything is pure: no tokio, no clock, no files, no ratatui.
//! The clock is an argument ([`moment::Moment`]). A server that is wrong is never an `Err`: it is a
//! finding. `Err` means that *we* could not look.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]
#![warn(missing_docs)]

pub mod ask;
pub mod capture;
pub mod cert;
pub mod chain;
pub mod cli;
pub mod diagnosis;
pub mod export;
pub mod headless;
pub mod inspect;
pub mod judge;
pub mod lab;
pub mod moment;
pub mod net;
pub mod save;
pub mod store;
pub mod target;
pub mod text;
pub mod trust;
pub mod tui;
