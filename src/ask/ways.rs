//! How each client is asked: one command that does a handshake and one request without a body, and how
//! its answer is read. A table; nothing is run here.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::read::{self, Reads};
use crate::judge::client::Installed;
use crate::store;
use crate::target::{Endpoint, Host, Scheme, ServerNameChoice};
use crate::text;

/// One client and the command that asks it.
#[derive(Clone, Debug)]
pub struct Way {
    /// [`crate::judge::client::Profile::id`].
    pub client: &'static str,
    /// The version found, safe to display.
    pub version: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments; it runs in an empty folder that is made for it.
    pub arguments: Vec<String>,
    /// A file that is put into that folder: name and text.
    pub file: Option<(&'static str, &'static str)>,
    /// A file of the user's home that it needs to see there: its place below the home.
    pub home: Option<&'static str>,
    /// Variables to set, or to take away.
    pub variables: Vec<(String, Option<OsString>)>,
    /// What the server gets to see.
    pub sends: &'static str,
    /// Longest time it may take.
    pub limit: Duration,
    pub(super) reads: Reads,
}

impl Way {
    /// The command as a shell takes it, on one line; safe to display.
    pub fn command(&self) -> String {
        let program = self.program.to_string_lossy();
        let set = self.variables.iter().filter_map(|(name, value)| {
            let value = value.as_ref()?.to_string_lossy();
            Some(format!("{name}={}", text::shell_quote(&value)))
        });
        let words = std::iter::once(program.as_ref())
            .chain(self.arguments.iter().map(String::as_str))
            .map(|word| text::shell_quote(word).to_string());
        text::safe(&set.chain(words).collect::<Vec<_>>().join(" ")).into_owned()
    }
}

/// Why clients cannot be asked about a target, in one sentence.
pub fn obstacle(endpoint: Option<&Endpoint>) -> Option<&'static str> {
    let Some(endpoint) = endpoint else {
        return Some("This is a file: clients can only be asked about a server.");
    };
    if endpoint.upgrade.is_some() {
        return Some(
            "This server starts TLS inside of another protocol, which these clients do not speak.",
        );
    }
    if endpoint.connect.is_some() || endpoint.server_name != ServerNameChoice::Host {
        return Some(
            "Clients would go to the address and ask for the name of the URL: leave out --connect, --sni and --no-sni.",
        );
    }
    matches!(endpoint.scheme, Scheme::Http | Scheme::Ws)
        .then_some("This is a plain http:// address: there is no TLS to ask about.")
}

/// The commands for these clients and this endpoint. Settings of configuration files that these clients
/// would read from the home folder are given as arguments, because they get an empty home.
pub fn ways(
    endpoint: &Endpoint,
    installed: &[Installed],
    environment: Option<&store::Environment>,
) -> Vec<Way> {
    installed
        .iter()
        .filter_map(|one| Some((one, TABLE.iter().find(|row| row.serves(one.client))?)))
        .map(|(one, row)| row.way(endpoint, one, environment))
        .collect()
}

/// One row of the table.
struct Row {
    /// Ids of profiles; a star at the end stands for any ending.
    clients: &'static [&'static str],
    /// Arguments: `{URL}`, `{HOST}`, `{PORT}`, `{BARE}` (without brackets), `{SNI}` are
    /// filled in.
    arguments: &'static [&'static str],
    file: Option<(&'static str, &'static str)>,
    /// A variable that makes it this client, and its value.
    variable: Option<(&'static str, &'static str)>,
    /// Its own trust store in the user's home, if it has one.
    home: Option<&'static str>,
    /// A setting of a configuration file, and the option that says the same.
    setting: Option<(&'static str, &'static str)>,
    sends: &'static str,
    seconds: u64,
    reads: Reads,
}

