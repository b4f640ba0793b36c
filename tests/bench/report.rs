//! From a file to JSON without the network: read, decode, build, judge, diagnose, print; and one server
//! of the lab, side by side with a bare handshake and with `openssl s_client`. Run with
//! `cargo bench --bench report`.

use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use whycert::export::{self, Format, What};
use whycert::inspect::{self, Options};
use whycert::lab::{Lab, Scenario};
use whycert::store::{Anchor, StoreKind, Stores, TrustStore};
use whycert::target::{Source, Target};

fn report(criterion: &mut Criterion) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/verify");
    let root = std::fs::read(folder.join("root.pem")).expect("test data");
    let (_, root) = x509_parser::pem::parse_x509_pem(&root).expect("a PEM");
    let anchor = Anchor {
        der: root.contents.into(),
    };
    let stores = Stores::only(TrustStore::new(
        StoreKind::Given,
        "bench",
        "the benchmark's store",
        None,
        vec![anchor],
        Vec::new(),
    ));
    let path = folder.join("chain.pem");
    let target = Target {
        typed: path.to_string_lossy().into_owned(),
        source: Source::File(path),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let options = Options::default();
    criterion.bench_function("file to JSON", |bencher| {
        bencher.iter(|| {
            let stores = std::future::ready(stores.clone());
            let looking = inspect::run(&target, &options, stores, &|_| {});
            let inspection = runtime.block_on(looking);
            black_box(export::render(&inspection, What::Chain, Format::Json).expect("JSON"))
        });
    });
}

/// The same healthy server, asked in four ways. Each handshake is new: nothing is resumed.
fn one_server(criterion: &mut Criterion) {
    let healthy = Scenario::named("healthy").expect("a scenario");
    let lab = Lab::start(&[healthy], None).expect("a lab");
    let typed = lab.running()[0].target.clone();
    let address = typed.trim_start_matches("https://").to_owned();
    let target = Target::parse(&typed).expect("a target");
    let root = lab.roots()[0].clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let mut group = criterion.benchmark_group("one server");

    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(root.clone()))
        .expect("a root");
    let mut config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = tokio_rustls::rustls::client::Resumption::disabled();
    let connector = TlsConnector::from(Arc::new(config));
    group.bench_function("bare handshake", |bencher| {
        bencher.iter(|| {
            runtime.block_on(async {
                let stream = tokio::net::TcpStream::connect(&address)
                    .await
                    .expect("a connection");
                let name = ServerName::try_from("localhost").expect("a name");
                let stream = connector.connect(name, stream).await.expect("a handshake");
                black_box(stream.get_ref().1.peer_certificates().map(<[_]>::len))
            })
        });
    });

    let anchor = Anchor { der: root.into() };
    let stores = Stores::only(TrustStore::new(
        StoreKind::Given,
        "lab",
        "the lab's roots",
        None,
        vec![anchor],
        Vec::new(),
    ));
    let options = Options::default();
    group.bench_function("inspect to JSON", |bencher| {
        bencher.iter(|| {
            let stores = std::future::ready(stores.clone());
            let inspection = runtime.block_on(inspect::run(&target, &options, stores, &|_| {}));
            black_box(export::json::line(&inspection))
        });
    });

    let mut quietly = |name: &str, command: &mut Command| {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        group.bench_function(name, |bencher| {
            bencher.iter(|| command.status().expect("the program starts"));
        });
    };
    let mut whycert = Command::new(env!("CARGO_BIN_EXE_whycert"));
    whycert.args(["inspect", "--format", "json", &typed]);
    quietly("whycert inspect, whole process", &mut whycert);
    let mut openssl = Command::new("openssl");
    openssl.args(["s_client", "-servername", "localhost", "-connect", &address]);
    quietly("openssl s_client, whole process", &mut openssl);
}

criterion_group!(benches, report, one_server);
criterion_main!(benches);
