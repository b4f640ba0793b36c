//! `whycert export`: OpenSSL reads what it writes.

use std::path::Path;

use serde_json::Value;

use super::{Bench, Seen, see, see_with_input};
use crate::support::{peer, programs};

/// `openssl` with this on standard input.
fn openssl(program: &Path, arguments: &[&str], input: &[u8]) -> Seen {
    see_with_input(programs::clean(program).args(arguments), input)
}

fn fingerprint(program: &Path, pem: &[u8]) -> String {
    let seen = openssl(program, &["x509", "-noout", "-fingerprint", "-sha256"], pem);
    assert_eq!(seen.code, 0, "{seen:?}");
    seen.out
        .trim()
        .rsplit('=')
        .next()
        .unwrap()
        .replace(':', "")
        .to_ascii_lowercase()
}

fn inspected(bench: &Bench, target: &str) -> Value {
    super::json(&see(
        &mut bench.trusting(&["inspect", target, "--format", "json"])
    ))
}

fn sha256s(report: &Value) -> Vec<String> {
    let all = report["certificates"].as_array().unwrap();
    all.iter()
        .map(|c| c["sha256"].as_str().unwrap_or_default().to_owned())
        .collect()
}

fn blocks(pem: &str) -> Vec<String> {
    const END: &str = "-----END CERTIFICATE-----\n";
    pem.split_inclusive(END).map(str::to_owned).collect()
}

#[test]
fn openssl_reads_each_choice() {
    let Some(program) = peer("openssl") else {
        return;
    };
    let bench = Bench::with(&["healthy"]);
    let target = bench.target("healthy");
    let known = sha256s(&inspected(&bench, target));
    assert_eq!(known.len(), 3, "leaf, intermediate, root");
    for (what, expected) in [
        ("leaf", &known[..1]),
        ("chain", &known[..2]),
        ("repaired", &known[..2]),
        ("root", &known[2..]),
        ("0", &known[..1]),
        ("1", &known[1..2]),
        ("2", &known[2..]),
    ] {
        let seen = see(&mut bench.trusting(&["export", target, "--what", what]));
        assert_eq!((seen.code, seen.err.as_str()), (0, ""), "{what}");
        let found: Vec<String> = blocks(&seen.out)
            .iter()
            .map(|block| fingerprint(&program, block.as_bytes()))
            .collect();
        assert_eq!(found, expected, "{what}");
        // The same as JSON.
        let seen =
            see(&mut bench.trusting(&["export", target, "--what", what, "--format", "json"]));
        assert_eq!(sha256s(&super::json(&seen)), expected, "{what}");
    }
    let bundle = see(&mut bench.trusting(&["export", target, "--what", "roots+2"]));
    let found = blocks(&bundle.out);
    assert!(found.len() > 50, "{} certificates", found.len());
    let last = found.last().unwrap();
    assert_eq!(fingerprint(&program, last.as_bytes()), known[2]);
    let file = bench.home.path().join("bundle.pem");
    std::fs::write(&file, &bundle.out).unwrap();
    let chain = see(&mut bench.trusting(&["export", target, "--what", "chain"])).out;
    let chain_file = bench.home.path().join("chain.pem");
    std::fs::write(&chain_file, &chain).unwrap();
    let mut verify = programs::clean(&program);
    verify
        .args(["verify", "-CAfile"])
        .arg(&file)
        .arg("-untrusted")
        .arg(&chain_file);
    let seen = see(verify.arg(&chain_file));
    assert_eq!(seen.code, 0, "{seen:?}");
}

#[test]
fn der_is_one_certificate() {
    let Some(program) = peer("openssl") else {
        return;
    };
    let bench = Bench::with(&["healthy"]);
    let target = bench.target("healthy");
    let file = bench.home.path().join("leaf.der");
    let mut command = bench.trusting(&["export", target, "--format", "der", "-o", "leaf.der"]);
    assert_eq!(see(&mut command).code, 0);
    let mut read = programs::clean(&program);
    read.args(["x509", "-inform", "DER", "-noout", "-in"])
        .arg(&file);
    assert_eq!(see(&mut read).code, 0);
    let two = see(&mut bench.trusting(&["export", target, "--what", "chain", "--format", "der"]));
    assert_eq!((two.code, two.out.as_str()), (3, ""));
    assert!(two.err.contains("PEM holds them all"), "{}", two.err);
}