const HEAD: &str = "a handshake and one HEAD request";
const GET: &str = "a handshake and one GET request";
const JAVA: (&str, &str) = ("Ask.java", include_str!("../../assets/ask/Ask.java"));
const GO: (&str, &str) = ("ask.go", include_str!("../../assets/ask/ask.go"));

const DENO: &[&str] = &[
    "eval",
    "--quiet",
    "try { await fetch(Deno.args[0], {method: 'HEAD', signal: AbortSignal.timeout(8000)}) } catch (e) { console.error(e.message + '\\n' + (e.cause?.message ?? '')); Deno.exit(1) }",
    "{URL}",
];

const PLAIN: Row = Row {
    clients: &[],
    arguments: &[],
    file: None,
    variable: None,
    home: None,
    setting: None,
    sends: HEAD,
    seconds: 15,
    reads: read::script,
};

const TABLE: &[Row] = &[
    Row {
        clients: &["curl7-openssl", "curl8-openssl", "curl8-gnutls"],
        arguments: &["-sSI", "-o", "/dev/null", "--max-time", "8", "{URL}"],
        setting: Some(("curl cacert", "--cacert")),
        reads: read::curl,
        ..PLAIN
    },
    Row {
        clients: &["wget121", "wget125"],
        arguments: &["--spider", "--tries=1", "--timeout=8", "--no-hsts", "{URL}"],
        setting: Some(("wget ca_certificate", "--ca-certificate")),
        reads: read::wget,
        ..PLAIN
    },
    Row {
        clients: &["wget2"],
        arguments: &["--spider", "--tries=1", "--timeout=8", "{URL}"],
        reads: read::wget2,
        ..PLAIN
    },
    Row {
        clients: &["git"],
        arguments: &["-c", "credential.helper=", "ls-remote", "{URL}repo.git"],
        setting: Some(("git http.sslCAInfo", "-c http.sslCAInfo")),
        sends: GET,
        reads: read::git,
        ..PLAIN
    },
    Row {
        clients: &["s_client30", "s_client35"],
        arguments: &[
            "s_client",
            "-connect",
            "{HOST}:{PORT}",
            "{SNI}",
            "-verify_return_error",
        ],
        sends: "a handshake, and nothing after it",
        reads: read::s_client,
        ..PLAIN
    },
    Row {
        clients: &["gnutls-cli"],
        arguments: &["-p", "{PORT}", "{BARE}"],
        sends: "a handshake, and nothing after it",
        reads: read::gnutls_cli,
        ..PLAIN
    },
    Row {
        clients: &["python*-urllib", "python311-urllib-debian"],
        arguments: &[
            "-c",
            "import sys, urllib.request as r; r.urlopen(r.Request(sys.argv[1], method='HEAD'), timeout=8)",
            "{URL}",
        ],
        reads: read::python,
        ..PLAIN
    },
    Row {
        clients: &["python*-requests"],
        arguments: &[
            "-c",
            "import sys, requests; requests.head(sys.argv[1], timeout=8)",
            "{URL}",
        ],
        reads: read::python,
        ..PLAIN
    },
    Row {
        clients: &["python*-httpx"],
        arguments: &[
            "-c",
            "import sys, httpx; httpx.head(sys.argv[1], timeout=8)",
            "{URL}",
        ],
        reads: read::python,
        ..PLAIN
    },
    Row {
        clients: &["python*-aiohttp"],
        arguments: &[
            "-c",
            "import sys, asyncio, aiohttp\nasync def head():\n    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(8)) as s: await s.head(sys.argv[1])\nasyncio.run(head())",
            "{URL}",
        ],
        reads: read::python,
        ..PLAIN
    },
    Row {
        clients: &["python*-openai"],
        arguments: &[
            "-c",
            "import sys, openai\nclient = openai.OpenAI(base_url=sys.argv[1], api_key='none', max_retries=0, timeout=8)\ntry: client.models.list()\nexcept openai.APIConnectionError: raise\nexcept Exception: pass",
            "{URL}",
        ],
        sends: "a handshake and one GET request for /models, with “none” as key",
        reads: read::python,
        ..PLAIN
    },
    Row {
        clients: &["python*-urllib3"],
        arguments: &[
            "-c",
            "import sys, urllib3; urllib3.PoolManager(retries=0, timeout=8).request('HEAD', sys.argv[1])",
            "{URL}",
        ],
        reads: read::python,
        ..PLAIN
    },
    Row {
        clients: &["python*-urllib-truststore"],
        arguments: &[
            "-c",
            "import truststore; truststore.inject_into_ssl()\nimport sys, urllib.request as r; r.urlopen(r.Request(sys.argv[1], method='HEAD'), timeout=8)",
            "{URL}",
        ],
        reads: read::python,
        ..PLAIN
    },
    Row {
        clients: &["python*-requests-truststore"],
        arguments: &[
            "-c",
            "import truststore; truststore.inject_into_ssl()\nimport sys, requests; requests.head(sys.argv[1], timeout=8)",
            "{URL}",
        ],
        reads: read::python,
        ..PLAIN
    },
    Row {
        clients: &["python*-httpx-truststore"],
        arguments: &[
            "-c",
            "import truststore; truststore.inject_into_ssl()\nimport sys, httpx; httpx.head(sys.argv[1], timeout=8)",
            "{URL}",
        ],
        reads: read::python,
        ..PLAIN
    },
    Row {
        clients: &["python*-aiohttp-truststore"],
        arguments: &[
            "-c",
            "import truststore; truststore.inject_into_ssl()\nimport sys, asyncio, aiohttp\nasync def head():\n    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(8)) as s: await s.head(sys.argv[1])\nasyncio.run(head())",
            "{URL}",
        ],
        reads: read::python,
        ..PLAIN
    },
    Row {
        clients: &["pip23", "pip26"],
        arguments: &[
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--no-cache-dir",
            "--disable-pip-version-check",
            "--retries",
            "1",
            "--timeout",
            "2",
            "-d",
            ".",
            "-i",
            "{URL}simple/",
            "labpkg",
        ],
        setting: Some(("pip cert", "--cert")),
        sends: "up to two handshakes, each with one GET request for /simple/labpkg/",
        seconds: 40,
        reads: read::pip,
        ..PLAIN
    },
    Row {
        clients: &["node*-https"],
        arguments: &[
            "-e",
            "require('https').request(process.argv[1], {method: 'HEAD', timeout: 8000}, r => process.exit(0)).on('error', e => { console.error(e.message); process.exit(1) }).end()",
            "{URL}",
        ],
        ..PLAIN
    },
    Row {
        clients: &["node*-fetch"],
        arguments: &[
            "-e",
            "fetch(process.argv[1], {method: 'HEAD'}).then(() => process.exit(0), e => { console.error(e.message + '\\n' + (e.cause?.message ?? '')); process.exit(1) })",
            "{URL}",
        ],
        reads: read::script_with_cause,
        ..PLAIN
    },
    Row {
        clients: &["node*-https-system"],
        arguments: &[
            "--use-system-ca",
            "-e",
            "require('https').request(process.argv[1], {method: 'HEAD', timeout: 8000}, r => process.exit(0)).on('error', e => { console.error(e.message); process.exit(1) }).end()",
            "{URL}",
        ],
        ..PLAIN
    },
    Row {
        clients: &["node*-fetch-system"],
        arguments: &[
            "--use-system-ca",
            "-e",
            "fetch(process.argv[1], {method: 'HEAD'}).then(() => process.exit(0), e => { console.error(e.message + '\\n' + (e.cause?.message ?? '')); process.exit(1) })",
            "{URL}",
        ],
        reads: read::script_with_cause,
        ..PLAIN
    },
    Row {
        clients: &["node*-axios"],
        arguments: &[
            "-e",
            "require(process.argv[1]).head(process.argv[2], {timeout: 8000, validateStatus: null}).then(() => process.exit(0), e => { console.error(e.message + '\\n' + (e.cause?.message ?? '')); process.exit(1) })",
            "{MODULE}",
            "{URL}",
        ],
        reads: read::script_with_cause,
        ..PLAIN
    },
    Row {
        clients: &["node*-openai"],
        arguments: &[
            "-e",
            "const O = require(process.argv[1]).OpenAI; new O({baseURL: process.argv[2], apiKey: 'none', maxRetries: 0, timeout: 8000}).models.list().then(() => process.exit(0), e => { if (e.status) process.exit(0); let c = e; while (c.cause) c = c.cause; console.error(e.message + '\\n' + (c === e ? '' : c.message)); process.exit(1) })",
            "{MODULE}",
            "{URL}",
        ],
        sends: "a handshake and one GET request for /models, with “none” as key",
        reads: read::script_with_cause,
        ..PLAIN
    },
    Row {
        clients: &["bun"],
        arguments: &[
            "-e",
            "try { await fetch(process.argv[1], {method: 'HEAD', signal: AbortSignal.timeout(8000)}) } catch (e) { console.error(e.message); process.exit(1) }",
            "{URL}",
        ],
        ..PLAIN
    },
    Row {
        clients: &["deno"],
        arguments: DENO,
        reads: read::script_with_cause,
        ..PLAIN
    },
    Row {
        clients: &["deno-system"],
        arguments: DENO,
        variable: Some(("DENO_TLS_CA_STORE", "system")),
        reads: read::script_with_cause,
        ..PLAIN
    },
    Row {
        clients: &["uv"],
        arguments: &[
            "pip",
            "install",
            "--dry-run",
            "--no-deps",
            "--no-cache",
            "--target",
            ".",
            "--index-url",
            "{URL}simple/",
            "labpkg",
        ],
        sends: "a handshake and one GET request for /simple/labpkg/",
        reads: read::uv,
        ..PLAIN
    },
    Row {
        clients: &["uv-system"],
        arguments: &[
            "pip",
            "install",
            "--system-certs",
            "--dry-run",
            "--no-deps",
            "--no-cache",
            "--target",
            ".",
            "--index-url",
            "{URL}simple/",
            "labpkg",
        ],
        sends: "a handshake and one GET request for /simple/labpkg/",
        reads: read::uv,
        ..PLAIN
    },
    Row {
        clients: &["kubectl"],
        arguments: &[
            "--server={URL}",
            "--token=none",
            "--request-timeout=8s",
            "get",
            "--raw",
            "/",
        ],
        sends: "a handshake and one GET request, with “none” as token",
        reads: read::kubectl,
        ..PLAIN
    },
    Row {
        clients: &["chromium"],
        arguments: &[
            "--headless",
            "{AS_ROOT}",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-domain-reliability",
            "--no-pings",
            "--user-data-dir=profile",
            "--dump-dom",
            "{URL}robots.txt",
        ],
        home: Some(".pki/nssdb/cert9.db"),
        sends: "a handshake and a browser's GET request for /robots.txt",
        seconds: 40,
        reads: read::chromium,
        ..PLAIN
    },
    Row {
        clients: &["npm"],
        arguments: &[
            "view",
            "labpkg",
            "--registry={URL}",
            "--fetch-retries=0",
            "--globalconfig=none",
            "--no-update-notifier",
        ],
        setting: Some(("npm cafile", "--cafile")),
        sends: "a handshake and one GET request for /labpkg",
        seconds: 40,
        reads: read::npm,
        ..PLAIN
    },
    Row {
        clients: &["java*-url"],
        arguments: &["Ask.java", "url", "{URL}"],
        file: Some(JAVA),
        seconds: 60,
        reads: read::java,
        ..PLAIN
    },
    Row {
        clients: &["java*-client"],
        arguments: &["Ask.java", "client", "{URL}"],
        file: Some(JAVA),
        seconds: 60,
        reads: read::java,
        ..PLAIN
    },
    Row {
        clients: &["go124"],
        arguments: &["run", "ask.go", "{URL}"],
        file: Some(GO),
        sends: GET,
        seconds: 180,
        reads: read::go,
        ..PLAIN
    },
    Row {
        clients: &["ruby"],
        arguments: &[
            "-rnet/http",
            "-e",
            "u = URI(ARGV[0]); begin; Net::HTTP.start(u.hostname, u.port, use_ssl: true, open_timeout: 8, read_timeout: 8) { |h| h.head('/') }; rescue => e; abort e.message; end",
            "{URL}",
        ],
        ..PLAIN
    },
    Row {
        clients: &["php-streams"],
        arguments: &[
            "-r",
            "set_error_handler(function ($n, $m) { fwrite(STDERR, \"$m\\n\"); return true; }); $o = ['http' => ['method' => 'HEAD', 'ignore_errors' => true, 'timeout' => 8]]; exit(file_get_contents($argv[1], false, stream_context_create($o)) === false ? 1 : 0);",
            "{URL}",
        ],
        ..PLAIN
    },
    Row {
        clients: &["php-curl"],
        arguments: &[
            "-r",
            "$c = curl_init($argv[1]); curl_setopt_array($c, [CURLOPT_NOBODY => true, CURLOPT_TIMEOUT => 8]); if (curl_exec($c) === false) { fwrite(STDERR, curl_error($c)); exit(1); }",
            "{URL}",
        ],
        ..PLAIN
    },
    Row {
        clients: &["perl-lwp"],
        arguments: &[
            "-MLWP::UserAgent",
            "-e",
            "$r = LWP::UserAgent->new(timeout => 8)->head($ARGV[0]); exit 0 unless ($r->header('Client-Warning') // '') eq 'Internal response'; print STDERR $r->status_line, \"\\n\", $r->content; exit 1",
            "{URL}",
        ],
        ..PLAIN
    },
];

