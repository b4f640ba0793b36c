//! The clients against what was measured of the real ones: `tests/data/measured/`.
//!
//! Each cell of the matrix is one client against one server in one set-up. Verdict and text must agree;
//! what does not is named in [`EXCEPTIONS`] with the measurement that shows why.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use whycert::capture::pem;
use whycert::cert::Certificate;
use whycert::chain::Chain;
use whycert::judge::client::{
    self, Afterwards, Ask, ClientVerdict, FileTrouble, FirstAnswer, KeyExchange, Limits, Peer,
    Profile, Proxy, ProxyAnswer, Reach, SeenSettings, Trusted, Version,
};
use whycert::judge::{Facts, Purpose, Question, Step, StepState};
use whycert::moment::Moment;
use whycert::store::{Anchor, StoreKind, Stores, TrustStore};
use whycert::target::{Source, Target};

/// What was measured in one go.
#[derive(Clone, Copy)]
pub struct Series {
    /// Its folder below `tests/data/measured/`.
    pub folder: &'static str,
    /// When.
    pub now: &'static str,
}

/// 49 clients against 103 servers.
const FIRST: Series = Series {
    folder: "",
    now: "2026-11-23T16:10:44Z",
};

/// Further servers, where rules that fitted the first series were found wrong: the same versions of
/// curl, wget, git, GnuTLS, Python, Node, Bun, Deno, uv, Go, Java 17, PHP, Perl, Ruby and Chromium, from
/// Debian 12 and 13, npm and PyPI; Java 25.0.5.
const SECOND: Series = Series {
    folder: "own",
    now: "2026-11-28T00:30:00Z",
};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/measured")
        .join(name)
}

impl Series {
    fn file(self, name: &str) -> PathBuf {
        data(self.folder).join(name)
    }
}

/// One set-up of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Setup {
    Default,
    Given,
    OsStore,
}

/// One line of `outcomes.tsv`.
struct Outcome {
    client: String,
    accepted: bool,
    text: String,
    cause: String,
    cells: Vec<(String, Setup)>,
}

fn outcomes(series: Series) -> Vec<Outcome> {
    let text = std::fs::read_to_string(series.file("outcomes.tsv")).unwrap();
    text.lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [client, outcome, class, text, cause, cells] = fields[..] else {
                panic!("{line}");
            };
            let cells = cells
                .split(' ')
                .map(|cell| {
                    let (scenario, setup) = cell.rsplit_once(':').unwrap();
                    let setup = match setup {
                        "d" => Setup::Default,
                        "g" => Setup::Given,
                        _ => Setup::OsStore,
                    };
                    (scenario.to_owned(), setup)
                })
                .collect();
            assert!(!class.contains('\n'));
            Outcome {
                client: client.to_owned(),
                accepted: outcome == "ok",
                text: text.to_owned(),
                cause: cause.to_owned(),
                cells,
            }
        })
        .collect()
}

fn mapping() -> HashMap<String, String> {
    let text = std::fs::read_to_string(data("../measured-clients.tsv")).unwrap();
    text.lines()
        .map(|line| {
            let (client, profile) = line.split_once('\t').unwrap();
            (client.to_owned(), profile.to_owned())
        })
        .collect()
}

/// What a scenario is, beside its certificates.
struct Scenario {
    peer: Peer,
    chain: Vec<Arc<Certificate>>,
    ca: Option<Vec<u8>>,
}

fn certificates(path: &Path) -> Vec<Arc<Certificate>> {
    let Ok(bytes) = std::fs::read(path) else {
        return Vec::new();
    };
    ders(&bytes)
        .into_iter()
        .map(|der| Arc::new(Certificate::read(der)))
        .collect()
}

/// The certificates that a client finds in a CA file: PEM only.
fn ders(bytes: &[u8]) -> Vec<Arc<[u8]>> {
    if !bytes.windows(10).any(|w| w == b"-----BEGIN") {
        return Vec::new();
    }
    pem::decode(bytes)
        .certificates
        .into_iter()
        .map(Arc::from)
        .collect()
}

