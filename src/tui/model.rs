//! The state of the screen. A frame is a function of it.

mod trust;
mod what_if;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use tui_input::Input;

use super::line::Line;
use super::message::JobId;
use super::theme::Look;
use super::tree::{Names, Row};
use super::{Entry, pages};
use crate::ask::Way;
use crate::chain::NodeId;
use crate::export::{Format, What};
use crate::inspect::events::Turn;
use crate::inspect::{Ask, Inspection, Options, WhatIf};
use crate::judge::client::Measured;
use crate::moment::Moment;
use crate::net::Stage;
use crate::store::{Stores, Survey};

pub(crate) use trust::{ENTRIES, RUNGS};
pub use trust::{JournalDialog, TrustDialog};
pub use what_if::{Choice, Typing, Value, WhatIfMenu};

/// Everything.
#[derive(Debug)]
pub struct Model {
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// How it looks: colours and glyphs.
    pub look: Look,
    /// The targets, in the order of the sidebar.
    pub sessions: Vec<Session>,
    /// Index of the one shown.
    pub current: usize,
    /// Where keys go.
    pub focus: Focus,
    /// The pane on the right.
    pub pane: Pane,
    /// What lies over the screen, topmost last.
    pub overlays: Vec<Overlay>,
    /// The last thing to say, until the next key.
    pub status: Option<Status>,
    /// The mouse is ours.
    pub mouse: bool,
    /// Leaf first.
    pub flipped: bool,
    /// What is in focus, chain or pane, has the room of both.
    pub zoomed: bool,
    /// What is searched for; matches are highlighted.
    pub search: String,
    /// How targets are inspected; what is assumed is kept per session, and begins as it is here.
    pub options: Options,
    /// The stores, once loaded.
    pub stores: Option<Stores>,
    /// Every store of this machine, once all are read.
    pub survey: Option<Box<Survey>>,
    /// Clients of this machine are looked for, or known.
    pub finding: Finding,
    /// Counts what became known of this machine; a grid made with less is made anew when it is shown.
    pub knowledge: u32,
    /// The clock as last told.
    pub now: Moment,
    /// Targets of earlier sessions, newest first.
    pub history: Vec<String>,
    next_job: u64,
}

/// How far the search for clients of this machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Nobody wanted to know.
    NotYet,
    /// Under way; whether they are to be asked once they are found.
    UnderWay {
        /// The key for asking was pressed meanwhile.
        ask: bool,
    },
    /// Done: they are in [`Options::installed`].
    Done,
}

/// One target and what is known of it.
#[derive(Debug)]
pub struct Session {
    /// What to inspect, with label and story.
    pub entry: Entry,
    /// How far it is.
    pub state: State,
    /// What clients of this machine said of it.
    pub measured: Vec<Measured>,
    /// Clients that are being asked: the job, and how many have not answered.
    pub asking: Option<(JobId, usize)>,
    /// [`Model::knowledge`] when its grid was made.
    pub knowledge: u32,
    /// What is assumed here; `None` while it is what the options say.
    pub what_if: Option<WhatIf>,
    /// A question beyond the server that waits for its answer, in words.
    pub beyond: Option<(JobId, String)>,
    /// The next date at which a verdict turns; known while another time is judged.
    pub turn: Option<Turn>,
    /// Rows of the tree.
    pub rows: Vec<Row>,
    /// Selected row.
    pub row: usize,
    /// First row shown.
    pub row_offset: usize,
    /// Folded nodes.
    pub folded: HashSet<NodeId>,
    /// Folded groups of the Certificate pane.
    pub folded_fields: HashSet<Vec<usize>>,
    /// Selected line and first line shown, for each pane.
    pub places: BTreeMap<Pane, Place>,
    /// The lines of the pane shown, wrapped to its width.
    pub lines: Vec<Line>,
    /// Columns that the rows of the tree ask for.
    pub breadth: u16,
    /// What the search reads of the tree; made at the first search, dropped when the rows change.
    pub names: Option<Names>,
}

/// A cursor in a list of lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Selected line.
    pub line: usize,
    /// First line shown.
    pub offset: usize,
}

/// How far an inspection is.
#[derive(Clone, Debug)]
pub enum State {
    /// Not started.
    Queued,
    /// Under way.
    Waiting {
        /// The job that will answer.
        job: JobId,
        /// Stages begun, in order, with when.
        stages: Vec<(Stage, Moment)>,
    },
    /// Done.
    Ready(Arc<Inspection>),
}

/// Where keys go when nothing lies over the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    /// The list of targets.
    Targets,
    /// The chain.
    Tree,
    /// The pane on the right.
    Pane,
}

/// Panes on the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Pane {
    Why,
    Clients,
    Certificate,
    Handshake,
    Pem,
}

impl Pane {
    /// All, in the order of their tabs.
    pub const ALL: [Self; 5] = [
        Self::Why,
        Self::Clients,
        Self::Certificate,
        Self::Handshake,
        Self::Pem,
    ];