impl Row {
    fn serves(&self, client: &str) -> bool {
        self.clients.iter().any(|name| match name.split_once('*') {
            Some((start, end)) => client.strip_prefix(start).is_some_and(|rest| {
                rest.strip_suffix(end)
                    .is_some_and(|version| version.bytes().all(|b| b.is_ascii_digit()))
            }),
            None => *name == client,
        })
    }

    fn way(
        &self,
        endpoint: &Endpoint,
        one: &Installed,
        environment: Option<&store::Environment>,
    ) -> Way {
        let (host, bare, sni) = match &endpoint.host {
            Host::Name { ascii, .. } => (ascii.clone(), ascii.clone(), "-servername"),
            Host::Ip(ip) if ip.is_ipv6() => (format!("[{ip}]"), ip.to_string(), "-noservername"),
            Host::Ip(ip) => (ip.to_string(), ip.to_string(), "-noservername"),
        };
        let port = endpoint.port.to_string();
        let module = one.edition.files.get("module");
        let module = module.map_or_else(String::new, |m| m.to_string_lossy().into_owned());
        let authority = if endpoint.port == 443 {
            host.clone()
        } else {
            format!("{host}:{port}")
        };
        let url = format!("https://{authority}/");
        let mut arguments: Vec<String> = Vec::new();
        for word in self.arguments {
            if *word == "{AS_ROOT}" {
                arguments.extend(runs_as_root().then(|| "--no-sandbox".to_owned()));
                continue;
            }
            if *word == "{SNI}" {
                arguments.push(sni.to_owned());
                arguments.extend((sni == "-servername").then(|| bare.clone()));
                continue;
            }
            let filled = word
                .replace("{URL}", &url)
                .replace("{HOST}", &host)
                .replace("{BARE}", &bare)
                .replace("{PORT}", &port)
                .replace("{MODULE}", &module);
            arguments.push(filled);
        }
        if let Some((name, option)) = self.setting
            && let Some(path) = environment.and_then(|e| set_in_a_file(e, name))
        {
            // `-c name=value` stands before git's command; all others anywhere.
            let said = match option.split_once(' ') {
                Some((flag, key)) => vec![flag.to_owned(), format!("{key}={path}")],
                None if option == "--cacert" => vec![option.to_owned(), path],
                None => vec![format!("{option}={path}")],
            };
            let place = if one.client == "git" {
                0
            } else {
                arguments.len()
            };
            let place = if one.client.starts_with("pip") {
                3
            } else {
                place
            };
            let place = if one.client.starts_with("curl") {
                0
            } else {
                place
            };
            arguments.splice(place..place, said);
        }
        Way {
            client: one.client,
            version: one.version.clone(),
            program: one.program.clone(),
            arguments,
            file: self.file,
            home: self.home,
            variables: self
                .variable
                .map(|(name, value)| (name.to_owned(), Some(value.into())))
                .into_iter()
                .collect(),
            sends: self.sends,
            limit: Duration::from_secs(self.seconds),
            reads: self.reads,
        }
    }
}

