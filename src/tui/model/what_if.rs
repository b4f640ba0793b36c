//! The state of the menu of assumptions.

use tui_input::Input;

use crate::inspect::{Ask, Assumption};

/// The menu of what may be assumed here.
#[derive(Debug)]
pub struct WhatIfMenu {
    /// The choices: words and what they do.
    pub choices: Vec<(String, Choice)>,
    /// Selected.
    pub picked: usize,
    /// The line in which a value is typed, when a choice needs one.
    pub typing: Option<Typing>,
}

/// What a choice of the menu does.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    /// Assumes it, or no more.
    Toggle(Assumption),
    /// Goes to the next date of the chain.
    NextDate,
    /// Asks for a value.
    Type(Value),
    /// Asks on the network.
    Ask(Ask),
    /// Assumes nothing any more.
    Clear,
}

/// What is typed for a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A date, or a distance in time.
    Date,
    /// A host name or an address.
    Host,
    /// A file with the certificate that was not sent.
    File,
    /// A server to compare with.
    Server,
}

/// A value being typed.
#[derive(Debug)]
pub struct Typing {
    /// What for.
    pub value: Value,
    /// What is typed.
    pub input: Input,
    /// What is wrong with what was entered.
    pub wrong: Option<String>,
}