fn scenarios(series: Series) -> BTreeMap<String, Scenario> {
    let text = std::fs::read_to_string(series.file("scenarios.tsv")).unwrap();
    let cases = series.file("cases");
    text.lines()
        .skip(1)
        .map(|line| {
            let mut fields = line.split('\t');
            let (id, url) = (fields.next().unwrap(), fields.next().unwrap());
            let scenario = Scenario {
                peer: peer(id, url),
                chain: certificates(&cases.join(format!("{id}.chain.pem"))),
                // The healthy site behind the plain proxy is signed by the lab's usual root.
                ca: std::fs::read(cases.join(match id {
                    "proxy-ok" => "good-private-ca.ca.pem".to_owned(),
                    _ => format!("{id}.ca.pem"),
                }))
                .ok(),
            };
            (id.to_owned(), scenario)
        })
        .collect()
}

/// The facts of a scenario that are not in its certificates, as a capture would show them.
fn peer(id: &str, url: &str) -> Peer {
    let target = Target::parse(url).unwrap();
    let Source::Endpoint(endpoint) = &target.source else {
        panic!("{url}");
    };
    let mut peer = Peer::modern(endpoint.host.clone(), endpoint.port);
    peer.address = Some(match &endpoint.host {
        whycert::target::Host::Ip(ip) => *ip,
        whycert::target::Host::Name { .. } => "127.0.0.1".parse().unwrap(),
    });
    peer.plain_url = url.starts_with("http:");
    let limits = &mut peer.limits;
    let tls12 = |key_exchange| Limits {
        newest: Version::Tls12,
        key_exchange,
        ..Limits::default()
    };
    let mut proxy = |answer| {
        peer.proxy = Some(Proxy {
            host: "127.0.0.1".to_owned(),
            port: 21_999,
            answer,
            variables: Vec::new(),
        });
    };
    match id {
        "tls12-only" => limits.newest = Version::Tls12,
        "tls10-only" => limits.newest = Version::Tls10,
        "ssl3-legacy" => {
            *limits = Limits {
                newest: Version::Ssl3,
                alerts_on_version: false,
                key_exchange: KeyExchange::StaticRsa,
                ..Limits::default()
            };
        }
        "cipher-static-rsa" => *limits = tls12(KeyExchange::StaticRsa),
        "cipher-ecdhe-cbc" => {
            *limits = Limits {
                only_cbc: true,
                ..tls12(KeyExchange::Ecdhe)
            };
        }
        "cipher-3des" => {
            *limits = Limits {
                only_triple_des: true,
                ..tls12(KeyExchange::StaticRsa)
            };
        }
        "dhe-1024" => *limits = tls12(KeyExchange::Dhe(1024)),
        "group-p521-only" => limits.only_p521 = true,
        "no-secure-renego" => {
            *limits = Limits {
                secure_renegotiation: false,
                ..tls12(KeyExchange::Ecdhe)
            };
        }
        "mtls-tls13" => peer.afterwards = Afterwards::ClientCertificate,
        "tls11-only" => limits.newest = Version::Tls11,
        "cipher-cbc-sha256" => {
            *limits = Limits {
                only_cbc: true,
                only_cbc_sha256: true,
                ..tls12(KeyExchange::Ecdhe)
            };
        }
        "alert-certificate-expired" => peer.first = FirstAnswer::Alert(45),
        "alert-internal-error" => peer.first = FirstAnswer::Alert(80),
        "reset-after-hello" => peer.first = FirstAnswer::Reset,
        "cut12-mid-cert-fin" => peer.first = FirstAnswer::ClosedMidway,
        "alert-handshake-failure" => peer.first = FirstAnswer::Alert(40),
        "alert-protocol-version" => peer.first = FirstAnswer::Alert(70),
        "alert-unrecognized-name" => peer.first = FirstAnswer::Alert(112),
        "alert-no-application-protocol" => peer.first = FirstAnswer::Alert(120),
        "plain-http-port" => peer.first = FirstAnswer::Http,
        "ssh-banner" => peer.first = FirstAnswer::Banner,
        "close-at-once" => peer.first = FirstAnswer::ClosedAtOnce,
        "close-after-hello" => peer.first = FirstAnswer::ClosedAfterHello,
        "hang-after-accept" => peer.first = FirstAnswer::Silent,
        "hang-after-handshake" => peer.afterwards = Afterwards::Silent,
        "eof-no-notify" => peer.afterwards = Afterwards::NoCloseNotify,
        "tcp-refused" => peer.reach = Reach::Refused,
        "dns-nxdomain" => {
            // Typed with its port.
            peer.names_port = true;
            peer.reach = Reach::NoSuchName;
        }
        "proxy-mitm" | "proxy-ok" => proxy(ProxyAnswer::Tunnel),
        "proxy-407" => proxy(ProxyAnswer::Status(
            407,
            "Proxy Authentication Required".to_owned(),
        )),
        "proxy-refused" => proxy(ProxyAnswer::Refused),
        _ => {}
    }
    peer
}

