//! Five servers that people meet, each asked by every client of this machine as a person would have it done:
//! `whycert clients … --ask`. The grid says what each client says, word for word.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rcgen::{CertificateParams, KeyPair, KeyUsagePurpose};
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use whycert::cert::pem;
use whycert::trust::{Shell, usage_lines};

use crate::captures::{head_of_request, join, serve};
use crate::support::mint::{self, Minted};
use crate::support::nginx::{self, Nginx};
use crate::support::programs::{clean, whycert};

/// Chains in PEM, served by nginx on a port each.
struct Servers {
    folder: tempfile::TempDir,
    root: PathBuf,
    nginx: Option<Nginx>,
    ports: Vec<u16>,
}

const MISSING: usize = 0;
const WHOLE: usize = 1;
const CROSS: usize = 2;
const LAX: usize = 3;
const INSPECTED: usize = 4;

/// The same with dates in days from today: these programs have no other clock.
fn dated(mut params: CertificateParams, from: i64, to: i64) -> CertificateParams {
    let now = OffsetDateTime::now_utc();
    params.not_before = now + Duration::days(from);
    params.not_after = now + Duration::days(to);
    params
}

fn ca(name: &str) -> CertificateParams {
    dated(mint::ca(name), -400, 3650)
}

fn localhost() -> CertificateParams {
    dated(mint::server(&["localhost"]), -10, 80)
}

impl Servers {
    /// `None` (and a word) when nginx is not here.
    fn start() -> Option<Self> {
        let program = nginx::program()?;
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, sent: &[&Minted]| {
            let text: String = sent.iter().map(|m| pem::encode(&m.der)).collect();
            std::fs::write(folder.path().join(name), text).unwrap();
        };
        let root = Minted::root(ca("Private Root"));
        let issuing = root.issue(ca("Issuing CA"));
        let leaf = issuing.issue(localhost());
        write("root.pem", &[&root]);
        write("0.pem", &[&leaf]);
        write("1.pem", &[&leaf, &issuing]);
        // The root, signed as well by an older one; both that signature and the older root have expired.
        let old = Minted::root(dated(mint::ca("Old Root"), -4000, -20));
        let again = KeyPair::from_pem(&root.key.serialize_pem()).unwrap();
        let cross = old.issue_with(dated(mint::ca("Private Root"), -2000, -20), again);
        write("2.pem", &[&leaf, &issuing, &cross]);
        // Without a key id of its issuer: only strict verifiers mind.
        let mut lax = localhost();
        lax.use_authority_key_identifier_extension = false;
        let lax = issuing.issue(lax);
        write("3.pem", &[&lax, &issuing]);
        let mut inspector = ca("Inspecting Proxy CA");
        inspector.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let inspector = Minted::root(inspector);
        let seen = inspector.issue(localhost());
        write("inspector.pem", &[&inspector]);
        write("4.pem", &[&seen]);
        for (name, key) in [("0", &leaf), ("3", &lax), ("4", &seen)] {
            let file = folder.path().join(format!("{name}.key"));
            std::fs::write(file, key.key.serialize_pem()).unwrap();
        }
        let mut servers = Self {
            root: folder.path().join("root.pem"),
            folder,
            nginx: None,
            ports: Vec::new(),
        };
        // Another program may take a free port before nginx does: then once more.
        assert!((0..5).any(|_| servers.listen(&program)), "nginx starts");
        Some(servers)
    }

    fn listen(&mut self, program: &Path) -> bool {
        let free: Vec<TcpListener> = (0..5)
            .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap())
            .collect();
        self.ports = free
            .iter()
            .map(|f| f.local_addr().unwrap().port())
            .collect();
        drop(free);
        let keys = ["0.key", "0.key", "0.key", "3.key", "4.key"];
        let blocks: String = std::iter::zip(&self.ports, keys)
            .enumerate()
            .map(|(n, (port, key))| {
                format!(
                    "server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {n}.pem; \
                     ssl_certificate_key {key}; return 200 hello; }}\n"
                )
            })
            .collect();
        self.nginx = Nginx::start(program, self.folder.path(), &blocks);
        self.nginx.is_some()
    }

    /// Every client asked about one of them, with these variables.
    fn asked(&self, name: &str, which: usize, variables: &[(&str, OsString)]) -> Grid {
        let home = self.folder.path().join("home");
        let output = whycert(&home)
            .args([
                "clients",
                &format!("https://localhost:{}", self.ports[which]),
            ])
            .args(["--ask", "--yes", "--format", "json"])
            .envs(variables.iter().map(|(n, v)| (*n, v)))
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {text}"));
        let grid = Grid {
            name: name.to_owned(),
            json,
        };
        grid.is_as_measured();
        grid
    }

    /// Given to every client that takes a variable.
    fn given(&self, file: &Path) -> Vec<(&'static str, OsString)> {
        [
            "SSL_CERT_FILE",
            "REQUESTS_CA_BUNDLE",
            "CURL_CA_BUNDLE",
            "NODE_EXTRA_CA_CERTS",
            "GIT_SSL_CAINFO",
            "npm_config_cafile",
            "PIP_CERT",
            "DENO_CERT",
        ]
        .map(|name| (name, file.as_os_str().to_owned()))
        .into()
    }
}

