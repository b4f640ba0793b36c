//! Completing the chain: issuers fetched from a web server nobody here wrote, and from servers that mean
//! no good. All on loopback, which may be asked only because the endpoint is on loopback itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rcgen::CustomExtension;
use whycert::capture::Capture;
use whycert::cert::pem;
use whycert::chain::Origin;
use whycert::diagnosis::{Fetched, Further};
use whycert::export::{self, Format, What};
use whycert::inspect::{self, Ask, Inspection, MOST_FETCHES, Options, Outcome};
use whycert::judge::client;
use whycert::lab::{Lab, Scenario};
use whycert::net::ProxyChoice;
use whycert::store::Stores;
use whycert::target::Target;

use crate::support::draft::{oid, seq, tlv};
use crate::support::machine::{capture, evidence, finding};
use crate::support::mint::{self, Minted, NOW};
use crate::support::{driven, peer, programs};

/// A server's certificate, or a CA's, that says where its issuer is.
fn with_addresses(
    mut params: rcgen::CertificateParams,
    addresses: &[&str],
) -> rcgen::CertificateParams {
    let each: Vec<Vec<u8>> = addresses
        .iter()
        .map(|a| seq(&[&oid("1.3.6.1.5.5.7.48.2"), &tlv(0x86, a.as_bytes())]))
        .collect();
    let parts: Vec<&[u8]> = each.iter().map(Vec::as_slice).collect();
    params
        .custom_extensions
        .push(CustomExtension::from_oid_content(
            &[1, 3, 6, 1, 5, 5, 7, 1, 1],
            seq(&parts),
        ));
    params
}

struct Family {
    root: Minted,
    issuing: Minted,
}

fn family() -> Family {
    let root = Minted::root(mint::ca("Far Root"));
    let issuing = root.issue(mint::ca("Far Issuing CA"));
    Family { root, issuing }
}

impl Family {
    fn leaf(&self, addresses: &[&str]) -> Minted {
        let params = with_addresses(mint::server(&["www.site.example.org"]), addresses);
        self.issuing.issue(params)
    }
}

/// A look at an endpoint at `at` that sent only its own certificate.
fn looked(leaf: &Minted, at: &str) -> Capture {
    Capture {
        peer: Some(at.parse().unwrap()),
        ..capture("https://www.site.example.org", &[leaf])
    }
}

fn options() -> Options {
    let mut options = Options::default();
    options.reach.timeout = Duration::from_secs(5);
    options.reach.proxy = ProxyChoice::Direct;
    options
}

fn assembled(capture: Capture, root: &Minted) -> Inspection {
    let stores = driven::stores(std::slice::from_ref(&root.der));
    inspect::assemble(Arc::new(capture), &stores, &options(), NOW)
}

/// Asks, and gives what is known then.
fn fetched(before: &Inspection) -> Further {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(inspect::ask(before, &Ask::Fetch))
}

/// One endpoint on loopback whose leaf names this address; what came of asking there.
fn asked(address: &str) -> (Family, Inspection, Fetched) {
    let family = family();
    let before = assembled(
        looked(&family.leaf(&[address]), "127.0.0.1:443"),
        &family.root,
    );
    let further = fetched(&before);
    assert_eq!(further.fetched.len(), 1, "{further:?}");
    let one = further.fetched[0].clone();
    let after = inspect::with_further(&before, further, &options(), NOW);
    (family, after, one)
}

fn refused(address: &str, words: &str) {
    let (_, after, one) = asked(address);
    let why = one.got.expect_err("nothing of use came");
    assert!(why.contains(words), "{why}");
    // What to do next is said.
    assert!(why.contains(';') || why.contains(". "), "{why}");
    let finding = finding(&after, "chain.missing-issuer");
    assert!(
        evidence(finding, "not fetched").contains(words),
        "{finding:#?}"
    );
    assert_eq!(after.outcome, Outcome::Untrusted);
}

// ── a server nobody here wrote ──