    /// The word on the tab.
    pub fn title(self) -> &'static str {
        match self {
            Self::Why => "Why",
            Self::Clients => "Clients",
            Self::Certificate => "Certificate",
            Self::Handshake => "Handshake",
            Self::Pem => "PEM",
        }
    }

    /// The same where there is little room.
    pub fn short_title(self) -> &'static str {
        match self {
            Self::Why => "Why",
            Self::Clients => "Who",
            Self::Certificate => "Cert",
            Self::Handshake => "TLS",
            Self::Pem => "PEM",
        }
    }
}

/// Something over the screen.
#[derive(Debug)]
pub enum Overlay {
    /// A page of lines: help, a lesson, an explanation, lines to use.
    Page {
        /// Its title.
        title: String,
        /// Its lines, not wrapped yet.
        lines: Vec<Line>,
        /// Cursor and scroll.
        place: Place,
    },
    /// A page on which something can be done.
    Offer(Box<Offer>),
    /// The input line for another target, with the history below.
    Open {
        /// What is typed.
        input: Input,
        /// Selected entry of the history; `None` is the input itself.
        picked: Option<usize>,
        /// What is wrong with what was entered: problem and hint.
        wrong: Option<(String, String)>,
    },
    /// The search line.
    Search {
        /// What is typed.
        input: Input,
    },
    /// The command palette.
    Palette {
        /// What is typed.
        input: Input,
        /// Selected match.
        picked: usize,
    },
    /// The export chooser.
    Export(Box<ExportChoice>),
    /// The copy menu.
    Copy {
        /// Selected entry.
        picked: usize,
        /// Entries: what it is and the text.
        entries: Vec<(String, String)>,
    },
    /// The trust dialog on one certificate.
    Trust(Box<TrustDialog>),
    /// What is trusted.
    Journal(Box<JournalDialog>),
    /// The menu of what may be assumed.
    WhatIf(Box<WhatIfMenu>),
    /// Something is about to be asked on the network: what exactly, before it is.
    Before {
        /// The title.
        title: &'static str,
        /// What will be asked.
        lines: Vec<Line>,
        /// The question.
        ask: Box<Ask>,
    },
}

/// A page on which something can be done.
#[derive(Debug)]
pub struct Offer {
    /// Its title.
    pub title: String,
    /// Its lines, not wrapped yet.
    pub lines: Vec<Line>,
    /// Scroll.
    pub place: Place,
    /// What Enter runs.
    pub ways: Vec<Way>,
    /// What the copy key copies: what it is, and the text.
    pub copy: Option<(String, String)>,
}

/// The export chooser.
#[derive(Debug)]
pub struct ExportChoice {
    /// What can be exported, with a phrase.
    pub whats: Vec<(What, String)>,
    /// Selected.
    pub what: usize,
    /// Formats with a phrase.
    pub formats: Vec<(Format, &'static str)>,
    /// Selected.
    pub format: usize,
    /// The file name.
    pub name: Input,
    /// The name was edited and is no longer suggested.
    pub edited: bool,
    /// Which of the three is in focus: 0 what, 1 format, 2 name.
    pub field: usize,
}

/// Something said in the status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Good news, or not.
    pub good: bool,
    /// Safe to display.
    pub text: String,
}

/// Which way a copy went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyRoute {
    /// To this desktop's clipboard.
    Desktop,
    /// To the terminal by OSC 52, which cannot be confirmed.
    Terminal {
        /// Bytes sent.
        bytes: usize,
        /// Through tmux, which hands it on only when it is allowed to.
        tmux: bool,
    },
    /// To a file, because there was no clipboard.
    File(std::path::PathBuf),
}

impl Model {
    /// Before anything has happened.
    pub fn new(
        entries: Vec<Entry>,
        options: Options,
        look: Look,
        size: (u16, u16),
        now: Moment,
    ) -> Self {
        let empty = entries.is_empty();
        Self {
            size,
            look,
            sessions: entries.into_iter().map(Session::new).collect(),
            current: 0,
            focus: Focus::Tree,
            pane: Pane::Why,
            overlays: if empty {
                vec![Overlay::Open {
                    input: Input::default(),
                    picked: None,
                    wrong: None,
                }]
            } else {
                Vec::new()
            },
            status: None,
            mouse: true,
            flipped: false,
            zoomed: false,
            search: String::new(),
            options: Options {
                grid: true,
                ..options
            },
            stores: None,
            survey: None,
            finding: Finding::NotYet,
            knowledge: 0,
            now,
            history: Vec::new(),
            next_job: 0,
        }
    }

    /// A job id that was never given out.
    pub fn fresh_job(&mut self) -> JobId {
        self.next_job += 1;
        JobId(self.next_job)
    }

    /// The session shown.
    pub fn session(&self) -> Option<&Session> {
        self.sessions.get(self.current)
    }

    /// The session shown.
    pub fn session_mut(&mut self) -> Option<&mut Session> {
        self.sessions.get_mut(self.current)
    }