fn store(title: &str, path: Option<PathBuf>, anchors: Vec<Arc<[u8]>>) -> Arc<TrustStore> {
    let anchors = anchors.into_iter().map(|der| Anchor { der }).collect();
    Arc::new(TrustStore::new(
        StoreKind::Given,
        title,
        title,
        path,
        anchors,
        Vec::new(),
    ))
}

/// The client reads the operating system's store, as `update-ca-certificates` leaves it.
fn reads_os_store(profile: &Profile) -> bool {
    let reads = |name: &String| matches!(name.as_str(), "system" | "openssl" | "java");
    reads(&profile.source.store) || profile.source.also.iter().any(reads)
}

const CA_FILE: &str = "/tmp/lab/ca.pem";

/// What the client does, for this cell.
fn predict(
    profile: &'static Profile,
    client: &str,
    scenario: &Scenario,
    id: &str,
    setup: Setup,
    now: &str,
) -> Option<ClientVerdict> {
    let ca = scenario.ca.as_deref().unwrap_or_default();
    let settings = SeenSettings::empty();
    let overridden = client.contains("SSL_CERT_FILE");
    let (anchors, trouble) = match setup {
        Setup::Default => (Vec::new(), None),
        Setup::Given if id == "given-ca-missing" => (Vec::new(), Some(FileTrouble::Missing)),
        Setup::Given if id == "given-ca-der" => (Vec::new(), Some(FileTrouble::NotPem)),
        Setup::Given => (ders(ca), None),
        Setup::OsStore if reads_os_store(profile) || overridden => (ders(ca), None),
        Setup::OsStore => (Vec::new(), None),
    };
    let own = store("own", None, anchors.clone());
    let given = store("given", Some(PathBuf::from(CA_FILE)), anchors);
    let is_given = setup == Setup::Given || overridden;
    let everything = Stores::of(vec![own.clone()]);
    let chain = Chain::build(&scenario.chain, false, &Stores::of(vec![given.clone()]));
    let question = Question {
        name: Some(scenario.peer.host.clone()),
        purpose: Some(Purpose::Server),
        ..Question::at(Moment::parse(now, Moment::now()).unwrap())
    };
    let facts = Facts {
        static_rsa: scenario.peer.limits.key_exchange == KeyExchange::StaticRsa,
        ..Facts::default()
    };
    // In the set-up without a given file, the client's default store is `own` whatever its name.
    let stores = named(profile, &everything);
    let trusted = if is_given {
        Trusted::Given {
            store: &given,
            trouble,
        }
    } else {
        Trusted::Machine {
            stores: &stores,
            settings: &settings,
            hashed_folder: true,
        }
    };
    client::verdict(
        profile,
        &Ask {
            chain: &chain,
            direct: None,
            question: &question,
            peer: Some(&scenario.peer),
            facts: &facts,
            trusted,
        },
    )
}

/// The store under the name by which this client knows it.
fn named(profile: &Profile, stores: &Stores) -> Stores {
    let anchors = |s: &TrustStore| s.anchors.clone();
    let one = stores.0.first().unwrap();
    let name = &profile.source.store;
    Stores::of(vec![Arc::new(TrustStore::new(
        StoreKind::System,
        name,
        name,
        None,
        anchors(one),
        Vec::new(),
    ))])
}