/// Python's web server on the files of a folder.
struct Files {
    child: Child,
    port: u16,
}

impl Files {
    fn of(folder: &Path) -> Option<Self> {
        let mut child = programs::clean(peer("python3")?)
            .args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line
            .split_whitespace()
            .skip_while(|w| *w != "port")
            .nth(1)
            .and_then(|p| p.parse().ok())
            .unwrap_or_else(|| panic!("{line}"));
        Some(Self { child, port })
    }

    fn at(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn der_pem_and_pkcs7_complete_the_chain() {
    let (folder, family) = (tempfile::tempdir().unwrap(), family());
    let Some(files) = Files::of(folder.path()) else {
        return;
    };
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    let both = pem::encode(&family.root.der) + &pem::encode(&family.issuing.der);
    write("ca.der", &family.issuing.der);
    write("ca.pem", pem::encode(&family.issuing.der).as_bytes());
    write("both.pem", both.as_bytes());
    let mut names = vec!["ca.der", "ca.pem"];
    if let Some(openssl) = peer("openssl") {
        programs::run(
            programs::clean(openssl)
                .args(["crl2pkcs7", "-nocrl", "-certfile", "both.pem"])
                .args(["-outform", "DER", "-out", "ca.p7c"])
                .current_dir(folder.path()),
        );
        names.push("ca.p7c");
    }
    for name in names {
        let address = files.at(name);
        let leaf = family.leaf(&["ldap://ca.example/cn=CA", &address]);
        let before = assembled(looked(&leaf, "127.0.0.1:443"), &family.root);
        assert_eq!(
            inspect::to_fetch(&before)[0],
            (address.clone(), "Far Issuing CA".to_owned()),
            "http first"
        );
        let further = fetched(&before);
        assert_eq!(further.fetched.len(), 1, "{name}: {further:?}");
        let after = inspect::with_further(&before, further, &options(), NOW);

        let id = after.chain.paths[0].nodes[1];
        let node = after.chain.node(id).unwrap();
        assert_eq!(node.origin, Origin::Fetched(address.clone()), "{name}");
        assert!(
            after.chain.paths[0].nodes.len() == 3,
            "up to the root of the store"
        );
        // Whoever does not fetch fails as before, at the same missing certificate.
        assert_eq!(after.outcome, Outcome::Untrusted);
        let finding = finding(&after, "chain.missing-issuer");
        assert!(evidence(finding, "fetched").contains(&address));
        // The chain as it should be served holds it.
        let repaired = export::render(&after, What::Repaired, Format::Pem).unwrap();
        let wanted = pem::encode(&leaf.der) + &pem::encode(&family.issuing.der);
        assert_eq!(String::from_utf8(repaired).unwrap(), wanted);
    }
}

#[test]
fn only_clients_that_fetch_see_what_was_fetched() {
    let (folder, family) = (tempfile::tempdir().unwrap(), family());
    let Some(files) = Files::of(folder.path()) else {
        return;
    };
    std::fs::write(folder.path().join("ca.der"), &family.issuing.der).unwrap();
    let leaf = family.leaf(&[&files.at("ca.der")]);
    let before = assembled(looked(&leaf, "127.0.0.1:443"), &family.root);
    let further = fetched(&before);
    let after = inspect::with_further(&before, further, &options(), NOW);
    let whole = after.chain.paths[0].nodes.len();
    let store = after.stores.deciding().unwrap();
    let mut question = whycert::judge::Question::at(NOW);
    question.purpose = Some(whycert::judge::Purpose::Server);
    let mut seen = [0, 0];
    for profile in client::profiles() {
        // The chain that each sees, and the RFC's rules on it.
        let mut policy = whycert::judge::Policy::default();
        policy.fetches_issuers = profile.policy.fetches_issuers;
        let facts = whycert::judge::Facts::default();
        let answer = whycert::judge::ask(&after.chain, store, &question, &policy, &facts).unwrap();
        assert_eq!(answer.accepted, policy.fetches_issuers, "{}", profile.id);
        assert!(!answer.accepted || answer.path.len() == whole);
        seen[usize::from(answer.accepted)] += 1;
    }
    assert!(
        seen[0] > 0 && seen[1] > 0,
        "some fetch, and some do not: {seen:?}"
    );
}

#[test]
fn what_is_missing_above_is_fetched_too_and_loops_end() {
    let folder = tempfile::tempdir().unwrap();
    let Some(files) = Files::of(folder.path()) else {
        return;
    };
    let write = |name: &str, der: &[u8]| std::fs::write(folder.path().join(name), der).unwrap();
    // Three levels, each of which names the next.
    let root = Minted::root(mint::ca("Far Root"));
    let upper = root.issue(mint::ca("Upper CA"));
    let middle = upper.issue(with_addresses(
        mint::ca("Middle CA"),
        &[&files.at("upper.der")],
    ));
    let leaf = middle.issue(with_addresses(
        mint::server(&["www.site.example.org"]),
        &[&files.at("middle.der")],
    ));
    write("middle.der", &middle.der);
    write("upper.der", &upper.der);
    let before = assembled(looked(&leaf, "127.0.0.1:443"), &root);
    let further = fetched(&before);
    assert!(further.fetched.iter().all(|f| f.got.is_ok()) && further.fetched.len() == 2);
    let after = inspect::with_further(&before, further, &options(), NOW);
    assert_eq!(after.chain.paths[0].nodes.len(), 4);

    // A chain without end: every CA names another one above it.
    let mut above = Minted::root(mint::ca("Level 0"));
    for level in 1..12 {
        let address = files.at(&format!("level{}.der", level - 1));
        let params = with_addresses(mint::ca(&format!("Level {level}")), &[&address]);
        let next = above.issue(params);
        write(&format!("level{level}.der"), &next.der);
        above = next;
    }
    let leaf = above.issue(with_addresses(
        mint::server(&["www.site.example.org"]),
        &[&files.at("level11.der")],
    ));
    let further = fetched(&assembled(looked(&leaf, "127.0.0.1:443"), &root));
    assert_eq!(further.fetched.len(), inspect::MOST_FETCH_DEPTH);

    // Many addresses, none of which helps.
    let addresses: Vec<String> = (0..20).map(|i| files.at(&format!("none{i}"))).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let leaf = root.issue(mint::ca("Nobody")).issue(with_addresses(
        mint::server(&["www.site.example.org"]),
        &addresses,
    ));
    let further = fetched(&assembled(looked(&leaf, "127.0.0.1:443"), &root));
    assert_eq!(further.fetched.len(), MOST_FETCHES);
    let gone = |f: &Fetched| {
        f.got
            .as_ref()
            .is_err_and(|why| why.contains("not there any more"))
    };
    assert!(further.fetched.iter().all(gone), "{further:?}");
}

#[test]
fn another_certificate_does_not_count_and_neither_does_another_key() {
    let folder = tempfile::tempdir().unwrap();
    let Some(files) = Files::of(folder.path()) else {
        return;
    };
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("other.der", &Minted::root(mint::ca("Somebody Else")).der);
    refused(
        &files.at("other.der"),
        "it holds another certificate, “Somebody Else”",
    );
    // Any key may call itself by any name.
    write(
        "impostor.der",
        &Minted::root(mint::ca("Far Issuing CA")).der,
    );
    refused(
        &files.at("impostor.der"),
        "another key than the one that signed",
    );
    write("page.html", b"<!doctype html><html>Welcome</html>");
    refused(&files.at("page.html"), "a web page");
    write("empty", b"");
    refused(&files.at("empty"), "it is empty");
    write("rubbish", &[0x30, 0x82, 0xff, 0xff, 1, 2, 3]);
    refused(&files.at("rubbish"), "no certificate");
    refused(&files.at("nowhere"), "not there any more");
}

// ── servers that mean no good ──

/// A server that answers every request in the same way, and counts the requests.
struct Hostile {
    address: String,
    requests: Arc<AtomicUsize>,
}

impl Hostile {
    fn answering(answer: impl Fn(&mut TcpStream, &str, usize) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/ca.der", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let count = requests.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n > 0)
                {
                    request.push(byte[0]);
                }
                let number = count.fetch_add(1, Ordering::SeqCst);
                answer(&mut stream, &String::from_utf8_lossy(&request), number);
            }
        });
        Self { address, requests }
    }

    fn saying(head: &'static str) -> Self {
        Self::answering(move |stream, _, _| {
            let _ = stream.write_all(head.as_bytes());
        })
    }
}

