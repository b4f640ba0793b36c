//! What whycert sees of servers that nobody here wrote: OpenSSL, nginx, Python; and of servers that
//! do everything wrong. Nothing hangs, nothing is made up.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use whycert::capture::{Capture, Failure, Outcome as Ended};
use whycert::inspect::{self, Inspection, Options};
use whycert::net::{ProxyChoice, Reach};
use whycert::store::{Anchor, StoreKind, Stores, TrustStore};
use whycert::target::{Endpoint, Host, Scheme, ServerNameChoice, Source, StartTls, Target};

use crate::support::mint::{Minted, NOW, ca, server};

mod clear;
mod dialogues;
mod nginx;
mod openssl;
mod proxies;
mod reach;

/// A look that is being put together.
pub struct Look {
    endpoint: Endpoint,
    options: Options,
    anchors: Vec<Vec<u8>>,
}

impl Look {
    /// At `https://localhost:port`, straight, with a time limit that no healthy server needs.
    pub fn at(port: u16) -> Self {
        Self {
            endpoint: Endpoint {
                scheme: Scheme::Https,
                host: name("localhost"),
                port,
                server_name: ServerNameChoice::Host,
                connect: None,
                upgrade: None,
                path: String::new(),
            },
            options: Options {
                reach: Reach {
                    timeout: Duration::from_secs(30),
                    proxy: ProxyChoice::Direct,
                    ..Reach::default()
                },
                what_if: inspect::WhatIf::at_moment(Some(NOW)),
                ..Options::default()
            },
            anchors: Vec::new(),
        }
    }

    pub fn host(mut self, host: Host) -> Self {
        self.endpoint.host = host;
        self
    }

    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.endpoint.scheme = scheme;
        self
    }

    pub fn server_name(mut self, choice: ServerNameChoice) -> Self {
        self.endpoint.server_name = choice;
        self
    }

    pub fn connect(mut self, host: Host, port: Option<u16>) -> Self {
        self.endpoint.connect = Some((host, port));
        self
    }

    pub fn starttls(mut self, protocol: StartTls) -> Self {
        self.endpoint.upgrade = Some(protocol);
        self
    }

    pub fn proxy(mut self, proxy: &str) -> Self {
        self.options.reach.proxy = ProxyChoice::Given(proxy.to_owned());
        self
    }

    pub fn family(mut self, family: whycert::net::Family) -> Self {
        self.options.reach.family = family;
        self
    }

    pub fn within(mut self, limit: Duration) -> Self {
        self.options.reach.timeout = limit;
        self
    }

    /// Judged for now, for certificates that a foreign program has just made.
    pub fn now(mut self) -> Self {
        self.options.what_if = inspect::WhatIf::default();
        self
    }

    pub fn trusting(mut self, der: &[u8]) -> Self {
        self.anchors.push(der.to_vec());
        self
    }

    pub fn target(&self) -> Target {
        Target {
            typed: format!("https://{}:{}", self.endpoint.host, self.endpoint.port),
            source: Source::Endpoint(self.endpoint.clone()),
        }
    }

    pub fn stores(&self) -> Stores {
        let anchors = self.anchors.iter().map(|der| Anchor {
            der: Arc::from(der.as_slice()),
        });
        Stores::only(TrustStore::new(
            StoreKind::Given,
            "ca",
            "the test's store",
            None,
            anchors.collect(),
            Vec::new(),
        ))
    }

    /// Looks.
    pub fn inspect(self) -> Inspection {
        let (target, stores) = (self.target(), self.stores());
        on_runtime(async move {
            let stores = std::future::ready(stores);
            inspect::run(&target, &self.options, stores, &|_| {}).await
        })
    }
}

pub fn on_runtime<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}

pub fn name(ascii: &str) -> Host {
    Host::Name {
        ascii: ascii.to_owned(),
        unicode: ascii.to_owned(),
    }
}

pub const LOOPBACK: Host = Host::Ip(IpAddr::V4(Ipv4Addr::LOCALHOST));

pub fn ids(inspection: &Inspection) -> Vec<&'static str> {
    inspection.findings.iter().map(|f| f.rule.id).collect()
}

/// How it failed.
pub fn failure(inspection: &Inspection) -> &Failure {
    match &inspection.capture.outcome {
        Ended::Failed { failure, .. } => failure,
        Ended::Complete => panic!("the handshake finished"),
    }
}

pub fn presented(capture: &Capture) -> Vec<&[u8]> {
    capture.presented.iter().map(AsRef::as_ref).collect()
}

/// The evidence with this label, of the first finding that has it.
pub fn evidence<'a>(inspection: &'a Inspection, label: &str) -> Option<&'a str> {
    inspection
        .findings
        .iter()
        .flat_map(|f| &f.evidence)
        .find(|e| e.label == label)
        .map(|e| e.value.as_str())
}

/// A root, an issuing CA and a certificate for localhost, as DER and as files.
pub struct Family {
    pub root: Minted,
    pub issuing: Minted,
    pub leaf: Minted,
    pub folder: tempfile::TempDir,
}

impl Family {
    /// Fresh, with `leaf.pem`, `chain.pem` (leaf and issuing), `issuing.pem`, `root.pem` and
    /// `key.pem` in a folder of its own.
    pub fn new() -> Self {
        let root = Minted::root(ca("Capture Root"));
        let issuing = root.issue(ca("Capture Issuing CA"));
        let leaf = issuing.issue(server(&["localhost", "127.0.0.1", "::1"]));
        let folder = tempfile::tempdir().unwrap();
        let put =
            |file: &str, text: String| std::fs::write(folder.path().join(file), text).unwrap();
        put("leaf.pem", pem(&leaf.der));
        put("issuing.pem", pem(&issuing.der));
        put("root.pem", pem(&root.der));
        put("chain.pem", pem(&leaf.der) + &pem(&issuing.der));
        put("key.pem", leaf.key.serialize_pem());
        Self {
            root,
            issuing,
            leaf,
            folder,
        }
    }

    pub fn path(&self, file: &str) -> String {
        self.folder.path().join(file).to_string_lossy().into_owned()
    }
}

pub fn pem(der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}

/// A server on 127.0.0.1 that does this with each connection; its port. It lives as long as the
/// test binary.
pub fn serve(each: impl Fn(TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let each = Arc::new(each);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let each = each.clone();
            // A client that goes away is no failure of the server's.
            std::thread::spawn(move || drop(each(stream)));
        }
    });
    port
}

/// Reads and forgets until the client is gone.
pub fn drain(mut stream: &TcpStream) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer)? > 0 {}
    Ok(())
}

/// Reads up to the empty line that ends an HTTP request's head.
pub fn head_of_request(mut stream: &TcpStream) -> std::io::Result<String> {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? > 0 {
        seen.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&seen).into_owned())
}

/// Copies both ways until both are closed.
pub fn join(one: TcpStream, other: TcpStream) -> std::io::Result<()> {
    let copy = |mut from: TcpStream, mut to: TcpStream| {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    };
    let (one_again, other_again) = (one.try_clone()?, other.try_clone()?);
    let back = std::thread::spawn(move || copy(other_again, one_again));
    copy(one, other);
    let _ = back.join();
    Ok(())
}

/// Sends all, then closes its side, and waits for the client.
pub fn say_and_close(mut stream: &TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(bytes)?;
    stream.shutdown(std::net::Shutdown::Write)?;
    drain(stream)
}