/// What `whycert clients` said.
struct Grid {
    name: String,
    json: Value,
}

impl Grid {
    fn measured(&self) -> impl Iterator<Item = &Value> {
        let rows = self.json["verdicts"].as_array().unwrap();
        rows.iter().filter(|row| row["kind"] == "measured")
    }

    /// No client says otherwise than predicted, and none that is here was left out silently.
    fn is_as_measured(&self) {
        let rows = self.json["verdicts"].as_array().unwrap();
        let failed: Vec<String> = rows
            .iter()
            .filter_map(|row| {
                let other_version = row["version_measured"] == false && row["differs"] == "words";
                let differs = !row["differs"].is_null() && !other_version;
                let silent = !row["not_asked"].is_null();
                (differs || silent).then(|| {
                    format!(
                        "{} ({}): {} {}\n  predicted: {}\n  measured: {} {} {}",
                        row["client"],
                        row["version"],
                        row["differs"],
                        row["not_asked"],
                        row["predicted"],
                        row["accepted"],
                        row["message"],
                        row["cause"]
                    )
                })
            })
            .collect();
        assert!(failed.is_empty(), "{}:\n{}", self.name, failed.join("\n"));
        let (yes, no): (Vec<_>, Vec<_>) = self.measured().partition(|row| row["accepted"] == true);
        let names = |rows: &[&Value]| {
            let names: Vec<&str> = rows.iter().filter_map(|r| r["client"].as_str()).collect();
            names.join(" ")
        };
        println!(
            "{}: accept: {}; reject: {}",
            self.name,
            names(&yes),
            names(&no)
        );
        let ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        assert!(
            !ci || yes.len() + no.len() >= 10,
            "too few clients answered"
        );
    }

    /// Of the clients here whose id begins so, all say this; whether there are any.
    fn all(&self, prefix: &str, accept: bool) -> bool {
        let mut any = false;
        for row in self.measured() {
            if row["client"].as_str().unwrap().starts_with(prefix) {
                assert_eq!(row["accepted"], accept, "{}: {row:#}", self.name);
                any = true;
            }
        }
        any
    }
}

#[test]
fn the_grid_says_what_each_client_says_of_five_set_ups() {
    let Some(servers) = Servers::start() else {
        return;
    };
    let given = servers.given(&servers.root);
    let root = servers.root.as_os_str().to_owned();

    let missing = servers.asked("missing intermediate", MISSING, &given);
    assert!(missing.measured().all(|row| row["accepted"] == false));

    let python = [("REQUESTS_CA_BUNDLE", root)];
    let python = servers.asked("root for requests only", WHOLE, &python);
    python.all("curl", false);
    python.all("python311-requests", true);
    python.all("python313-requests", true);
    python.all("python311-httpx", false);

    let cross = servers.asked("expired cross-sign", CROSS, &given);
    cross.all("curl", true);
    cross.all("python31", true);
    cross.all("go", true);
    cross.all("node", true);

    let lax = servers.asked("only for Python 3.13", LAX, &given);
    lax.all("curl", true);
    lax.all("python311", true);
    if !lax.all("python313-urllib", false) {
        println!("skipped: no Python 3.13 or later is here");
    }

    // The proxy takes everyone to a server with a certificate of its own CA: what inspecting proxies do.
    let to = servers.ports[INSPECTED];
    let proxy = serve(move |mut stream| {
        head_of_request(&stream)?;
        let server = TcpStream::connect((Ipv4Addr::LOCALHOST, to))?;
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        join(stream, server)
    });
    inspected(
        &servers,
        "inspecting proxy",
        proxy,
        &servers.folder.path().join("inspector.pem"),
    );
}

/// The same with mitmproxy itself; where it is not installed, the proxy above stands for it.
#[test]
fn the_grid_says_what_each_client_says_behind_mitmproxy() {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mitmdump = std::env::split_paths(&path)
        .map(|folder| folder.join("mitmdump"))
        .find(|file| file.is_file());
    let Some(mitmdump) = mitmdump else {
        println!("skipped: mitmdump is not installed");
        return;
    };
    let Some(servers) = Servers::start() else {
        return;
    };
    let folder = servers.folder.path().join("mitm");
    let mut child = clean(mitmdump)
        .args([
            "--listen-host",
            "127.0.0.1",
            "--listen-port",
            "0",
            "--ssl-insecure",
        ])
        .args(["--set", &format!("confdir={}", folder.display())])
        .env("HOME", servers.folder.path())
        .env("PYTHONUNBUFFERED", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let (_, address) = line.split_once("listening at ")?;
        address
            .trim_end_matches('.')
            .rsplit(':')
            .next()?
            .parse()
            .ok()
    });
    let port: u16 = port.expect("mitmdump says where it listens");
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    let ca = folder.join("mitmproxy-ca-cert.pem");
    inspected(&servers, "mitmproxy", port, &ca);
    let _ = child.kill();
    let _ = child.wait();
}