/// Writes until the other side has had enough.
fn endless(stream: &mut TcpStream, piece: &[u8]) {
    while stream.write_all(piece).is_ok() {}
}

#[test]
fn the_request_says_nothing_of_the_person() {
    let family = family();
    let der = family.issuing.der.clone();
    let (sender, heard) = std::sync::mpsc::channel();
    let server = Hostile::answering(move |stream, request, _| {
        sender.send(request.to_owned()).unwrap();
        let head = format!(
            "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: {}\r\n\r\n",
            der.len()
        );
        let _ = stream.write_all(&[head.as_bytes(), &der].concat());
    });
    let leaf = family.leaf(&[&server.address]);
    let before = assembled(looked(&leaf, "127.0.0.1:443"), &family.root);
    assert!(fetched(&before).fetched[0].got.is_ok());
    let request = heard.recv().unwrap();
    let mut headers: Vec<String> = request
        .lines()
        .skip(1)
        .filter_map(|l| Some(l.split_once(':')?.0.to_lowercase()))
        .collect();
    headers.sort_unstable();
    assert!(request.starts_with("GET /ca.der HTTP/1.1\r\n"), "{request}");
    assert_eq!(headers, ["accept", "connection", "host", "user-agent"]);
}

#[test]
fn endless_and_huge_answers_end() {
    let began = Instant::now();
    let body = Hostile::answering(|stream, _, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        endless(stream, &[0x30; 4096]);
    });
    refused(&body.address, "more than 64 KB");
    let head = Hostile::answering(|stream, _, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        endless(stream, b"X-More: and more and more and more\r\n");
    });
    refused(&head.address, "no HTTP");
    let chunks = Hostile::answering(|stream, _, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        endless(stream, b"4\r\n0000\r\n");
    });
    refused(&chunks.address, "more than 64 KB");
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_mute_server_costs_the_time_limit_and_no_more() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/ca.der", listener.local_addr().unwrap());
    let family = family();
    let mut options = options();
    options.reach.timeout = Duration::from_millis(300);
    let stores = driven::stores(std::slice::from_ref(&family.root.der));
    let seen = looked(&family.leaf(&[&address]), "127.0.0.1:443");
    let before = inspect::assemble(Arc::new(seen), &stores, &options, NOW);
    let began = Instant::now();
    let further = fetched(&before);
    assert!(began.elapsed() < Duration::from_secs(5));
    let why = further.fetched[0].got.as_ref().unwrap_err();
    assert!(why.contains("did not answer in time"), "{why}");
}

