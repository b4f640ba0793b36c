//! The lab's TLS servers, asked by the real clients of this machine, each given the lab's root in its own
//! way: verdict and words equal the prediction. What differs is named in a table with its reason, or fails.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;
use std::sync::Mutex;

use whycert::ask::{self, Way};
use whycert::inspect::{self, Options};
use whycert::judge::client::{Difference, Grid, Installed, Kind, Measured, Said};
use whycert::lab::{Lab, SCENARIOS, Scenario};
use whycert::moment::Moment;
use whycert::store::{Machine, Survey};
use whycert::target::Target;

use crate::lab::WAITED_FOR;
use crate::support::programs::{self, AMBIENT, clean, peer, run};

/// Clients that must be here where everything is (`CI=true`): programs, and modules of Python.
const WANTED: &[(&str, &[&str])] = &[
    (
        "curl",
        &["curl7-openssl", "curl8-openssl", "curl817-openssl"],
    ),
    ("wget", &["wget121", "wget125"]),
    ("git", &["git"]),
    ("openssl", &["s_client30", "s_client35"]),
    (
        "Python",
        &[
            "python311-urllib",
            "python311-urllib-debian",
            "python312-urllib",
            "python313-urllib",
        ],
    ),
    ("requests", &["python311-requests", "python313-requests"]),
    ("httpx", &["python311-httpx", "python313-httpx"]),
    ("Node", &["node20-https", "node24-https"]),
    ("Java", &["java17-url", "java25-url"]),
    ("Go", &["go124"]),
];

/// Clients that take a second and more to start: they are asked about the scenarios in [`TELLING`] only.
const SLOW: &[&str] = &[
    "java17-url",
    "java17-client",
    "java25-url",
    "java25-client",
    "go124",
    "npm",
    "pip23",
    "pip26",
    "firefox",
];
const TELLING: &[&str] = &[
    "healthy",
    "missing-intermediate",
    "wrong-host",
    "expired-cross-sign",
];

/// What a client meets here first depends on which packet arrives first.
const RACES: &[&str] = &["closed-at-once", "reset", "broken-off", "endless"];

/// Where a client says otherwise than predicted: client and scenario (`*`: any), and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "*",
        "old-version",
        "the words hang on how an old server refuses; those measured are OpenSSL's way, the lab has its own",
    ),
    (
        "firefox",
        "ssh",
        "its greeting looks like a long record, for whose rest Firefox waits until the server hangs up",
    ),
    (
        "s_client30",
        "client-certificate",
        "without input it ends before the alert comes that TLS 1.3 sends after the handshake",
    ),
    (
        "s_client35",
        "client-certificate",
        "without input it ends before the alert comes that TLS 1.3 sends after the handshake",
    ),
];

/// Where only the verdict is foretold: with TLS 1.3 the alert of the server and the request of the client
/// cross after the handshake, and which comes first decides between two texts.
const WORDS_RACE: &[&str] = &["client-certificate"];

fn given(folder: &Path, root: &Path, keystore: Option<&Path>) -> Vec<(&'static str, OsString)> {
    let root = root.as_os_str().to_owned();
    let mut all: Vec<(&str, OsString)> = [
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "PIP_CERT",
        "NODE_EXTRA_CA_CERTS",
        "GIT_SSL_CAINFO",
        "npm_config_cafile",
    ]
    .map(|name| (name, root.clone()))
    .into();
    all.push(("HOME", folder.as_os_str().to_owned()));
    if let Some(store) = keystore {
        let options = format!(
            "-Djavax.net.ssl.trustStore={} -Djavax.net.ssl.trustStorePassword=changeit",
            store.display()
        );
        all.push(("JAVA_TOOL_OPTIONS", options.into()));
    }
    all
}

