//! One test binary for all integration tests: it links once.

#![allow(clippy::type_complexity)] // tables of cases are clearer than names for their types

mod architecture;
mod browsers;
mod captures;
mod catalogue;
mod certificates;
mod chains;
mod clients;
mod clients_pane;
mod clients_real;
mod engines;
mod environment;
mod explain;
mod fetch;
mod files_of_roots;
mod headless;
mod judge;
mod judges;
mod keystores;
mod lab;
mod machine;
mod proxies;
mod pty;
mod screens;
mod set_ups;
mod signatures;
mod stores;
mod support;
mod trust;
mod untrusted;
mod whatif;
