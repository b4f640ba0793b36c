//! Questions that go beyond the server itself, asked only when the user wishes it.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::{Inspection, Options, fetch};
use crate::capture::{self, Capture};
use crate::cert::GeneralName;
use crate::diagnosis::{Further, Other, rule};
use crate::net::{ProxyChoice, Reach, Route, dial};
use crate::target::Target;
use crate::text;

/// A question that goes beyond the server itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Where do the names lead that the certificate is for?
    Names,
    /// Does the same CA sign for this server?
    Compare(Box<Target>),
    /// Fetch the issuers that are missing.
    Fetch,
    /// What does the server show without the proxy?
    Direct,
}

/// Asks it, and adds the answer to what is known further. [`super::with_further`] judges by it.
pub async fn ask(inspection: &Inspection, ask: &Ask) -> Further {
    let mut further = (*inspection.further).clone();
    let options = &inspection.asked;
    let actual = inspection.actual.as_deref().unwrap_or(inspection);
    match ask {
        Ask::Names => further.resolved = resolved(inspection, options).await,
        Ask::Compare(target) => {
            let seen = capture::look(target, &options.reach, &|_| {}).await;
            further.other = Some(of_other(seen));
        }
        Ask::Direct => further.direct = direct(&actual.capture, options).await,
        Ask::Fetch => further.fetched = fetch::missing(actual, &options.reach, &|_| {}).await,
    }
    further
}

/// The addresses that [`Ask::Fetch`] would ask first, safe to display, each with the name of the
/// certificate that is missing.
pub fn to_fetch(inspection: &Inspection) -> Vec<(String, String)> {
    fetch::wanted(&inspection.chain)
        .into_iter()
        .map(|wanted| (wanted.address, wanted.title))
        .collect()
}

/// The same target without the proxy that the environment names; `None` when there is none on the way.
pub(super) async fn direct(capture: &Capture, options: &Options) -> Option<Arc<Capture>> {
    if !goes_round_a_proxy(capture) {
        return None;
    }
    let reach = Reach {
        proxy: ProxyChoice::Direct,
        ..options.reach.clone()
    };
    let seen = capture::look(&capture.target, &reach, &|_| {}).await;
    Some(Arc::new(seen))
}

/// Some clients would not see this: there is a proxy on the way that only the environment names.
pub fn goes_round_a_proxy(capture: &Capture) -> bool {
    matches!(&capture.route, Route::Proxy { variables, .. } if !variables.is_empty())
}

/// Names asked of the resolver at most.
const MOST_NAMES: usize = 8;

/// The names of the certificate with their addresses, when the user wishes it and the name is the trouble.
pub(super) async fn resolved(
    inspection: &Inspection,
    options: &Options,
) -> Vec<(String, Vec<IpAddr>)> {
    let concerned = inspection
        .findings
        .iter()
        .any(|f| f.rule == &rule::NAME_MISMATCH || f.rule == &rule::IP_NOT_IN_SAN);
    let leaf = inspection
        .chain
        .leaf
        .and_then(|l| inspection.chain.certificate(l));
    let (true, Some(leaf)) = (concerned, leaf) else {
        return Vec::new();
    };
    let names = leaf
        .subject_alt_names()
        .iter()
        .filter_map(|name| match name {
            GeneralName::Dns(name) => Some(name.raw().to_owned()),
            _ => None,
        });
    // Only what could be a host name reaches the resolver.
    let plain = |name: &String| {
        name.len() <= 253
            && name.contains(|c: char| c.is_ascii_alphanumeric())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
    };
    let limit = options.reach.timeout;
    let mut asking = JoinSet::new();
    for (place, name) in names.filter(plain).take(MOST_NAMES).enumerate() {
        asking.spawn(async move {
            let found = dial::resolve(&name, 443, limit).await;
            (place, name, found.unwrap_or_default())
        });
    }
    let mut answers = asking.join_all().await;
    answers.sort_by_key(|(place, ..)| *place);
    answers
        .into_iter()
        .map(|(_, name, addresses)| (name, addresses))
        .collect()
}

pub(super) fn of_other(capture: Capture) -> Other {
    Other {
        typed: text::safe(&capture.target.typed).into_owned(),
        presented: capture.presented,
    }
}
