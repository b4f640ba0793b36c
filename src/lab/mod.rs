//! Loopback servers that misbehave in one known way, with freshly minted certificates.
//!
//! A side room: used by [`crate::cli`] and tests only.

/// One way to misbehave.
#[derive(Debug)]
pub struct Scenario {
    /// Stable id, such as `missing-intermediate`.
    pub id: &'static str,
    /// In a few words, for lists and tabs.
    pub title: &'static str,
    /// The story, in two or three sentences: who runs what, what the person sees.
    pub story: &'static str,
    /// Exactly the rule ids that inspecting it finds, with the lab's own root as the only store.
    pub expects: &'static [&'static str],
}

/// A scenario that is being served.
#[derive(Debug)]
pub struct Running {
    /// Which.
    pub scenario: &'static Scenario,
    /// What to type to inspect it, such as `https://localhost:8443`.
    pub target: String,
}
