//! Loopback servers that misbehave in one known way, with freshly minted certificates.
//!
//! A side room: used by [`crate::cli`] and tests only. A scenario is one row in the tables and one
//! recipe in `recipes`. Nothing here looks at what clients make of it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::thread::JoinHandle;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::moment::Moment;

mod flights;
mod key;
mod ocsp;
mod recipes;
mod serve;
mod table;
mod without;
mod x509;

pub use table::SCENARIOS;
pub use without::WITHOUT_SCENARIO;

use recipes::{Mint, Recipe};
use serve::{Plan, Server};

/// One way to misbehave.
#[derive(Debug)]
pub struct Scenario {
    /// Stable id, such as `missing-intermediate`.
    pub id: &'static str,
    /// In a few words, for lists and tabs.
    pub title: &'static str,
    /// The story, in two or three sentences: who runs what, what the person sees, and a question.
    pub story: &'static str,
    /// Exactly the rule ids that inspecting it finds, with the lab's own roots as the only store.
    /// The first is the rule whose lesson it teaches; empty for the healthy ones.
    pub expects: &'static [&'static str],
    /// What to type; `PORT` and `FILE` stand for what the lab fills in.
    address: &'static str,
    recipe: Recipe,
}

/// A scenario that is being served.
#[derive(Debug)]
pub struct Running {
    /// Which.
    pub scenario: &'static Scenario,
    /// What to type to inspect it, such as `https://localhost:8443`.
    pub target: String,
}

/// Running servers. They stop when this is dropped.
#[derive(Debug)]
pub struct Lab {
    running: Vec<Running>,
    roots: Vec<Vec<u8>>,
    minted: Moment,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Removed with everything in it when the lab is dropped.
    _folder: Option<tempfile::TempDir>,
}

/// Why the lab could not start.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A port is taken, or may not be used.
    #[error("port {port} of this machine cannot be used: {source}")]
    Port {
        /// Which; 0 for any free one.
        port: u16,
        /// The system's answer.
        source: io::Error,
    },
    /// The scenarios do not fit between the first port and 65535.
    #[error("{count} scenarios need more ports than there are from {first} on")]
    TooFewPorts {
        /// The first port asked for.
        first: u16,
        /// Scenarios that need one.
        count: usize,
    },
    /// A certificate or key could not be made.
    #[error("the lab could not make {what}")]
    Minting {
        /// What.
        what: &'static str,
    },
    /// A thread, a timer or a file was refused by the system.
    #[error("the system refuses what the lab needs: {0}")]
    System(#[from] io::Error),
}

impl Scenario {
    /// The scenario with this id.
    pub fn named(id: &str) -> Option<&'static Self> {
        SCENARIOS.iter().find(|s| s.id == id)
    }
}

impl Lab {
    /// Mints chains as of `now` and serves these scenarios: from `first_port` on, one port for each in their
    /// order, or on free ports.
    ///
    /// # Errors
    /// [`LabError`], when a port is taken or the system is out of something; nothing keeps running then.
    pub fn start_at(
        scenarios: &[&'static Scenario],
        first_port: Option<u16>,
        now: Moment,
    ) -> Result<Self, LabError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let mut mint = Mint::new(now)?;
        let mut servers = Vec::new();
        let mut closed = Vec::new();
        let mut running = Vec::new();
        let mut folder = None;
        {
            // Sockets belong to the runtime that they are made in.
            let _inside = runtime.enter();
            for (i, scenario) in scenarios.iter().copied().enumerate() {
                let port = match first_port {
                    None => 0,
                    Some(first) => u16::try_from(i)
                        .ok()
                        .and_then(|i| first.checked_add(i))
                        .ok_or(LabError::TooFewPorts {
                            first,
                            count: scenarios.len(),
                        })?,
                };
                let target = match (scenario.recipe)(&mut mint)? {
                    Plan::Tls(tls) => {
                        let server = Server::Tls(tls.acceptor()?);
                        scenario.at_port(open(port, server, &mut servers)?)
                    }
                    Plan::Raw(raw) => scenario.at_port(open(port, Server::Raw(raw), &mut servers)?),
                    Plan::NotListening => {
                        let (port, sockets) = bind(port)?;
                        closed.extend(sockets);
                        scenario.at_port(port)
                    }
                    Plan::Nothing => scenario.at_port(443),
                    Plan::File(bytes) => {
                        let folder = match &folder {
                            Some(folder) => folder,
                            None => folder.insert(tempfile::tempdir()?),
                        };
                        let path = folder.path().join(format!("{}.pem", scenario.id));
                        if let Some(bytes) = bytes {
                            std::fs::write(&path, bytes)?;
                        }
                        scenario.address.replace("FILE", &path.to_string_lossy())
                    }
                };
                running.push(Running { scenario, target });
            }
            servers.extend(mint.take_beside());
        }
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("lab".to_owned())
            .spawn(move || {
                runtime.block_on(async move {
                    let mut tasks = JoinSet::new();
                    for (listener, server) in servers {
                        tasks.spawn(serve::serve(listener, server));
                    }
                    // Dropping the other end stops as well.
                    let _ = stopped.await;
                    drop(closed);
                });
            })?;
        Ok(Self {
            running,
            roots: mint.into_roots(),
            minted: now,
            stop: Some(stop),
            thread: Some(thread),
            _folder: folder,
        })
    }