#[test]
fn text_is_what_openssl_prints() {
    let Some(program) = peer("openssl") else {
        return;
    };
    let bench = Bench::with(&["healthy", "weak-key", "name-constraint", "not-for-servers"]);
    for id in ["healthy", "weak-key", "name-constraint", "not-for-servers"] {
        let target = bench.target(id);
        let pem = see(&mut bench.trusting(&["export", target, "--what", "chain"])).out;
        let text =
            see(&mut bench.trusting(&["export", target, "--what", "chain", "--format", "text"]));
        assert_eq!(text.code, 0, "{text:?}");
        let expected: String = blocks(&pem)
            .iter()
            .map(|block| {
                let seen = openssl(
                    &program,
                    &[
                        "x509",
                        "-noout",
                        "-text",
                        "-nameopt",
                        "oneline,-space_eq,-esc_msb",
                    ],
                    block.as_bytes(),
                );
                assert_eq!(seen.code, 0, "{seen:?}");
                seen.out
            })
            .collect();
        // Spaces at line ends are not copied.
        let bare = |t: &str| {
            t.lines()
                .map(|l| l.trim_end().to_owned())
                .collect::<Vec<_>>()
                .join("\n")
        };
        assert_eq!(bare(&text.out), bare(&expected), "{id}");
    }
}

#[test]
fn parameters_of_pss_are_what_openssl_prints() {
    let Some(program) = peer("openssl") else {
        return;
    };
    let bench = Bench::with(&[]);
    // The signature's parameters, then those of a key that may make no others.
    for (name, asked) in [
        (
            "a",
            "rsa:2048 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20 -sha384",
        ),
        (
            "b",
            "rsa:2048 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -sha256",
        ),
        ("c", "rsa-pss -pkeyopt rsa_keygen_bits:2048 -sha256"),
        (
            "d",
            "rsa-pss -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_pss_keygen_md:sha256 -pkeyopt \
             rsa_pss_keygen_mgf1_md:sha256 -pkeyopt rsa_pss_keygen_saltlen:24",
        ),
        (
            "e",
            "rsa-pss -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_pss_keygen_md:sha1 -pkeyopt \
             rsa_pss_keygen_mgf1_md:sha1 -pkeyopt rsa_pss_keygen_saltlen:20 -sha1",
        ),
    ] {
        let file = bench.home.path().join(format!("{name}.pem"));
        let mut made = programs::clean(&program);
        made.args(["req", "-x509", "-nodes", "-subj", "/CN=pss", "-newkey"])
            .args(asked.split_whitespace())
            .arg("-keyout")
            .arg(bench.home.path().join("pss.key"))
            .arg("-out")
            .arg(&file);
        let made = see(&mut made);
        assert_eq!(made.code, 0, "{made:?}");
        let mut read = programs::clean(&program);
        read.args(["x509", "-noout", "-text", "-in"]).arg(&file);
        let lines = |text: &str| -> Vec<String> {
            let about = ["Algorithm:", "Salt Length", "Trailer", "PSS"];
            let told = text.lines().filter(|l| about.iter().any(|a| l.contains(a)));
            told.map(|l| l.trim_end().to_owned()).collect()
        };
        let expected = lines(&see(&mut read).out);
        assert!(expected.len() >= 11, "{expected:#?}");
        let shown = see(bench
            .command(&["export", "--what", "leaf", "--format", "text"])
            .arg(&file));
        assert_eq!(lines(&shown.out), expected);
    }
}

