//! Stores of a machine made by a test, what is set there, and the command that lists them.

use std::path::Path;
use std::process::Command;

use crate::support::machine::{Place, of_kind};
use crate::support::mint::{self, Minted};
use whycert::cert::{Certificate, pem};
use whycert::store::{Found, Machine, StoreKind, Survey};

#[test]
fn a_broken_store_is_a_problem_and_nothing_worse() {
    let place = Place::empty();
    place.write(
        "root/usr/lib/jvm/broken/lib/security/cacerts",
        b"\xfe\xed\xfe\xed\0\0\0\x02\0\0",
    );
    place.write(
        "home/.mozilla/firefox/x.default/cert9.db",
        b"SQLite format 3\0and no more",
    );
    place.write(
        "home/.pyenv/versions/3.12.1/lib/python3.12/site-packages/certifi/cacert.pem",
        "no certificate",
    );
    place.write("home/.pyenv/versions/3.12.1/openssl/ssl/openssl.cnf", "");
    let survey = place.survey(&[]);
    for kind in [
        StoreKind::Java,
        StoreKind::Nss,
        StoreKind::Python,
        StoreKind::OpenSsl,
        StoreKind::System,
    ] {
        let stores = of_kind(&survey, kind);
        assert_eq!(stores.len(), 1, "{kind:?}");
        assert!(stores[0].anchors.is_empty());
        assert_eq!(
            stores[0].problems.len(),
            1,
            "{kind:?}: {:?}",
            stores[0].problems
        );
    }
}

/// Seen with curl 7.88, 8.23 and Python.
#[test]
fn a_folder_hides_the_file_from_curl_of_old_only() {
    let place = Place::empty();
    let private = Minted::root(mint::ca("Private Root"));
    let one = place.write("one.pem", pem::encode(&private.der));
    let folder = place.write("certs/1a2b3c4d.0", pem::encode(&private.der));
    let survey = place.survey(&[
        ("SSL_CERT_FILE", &one),
        ("SSL_CERT_DIR", folder.parent().unwrap()),
    ]);
    let file = survey.environment.variable("SSL_CERT_FILE").unwrap();
    let hidden: Vec<&str> = file
        .overridden
        .iter()
        .flat_map(|o| o.programs.iter().copied())
        .collect();
    assert_eq!(hidden, ["curl before 8.3"]);
}

#[test]
fn settings_say_what_they_do_and_what_overrides_them() {
    let place = Place::empty();
    let private = Minted::root(mint::ca("Private Root"));
    let one = place.write("one.pem", pem::encode(&private.der));
    let public: String = webpki_roots().iter().map(|der| pem::encode(der)).collect();
    let merged = place.write("merged.pem", public + &pem::encode(&private.der));
    let empty = place.write("empty.pem", "nothing");
    place.write(
        "home/.gitconfig",
        format!(
            "[http \"https://git.corp/\"]\n\tsslCAInfo = {}\n[http]\n\tsslVerify = false\n",
            one.display()
        ),
    );
    place.write("home/.npmrc", "cafile=~/gone.pem\n");
    let survey = place.survey(&[
        ("SSL_CERT_FILE", &one),
        ("REQUESTS_CA_BUNDLE", &merged),
        ("CURL_CA_BUNDLE", &empty),
        ("NODE_EXTRA_CA_CERTS", Path::new("/nonexistent/ca.pem")),
        ("NODE_TLS_REJECT_UNAUTHORIZED", Path::new("0")),
        (
            "JAVA_TOOL_OPTIONS",
            Path::new("-Xmx1g -Djavax.net.ssl.trustStore=/nonexistent/store"),
        ),
    ]);
    let environment = &survey.environment;
    let set = |name: &str| {
        let found = environment.settings.iter().find(|s| s.known.name == name);
        found.unwrap_or_else(|| panic!("{name}"))
    };
    let certificate = Certificate::read(private.der.clone());

    let ssl = set("SSL_CERT_FILE");
    assert!(ssl.holds(&certificate));
    assert_eq!(
        (ssl.anchors().unwrap().anchors.len(), ssl.public_roots()),
        (1, 0)
    );
    // Nothing is in OpenSSL's own folder here, so the file is all that its programs have.
    assert!(environment.replaced(ssl).contains(&"Go"));
    assert!(environment.added(ssl).contains(&"Bun"));

    let requests = set("REQUESTS_CA_BUNDLE");
    assert!(requests.holds(&certificate));
    assert!(requests.public_roots() > 100);
    assert!(requests.overridden.is_empty());
    let curl = set("CURL_CA_BUNDLE");
    assert!(matches!(&curl.found, Found::Unreadable(_, why, _) if why == "no certificate in it"));
    assert_eq!(curl.overridden[0].by, "REQUESTS_CA_BUNDLE");
    assert!(curl.overridden[0].programs.contains(&"Python requests"));
    assert!(!curl.overridden[0].programs.contains(&"curl"));

    assert!(
        matches!(&set("NODE_EXTRA_CA_CERTS").found, Found::Missing(p) if p == Path::new("/nonexistent/ca.pem"))
    );
    assert!(matches!(
        set("NODE_TLS_REJECT_UNAUTHORIZED").found,
        Found::Off
    ));
    assert!(
        matches!(&set("JAVA_TOOL_OPTIONS").found, Found::Missing(p) if p == Path::new("/nonexistent/store"))
    );
    assert!(
        matches!(&set("npm cafile").found, Found::Missing(p) if *p == place.home().join("gone.pem"))
    );
    assert!(matches!(set("git http.sslVerify").found, Found::Off));
    let git = set("git http.sslCAInfo");
    assert_eq!(git.only_for.as_ref().unwrap().raw(), "https://git.corp/");
    assert!(git.holds(&certificate));
    assert!(
        git.title().ends_with(".gitconfig, line 2"),
        "{}",
        git.title()
    );
}