#[test]
fn every_client_says_what_is_predicted() {
    let folder = tempfile::tempdir().unwrap();
    let scenarios: Vec<&'static Scenario> = SCENARIOS
        .iter()
        .filter(|s| !WAITED_FOR.contains(&s.id))
        .collect();
    let lab = Lab::start(&scenarios, None).unwrap();
    let root = folder.path().join("roots.pem");
    std::fs::write(&root, lab.root_pem()).unwrap();
    // wget reads no variable, but its configuration in the home folder.
    let wgetrc = format!("ca_certificate = {}\n", root.display());
    std::fs::write(folder.path().join(".wgetrc"), wgetrc).unwrap();
    firefox_profile(folder.path(), lab.roots());
    let keystore = peer("keytool").map(|keytool| {
        let store = folder.path().join("trust.p12");
        for (at, der) in lab.roots().iter().enumerate() {
            let one = folder.path().join(format!("root-{at}.der"));
            std::fs::write(&one, der).unwrap();
            let mut command = clean(&keytool);
            command.args(["-importcert", "-noprompt", "-storepass", "changeit"]);
            command.args(["-alias", &format!("lab{at}")]);
            command.arg("-keystore").arg(&store).arg("-file").arg(&one);
            run(&mut command);
        }
        store
    });
    let given = given(folder.path(), &root, keystore.as_deref());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let variables = given.iter().map(|(n, v)| (*n, v.clone()));
    let machine = Machine::other(
        Path::new("/"),
        folder.path(),
        variables.chain([("PATH", path)]),
    );
    let installed = ask::find(&machine);
    all_wanted(&installed);
    let survey = Survey::of(&machine, &[]).stores();
    let options = Options {
        grid: true,
        installed: installed.clone().into(),
        ..Options::default()
    };

    let mut differences = Vec::new();
    let mut asked = BTreeMap::<&str, usize>::new();
    for (scenario, target) in servers(&lab) {
        let grid = asked_about(scenario, &target, &options, &survey, &given);
        for row in grid.rows.iter().filter(|row| row.kind() == Kind::Measured) {
            *asked.entry(&row.client().id).or_default() += 1;
        }
        differences.extend(found(scenario, &grid));
    }

    for one in &installed {
        let count = asked.get(one.client).copied().unwrap_or_default();
        println!(
            "{} ({}): asked about {count} servers",
            one.client, one.version
        );
    }
    let (known, unknown): (Vec<_>, Vec<_>) = differences.into_iter().partition(|d| d.excused());
    for one in &known {
        println!("known: {} on {}: {}", one.client, one.scenario, one.words);
    }
    let unknown: Vec<String> = unknown
        .iter()
        .map(|one| format!("{} on {}: {}", one.client, one.scenario, one.words))
        .collect();
    assert!(
        unknown.is_empty(),
        "{} differ:\n{}",
        unknown.len(),
        unknown.join("\n")
    );
    let idle: Vec<_> = EXCEPTIONS
        .iter()
        // Those of one client may be of one version.
        .filter(|(client, ..)| *client == "*")
        .filter(|(client, scenario, _)| {
            !known
                .iter()
                .any(|d| fits(client, d.client) && fits(scenario, &d.scenario))
        })
        .collect();
    assert!(idle.is_empty(), "exceptions that are none: {idle:?}");
}

/// Servers whose clients can be compared.
fn servers(lab: &Lab) -> Vec<(&'static str, Target)> {
    lab.running()
        .iter()
        .filter(|served| served.target.starts_with("https://"))
        .filter(|served| !RACES.contains(&served.scenario.id))
        .map(|served| (served.scenario.id, Target::parse(&served.target).unwrap()))
        .collect()
}