#[test]
fn redirects_are_few_and_never_lead_away_from_http() {
    let circle =
        Hostile::saying("HTTP/1.1 302 Found\r\nLocation: /ca.der\r\nContent-Length: 0\r\n\r\n");
    refused(&circle.address, "redirects in a circle");
    assert_eq!(circle.requests.load(Ordering::SeqCst), 1);
    let further = Hostile::answering(|stream, _, number| {
        let head =
            format!("HTTP/1.1 301 Moved\r\nLocation: /{number}\r\nContent-Length: 0\r\n\r\n");
        let _ = stream.write_all(head.as_bytes());
    });
    refused(&further.address, "more than 3 times");
    assert_eq!(further.requests.load(Ordering::SeqCst), 4);
    for away in [
        "https://127.0.0.1/ca.der",
        "file:///etc/passwd",
        "ftp://127.0.0.1/ca.der",
        "http://me:secret@127.0.0.1/",
    ] {
        let head = format!("HTTP/1.1 302 Found\r\nLocation: {away}\r\nContent-Length: 0\r\n\r\n");
        let server = Hostile::answering(move |stream, _, _| {
            let _ = stream.write_all(head.as_bytes());
        });
        refused(&server.address, "which is not fetched");
    }
}

#[test]
fn what_is_no_http_is_said_so() {
    let ssh = Hostile::saying("SSH-2.0-OpenSSH_9.9\r\n");
    refused(&ssh.address, "its answer is no HTTP");
    let error = Hostile::saying("HTTP/1.1 500 Oh no\r\nContent-Length: 0\r\n\r\n");
    refused(&error.address, "HTTP status 500");
    refused("ldap://127.0.0.1/cn=CA", "only http:// addresses");
    refused("https://127.0.0.1/ca.der", "only http:// addresses");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/ca.der", closed.local_addr().unwrap());
    drop(closed);
    refused(&address, "nothing listens there");
}