fn inspected(servers: &Servers, name: &str, proxy: u16, ca: &Path) {
    let url = OsString::from(format!("http://127.0.0.1:{proxy}"));
    let variables: Vec<(&str, OsString)> = ["HTTPS_PROXY", "https_proxy", "http_proxy"]
        .map(|name| (name, url.clone()))
        .into();
    let unknown = servers.asked(name, WHOLE, &variables);
    assert!(unknown.measured().all(|row| row["accepted"] == false));
    let given: Vec<_> = variables.into_iter().chain(servers.given(ca)).collect();
    let known = servers.asked(&format!("{name}, its CA given"), WHOLE, &given);
    known.all("curl", true);
    known.all("python311-requests", true);
    // Go does not ask a proxy for this machine, Node for none: they see the server itself.
    known.all("go", false);
    known.all("node20-https", false);
}

/// The program as the printed lines name it and as its binary is called; the command that tells, with
/// `{URL}`; words that say that the certificate was refused.
const FIXED: &[(&str, &str, &str, &str)] = &[
    ("curl", "curl", "curl -sS {URL}", "SSL certificate problem"),
    ("git", "git", "git ls-remote {URL}repo.git", "certificate"),
    (
        "Node",
        "node",
        "node -e \"fetch('{URL}').catch(e => console.log(e.cause.code))\"",
        "UNABLE_TO",
    ),
    (
        "uv",
        "uv",
        "uv pip install --dry-run --no-deps --no-cache --target . --index-url {URL}simple/ labpkg",
        "invalid peer certificate",
    ),
    (
        "Deno",
        "deno",
        "deno eval \"await fetch('{URL}')\"",
        "invalid peer certificate",
    ),
    (
        "Bun",
        "bun",
        "bun -e \"await fetch('{URL}')\"",
        "UNABLE_TO_GET_ISSUER_CERT",
    ),
    (
        "pnpm",
        "pnpm",
        "pnpm add labpkg --registry={URL} --config.fetch-retries=0",
        "invalid peer certificate",
    ),
    (
        "poetry",
        "poetry",
        "poetry lock -n",
        "CERTIFICATE_VERIFY_FAILED|attempts to connect",
    ),
    (
        "kubectl, helm",
        "kubectl",
        "kubectl --cluster=lab --token=none get --raw /",
        "x509:",
    ),
];

/// Fails before, passes after the line that whycert prints for the program. Those that no distribution of
/// the tests brings are asked where they are.
#[test]
fn the_printed_line_makes_its_program_accept() {
    let Some(servers) = Servers::start() else {
        return;
    };
    let folder = servers.folder.path();
    let url = format!("https://localhost:{}/", servers.ports[WHOLE]);
    let lines = usage_lines(&servers.root, Shell::Posix);
    let path = std::env::var_os("PATH").unwrap_or_default();
    for (program, binary, probe, refused) in FIXED {
        if !std::env::split_paths(&path).any(|folder| folder.join(binary).is_file()) {
            println!("skipped: {binary}");
            continue;
        }
        let mut of_program = lines.iter().filter(|line| line.program == *program);
        let line = of_program
            .next()
            .unwrap_or_else(|| panic!("no line for {program}"));
        let home = folder.join(binary);
        std::fs::create_dir_all(&home).unwrap();
        std::fs::write(
            home.join("package.json"),
            "{\"name\":\"x\",\"version\":\"1.0.0\"}",
        )
        .unwrap();
        let project = format!(
            "[project]\nname = \"x\"\nversion = \"0.1.0\"\nrequires-python = \">=3.9\"\n\
             [tool.poetry]\npackage-mode = false\n\
             [[tool.poetry.source]]\nname = \"lab\"\nurl = \"{url}simple/\"\npriority = \"primary\"\n\
             [tool.poetry.dependencies]\nlabpkg = \"*\"\n"
        );
        std::fs::write(home.join("pyproject.toml"), project).unwrap();
        let probe = probe.replace("{URL}", &url);
        let told = |script: &str| -> String {
            let server = url.trim_end_matches('/');
            let output = clean("sh")
                .args(["-c", script])
                .env("HOME", &home)
                .env("KUBECONFIG", home.join("kubeconfig"))
                .env("SERVER", server)
                .env("DENO_NO_UPDATE_CHECK", "1")
                .env("GIT_TERMINAL_PROMPT", "0")
                .env_remove("XDG_CONFIG_HOME")
                .env_remove("XDG_DATA_HOME")
                .current_dir(&home)
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let both = [output.stdout, output.stderr].concat();
            String::from_utf8_lossy(&both).into_owned()
        };
        let cluster = "kubectl config set-cluster lab --server=$SERVER >&2; ";
        let setup = if *binary == "kubectl" { cluster } else { "" };
        let is_refused = |said: &str| refused.split('|').any(|words| said.contains(words));
        let before = told(&format!("{setup}{probe}"));
        assert!(is_refused(&before), "{program} accepts before: {before}");
        let fix = line.line.replace("NAME", "lab");
        let after = told(&format!("{fix}\n{probe}"));
        assert!(!is_refused(&after), "{program} after {fix}: {after}");
        println!("{program}: {fix}");
    }
}