/// Compares a measured text with placeholders to a predicted one; what a placeholder stands for may be
/// anything.
pub fn agrees(measured: &str, predicted: &str, peer: &Peer) -> bool {
    let host = match &peer.host {
        whycert::target::Host::Name { ascii, .. } => ascii.clone(),
        whycert::target::Host::Ip(ip) => ip.to_string(),
    };
    let measured = measured
        .replace("{HOST}", &host)
        .replace("{PORT}", &peer.port.to_string())
        .replace("{CAFILE}", CA_FILE)
        .replace("{PROXYPORT}", "21999");
    // Long texts were cut when they were measured.
    let cut = measured.len() > 1300;
    let (measured, predicted) = (volatile(measured.trim()), volatile(predicted.trim()));
    let segments: Vec<&str> = measured.split('\u{1}').collect();
    let Some(mut rest) = predicted.strip_prefix(segments[0]) else {
        return false;
    };
    for (i, segment) in segments.iter().enumerate().skip(1) {
        let last = i + 1 == segments.len();
        if last && !cut {
            return rest.ends_with(segment);
        }
        match rest.find(segment) {
            Some(at) => rest = &rest[at + segment.len()..],
            None => return cut && last,
        }
    }
    rest.is_empty() || cut
}

/// Placeholders become one mark, and so do numbers that the measurement left in place.
fn volatile(text: &str) -> String {
    let mut text = text.to_owned();
    for name in [
        "N", "ADDR", "DATE", "UNIXTIME", "THREAD", "PTR", "PATH", "BUILD",
    ] {
        text = text.replace(&format!("{{{name}}}"), "\u{1}");
    }
    for before in [
        "read timeout=",
        "timeout of ",
        "http.pm line ",
        "SSL.pm line ",
        "Less than ",
        "the last ",
        "(UNIX), but certificate is not valid before \u{1} (",
        "timeout: ",
    ] {
        text = without_numbers(&text, before);
    }
    text
}

fn without_numbers(text: &str, before: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(before) {
        let (head, tail) = rest.split_at(at + before.len());
        out.push_str(head);
        let digits = tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits > 0 {
            out.push('\u{1}');
        }
        rest = &tail[digits..];
    }
    out.push_str(rest);
    out
}

include!("data/measured/exceptions.rs");

fn excepted(client: &str, scenario: &str) -> Option<usize> {
    EXCEPTIONS.iter().position(|(clients, scenarios, why)| {
        assert!(!why.is_empty());
        let listed = |list: &str, name: &str| {
            list.split(' ').any(|one| {
                one == name || one.strip_suffix('*').is_some_and(|p| name.starts_with(p))
            })
        };
        listed(clients, client) && listed(scenarios, scenario)
    })
}

#[test]
fn every_measured_client_has_a_profile() {
    let mapping = mapping();
    let measured: BTreeSet<String> = outcomes(FIRST).into_iter().map(|o| o.client).collect();
    for client in &measured {
        let profile = mapping.get(client).unwrap_or_else(|| panic!("{client}"));
        assert!(client::by_id(profile).is_some(), "{profile}");
    }
    assert_eq!(mapping.len(), measured.len());
}

#[test]
fn predictions_agree_with_what_was_measured() {
    let used = run(FIRST);
    assert_eq!(
        used.len(),
        EXCEPTIONS.len(),
        "an exception that is none: {used:?}"
    );
}

#[test]
fn predictions_agree_with_what_was_measured_of_further_servers() {
    run(SECOND);
}