    /// As [`Lab::start_at`], by the clock of this machine.
    ///
    /// # Errors
    /// As [`Lab::start_at`].
    pub fn start(
        scenarios: &[&'static Scenario],
        first_port: Option<u16>,
    ) -> Result<Self, LabError> {
        Self::start_at(scenarios, first_port, Moment::now())
    }

    /// What is served, in the order asked for.
    pub fn running(&self) -> &[Running] {
        &self.running
    }

    /// DER of the roots that a store for the lab must hold; the lab's own root first.
    pub fn roots(&self) -> &[Vec<u8>] {
        &self.roots
    }

    /// The same as PEM, to give to other programs.
    pub fn root_pem(&self) -> String {
        self.roots
            .iter()
            .map(|der| recipes::pem("CERTIFICATE", der))
            .collect()
    }

    /// The moment it was minted for.
    pub fn minted(&self) -> Moment {
        self.minted
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It ends at once; if it panicked, there is nothing left to stop.
            let _ = thread.join();
        }
    }
}

impl Scenario {
    fn at_port(&self, port: u16) -> String {
        self.address.replace("PORT", &port.to_string())
    }
}

impl LabError {
    fn minting(what: &'static str) -> Self {
        Self::Minting { what }
    }
}

/// How often another free port is tried when the one found is taken on the other address family.
const TRIES: usize = 16;

/// Listens on both loopback addresses, and says on which port.
fn open(
    port: u16,
    server: Server,
    servers: &mut Vec<(TcpListener, Server)>,
) -> Result<u16, LabError> {
    let (port, sockets) = bind(port)?;
    for socket in sockets {
        let listener = socket
            .listen(128)
            .map_err(|source| LabError::Port { port, source })?;
        servers.push((listener, server.clone()));
    }
    Ok(port)
}

/// The same port on 127.0.0.1 and, where there is IPv6, on ::1, as `localhost` may mean either.
fn bind(port: u16) -> Result<(u16, Vec<TcpSocket>), LabError> {
    let mut tries = if port == 0 { TRIES } else { 1 };
    loop {
        tries -= 1;
        let fail = |source| LabError::Port { port, source };
        let four = TcpSocket::new_v4().map_err(fail)?;
        prepare(&four).map_err(fail)?;
        four.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
            .map_err(fail)?;
        let found = four.local_addr().map_err(fail)?.port();
        match bind_six(found) {
            Ok(six) => return Ok((found, vec![four, six])),
            Err(e) if e.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
            Err(e) if e.kind() == io::ErrorKind::AddrInUse => return Err(fail(e)),
            // No IPv6 on this machine: localhost is 127.0.0.1 alone.
            Err(_) => return Ok((found, vec![four])),
        }
    }
}

fn bind_six(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v6()?;
    prepare(&socket)?;
    socket.bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port)))?;
    Ok(socket)
}

/// A lab that is started again at once finds its ports free. (On Windows the option would let two
/// programs share a port.)
fn prepare(socket: &TcpSocket) -> io::Result<()> {
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    Ok(())
}