/// The grid of one server with what its clients said in these surroundings.
fn asked_about(
    scenario: &str,
    target: &Target,
    options: &Options,
    survey: &whycert::store::Stores,
    given: &[(&'static str, OsString)],
) -> Grid {
    let looked = look(target, options, survey);
    let ways = ask::ways(target.endpoint().unwrap(), &options.installed, survey).ways;
    let ways: Vec<Way> = ways
        .into_iter()
        .filter(|way| !SLOW.contains(&way.client) || TELLING.contains(&scenario))
        .map(|way| with(way, given))
        .collect();
    let answers: Mutex<Vec<Measured>> = Mutex::default();
    ask::ask(&ways, &|measured| answers.lock().unwrap().push(measured));
    let options = Options {
        measured: answers.into_inner().unwrap(),
        ..options.clone()
    };
    let again = inspect::survey(&looked, survey, &options, Moment::now());
    Grid::clone(again.grid.as_deref().unwrap())
}

/// A profile of Firefox that trusts these roots, where there is a Firefox.
fn firefox_profile(home: &Path, roots: &[Vec<u8>]) {
    if programs::found("firefox")
        .or(programs::found("firefox-esr"))
        .is_none()
    {
        println!("skipped: Firefox");
        return;
    }
    let Some(certutil) = peer("certutil") else {
        return;
    };
    let profile = home.join(".mozilla/firefox/lab.default");
    std::fs::create_dir_all(&profile).unwrap();
    let database = format!("sql:{}", profile.display());
    run(clean(&certutil).args(["-N", "--empty-password", "-d", &database]));
    for (at, der) in roots.iter().enumerate() {
        let file = home.join(format!("firefox-{at}.der"));
        std::fs::write(&file, der).unwrap();
        let name = format!("lab{at}");
        run(clean(&certutil)
            .args(["-A", "-t", "C,,", "-d", &database, "-n", &name, "-i"])
            .arg(file));
    }
}

/// With `--ca` each client is given the roots by its own settings, and says what is predicted of that; a
/// root that does not help helps nobody, whatever the variables of the person name.
#[test]
fn roots_are_given_to_every_client_that_takes_them() {
    let folder = tempfile::tempdir().unwrap();
    let scenarios: Vec<&'static Scenario> = SCENARIOS
        .iter()
        .filter(|s| TELLING.contains(&s.id))
        .collect();
    let (lab, other) = (
        Lab::start(&scenarios, None).unwrap(),
        Lab::start(&scenarios[..1], None).unwrap(),
    );
    let write = |name: &str, lab: &Lab| {
        let file = folder.path().join(name);
        std::fs::write(&file, lab.root_pem()).unwrap();
        file
    };
    let (root, wrong) = (write("root.pem", &lab), write("wrong.pem", &other));
    let path = std::env::var_os("PATH").unwrap_or_default();
    for (file, surroundings) in [
        (&root, Vec::new()),
        (&wrong, given(folder.path(), &root, None)),
    ] {
        let variables = surroundings.iter().map(|(n, v)| (*n, v.clone()));
        let machine = Machine::other(
            Path::new("/"),
            folder.path(),
            variables.chain([("PATH", path.clone())]),
        );
        let installed = ask::find(&machine);
        let survey = Survey::of(&machine, std::slice::from_ref(file)).stores();
        let options = Options {
            grid: true,
            installed: installed.clone().into(),
            ..Options::default()
        };
        let few = if file == &wrong { 1 } else { TELLING.len() };
        for (scenario, target) in servers(&lab).into_iter().take(few) {
            let left = ask::ways(target.endpoint().unwrap(), &installed, &survey).left;
            for one in &left {
                println!("not asked: {}: {}", one.version, one.why);
                assert!(one.why.contains("certutil"), "{one:?}");
            }
            let grid = asked_about(scenario, &target, &options, &survey, &surroundings);
            let measured = || grid.rows.iter().filter(|row| row.kind() == Kind::Measured);
            assert_eq!(
                measured().count() + left.len(),
                installed.len(),
                "{scenario}"
            );
            for row in measured().filter(|_| file == &wrong) {
                assert!(
                    !row.accepted(),
                    "{} on {scenario}: {:?}",
                    row.title(),
                    row.measured
                );
            }
            let unknown: Vec<String> = found(scenario, &grid)
                .iter()
                .filter(|differs| !differs.excused())
                .map(|one| format!("{} on {}: {}", one.client, one.scenario, one.words))
                .collect();
            assert!(unknown.is_empty(), "{}", unknown.join("\n"));
        }
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    pattern == "*" || pattern == name
}

/// One way in which a client and its prediction differ.
struct Differs {
    client: &'static str,
    scenario: String,
    /// Only in words, and the profile was measured with another line of versions, or the words race.
    other_words: bool,
    words: String,
}

impl Differs {
    fn excused(&self) -> bool {
        self.other_words
            || EXCEPTIONS.iter().any(|(client, scenario, _)| {
                fits(client, self.client) && fits(scenario, &self.scenario)
            })
    }
}

fn found(scenario: &str, grid: &Grid) -> Vec<Differs> {
    let mut out: Vec<Differs> = grid
        .differing()
        .map(|(row, difference)| {
            let measured = row.measured.as_ref().unwrap();
            let same_line = row.installed.as_ref().is_some_and(|i| i.same_line);
            Differs {
                client: &row.client().id,
                scenario: scenario.to_owned(),
                other_words: difference == Difference::Words
                    && (!same_line || WORDS_RACE.contains(&scenario)),
                words: format!(
                    "{difference:?}\n  predicted: {} {:?} {:?} (store: {}, because of {})\n  measured:  {:?}",
                    row.predicted.accepted,
                    row.predicted.message,
                    row.predicted.cause,
                    row.predicted.store,
                    row.predicted.store_why,
                    measured.said,
                ),
            }
        })
        .collect();
    // A client that is here and gave no answer would be skipped silently.
    out.extend(
        grid.rows
            .iter()
            .filter_map(|row| match &row.measured.as_ref()?.said {
                Said::NotAsked(why) => Some(Differs {
                    client: &row.client().id,
                    scenario: scenario.to_owned(),
                    other_words: false,
                    words: format!("it gave no answer: {why}"),
                }),
                _ => None,
            }),
    );
    out
}

fn look(
    target: &Target,
    options: &Options,
    survey: &whycert::store::Stores,
) -> inspect::Inspection {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let stores = std::future::ready(survey.clone());
    runtime.block_on(inspect::run(target, options, stores, &|_| {}))
}

/// The same way in the surroundings of this test.
pub(crate) fn with(mut way: Way, given: &[(&'static str, OsString)]) -> Way {
    let ambient = AMBIENT.iter().map(|name| ((*name).to_owned(), None));
    let given = given.iter().filter(|(name, _)| *name != "HOME");
    let given = given.map(|(name, value)| ((*name).to_owned(), Some(value.clone())));
    let own = std::mem::take(&mut way.variables);
    // The locale stays as the way sets it.
    way.variables = ambient
        .filter(|(name, _)| name != "LC_ALL" && name != "NO_COLOR")
        .chain(given)
        .chain(own)
        .collect();
    way
}

/// Every client that CI installs is found; elsewhere what is missing is said.
fn all_wanted(installed: &[Installed]) {
    let here: BTreeSet<&str> = installed.iter().map(|i| i.client).collect();
    for (name, any) in WANTED {
        if any.iter().any(|client| here.contains(client)) {
            continue;
        }
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "{name} is not installed, or in a version that no profile stands for"
        );
        println!("skipped: {name}");
    }
}