/// Every cell of the matrix; the exceptions that it needs.
pub fn run(series: Series) -> BTreeSet<usize> {
    let (mapping, scenarios) = (mapping(), scenarios(series));
    let (mut agree, mut unknown, mut named) = (0_u32, BTreeMap::<String, u32>::new(), 0_u32);
    let mut used = BTreeSet::new();
    let mut wrong: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut verdicts_wrong = 0_u32;
    for outcome in outcomes(series) {
        let profile = client::by_id(&mapping[&outcome.client]).unwrap();
        for (id, setup) in &outcome.cells {
            let scenario = &scenarios[id];
            let why = excepted(&outcome.client, id);
            let Some(verdict) = predict(profile, &outcome.client, scenario, id, *setup, series.now)
            else {
                *unknown
                    .entry(format!("{:?}", profile.policy.engine))
                    .or_default() += 1;
                continue;
            };
            let unshown = verdict.reasons.iter().find(|reason| {
                let on_path = reason.node.is_some_and(|n| verdict.path.contains(&n));
                let shows = |s: &Step| {
                    let at = (s.check, Some(s.node), s.state);
                    at == (reason.kind.check(), reason.node, StepState::Failed)
                };
                on_path && !verdict.accepted && !verdict.steps.iter().any(shows)
            });
            assert!(
                unshown.is_none(),
                "{id} {}: {unshown:?} {:?} {:?}",
                outcome.client,
                verdict.path,
                verdict.steps
            );
            let same_verdict = verdict.accepted == outcome.accepted;
            let same_text = outcome.accepted
                || (agrees(&outcome.text, &verdict.message, &scenario.peer)
                    && agrees(&outcome.cause, &verdict.cause, &scenario.peer));
            if same_verdict && same_text {
                agree += 1;
                continue;
            }
            if let Some(index) = why {
                named += 1;
                used.insert(index);
                continue;
            }
            verdicts_wrong += u32::from(!same_verdict);
            let line = format!(
                "{id} {setup:?}: {}\n    measured  {} | {} | {}\n    predicted {} | {} | {} {:?}",
                outcome.client,
                if outcome.accepted { "ok" } else { "fail" },
                outcome.text,
                outcome.cause,
                if verdict.accepted { "ok" } else { "fail" },
                verdict.message,
                verdict.cause,
                verdict
                    .reasons
                    .iter()
                    .map(|r| r.kind.id())
                    .collect::<Vec<_>>(),
            );
            wrong.entry(outcome.client.clone()).or_default().push(line);
        }
    }
    let all: usize = wrong.values().map(Vec::len).sum();
    println!(
        "{agree} cells agree, {named} are named exceptions, {all} disagree ({verdicts_wrong} in the verdict), not judged for want of an engine: {unknown:?}"
    );
    if all > 0 {
        for (client, lines) in &wrong {
            println!("== {client}: {}", lines.len());
            for line in lines {
                println!("{line}");
            }
        }
    }
    assert_eq!(all, 0, "cells that disagree");
    assert!(
        unknown.is_empty(),
        "clients that could not be judged: {unknown:?}"
    );
    used
}

/// All clients for one chain in under 5 ms, once the stores are loaded: printed, not asserted (run it
/// with `--release -- --ignored --nocapture how_long`).
#[test]
#[ignore = "a measurement"]
fn how_long_all_clients_take() {
    timing();
}

/// Prints how long one chain takes for all clients.
pub fn timing() {
    let scenarios = scenarios(FIRST);
    let scenario = &scenarios["expired-intermediate"];
    let given = store("given", None, ders(scenario.ca.as_deref().unwrap()));
    let chain = Chain::build(&scenario.chain, false, &Stores::of(vec![given.clone()]));
    let question = Question {
        name: Some(scenario.peer.host.clone()),
        purpose: Some(Purpose::Server),
        ..Question::at(Moment::parse(FIRST.now, Moment::now()).unwrap())
    };
    let facts = Facts::default();
    let ask = Ask {
        chain: &chain,
        direct: None,
        question: &question,
        peer: Some(&scenario.peer),
        facts: &facts,
        trusted: Trusted::Given {
            store: &given,
            trouble: None,
        },
    };
    let first = std::time::Instant::now();
    let count = client::verdicts(&ask).len();
    println!("tables and {count} clients: {:?}", first.elapsed());
    let began = std::time::Instant::now();
    for _ in 0..100 {
        assert_eq!(client::verdicts(&ask).len(), count);
    }
    println!("{count} clients: {:?} a chain", began.elapsed() / 100);
}
