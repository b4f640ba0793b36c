//! One test binary for all integration tests: it links once.

mod architecture;
mod captures;
mod catalogue;
mod certificates;
mod chains;
mod clients;
mod headless;
mod lab;
mod pty;
mod screens;
mod support;
mod trust;
