//! The table of clients that can be asked: for each the arguments that do one handshake and the smallest
//! request it can make, and how its answer is read.

use super::browser::Control;
use super::read::{self, Reads};

/// One row of the table.
pub(super) struct Row {
    /// Ids of profiles; a star at the end stands for any ending.
    pub(super) clients: &'static [&'static str],
    /// Arguments: `{URL}`, `{HOST}`, `{PORT}`, `{BARE}` (without brackets), `{SNI}` are
    /// filled in.
    pub(super) arguments: &'static [&'static str],
    pub(super) file: Option<(&'static str, &'static str)>,
    /// Variables that make it this client, with their values.
    pub(super) variables: &'static [(&'static str, &'static str)],
    /// Its own trust store in the user's home, if it has one.
    pub(super) home: Option<&'static str>,
    /// A setting of a configuration file, and the option that says the same.
    pub(super) setting: Option<(&'static str, &'static str)>,
    /// Options that hand it a file of roots, `{CA}`, where no variable or setting does.
    pub(super) roots: &'static [&'static str],
    /// The folder of its database of roots, below its home: what it is given goes into a new one.
    pub(super) database: Option<&'static str>,
    /// It is told through its remote control what to ask for.
    pub(super) control: Option<Control>,
    pub(super) sends: &'static str,
    pub(super) seconds: u64,
    pub(super) reads: Reads,
}

const HEAD: &str = "a handshake and one HEAD request";
const GET: &str = "a handshake and one GET request";
const NOTHING: &str = "a handshake, and nothing after it";
const GET_MODELS: &str = "a handshake and one GET request for /models, with “none” as key";
const GET_SIMPLE: &str = "a handshake and one GET request for /simple/labpkg/";
const JAVA: (&str, &str) = ("Ask.java", include_str!("../../assets/ask/Ask.java"));
const FIREFOX: (&str, &str) = (
    "profile/user.js",
    include_str!("../../assets/ask/firefox.js"),
);
const GO: (&str, &str) = ("ask.go", include_str!("../../assets/ask/ask.go"));

/// One HEAD request by a package of Python.
macro_rules! head {
    (urllib) => {
        "import sys, urllib.request as r; r.urlopen(r.Request(sys.argv[1], method='HEAD'), timeout=8)"
    };
    (requests) => {
        "import sys, requests; requests.head(sys.argv[1], timeout=8)"
    };
    (httpx) => {
        "import sys, httpx; httpx.head(sys.argv[1], timeout=8)"
    };
    (aiohttp) => {
        "import sys, asyncio, aiohttp\nasync def head():\n    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(8)) as s: await s.head(sys.argv[1])\nasyncio.run(head())"
    };
}

/// The same with the system's store put below it.
macro_rules! with_truststore {
    ($package:tt) => {
        concat!(
            "import truststore; truststore.inject_into_ssl()\n",
            head!($package)
        )
    };
}

// Node ends well when nothing is left to wait for, also without an answer: that is none.
const NODE_HTTPS: &str = "process.exitCode = 1; require('https').request(process.argv[1], {method: 'HEAD', timeout: 8000}, r => process.exit(0)).on('error', e => { console.error(e.message); process.exit(1) }).end()";
const NODE_FETCH: &str = "process.exitCode = 1; fetch(process.argv[1], {method: 'HEAD'}).then(() => process.exit(0), e => { console.error(e.message + '\\n' + (e.cause?.message ?? '')); process.exit(1) })";

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
    variables: &[],
    home: None,
    setting: None,
    roots: &[],
    database: None,
    control: None,
    sends: HEAD,
    seconds: 15,
    reads: read::script,
};

