//! Keystores that keytool makes and databases that certutil makes, read without either.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use crate::support::machine::{Place, of_kind};
use crate::support::mint::{self, Minted};
use crate::support::peer;
use whycert::cert::{Certificate, pem};
use whycert::store::{StoreKind, TrustStore};

fn run(command: &mut Command) {
    let output = command.output().expect("the program starts");
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn names(store: &TrustStore) -> Vec<String> {
    let mut names: Vec<String> = store
        .anchors
        .iter()
        .map(|a| Certificate::read(a.der.clone()).short_name())
        .collect();
    names.sort();
    names
}

/// Imports certificates into a keystore that keytool makes.
fn keystore(
    keytool: &Path,
    file: &Path,
    kind: &str,
    password: &str,
    certificates: &[(&str, &Path)],
) {
    for (alias, certificate) in certificates {
        run(Command::new(keytool)
            .env_remove("JAVA_TOOL_OPTIONS")
            .args(["-importcert", "-noprompt", "-alias", alias])
            .arg("-file")
            .arg(certificate)
            .arg("-keystore")
            .arg(file)
            .args(["-storetype", kind, "-storepass", password]));
    }
}

#[test]
fn java_stores_of_every_format_are_read_without_keytool() {
    let Some(keytool) = peer("keytool") else {
        return;
    };
    let place = Place::empty();
    let one = Minted::root(mint::ca("Java Root One"));
    let two = Minted::root(mint::ca("Java Root Two"));
    let one_file = place.write("one.pem", pem::encode(&one.der));
    let two_file = place.write("two.der", &two.der);
    let both: [(&str, &Path); 2] = [("one", &one_file), ("zwei-ü", &two_file)];
    for (jdk, kind, password) in [
        ("jks", "JKS", "changeit"),
        ("jceks", "JCEKS", "changeit"),
        ("pkcs12", "PKCS12", "changeit"),
        ("jks-own-password", "JKS", "something else"),
        ("pkcs12-own-password", "PKCS12", "something else"),
    ] {
        let file = place.write(&format!("root/usr/lib/jvm/{jdk}/lib/security/blocked"), "");
        keystore(
            &keytool,
            &file.with_file_name("cacerts"),
            kind,
            password,
            &both,
        );
    }
    // A store with a key and its certificate, and one with a secret key before and after them.
    let file = place.write("root/usr/lib/jvm/with-key/lib/security/blocked", "");
    for arguments in [
        ["-genkeypair", "-keyalg", "EC", "-dname", "CN=Own Server"].as_slice(),
        &["-genseckey", "-keyalg", "AES", "-keysize", "128"],
    ] {
        run(Command::new(&keytool)
            .env_remove("JAVA_TOOL_OPTIONS")
            .args(arguments)
            .args([
                "-alias",
                &arguments[0][1..],
                "-storetype",
                "JCEKS",
                "-storepass",
                "changeit",
                "-keypass",
                "changeit",
            ])
            .arg("-keystore")
            .arg(file.with_file_name("cacerts")));
    }

    // As JDK 18 and later ship theirs: PKCS#12 without any password.
    let file = place.write("root/usr/lib/jvm/no-password/lib/security/blocked", "");
    run(Command::new(&keytool)
        .env_remove("JAVA_TOOL_OPTIONS")
        .args([
            "-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE",
            "-J-Dkeystore.pkcs12.macAlgorithm=NONE",
        ])
        .args([
            "-importcert",
            "-noprompt",
            "-alias",
            "one",
            "-storetype",
            "PKCS12",
        ])
        .args(["-storepass", "changeit"])
        .arg("-file")
        .arg(&one_file)
        .arg("-keystore")
        .arg(file.with_file_name("cacerts")));

    let survey = place.survey(&[]);
    let stores = of_kind(&survey, StoreKind::Java);
    assert_eq!(stores.len(), 7);
    let store = |jdk: &str| {
        let found = stores.iter().find(|s| {
            s.path
                .as_ref()
                .unwrap()
                .ends_with(format!("{jdk}/lib/security/cacerts"))
        });
        *found.unwrap_or_else(|| panic!("{jdk}"))
    };
    for jdk in ["jks", "jceks", "pkcs12"] {
        let store = store(jdk);
        assert_eq!(names(store), ["Java Root One", "Java Root Two"], "{jdk}");
        assert_eq!(store.problems, [""; 0], "{jdk}");
        assert!(store.modified.is_some());
        assert!(
            store.used_by[0].ends_with(&format!("/{jdk}")),
            "{:?}",
            store.used_by
        );
    }
    assert_eq!(names(store("no-password")), ["Java Root One"]);
    assert_eq!(store("no-password").problems, [""; 0]);
    // The certificates of a JKS are in the clear; the password guards only against change.
    let other = store("jks-own-password");
    assert_eq!(other.anchors.len(), 2);
    assert!(
        other.problems[0].contains("its password is not “changeit”"),
        "{:?}",
        other.problems
    );
    let closed = store("pkcs12-own-password");
    assert_eq!(closed.anchors.len(), 0);
    assert!(
        closed.problems[0].contains("its password is neither “changeit” nor empty"),
        "{:?}",
        closed.problems
    );
    let key = store("with-key");
    assert!(
        key.problems.iter().any(|p| p.contains("a secret key")),
        "{:?}",
        key.problems
    );
    // An anchor that five stores hold is one piece of memory.
    let first = |jdk| {
        let mut anchors = store(jdk).anchors.iter();
        anchors.find(|a| *a.der == *one.der).unwrap().der.clone()
    };
    assert!(Arc::ptr_eq(&first("jks"), &first("pkcs12")));
}

/// What `openssl pkcs12` writes has no mark for trusted certificates, and Java ignores it.
#[test]
fn a_pkcs12_without_javas_mark_is_said_to_trust_nobody() {
    let (Some(openssl), Some(keytool)) = (peer("openssl"), peer("keytool")) else {
        return;
    };
    let place = Place::empty();
    let root = place.write(
        "root.pem",
        pem::encode(&Minted::root(mint::ca("Unmarked Root")).der),
    );
    let file = place.write("root/usr/lib/jvm/openssl/lib/security/blocked", "");
    let store = file.with_file_name("cacerts");
    run(Command::new(openssl)
        .args([
            "pkcs12",
            "-export",
            "-nokeys",
            "-passout",
            "pass:changeit",
            "-in",
        ])
        .arg(root)
        .arg("-out")
        .arg(&store));
    let listed = Command::new(keytool)
        .env_remove("JAVA_TOOL_OPTIONS")
        .args(["-list", "-storepass", "changeit", "-keystore"])
        .arg(&store)
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("contains 0 entries"), "{listed}");
    let survey = place.survey(&[]);
    let stores = of_kind(&survey, StoreKind::Java);
    assert!(stores[0].anchors.is_empty());
    assert!(
        stores[0].problems[0].contains("1 certificate without Java's mark"),
        "{:?}",
        stores[0].problems
    );
}