#[test]
fn text_of_every_root_of_this_machine_is_what_openssl_prints() {
    /// What OpenSSL shows of these is cut off or not decoded by it; ours says more.
    const SAYS_MORE: &[&str] = &[
        "User Notice",
        "Private Key Usage Period",
        "Netscape Cert Type",
    ];
    const SYSTEM: &str = "/etc/ssl/certs/ca-certificates.crt";
    let Some(program) = peer("openssl") else {
        return;
    };
    let Ok(bundle) = std::fs::read_to_string(SYSTEM) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "no {SYSTEM}");
        eprintln!("skipped: no {SYSTEM}");
        return;
    };
    let bench = Bench::with(&[]);
    let text =
        see(&mut bench.command(&["export", SYSTEM, "--what", "chain", "--format", "text"])).out;
    let ours = text.split("Certificate:\n    Data:\n").skip(1);
    let pems: Vec<String> = blocks(&bundle);
    assert!(pems.len() > 50);
    assert_eq!(ours.clone().count(), pems.len());
    let lines = |t: &str| -> Vec<String> {
        let full = t.lines().map(|l| l.trim_end().to_owned());
        full.filter(|l| !l.is_empty()).collect()
    };
    let mut compared = 0;
    for (ours, pem) in ours.zip(&pems) {
        let arguments = [
            "x509",
            "-noout",
            "-text",
            "-nameopt",
            "oneline,-space_eq,-esc_msb",
        ];
        let theirs = programs::clean(&program)
            .args(arguments)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .and_then(|mut child| {
                std::io::Write::write_all(&mut child.stdin.take().unwrap(), pem.as_bytes())?;
                child.wait_with_output()
            })
            .unwrap();
        // Values that are no text are printed raw.
        let theirs = String::from_utf8_lossy(&theirs.stdout).into_owned();
        // Extensions without a form of their own: OpenSSL prints dots, we print hex.
        let undecoded = theirs
            .lines()
            .any(|l| l.starts_with("            ") && l.contains("..."));
        if undecoded || SAYS_MORE.iter().any(|name| theirs.contains(name)) {
            continue;
        }
        let theirs = theirs.split_once("    Data:\n").expect("text").1;
        assert_eq!(lines(ours), lines(theirs));
        compared += 1;
    }
    assert!(
        compared * 10 > pems.len() * 8,
        "{compared} of {}",
        pems.len()
    );
}

/// Each was issued by the next, and the last is no root.
fn in_order_without_root(program: &Path, pems: &[String]) {
    let name = |pem: &String, which: &str| {
        let seen = openssl(program, &["x509", "-noout", which], pem.as_bytes());
        seen.out.split_once('=').expect("a name").1.to_owned()
    };
    let subjects: Vec<String> = pems.iter().map(|p| name(p, "-subject")).collect();
    let issuers: Vec<String> = pems.iter().map(|p| name(p, "-issuer")).collect();
    assert!(subjects.len() > 1);
    assert_eq!(subjects[1..], issuers[..issuers.len() - 1]);
    assert_ne!(subjects.last(), issuers.last());
}

#[test]
fn a_repaired_chain_is_what_openssl_accepts() {
    let Some(program) = peer("openssl") else {
        return;
    };
    let ids = [
        "wrong-order",
        "duplicate",
        "unrelated",
        "redundant-root",
        "healthy",
    ];
    let bench = Bench::with(&ids);
    for id in ids {
        let target = bench.target(id);
        let name = format!("{id}.pem");
        let seen = see(&mut bench.trusting(&["export", target, "--what", "repaired", "-o", &name]));
        assert_eq!(seen.code, 0, "{id}: {seen:?}");
        let file = bench.home.path().join(&name);
        let pem = std::fs::read_to_string(&file).unwrap();
        in_order_without_root(&program, &blocks(&pem));
        let mut verify = programs::clean(&program);
        verify.args([
            "verify",
            "-x509_strict",
            "-verify_hostname",
            "localhost",
            "-CAfile",
        ]);
        let seen = see(verify
            .arg(&bench.root)
            .arg("-untrusted")
            .arg(&file)
            .arg(&file));
        assert_eq!(seen.code, 0, "{id}: {seen:?}");
    }
}

