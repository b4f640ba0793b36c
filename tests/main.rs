//! One test binary for all integration tests: it links once.

mod architecture;
mod captures;
mod catalogue;
mod certificates;
mod chains;
mod environment;
mod headless;
mod lab;
mod machine;
mod pty;
mod screens;
mod stores;
mod support;
mod trust;
