//! Foreign judges on the lab: curl and Python's `ssl` get the lab's roots and say yes or no to each
//! TLS server. They agree with whycert, or the difference is in the table below with its reason.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use whycert::inspect::{Inspection, Outcome};
use whycert::lab::{Lab, SCENARIOS, Scenario};

use crate::lab::inspect_all;
use crate::support::programs::{clean, peer, run};

/// Which programs a difference holds for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Curl,
    /// Python up to 3.12.
    Python,
    /// Python 3.13 and later, which asks for `VERIFY_X509_STRICT`.
    StrictPython,
}

/// Where a judge says otherwise than whycert, and why.
const DIFFERENCES: &[(&str, &[Who], &str)] = &[
    (
        "common-name-only",
        &[Who::Curl, Who::Python, Who::StrictPython],
        "OpenSSL still looks at the common name when there is no alternative name; RFC 9525 forbids that",
    ),
    (
        "revoked",
        &[Who::Curl, Who::Python, Who::StrictPython],
        "OpenSSL programs do not ask for a stapled answer, and so do not hear that the CA revoked it",
    ),
];

/// One answer.
struct Answer {
    accepted: bool,
    words: String,
}

/// The TLS servers of the lab, with host and port.
fn tls_servers(lab: &Lab) -> Vec<(&'static str, String)> {
    lab.running()
        .iter()
        .filter_map(|served| {
            let place = served.target.strip_prefix("https://")?;
            place
                .contains(':')
                .then(|| (served.scenario.id, place.to_owned()))
        })
        .collect()
}

/// Every difference that is not in the table, and every entry of the table that is none.
fn differences(
    ours: &HashMap<&'static str, Inspection>,
    judge: &str,
    who: Who,
    answers: &[(&'static str, Answer)],
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, answer) in answers {
        // What never shows a certificate is no matter for a judge.
        if ours[id].capture.presented.is_empty() {
            assert!(!answer.accepted, "{judge} accepts {id}");
            continue;
        }
        let accepted = ours[id].outcome == Outcome::Trusted;
        let known = DIFFERENCES
            .iter()
            .find(|(scenario, judges, _)| scenario == id && judges.contains(&who));
        match (accepted == answer.accepted, known) {
            (true, None) => {}
            (false, Some((_, _, reason))) => eprintln!("{judge}, {id}: differs, because {reason}"),
            (false, None) => wrong.push(format!(
                "{id}: whycert {}, {judge} {}: {}",
                if accepted { "accepts" } else { "rejects" },
                if answer.accepted {
                    "accepts"
                } else {
                    "rejects"
                },
                answer.words
            )),
            (true, Some(_)) => wrong.push(format!("{id}: {judge} agrees, against the table")),
        }
    }
    wrong
}

fn lab() -> (Lab, tempfile::TempDir, PathBuf) {
    let all: Vec<&'static Scenario> = SCENARIOS.iter().collect();
    let lab = Lab::start(&all, None).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, lab.root_pem()).unwrap();
    (lab, folder, roots)
}

#[test]
fn curl_agrees_on_the_lab() {
    let Some(curl) = peer("curl") else { return };
    let (lab, _folder, roots) = lab();
    let answers: Vec<(&'static str, Answer)> = tls_servers(&lab)
        .into_iter()
        .map(|(id, place)| {
            let output = clean(&curl)
                .args(["-q", "-sS", "--noproxy", "*", "--max-time", "5", "--cacert"])
                .arg(&roots)
                .arg(format!("https://{place}/"))
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            // In TLS 1.3 the demand for a client certificate arrives after the server's was accepted.
            let demanded =
                output.status.code() == Some(56) && words.contains("alert certificate required");
            let accepted = output.status.success() || demanded;
            (id, Answer { accepted, words })
        })
        .collect();
    let wrong = differences(&inspect_all(&lab), "curl", Who::Curl, &answers);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `python3`, and every version that pyenv has here.
fn pythons() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = peer("python3").into_iter().collect();
    let home = std::env::var_os("HOME")
        .map(PathBuf::from)
        .unwrap_or_default();
    let pyenv = std::env::var_os("PYENV_ROOT").map_or_else(|| home.join(".pyenv"), PathBuf::from);
    let versions = std::fs::read_dir(pyenv.join("versions"))
        .into_iter()
        .flatten();
    found.extend(
        versions
            .filter_map(Result::ok)
            .map(|entry| entry.path().join("bin/python3"))
            .filter(|python| python.is_file()),
    );
    found
}

fn python_version(python: &Path) -> (u32, u32) {
    let words = run(clean(python).args(["-c", "import sys; print(*sys.version_info[:2])"]));
    let mut numbers = words.split_whitespace().map(|n| n.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

#[test]
fn every_python_agrees_on_the_lab() {
    let (lab, _folder, roots) = lab();
    let ours = inspect_all(&lab);
    let mut wrong = Vec::new();
    for python in pythons() {
        let version = python_version(&python);
        if version < (3, 7) {
            eprintln!(
                "skipped: Python {}.{} has its own name matching",
                version.0, version.1
            );
            continue;
        }
        let servers = tls_servers(&lab);
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/data/judges/python_ssl.py"
        );
        // The silent ones would only be waited for.
        let asked: Vec<_> = servers
            .into_iter()
            .filter(|(id, _)| !matches!(*id, "silent" | "stalled"))
            .collect();
        let said = run(clean(&python)
            .arg(script)
            .arg(&roots)
            .args(asked.iter().map(|(_, place)| place)));
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), asked.len(), "{said}");
        let answers: Vec<(&'static str, Answer)> = asked
            .iter()
            .zip(lines)
            .map(|((id, _), line)| {
                let accepted = line == "accepted";
                (
                    *id,
                    Answer {
                        accepted,
                        words: line.to_owned(),
                    },
                )
            })
            .collect();
        let who = if version < (3, 13) {
            Who::Python
        } else {
            Who::StrictPython
        };
        let judge = format!("Python {}.{}", version.0, version.1);
        wrong.extend(differences(&ours, &judge, who, &answers));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