/// Every client that can be asked.
pub(super) const TABLE: &[Row] = &[
    Row {
        clients: &[
            "curl7-openssl",
            "curl8-openssl",
            "curl817-openssl",
            "curl8-gnutls",
        ],
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
        setting: Some(("wget2 ca-certificate", "--ca-certificate")),
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
        sends: NOTHING,
        reads: read::s_client,
        ..PLAIN
    },
    Row {
        clients: &["gnutls-cli"],
        arguments: &["-p", "{PORT}", "{BARE}"],
        roots: &["--x509cafile", "{CA}"],
        sends: NOTHING,
        reads: read::gnutls_cli,
        ..PLAIN
    },
    Row {
        clients: &["python*-urllib", "python311-urllib-debian"],
        arguments: &["-c", head!(urllib), "{URL}"],
        reads: read::python,
        ..PLAIN
    },
    Row {
        clients: &["python*-requests"],
        arguments: &["-c", head!(requests), "{URL}"],
        reads: read::python,
        ..PLAIN
    },
    Row {
        clients: &["python*-httpx"],
        arguments: &["-c", head!(httpx), "{URL}"],
        reads: read::python,
        ..PLAIN
    },
    Row {
        clients: &["python*-aiohttp"],
        arguments: &["-c", head!(aiohttp), "{URL}"],
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
        sends: GET_MODELS,
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
        arguments: &["-c", with_truststore!(urllib), "{URL}"],
        reads: read::python,
        ..PLAIN
    },
    Row {
        clients: &["python*-requests-truststore"],
        arguments: &["-c", with_truststore!(requests), "{URL}"],
        reads: read::python,
        ..PLAIN
    },
    Row {
        clients: &["python*-httpx-truststore"],
        arguments: &["-c", with_truststore!(httpx), "{URL}"],
        reads: read::python,
        ..PLAIN
    },
    Row {
        clients: &["python*-aiohttp-truststore"],
        arguments: &["-c", with_truststore!(aiohttp), "{URL}"],
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
        arguments: &["-e", NODE_HTTPS, "{URL}"],
        ..PLAIN
    },
    Row {
        clients: &["node*-fetch"],
        arguments: &["-e", NODE_FETCH, "{URL}"],
        reads: read::script_with_cause,
        ..PLAIN
    },
    Row {
        clients: &["node*-https-system"],
        arguments: &["--use-system-ca", "-e", NODE_HTTPS, "{URL}"],
        ..PLAIN
    },
    Row {
        clients: &["node*-fetch-system"],
        arguments: &["--use-system-ca", "-e", NODE_FETCH, "{URL}"],
        reads: read::script_with_cause,
        ..PLAIN
    },
    Row {
        clients: &["node*-axios"],
        arguments: &[
            "-e",
            "process.exitCode = 1; require(process.argv[1]).head(process.argv[2], {timeout: 8000, validateStatus: null}).then(() => process.exit(0), e => { console.error(e.message + '\\n' + (e.cause?.message ?? '')); process.exit(1) })",
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
            "process.exitCode = 1; const O = require(process.argv[1]).OpenAI; new O({baseURL: process.argv[2], apiKey: 'none', maxRetries: 0, timeout: 8000}).models.list().then(() => process.exit(0), e => { if (e.status) process.exit(0); let c = e; while (c.cause) c = c.cause; console.error(e.message + '\\n' + (c === e ? '' : c.message)); process.exit(1) })",
            "{MODULE}",
            "{URL}",
        ],
        sends: GET_MODELS,
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
        variables: &[("DENO_TLS_CA_STORE", "system")],
        reads: read::script_with_cause,
        ..PLAIN
    },
    Row {
        clients: &["uv"],
        setting: Some(("uv system-certs", "--system-certs")),
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
        sends: GET_SIMPLE,
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
        sends: GET_SIMPLE,
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
            "--remote-debugging-pipe",
        ],
        home: Some(".pki/nssdb/cert9.db"),
        database: Some(".pki/nssdb"),
        control: Some(Control::DevTools),
        sends: "a handshake and a browser's GET request for /robots.txt",
        seconds: 40,
        ..PLAIN
    },
    Row {
        clients: &["firefox"],
        arguments: &[
            "--headless",
            "--no-remote",
            "--profile",
            "profile",
            "--marionette",
            "--remote-allow-system-access",
            "about:blank",
        ],
        file: Some(FIREFOX),
        // With the second its lists may be left alone (services.settings.server).
        variables: &[
            ("MOZ_CRASHREPORTER_DISABLE", "1"),
            ("MOZ_REMOTE_SETTINGS_DEVTOOLS", "1"),
        ],
        database: Some("work/profile"),
        control: Some(Control::Marionette),
        sends: "a handshake and a HEAD request for /robots.txt; what the certificate names for OCSP is asked too",
        seconds: 60,
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
        setting: Some(("php openssl.cafile", "-d openssl.cafile")),
        arguments: &[
            "-r",
            "set_error_handler(function ($n, $m) { fwrite(STDERR, \"$m\\n\"); return true; }); $o = ['http' => ['method' => 'HEAD', 'ignore_errors' => true, 'timeout' => 8]]; exit(file_get_contents($argv[1], false, stream_context_create($o)) === false ? 1 : 0);",
            "{URL}",
        ],
        ..PLAIN
    },
    Row {
        clients: &["php-curl"],
        setting: Some(("php curl.cainfo", "-d curl.cainfo")),
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
            "$r = LWP::UserAgent->new(timeout => 8, env_proxy => 1)->head($ARGV[0]); exit 0 unless ($r->header('Client-Warning') // '') eq 'Internal response'; print STDERR $r->status_line, \"\\n\", $r->content; exit 1",
            "{URL}",
        ],
        ..PLAIN
    },
];
