//! Files and standard input, as they come out of mails, chats, environments and Windows.

use std::path::PathBuf;

use super::{Bench, Seen, json, see, see_with_input};
use crate::support::{peer, programs};

/// A chain of two, the root, and a folder to write more into.
struct Files {
    bench: Bench,
    chain: String,
}

impl Files {
    fn new() -> Self {
        let bench = Bench::with(&["healthy"]);
        let target = bench.target("healthy").to_owned();
        let chain = see(&mut bench.trusting(&["export", &target, "--what", "chain"])).out;
        assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 2);
        Self { bench, chain }
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.bench.home.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn verify(&self, name: &str, more: &[&str]) -> Seen {
        let mut command = self
            .bench
            .command(&["verify", "--chain", name, "--roots", "root.pem"]);
        see(command.args(more))
    }
}

#[test]
fn pem_is_read_however_it_was_mangled() {
    let files = Files::new();
    let chain = &files.chain;
    let utf16 = |big: bool| -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(chain.encode_utf16());
        units
            .flat_map(|u| {
                if big {
                    u.to_be_bytes()
                } else {
                    u.to_le_bytes()
                }
            })
            .collect()
    };
    let quoted: String = chain.lines().map(|l| format!("> > {l}\n")).collect();
    let indented: String = chain.lines().map(|l| format!("    {l}\n")).collect();
    for (name, bytes) in [
        ("plain.pem", chain.clone().into_bytes()),
        ("crlf.pem", chain.replace('\n', "\r\n").into_bytes()),
        ("bom.pem", format!("\u{feff}{chain}").into_bytes()),
        ("utf16le.pem", utf16(false)),
        ("utf16be.pem", utf16(true)),
        ("literal-n.txt", chain.replace('\n', "\\n").into_bytes()),
        (
            "json.txt",
            format!("{{\"tls.crt\": \"{}\"}}", chain.replace('\n', "\\n")).into_bytes(),
        ),
        ("one-line.txt", chain.replace('\n', " ").into_bytes()),
        ("indented.txt", indented.into_bytes()),
        ("quoted.txt", quoted.into_bytes()),
        (
            "no-newline-at-end.pem",
            chain.trim_end().to_owned().into_bytes(),
        ),
        (
            "around.txt",
            [
                b"Hello,\n\nhere it is:\n\x00\xff\xfe subject=CN = x\n".as_slice(),
                chain.as_bytes(),
                b"\nRegards\n",
            ]
            .concat(),
        ),
    ] {
        files.write(name, bytes);
        let seen = files.verify(name, &["--host", "localhost", "--format", "json"]);
        assert_eq!(seen.code, 0, "{name}: {seen:?}");
        let report = json(&seen);
        assert_eq!(report["outcome"], "trusted", "{name}");
        assert_eq!(
            report["certificates"].as_array().unwrap().len(),
            3,
            "{name}"
        );
    }
}

#[test]
fn a_part_that_is_cut_off_is_said_and_the_rest_is_read() {
    let files = Files::new();
    files.write("cut.pem", &files.chain[..files.chain.len() - 300]);
    let seen = files.verify("cut.pem", &["--format", "json"]);
    let report = json(&seen);
    let ids: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["id"].as_str().unwrap())
        .collect();
    assert!(ids.contains(&"file.unreadable-part"), "{ids:?}");
    assert_eq!(report["certificates"][0]["origin"], "sent", "{report}");
}

