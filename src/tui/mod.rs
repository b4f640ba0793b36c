//! The screen: the Elm architecture. `Model`, `Message`, `Effect`; `update` and `view` are pure.

use crate::inspect::Options;
use crate::store::Stores;
use crate::target::Target;

/// One target of a session.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What to inspect.
    pub target: Target,
    /// A name for the sidebar instead of the target, such as a lab scenario's title.
    pub label: Option<String>,
    /// A story to show above the findings (lab).
    pub story: Option<String>,
}

/// Where the trust stores come from.
#[derive(Clone, Debug)]
pub enum StoreSource {
    /// This machine's, with these `--ca` files; loaded after the first frame.
    Machine(Vec<std::path::PathBuf>),
    /// Exactly these (lab).
    Fixed(Stores),
}

/// What a session starts with.
#[derive(Clone, Debug)]
pub struct Start {
    /// Targets; none: begin with the input line.
    pub entries: Vec<Entry>,
    /// How to inspect.
    pub options: Options,
    /// Which stores.
    pub stores: StoreSource,
}