#[cfg(unix)]
#[test]
fn javas_that_link_to_one_store_are_one_store() {
    let Some(keytool) = peer("keytool") else {
        return;
    };
    let place = Place::empty();
    let root = Minted::root(mint::ca("Shared Root"));
    let root_file = place.write("root.pem", pem::encode(&root.der));
    let shared = place
        .write("root/etc/ssl/certs/java/readme", "")
        .with_file_name("cacerts");
    keystore(
        &keytool,
        &shared,
        "JKS",
        "changeit",
        &[("root", &root_file)],
    );
    for jdk in ["jdk-17", "jdk-25"] {
        let file = place.write(&format!("root/usr/lib/jvm/{jdk}/lib/security/blocked"), "");
        std::os::unix::fs::symlink(&shared, file.with_file_name("cacerts")).unwrap();
    }
    let survey = place.survey(&[]);
    let stores = of_kind(&survey, StoreKind::Java);
    assert_eq!(stores.len(), 1);
    assert_eq!(stores[0].used_by.len(), 2);
}

/// `certutil` on the database of a folder.
fn certutil(program: &Path, folder: &Path, arguments: &[&str]) {
    let mut command = Command::new(program);
    command
        .arg("-d")
        .arg(format!("sql:{}", folder.display()))
        .args(arguments);
    run(&mut command);
}

#[test]
fn databases_of_browsers_are_read_without_certutil() {
    let Some(program) = peer("certutil") else {
        return;
    };
    let place = Place::empty();
    let chromium = place.home().join(".pki/nssdb");
    let firefox = place.home().join(".mozilla/firefox/abcd.default");
    for folder in [&chromium, &firefox] {
        std::fs::create_dir_all(folder).unwrap();
        certutil(&program, folder, &["-N", "--empty-password"]);
    }
    let issuer = Minted::root(mint::ca("Company Root"));
    for (nickname, flags, der) in [
        ("company", "C,,", &issuer.der),
        (
            "peer",
            "P,,",
            &Minted::root(mint::server(&["peer.test"])).der,
        ),
        (
            "only seen",
            ",,",
            &issuer.issue(mint::ca("Seen Intermediate")).der,
        ),
        (
            "bad",
            "p,p,p",
            &Minted::root(mint::ca("Distrusted Root")).der,
        ),
    ] {
        let file = place.write("one.pem", pem::encode(der));
        certutil(
            &program,
            &chromium,
            &[
                "-A",
                "-n",
                nickname,
                "-t",
                flags,
                "-i",
                file.to_str().unwrap(),
            ],
        );
    }
    // Enough for several levels of pages, and one certificate too large for a page.
    for number in 0..60 {
        let mut params = mint::ca(&format!("Profile Root {number:02}"));
        if number == 30 {
            let names = (0..600).map(|n| format!("name-{n}.a-rather-long-domain.test"));
            params.subject_alt_names = names
                .map(|n| rcgen::SanType::DnsName(n.try_into().unwrap()))
                .collect();
        }
        let file = place.write("one.pem", pem::encode(&Minted::root(params).der));
        certutil(
            &program,
            &firefox,
            &[
                "-A",
                "-n",
                &format!("root {number}"),
                "-t",
                "C,,",
                "-i",
                file.to_str().unwrap(),
            ],
        );
    }

    let survey = place.survey(&[]);
    let stores = of_kind(&survey, StoreKind::Nss);
    assert_eq!(stores.len(), 2);
    assert_eq!(names(stores[0]), ["Company Root", "peer.test"]);
    assert!(
        stores[0]
            .notes
            .iter()
            .any(|n| n == "1 certificate distrusted here"),
        "{:?}",
        stores[0].notes
    );
    assert_eq!(stores[0].problems, [""; 0]);
    assert_eq!(stores[1].anchors.len(), 60);
    assert!(stores[1].anchors.iter().any(|a| a.der.len() > 20_000));
}

#[test]
fn of_two_chromium_databases_the_second_is_said_not_to_be_read() {
    let Some(program) = peer("certutil") else {
        return;
    };
    let place = Place::empty();
    for folder in [".pki/nssdb", ".local/share/pki/nssdb"] {
        let folder = place.home().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        certutil(&program, &folder, &["-N", "--empty-password"]);
    }
    let survey = place.survey(&[]);
    let stores = of_kind(&survey, StoreKind::Nss);
    assert!(
        stores[1]
            .notes
            .iter()
            .any(|n| n.starts_with("not read by Chromium")),
        "{:?}",
        stores[1].notes
    );
}