#[test]
fn a_gap_that_no_store_fills_is_named() {
    let bench = Bench::with(&["missing-intermediate"]);
    let target = bench.target("missing-intermediate");
    for what in ["repaired", "root"] {
        let seen = see(&mut bench.trusting(&["export", target, "--what", what]));
        assert_eq!((seen.code, seen.out.as_str()), (3, ""));
        assert!(
            seen.err.contains("“whycert Lab Issuing CA” is missing"),
            "{}",
            seen.err
        );
    }
    let seen = see(&mut bench.trusting(&["export", target, "--what", "7"]));
    assert_eq!(seen.code, 3);
    assert!(
        seen.err.contains("there is no certificate 7"),
        "{}",
        seen.err
    );
}

#[test]
fn markdown_is_the_whole_report_of_a_choice_that_exists() {
    let bench = Bench::with(&["expired"]);
    let target = bench.target("expired");
    let seen = see(&mut bench.trusting(&["export", target, "--format", "markdown"]));
    assert_eq!(seen.code, 0);
    assert!(
        seen.out.starts_with("# ") && seen.out.contains("cert.expired"),
        "{}",
        seen.out
    );
    let seen = see(&mut bench.trusting(&["export", target, "--what", "9", "--format", "markdown"]));
    assert_eq!((seen.code, seen.out.as_str()), (3, ""));
}

#[test]
fn nothing_is_ever_overwritten() {
    let bench = Bench::with(&["healthy"]);
    let target = bench.target("healthy");
    let file = bench.home.path().join("mine.pem");
    std::fs::write(&file, "mine").unwrap();
    let seen = see(&mut bench.trusting(&["export", target, "-o", "mine.pem"]));
    assert_eq!(seen.code, 3);
    assert!(
        seen.err
            .contains("mine.pem is there already, and is never overwritten"),
        "{}",
        seen.err
    );
    assert!(seen.err.contains("\nhint: "), "{}", seen.err);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    // Nor through a link that leads nowhere.
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("elsewhere", bench.home.path().join("link.pem")).unwrap();
        let seen = see(&mut bench.trusting(&["export", target, "-o", "link.pem"]));
        assert_eq!(seen.code, 3);
        assert!(!bench.home.path().join("elsewhere").exists());
    }
    let seen = see(&mut bench.trusting(&["export", target, "-o", "no/such/folder.pem"]));
    assert_eq!(seen.code, 3);
    assert!(
        seen.err.contains("there is no folder no/such"),
        "{}",
        seen.err
    );
    let mut names: Vec<String> = std::fs::read_dir(bench.home.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names.retain(|name| name.contains("whycert") || name.ends_with(".tmp"));
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn what_was_not_seen_is_not_exported() {
    let bench = Bench::with(&["refused", "plain-http"]);
    for (id, words) in [("refused", "Nothing listens"), ("plain-http", "plain HTTP")] {
        let seen = see(&mut bench.command(&["export", bench.target(id), "-o", "x.pem"]));
        assert_eq!((seen.code, seen.out.as_str()), (3, ""));
        assert!(seen.err.contains(words), "{}", seen.err);
        assert!(seen.err.contains("hint: whycert inspect"), "{}", seen.err);
        assert!(!bench.home.path().join("x.pem").exists());
    }
    let seen = see(&mut bench.command(&["export", "nowhere.pem"]));
    assert_eq!(seen.code, 3);
    assert!(
        seen.err.contains("nowhere.pem") && seen.err.contains("No such file"),
        "{}",
        seen.err
    );
}

#[test]
fn der_does_not_go_to_a_terminal() {
    use portable_pty::{CommandBuilder, PtySize, native_pty_system};
    use std::io::Read;
    let bench = Bench::with(&["healthy"]);
    let pair = native_pty_system().openpty(PtySize::default()).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_whycert"));
    command.args(["export", bench.target("healthy"), "--format", "der"]);
    command.env("HOME", bench.home.path());
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut out = Vec::new();
    // At its end a pseudo-terminal may answer with an error instead of nothing.
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = reader.read(&mut buffer) {
        out.extend_from_slice(&buffer[..n]);
    }
    let status = child.wait().unwrap();
    let out = String::from_utf8_lossy(&out);
    assert_eq!(status.exit_code(), 2, "{out}");
    assert!(
        out.contains("DER is binary") && out.contains("hint: add -o FILE"),
        "{out}"
    );
}