    /// The inspection shown, once it is there.
    pub fn inspection(&self) -> Option<&Arc<Inspection>> {
        self.session()?.inspection()
    }

    /// What is assumed in the session shown.
    pub fn what_if(&self) -> WhatIf {
        self.session()
            .and_then(|s| s.what_if.clone())
            .unwrap_or_else(|| self.options.what_if.clone())
    }

    /// How a session is inspected and judged.
    pub fn options_of(&self, session: &Session) -> Options {
        Options {
            what_if: session
                .what_if
                .clone()
                .unwrap_or_else(|| self.options.what_if.clone()),
            measured: session.measured.clone(),
            ..self.options.clone()
        }
    }

    /// The node selected in the tree.
    pub fn selected(&self) -> Option<NodeId> {
        let session = self.session()?;
        session.rows.get(session.row)?.node
    }

    /// Something is under way, so that time is worth showing.
    pub fn waits(&self) -> bool {
        self.session()
            .is_some_and(|s| matches!(s.state, State::Waiting { .. }))
    }

    /// A question beyond the server is under way in the session shown: what it is.
    pub fn asks(&self) -> Option<&str> {
        self.session()?
            .beyond
            .as_ref()
            .map(|(_, words)| words.as_str())
    }

    /// Says something in the status line.
    pub fn say(&mut self, good: bool, text: impl Into<String>) {
        self.status = Some(Status {
            good,
            text: text.into(),
        });
    }

    /// Makes the lines of the pane shown anew and keeps all cursors inside.
    pub fn refresh(&mut self) {
        let areas = super::areas::areas(self);
        let (width, height) = (
            usize::from(areas.pane.width),
            usize::from(areas.pane.height),
        );
        let tree_height = usize::from(areas.tree.height);
        let mut lines = pages::pane(self, width);
        if areas.bare {
            // Few lines are seen at once: none of them is empty.
            lines.retain(|line| !line.spans.is_empty());
        }
        let pane = self.pane;
        if let Some(session) = self.session_mut() {
            session.lines = lines;
            let last = session.lines.len().saturating_sub(1);
            let place = session.places.entry(pane).or_default();
            place.line = place.line.min(last);
            place.keep_visible(height, last + 1);
            session.row = session.row.min(session.rows.len().saturating_sub(1));
            session.row_offset = kept_visible(
                session.row,
                session.row_offset,
                tree_height,
                session.rows.len(),
            );
        }
    }

    /// Makes the tree of the session shown anew.
    pub fn rebuild_rows(&mut self) {
        let flipped = self.flipped;
        if let Some(session) = self.session_mut()
            && let State::Ready(inspection) = &session.state
        {
            let node = session.rows.get(session.row).and_then(|r| r.node);
            let inspection = inspection.clone();
            session.plant(&inspection, flipped);
            if let Some(row) = session
                .rows
                .iter()
                .position(|r| r.node == node && node.is_some())
            {
                session.row = row;
            }
        }
        self.refresh();
    }
}

impl Session {
    fn new(entry: Entry) -> Self {
        Self {
            entry,
            state: State::Queued,
            measured: Vec::new(),
            asking: None,
            knowledge: 0,
            what_if: None,
            beyond: None,
            turn: None,
            rows: Vec::new(),
            row: 0,
            row_offset: 0,
            folded: HashSet::new(),
            folded_fields: HashSet::new(),
            places: BTreeMap::new(),
            lines: Vec::new(),
            breadth: 0,
            names: None,
        }
    }

    /// Makes the rows of the tree anew.
    pub(super) fn plant(&mut self, inspection: &Inspection, flipped: bool) {
        self.rows = super::tree::rows(inspection, &self.folded, flipped);
        self.breadth = super::tree::breadth(inspection, &self.rows);
        self.names = None;
    }

    /// A new session at the end of the list.
    pub fn of(entry: Entry) -> Self {
        Self::new(entry)
    }

    /// The inspection, once it is there.
    pub fn inspection(&self) -> Option<&Arc<Inspection>> {
        match &self.state {
            State::Ready(inspection) => Some(inspection),
            _ => None,
        }
    }

    /// Cursor and scroll of a pane.
    pub fn place(&self, pane: Pane) -> Place {
        self.places.get(&pane).copied().unwrap_or_default()
    }

    /// What the sidebar and the title call it. Safe to display.
    pub fn title(&self) -> String {
        match &self.entry.label {
            Some(label) => crate::text::safe(label).into_owned(),
            None => crate::text::safe(&self.entry.target.typed).into_owned(),
        }
    }
}

impl Place {
    /// Moves the scroll so that the selected line is among `height` shown ones.
    pub fn keep_visible(&mut self, height: usize, count: usize) {
        self.offset = kept_visible(self.line, self.offset, height, count);
    }
}

fn kept_visible(line: usize, offset: usize, height: usize, count: usize) -> usize {
    let height = height.max(1);
    let offset = offset.min(count.saturating_sub(height));
    if line < offset {
        line
    } else if line >= offset + height {
        line + 1 - height
    } else {
        offset
    }
}
