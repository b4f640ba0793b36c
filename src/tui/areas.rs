//! Where things are on the screen: one pure function, used for drawing, for scroll limits and for the
//! mouse.

use ratatui::layout::Rect;

use super::model::{Focus, Model, State};

/// The parts of the screen; empty rectangles are not drawn. Boxes include their borders, the others
/// are what lies inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    /// Title line.
    pub title: Rect,
    /// Banner line: pretended trust, another time.
    pub banner: Rect,
    /// Box of the targets.
    pub targets_box: Rect,
    /// Rows of the targets.
    pub targets: Rect,
    /// Box of the chain.
    pub tree_box: Rect,
    /// Rows of the chain.
    pub tree: Rect,
    /// Box of the pane.
    pub pane_box: Rect,
    /// The line of tabs: the top border of the pane's box.
    pub tabs: Rect,
    /// Lines of the pane.
    pub pane: Rect,
    /// Dates of the chain, while another time is judged.
    pub strip: Rect,
    /// Status and footer.
    pub footer: Rect,
    /// Too narrow for the sidebar: the targets take the screen while they have the focus.
    pub narrow: bool,
    /// Too low for borders around chain and pane.
    pub bare: bool,
    /// Too small to draw anything but a sentence.
    pub too_small: bool,
}

/// Computes the areas of a model.
pub fn areas(model: &Model) -> Areas {
    let (width, height) = model.size;
    if width < 20 || height < 5 {
        return Areas {
            too_small: true,
            ..Areas::default()
        };
    }
    let mut out = Areas {
        title: Rect::new(0, 0, width, 1),
        ..Areas::default()
    };
    let mut top = 1;
    if banner(model).is_some() {
        out.banner = Rect::new(0, 1, width, 1);
        top = 2;
    }
    out.footer = Rect::new(0, height - 1, width, 1);
    let strip = strip_height(model, height - 1 - top);
    out.strip = Rect::new(0, height - 1 - strip, width, strip);
    let body = Rect::new(0, top, width, height - 1 - top - strip);
    out.narrow = width < 72;
    out.bare = body.height + strip < 12;
    let mut rest = body;
    if model.sessions.len() > 1 {
        // The sidebar folds into the title line when there is no room for it.
        if out.narrow {
            if model.focus == Focus::Targets {
                out.targets_box = rest;
                out.targets = inside(rest);
                return out;
            }
        } else {
            let wide = width.saturating_sub(80) / 4 + 22;
            let side = wide.min(34);
            out.targets_box = Rect::new(rest.x, rest.y, side, rest.height);
            out.targets = inside(out.targets_box);
            rest = Rect::new(rest.x + side, rest.y, rest.width - side, rest.height);
        }
    }
    split(model, rest, &mut out);
    if out.bare {
        out.tree = out.tree_box;
        out.tabs = Rect {
            height: 1,
            ..out.pane_box
        };
        out.pane = Rect {
            y: out.pane_box.y + 1,
            height: out.pane_box.height.saturating_sub(1),
            ..out.pane_box
        };
        return out;
    }
    out.tree = inside(out.tree_box);
    out.tabs = Rect::new(out.pane_box.x, out.pane_box.y, out.pane_box.width, 1);
    let pane = inside(out.pane_box);
    // One column of air on both sides where there is room.
    out.pane = if pane.width > 40 {
        Rect::new(pane.x + 1, pane.y, pane.width - 2, pane.height)
    } else {
        pane
    };
    out
}

/// Divides what is left between chain and pane: beside each other where there is room for two
/// columns, else the chain above. Without a certificate the pane has it all; enlarged, what is in focus.
fn split(model: &Model, rest: Rect, out: &mut Areas) {
    let rows = model.session().map_or(0, |s| s.rows.len());
    let ready = model
        .session()
        .is_some_and(|s| matches!(s.state, State::Ready(_)));
    if model.zoomed && model.focus == Focus::Tree && rows > 0 {
        out.tree_box = rest;
        return;
    }
    let empty = rows == 0 && (ready || rest.width < 72);
    if empty || (model.zoomed && model.focus == Focus::Pane) {
        out.pane_box = rest;
        return;
    }
    let beside = rest.width >= 72 && !out.bare;
    if beside {
        // As wide as its rows ask, and never so wide that the sentences beside it suffer.
        let asked = model.session().map_or(0, |s| s.breadth).saturating_add(2);
        let tree = asked.clamp(28, (rest.width * 9 / 20).min(64));
        out.tree_box = Rect::new(rest.x, rest.y, tree, rest.height);
        out.pane_box = Rect::new(rest.x + tree, rest.y, rest.width - tree, rest.height);
    } else {
        let wanted = u16::try_from(rows).unwrap_or(u16::MAX);
        let tree = if out.bare {
            wanted.min((rest.height / 6).max(1))
        } else {
            wanted.saturating_add(2).min(rest.height / 3).max(3)
        };
        out.tree_box = Rect::new(rest.x, rest.y, rest.width, tree);
        out.pane_box = Rect::new(rest.x, rest.y + tree, rest.width, rest.height - tree);
    }
}

/// The sentence of the banner, when there is one.
pub fn banner(model: &Model) -> Option<String> {
    let session = model.session()?;
    let inspection = session.inspection()?;
    let mut parts = Vec::new();
    let beyond = inspection.asked.what_if.is_beyond_time();
    if beyond {
        let words = crate::text::list_and(&inspection.assumed());
        // The way out is told at any width.
        let end = if model.size.0 < 60 {
            "; W clears."
        } else {
            "; nothing was changed, W clears."
        };
        let room = usize::from(model.size.0).saturating_sub("What if ".len() + end.len() + 4);
        parts.push(format!("What if {}{end}", crate::text::clip(&words, room)));
    } else if inspection.at_given {
        parts.push(format!("Judged for {}, not for now.", inspection.at.long()));
    }
    parts.extend(
        inspection
            .idle
            .first()
            .map(|why| format!("No effect: {why}.")),
    );
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Rows of the strip of dates: none where there is no room or now is judged; else the line of the
/// moment, a bar for each certificate of the best path, and what comes next.
fn strip_height(model: &Model, room: u16) -> u16 {
    let Some(inspection) = model.inspection().filter(|i| i.at_given) else {
        return 0;
    };
    let bars = inspection.chain.paths.first().map_or(0, |p| {
        let known = p.nodes.iter();
        known
            .filter(|&&n| inspection.chain.certificate(n).is_some())
            .count()
    });
    let bars = u16::try_from(bars.min(5)).unwrap_or(0);
    match room {
        0..11 => 0,
        11..17 => 1,
        _ => (bars + 2).min(room / 3),
    }
}

fn inside(area: Rect) -> Rect {
    Rect::new(
        area.x.saturating_add(1),
        area.y.saturating_add(1),
        area.width.saturating_sub(2),
        area.height.saturating_sub(2),
    )
}
