//! A session of the screen without a terminal, driven by keys and answers, on fixed certificates and a
//! fixed clock.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::Event;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use whycert::capture::{Capture, Possession, Seen, Session};
use whycert::inspect::{self, Inspection, Options};
use whycert::judge::client::{Installed, Measured};
use whycert::moment::Moment;
use whycert::net::Stage;
use whycert::store::{Anchor, StoreKind, Stores, TrustStore};
use whycert::target::Target;
use whycert::text;
use whycert::tui::message::{Effect, JobId, Message};
use whycert::tui::model::Model;
use whycert::tui::theme::{Look, Theme, UNICODE};
use whycert::tui::update::update;
use whycert::tui::{Entry, parse_keys, translate, view};

use super::mint;

/// 2026-11-24T00:00:00Z: the fixed leaf has 38 days left.
pub const NOW: Moment = mint::NOW;
/// A quarter of a year later: it has expired.
pub const LATER: Moment = Moment::from_unix(mint::NOW.unix() + 90 * 86_400);

pub fn der(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/verify");
    let text = std::fs::read(path.join(name)).unwrap();
    let (_, block) = x509_parser::pem::parse_x509_pem(&text).unwrap();
    block.contents
}

pub fn capture(typed: &str, presented: &[Vec<u8>]) -> Capture {
    let ms = Duration::from_millis;
    Capture {
        peer: Some("192.0.2.7:443".parse().unwrap()),
        presented: presented.iter().map(|d| Arc::from(d.as_slice())).collect(),
        seen_by: Seen::Handshake,
        session: Session {
            version: Some("TLS 1.3".to_owned()),
            cipher_suite: Some("TLS_AES_256_GCM_SHA384".to_owned()),
            group: Some("X25519MLKEM768".to_owned()),
            server_name: Some("api.example.test".to_owned()),
            possession: Possession::Proved,
            ..Session::default()
        },
        timings: vec![
            (Stage::Resolving, ms(4)),
            (Stage::Connecting, ms(11)),
            (Stage::Handshake, ms(23)),
        ],
        ..Capture::empty(&Target::parse(typed).unwrap())
    }
}

pub fn stores(anchors: &[Vec<u8>]) -> Stores {
    let anchors = anchors.iter().map(|d| Anchor {
        der: Arc::from(d.as_slice()),
    });
    Stores::only(TrustStore::new(
        StoreKind::System,
        "system",
        "the system's store",
        None,
        anchors.collect(),
        Vec::new(),
    ))
}

pub fn inspection(
    typed: &str,
    presented: &[Vec<u8>],
    anchors: &[Vec<u8>],
    now: Moment,
) -> Inspection {
    let capture = Arc::new(capture(typed, presented));
    let mut made = inspect::assemble(capture, &stores(anchors), &Options::default(), now);
    made.took = Duration::from_millis(38);
    made
}

/// The same, judged by all clients as well.
pub fn with_clients(
    inspection: &Inspection,
    installed: &[Installed],
    measured: &[Measured],
) -> Inspection {
    let options = Options {
        grid: true,
        installed: installed.into(),
        measured: measured.to_vec(),
        ..Options::default()
    };
    let now = inspection.at;
    inspect::survey(inspection, &inspection.stores, &options, now)
}

/// The server sent its own certificate only.
pub fn missing_intermediate() -> Inspection {
    inspection(URL, &[der("leaf.pem")], &[der("root.pem")], NOW)
}

pub fn healthy() -> Inspection {
    let sent = [der("leaf.pem"), der("issuing.pem")];
    inspection(URL, &sent, &[der("root.pem")], NOW)
}

pub fn expired() -> Inspection {
    let sent = [der("leaf.pem"), der("issuing.pem")];
    inspection(URL, &sent, &[der("root.pem")], LATER)
}

pub const URL: &str = "https://api.example.test";

pub fn entry(typed: &str) -> Entry {
    Entry {
        target: Target::parse(typed).unwrap(),
        label: None,
        story: None,
    }
}

pub const PLAIN: Look = Look {
    theme: Theme::Terminal,
    glyphs: &UNICODE,
};

/// A session that is driven by keys and answers.
pub struct Driven {
    pub model: Model,
    pub effects: Vec<Effect>,
}

impl Driven {
    pub fn new(entries: Vec<Entry>, size: (u16, u16), look: Look) -> Self {
        let model = Model::new(entries, Options::default(), look, size, NOW);
        let mut driven = Self {
            model,
            effects: Vec::new(),
        };
        driven.send(Message::Tick(NOW));
        driven
    }

    /// One target that has been inspected.
    pub fn of(inspection: Inspection, size: (u16, u16)) -> Self {
        Self::looking(inspection, size, PLAIN)
    }

    pub fn looking(inspection: Inspection, size: (u16, u16), look: Look) -> Self {
        let at = inspection.at;
        let mut driven = Self::new(vec![entry(URL)], size, look);
        driven.send(Message::Tick(at));
        let job = driven.job();
        driven.answer(job, inspection);
        driven
    }

    /// The job of the last inspection asked for.
    pub fn job(&self) -> JobId {
        let jobs = self.effects.iter().rev();
        jobs.into_iter()
            .find_map(|e| match e {
                Effect::Inspect { job, .. } => Some(*job),
                _ => None,
            })
            .expect("an inspection was asked for")
    }

    pub fn answer(&mut self, job: JobId, inspection: Inspection) {
        self.send(Message::Inspected {
            job,
            inspection: Arc::new(inspection),
        });
    }

    pub fn send(&mut self, message: Message) {
        self.effects.extend(update(&mut self.model, message));
    }

    pub fn press(&mut self, keys: &str) -> &mut Self {
        for key in parse_keys(keys).unwrap() {
            if let Some(message) = translate(&Event::Key(key), &self.model) {
                self.send(message);
            }
        }
        self
    }

    pub fn buffer(&self) -> Buffer {
        let (columns, rows) = self.model.size;
        let area = Rect::new(0, 0, columns, rows);
        let mut buffer = Buffer::empty(area);
        view::draw(&self.model, area, &mut buffer);
        buffer
    }

    /// The screen as text, one line a row, without spaces at line ends.
    pub fn screen(&self) -> String {
        let buffer = self.buffer();
        let mut out = String::new();
        for y in 0..buffer.area.height {
            let mut line = String::new();
            let mut x = 0;
            while x < buffer.area.width {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                x += u16::try_from(text::width(symbol).max(1)).unwrap();
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    pub fn status(&self) -> &str {
        self.model.status.as_ref().map_or("", |s| s.text.as_str())
    }
}