#[test]
fn values_are_those_that_count_for_a_host() {
    let place = Place::empty();
    place.write(
        "home/.gitconfig",
        "[http \"https://git.corp/\"]\n\tsslCAInfo = ~/one.pem\n[http]\n\tsslCAInfo = /two.pem\n",
    );
    let survey = place.survey(&[("PIP_CERT", Path::new("/three.pem"))]);
    let elsewhere = survey.environment.values(Some("other.test"));
    assert_eq!(elsewhere["git:http.sslCAInfo"], "/two.pem");
    assert_eq!(elsewhere["PIP_CERT"], "/three.pem");
    let there = survey.environment.values(Some("git.corp"));
    // In git what is limited to an address wins, wherever it stands.
    let one = place.home().join("one.pem");
    assert_eq!(there["git:http.sslCAInfo"], one.to_string_lossy());
}

#[test]
fn a_family_of_stores_is_found_by_its_name() {
    let place = Place::empty();
    let root = pem::encode(&Minted::root(mint::ca("Certifi Root")).der);
    for version in ["3.11.7", "3.12.1"] {
        let site = format!("home/.pyenv/versions/{version}/lib/python3/site-packages");
        place.write(&format!("{site}/certifi/cacert.pem"), &root);
    }
    place.write("home/.nvm/versions/node/v22.0.0/bin/node", "");
    let stores = place.survey(&[]).stores();
    assert_eq!(stores.by_id("mozilla").unwrap().kind, StoreKind::Mozilla);
    assert!(stores.by_id("certifi").unwrap().id.contains("/3.11.7/"));
    // Its anchors are not known: it must not be taken for a store that is empty.
    assert!(stores.by_id("node").is_none());
    assert!(stores.by_id("cert").is_none());
}

#[test]
fn openssl_keeps_its_folder_when_only_a_file_is_set() {
    let place = Place::empty();
    let one = place.write(
        "one.pem",
        pem::encode(&Minted::root(mint::ca("Private Root")).der),
    );
    place.write(
        "root/usr/lib/ssl/certs/1a2b3c4d.0",
        pem::encode(&webpki_roots()[0]),
    );
    let both = place.folder.path().join("certs");
    std::fs::create_dir_all(&both).unwrap();
    let alone = place.survey(&[("SSL_CERT_FILE", &one)]);
    let setting = alone.environment.variable("SSL_CERT_FILE").unwrap();
    assert!(alone.environment.added(setting).contains(&"Go"));
    let together = place.survey(&[("SSL_CERT_FILE", &one), ("SSL_CERT_DIR", &both)]);
    let setting = together.environment.variable("SSL_CERT_FILE").unwrap();
    assert!(together.environment.replaced(setting).contains(&"Go"));
}

/// A few public roots as other programs know them: this machine's Python reads the same list.
fn webpki_roots() -> Vec<Vec<u8>> {
    let mozilla = Survey::of(
        &Machine::other(Path::new("/nonexistent"), Path::new("/nonexistent"), []),
        &[],
    );
    let store = mozilla
        .stores
        .iter()
        .find(|s| s.kind == StoreKind::Mozilla)
        .unwrap();
    store.anchors.iter().map(|a| a.der.to_vec()).collect()
}

#[test]
fn the_command_lists_this_machine() {
    let home = tempfile::tempdir().unwrap();
    let missing = home.path().join("gone.pem");
    let output = Command::new(env!("CARGO_BIN_EXE_whycert"))
        .args(["stores", "--format", "json"])
        .env("HOME", home.path())
        .env("NODE_EXTRA_CA_CERTS", &missing)
        .output()
        .unwrap();
    assert!(output.status.success());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema"], 1);
    let stores = report["stores"].as_array().unwrap();
    let kind = |kind: &str| stores.iter().filter(|s| s["kind"] == kind).count();
    assert_eq!((kind("system"), kind("mozilla")), (1, 1));
    let settings = report["settings"].as_array().unwrap();
    let node = settings
        .iter()
        .find(|s| s["name"] == "NODE_EXTRA_CA_CERTS")
        .unwrap();
    assert_eq!(node["found"], "missing");
    assert_eq!(
        node["problem"],
        format!("nothing is at {}", missing.display())
    );

    let text = Command::new(env!("CARGO_BIN_EXE_whycert"))
        .arg("stores")
        .env("HOME", home.path())
        .env("NODE_EXTRA_CA_CERTS", &missing)
        .output()
        .unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("NODE_EXTRA_CA_CERTS"), "{text}");
    assert!(text.contains("Mozilla's roots: "), "{text}");
}
