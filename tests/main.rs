//! One test binary for all integration tests: it links once.

mod architecture;
mod captures;
mod catalogue;
mod certificates;
mod chains;
mod headless;
mod judges;
mod lab;
mod pty;
mod screens;
mod stores;
mod support;
mod trust;
mod untrusted;