#[test]
fn a_public_server_cannot_send_us_to_this_machine() {
    let family = family();
    let server = Hostile::saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    for at in ["192.0.2.7:443", "10.0.0.5:443", "[2001:db8::7]:443"] {
        let before = assembled(looked(&family.leaf(&[&server.address]), at), &family.root);
        let further = fetched(&before);
        let why = further.fetched[0].got.as_ref().unwrap_err();
        assert!(why.contains("nearer than the server itself"), "{at}: {why}");
    }
    // A file comes from nowhere: only public addresses are asked.
    let leaf = family.leaf(&[&server.address]);
    let before = assembled(capture("./chain.pem", &[&leaf]), &family.root);
    assert!(fetched(&before).fetched[0].got.is_err());
    assert_eq!(server.requests.load(Ordering::SeqCst), 0);
    // A private server may name private addresses, and a redirect is checked like the first address.
    let inward = Hostile::saying(
        "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n",
    );
    let before = assembled(
        looked(&family.leaf(&[&inward.address]), "192.0.2.7:443"),
        &family.root,
    );
    assert!(fetched(&before).fetched[0].got.is_err());
    assert_eq!(inward.requests.load(Ordering::SeqCst), 0);
}

// ── the lab, from end to end ──

#[test]
fn nothing_is_fetched_unasked_and_fetch_completes_the_lab() {
    let lab = Lab::start(&[Scenario::named("issuer-to-fetch").unwrap()], None).unwrap();
    let target = Target::parse(&lab.running()[0].target).unwrap();
    let stores: Stores = crate::lab::store(&lab);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let look = |fetch: bool| {
        let options = Options { fetch, ..options() };
        let stores = std::future::ready(stores.clone());
        runtime.block_on(inspect::run(&target, &options, stores, &|_| {}))
    };
    let without = look(false);
    assert!(without.further.fetched.is_empty());
    assert!(
        !without
            .chain
            .nodes
            .iter()
            .any(whycert::chain::Node::is_fetched)
    );
    let with = look(true);
    assert!(with.further.fetched[0].got.is_ok(), "{:?}", with.further);
    assert!(
        with.chain
            .nodes
            .iter()
            .any(whycert::chain::Node::is_fetched)
    );
    assert_eq!(with.outcome, Outcome::Untrusted);
    // Had the server sent it, all would be well; and that is never called trusted.
    let issuer = with.further.fetched[0].got.clone().unwrap()[0].clone();
    let mut supposed = options();
    supposed.what_if.assume(inspect::Assumption::Send(issuer));
    let then = inspect::reassess(&with, &supposed, whycert::moment::Moment::now());
    assert_eq!(then.outcome, Outcome::TrustedIf);
}