/// Chromium's sandbox does not start for root.
fn runs_as_root() -> bool {
    #[cfg(unix)]
    return rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    false
}

/// The path that a configuration file, not a variable, gives for this setting.
fn set_in_a_file(environment: &store::Environment, name: &str) -> Option<String> {
    let setting = environment.settings.iter().find(|s| {
        s.known.name == name
            && s.only_for.is_none()
            && s.overridden.is_empty()
            && matches!(s.place, store::Place::File { .. })
    })?;
    let path = match &setting.found {
        store::Found::Anchors(store) => store.path.clone()?,
        store::Found::Missing(path) | store::Found::Unreadable(path, _) => path.clone(),
        _ => return None,
    };
    Some(path.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::client::by_id;
    use crate::target::Target;

    #[test]
    fn every_id_of_the_table_is_a_client() {
        for name in TABLE.iter().flat_map(|row| row.clients) {
            let known = match name.split_once('*') {
                Some(_) => crate::judge::client::profiles().iter().any(|p| {
                    TABLE
                        .iter()
                        .any(|row| row.serves(&p.id) && row.clients.contains(name))
                }),
                None => by_id(name).is_some(),
            };
            assert!(known, "{name}");
        }
    }

    #[test]
    fn commands_name_the_endpoint_and_nothing_else() {
        let target = Target::parse("https://localhost:8443/secret?token=1").unwrap();
        let installed: Vec<Installed> = ["curl7-openssl", "git", "s_client30", "java17-url"]
            .map(|client| Installed {
                client,
                program: PathBuf::from("/usr/bin/x y"),
                version: String::new(),
                same_line: true,
                edition: crate::judge::client::Edition::default(),
                others: 0,
            })
            .into();
        let found = ways(target.endpoint().unwrap(), &installed, None);
        let commands: Vec<String> = found.iter().map(Way::command).collect();
        assert_eq!(
            commands,
            [
                "'/usr/bin/x y' -sSI -o /dev/null --max-time 8 https://localhost:8443/",
                "'/usr/bin/x y' -c credential.helper= ls-remote https://localhost:8443/repo.git",
                "'/usr/bin/x y' s_client -connect localhost:8443 -servername localhost -verify_return_error",
                "'/usr/bin/x y' Ask.java url https://localhost:8443/",
            ]
        );
    }

    #[test]
    fn some_targets_cannot_be_asked_about() {
        let told = |typed: &str| obstacle(Target::parse(typed).unwrap().endpoint()).is_some();
        assert!(told("./chain.pem") && told("smtp://localhost:25") && told("http://localhost"));
        assert!(!told("https://localhost") && !told("localhost:8443"));
    }
}
