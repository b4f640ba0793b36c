//! Completing the chain: fetching missing issuers from where the certificates below them say they are
//! (Authority Information Access, RFC 5280, section 4.2.2.1). Never unasked, and bounded in everything.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Inspection, build};
use crate::capture::pem;
use crate::cert::{Certificate, Name, pkcs7};
use crate::chain::Chain;
use crate::diagnosis::{Fetched, Further};
use crate::net::get::{self, Nearness};
use crate::net::{Reach, Route, Stage};
use crate::text;

/// Issuers fetched above each other at most.
pub const MOST_FETCH_DEPTH: usize = 4;
/// Addresses asked at most.
pub const MOST_FETCHES: usize = 8;
/// Certificates kept of one answer.
const MOST_CERTIFICATES: usize = 16;

/// An issuer that is missing, and one address for it.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// The address as written in the certificate below.
    raw: String,
    /// The same, safe to display.
    pub(super) address: String,
    /// The name of what is missing, safe to display.
    pub(super) title: String,
    name: Name,
    /// Tells two that are missing apart.
    ghost: usize,
}

/// The addresses for everything that is missing, http first.
pub(super) fn wanted(chain: &Chain) -> Vec<Wanted> {
    let mut all = Vec::new();
    for (id, node) in chain.iter() {
        let (Some(ghost), true) = (&node.ghost, chain.links.iter().any(|l| l.issuer == id)) else {
            continue;
        };
        let mut addresses: Vec<_> = ghost.addresses.iter().collect();
        addresses.sort_by_key(|a| !is_http(a.raw()));
        all.extend(addresses.into_iter().map(|address| Wanted {
            raw: address.raw().to_owned(),
            address: address.to_string(),
            title: node.title(),
            name: ghost.name.clone(),
            ghost: id.0,
        }));
    }
    all
}

fn is_http(address: &str) -> bool {
    address
        .get(..7)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
}

/// Asks for what is missing, then for what is missing above that.
pub(super) async fn missing(
    inspection: &Inspection,
    reach: &Reach,
    progress: &(dyn Fn(Stage) + Send + Sync),
) -> Vec<Fetched> {
    let nearest = nearest(inspection);
    let mut further = Further::default();
    let mut asked = HashSet::new();
    for _ in 0..MOST_FETCH_DEPTH {
        let chain = made(inspection, &further);
        let round: Vec<Wanted> = wanted(&chain)
            .into_iter()
            .filter(|w| !asked.contains(&w.raw))
            .collect();
        let first = further.fetched.len();
        let mut found = HashSet::new();
        for one in round {
            if further.fetched.len() >= MOST_FETCHES || found.contains(&one.ghost) {
                continue;
            }
            asked.insert(one.raw.clone());
            progress(Stage::Fetching);
            let got = fetch(&one, nearest, reach).await;
            if got.is_ok() {
                found.insert(one.ghost);
            }
            further.fetched.push(Fetched {
                address: one.address,
                wanted: one.title,
                got,
            });
        }
        if found.is_empty() {
            break;
        }
        // The right name does not make it the right certificate.
        let still: HashSet<String> = wanted(&made(inspection, &further))
            .into_iter()
            .map(|w| w.address)
            .collect();
        for one in further.fetched.iter_mut().skip(first) {
            if one.got.is_ok() && still.contains(&one.address) {
                one.got = Err(
                    "its certificate has the right name, and another key than the one that signed; \
                     ask the server's owner for the certificate"
                        .to_owned(),
                );
            }
        }
    }
    further.fetched
}

fn made(inspection: &Inspection, further: &Further) -> Chain {
    build(
        &inspection.capture,
        &inspection.stores,
        further,
        &inspection.asked,
        &[],
    )
}

/// Addresses no nearer than the server's own may be asked. Through a proxy, and for files, it is not
/// known where that is: only public ones then.
fn nearest(inspection: &Inspection) -> Nearness {
    let capture = &inspection.capture;
    let peer = capture
        .peer
        .filter(|_| capture.route == Route::Direct && capture.target.endpoint().is_some());
    peer.and_then(|peer| Nearness::of(peer.ip()))
        .unwrap_or(Nearness::Public)
}

async fn fetch(
    wanted: &Wanted,
    nearest: Nearness,
    reach: &Reach,
) -> Result<Vec<Arc<[u8]>>, String> {
    let body = get::get(&wanted.raw, nearest, reach.family, reach.timeout)
        .await
        .map_err(|trouble| trouble.to_string())?;
    certificates(&body, wanted)
}

/// The certificates of an answer, the wanted one first.
fn certificates(body: &[u8], wanted: &Wanted) -> Result<Vec<Arc<[u8]>>, String> {
    let ask = "ask the server's owner for the certificate";
    let mut all = pkcs7::certificates(body, MOST_CERTIFICATES);
    if all.is_empty() {
        all = pem::decode(body).certificates;
    }
    all.truncate(MOST_CERTIFICATES);
    let mut read: Vec<Certificate> = all
        .into_iter()
        .map(|der| Certificate::read(Arc::<[u8]>::from(der)))
        .collect();
    let Some(first) = read.first() else {
        return Err(format!("{}; {ask}", pem::looks_like_words(body)));
    };
    let other = first.short_name();
    read.sort_by_key(|c| !c.subject.matches(&wanted.name));
    match read.first() {
        Some(best) if best.subject.matches(&wanted.name) => {
            Ok(read.into_iter().map(|c| c.der).collect())
        }
        _ => Err(format!(
            "it holds another certificate, “{}”; {ask}",
            text::clip(&other, 60)
        )),
    }
}