#[test]
fn der_and_standard_input_are_read_too() {
    let Some(openssl) = peer("openssl") else {
        return;
    };
    let files = Files::new();
    files.write("chain.pem", &files.chain);
    let der = files.bench.home.path().join("leaf");
    let mut convert = programs::clean(openssl);
    convert
        .args(["x509", "-outform", "DER", "-in"])
        .arg(files.bench.home.path().join("chain.pem"));
    programs::run(convert.arg("-out").arg(&der));
    // Without a suffix it is told from a host by its path.
    let seen = see(&mut files
        .bench
        .command(&["inspect", "./leaf", "--format", "json"]));
    assert_eq!(json(&seen)["connection"]["kind"], "file");
    for arguments in [
        &["inspect", "-", "--ca", "root.pem"][..],
        &["-", "--ca", "root.pem"],
        &["verify", "--chain", "-", "--roots", "root.pem"],
    ] {
        let mut command = files.bench.command(arguments);
        let seen = see_with_input(&mut command, files.chain.as_bytes());
        assert_eq!(
            (seen.code, seen.err.as_str()),
            (0, ""),
            "{arguments:?}: {seen:?}"
        );
        assert!(seen.out.starts_with("Trusted: -\n"), "{}", seen.out);
    }
    let mut command = files.bench.command(&["export", "-", "--what", "1"]);
    let seen = see_with_input(&mut command, files.chain.as_bytes());
    assert!(files.chain.ends_with(&seen.out) && !seen.out.is_empty());
}

#[test]
fn what_is_no_certificate_is_named() {
    let files = Files::new();
    files.write("empty.pem", "");
    files.write("words.txt", "hello\n");
    files.write(
        "key.pem",
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n",
    );
    for (name, words, code) in [
        ("empty.pem", "empty", 1),
        ("words.txt", "no certificate", 1),
        ("key.pem", "private key", 1),
        ("nowhere.pem", "No such file", 3),
        (".", "folder", 3),
    ] {
        let seen = see(&mut files.bench.command(&["inspect", name]));
        assert_eq!(seen.code, code, "{name}: {seen:?}");
        let said = seen.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            said.to_lowercase().contains(&words.to_lowercase()),
            "{name}: {}",
            seen.out
        );
    }
}

#[test]
fn verify_agrees_with_openssl() {
    let Some(openssl) = peer("openssl") else {
        return;
    };
    let files = Files::new();
    let chain = files.write("chain.pem", &files.chain);
    let other = Bench::with(&["healthy"]);
    std::fs::copy(&other.root, files.bench.home.path().join("other.pem")).unwrap();
    let now = whycert::moment::Moment::now().unix();
    let day = 86_400;
    for (roots, host, at) in [
        ("root.pem", "localhost", now),
        ("root.pem", "elsewhere.example", now),
        ("root.pem", "localhost", now + 4_000 * day),
        ("root.pem", "localhost", now - 4_000 * day),
        ("other.pem", "localhost", now),
    ] {
        let mut command = programs::clean(&openssl);
        command.args([
            "verify",
            "-verify_hostname",
            host,
            "-attime",
            &at.to_string(),
            "-no-CApath",
        ]);
        command
            .arg("-CAfile")
            .arg(files.bench.home.path().join(roots));
        let theirs = see(command.arg("-untrusted").arg(&chain).arg(&chain));
        let at = whycert::moment::Moment::from_unix(at).rfc3339();
        let mut command =
            files
                .bench
                .command(&["verify", "--chain", "chain.pem", "--roots", roots]);
        let ours = see(command.args(["--host", host, "--at", &at]));
        assert_eq!(
            ours.code == 0,
            theirs.code == 0,
            "{roots} {host} {at}: {ours:?} {theirs:?}"
        );
        assert!([0, 1].contains(&ours.code), "{ours:?}");
    }
    // Without a host, names are not checked; an address is one.
    assert_eq!(files.verify("chain.pem", &[]).code, 0);
    assert_eq!(files.verify("chain.pem", &["--host", "127.0.0.1"]).code, 0);
    assert_eq!(files.verify("chain.pem", &["--host", "::1"]).code, 0);
    assert_eq!(files.verify("chain.pem", &["--host", "127.0.0.2"]).code, 1);
    // Roots alone decide; without them, this machine's stores do.
    let seen = see(&mut files.bench.command(&["verify", "--chain", "chain.pem"]));
    assert_eq!(seen.code, 1, "{seen:?}");
}
