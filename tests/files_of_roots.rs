//! Files of roots that are damaged, empty, missing, closed or folders, given to clients in their own ways:
//! verdict and text against what was measured of the real ones, `tests/data/measured/files.tsv`.
//!
//! curl 7.88 and 8.14 and 8.23, wget 1.21 and 1.25, wget2 2.2, git 2.47, OpenSSL 3.0 and 3.5, GnuTLS 3.8, Python 3.11
//! and 3.13, pip 23 and 26, Node 20 and 24, npm, Bun, Deno, uv, Go 1.24, kubectl 1.32, Ruby 3.3, PHP 8.4, Perl,
//! Java 17, reqwest 0.12 and 0.13, from Debian 12, 13 and sid, npm, PyPI and crates.io.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use whycert::cert::Certificate;
use whycert::chain::Chain;
use whycert::judge::client::{
    self, Ask, ClientVerdict, FileTrouble, Peer, Profile, SeenSettings, Trusted,
};
use whycert::judge::{Facts, Purpose, Question};
use whycert::moment::Moment;
use whycert::store::{Machine, Stores};
use whycert::target::Target;

use crate::clients::agrees;

const NOW: &str = "2026-11-28T08:45:00Z";

fn data(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/measured");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// The text of a file of this name; `None` for what is no readable file.
fn text(name: &str) -> Option<String> {
    const END: &str = "-----END CERTIFICATE-----\n";
    let (root, other) = (data("files/root.pem"), data("files/other.pem"));
    let damaged = |how: &str, pem: &str| -> Option<String> {
        let mut lines: Vec<String> = pem.lines().map(|line| format!("{line}\n")).collect();
        let der = pem_der(pem);
        Some(match how {
            "char" => {
                lines[3].replace_range(20..21, "!");
                lines.concat()
            }
            "odd" => {
                lines[3].remove(20);
                lines.concat()
            }
            "lost" => {
                lines.remove(4);
                lines.concat()
            }
            "cut" => whycert::cert::pem::encode(&der[..der.len() - 41]),
            "noend" => pem.replace(END, ""),
            "half" => pem[..pem.len() / 2].to_owned(),
            "garbage" => format!("-----BEGIN CERTIFICATE-----\nAAAAAAAA\n{END}"),
            "bare" => format!("-----BEGIN CERTIFICATE-----\n{END}"),
            "nobegin" => pem.replace("-----BEGIN CERTIFICATE-----\n", ""),
            _ => return None,
        })
    };
    match name {
        "ok" => Some(root),
        "empty" => Some(String::new()),
        "text" => Some("hello\n".to_owned()),
        "key" => {
            Some("-----BEGIN PRIVATE KEY-----\nMAMCAQA=\n-----END PRIVATE KEY-----\n".to_owned())
        }
        "trusted" => Some(data("files/trusted.pem")),
        "rnoend-other" => Some(root.replace(END, "") + &other),
        "badkey" => {
            let key = root.replace("CERTIFICATE", "PRIVATE KEY");
            Some(key.replacen("MII", "!!!", 1) + &root)
        }
        "keyfirst" => Some(format!(
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n{root}"
        )),
        "realkey" => Some(format!(
            "-----BEGIN PRIVATE KEY-----\nMAMCAQA=\n-----END PRIVATE KEY-----\n{root}"
        )),
        "x509" => Some(root.replace("CERTIFICATE", "X509 CERTIFICATE")),
        "joined" => Some(root.trim_end().to_owned() + other.trim_end()),
        "joined2" => Some(other.trim_end().to_owned() + root.trim_end()),
        "bom" => Some(format!("\u{feff}{root}")),
        "bomc" => Some(format!("\u{feff}# c\n{root}")),
        "crlf" => Some(root.replace('\n', "\r\n")),
        "endspace" => Some(root.replace("E-----\n", "E-----  \n")),
        "indent" => Some(root.lines().map(|line| format!("  {line}\n")).collect()),
        "other-trusted" => Some(other + &data("files/trusted.pem")),
        "trusted-other" => Some(data("files/trusted.pem") + &other),
        "folder" | "denied" | "missing" => None,
        _ => Some(match name.split_once('-') {
            Some(("good", how)) => root.clone() + &damaged(how, &other).unwrap(),
            Some((how, "good")) => damaged(how, &other).unwrap() + &root,
            _ => damaged(name, &root).unwrap_or_else(|| panic!("{name}")),
        }),
    }
}

fn pem_der(pem: &str) -> Vec<u8> {
    whycert::capture::pem::decode(pem.as_bytes())
        .certificates
        .remove(0)
}

/// The file itself; `None` when it cannot be had here, because root reads everything.
fn made(folder: &Path, name: &str) -> Option<PathBuf> {
    let path = folder.join(format!("{name}.pem"));
    match name {
        "missing" => {}
        "folder" => std::fs::create_dir_all(&path).unwrap(),
        "denied" => {
            use std::os::unix::fs::PermissionsExt;
            if !path.exists() {
                std::fs::write(&path, data("files/root.pem")).unwrap();
            }
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
            std::fs::read(&path).is_err().then_some(())?;
        }
        _ => std::fs::write(&path, text(name).unwrap()).unwrap(),
    }
    Some(path)
}

/// What is predicted of a client to which this file is given so: `given` by an option, or by settings.
fn predicted(
    profile: &'static Profile,
    by: &str,
    file: &Path,
    home: &Path,
    peer: &Peer,
) -> ClientVerdict {
    let mut seen = SeenSettings::empty();
    let mut variables: Vec<(String, OsString)> = Vec::new();
    for word in by.split(' ').filter(|word| *word != "given") {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, value.to_owned()),
            None if word == "JAVA_TOOL_OPTIONS" => (
                word,
                format!("-Djavax.net.ssl.trustStore={}", file.display()),
            ),
            None => (word, file.display().to_string()),
        };
        seen.0.insert(name.to_owned(), value.clone());
        // A key of a configuration file leads where a variable with the same value leads.
        let variable = if name.contains(':') {
            "SSL_CERT_FILE"
        } else {
            name
        };
        variables.push((variable.to_owned(), value.into()));
    }
    let variables = variables.iter().map(|(n, v)| (n.as_str(), v.clone()));
    let machine = Machine::other(&home.join("root"), home, variables);
    let leaf = Arc::new(Certificate::read(pem_der(&data("files/leaf.pem"))));
    let given = Stores::load_on(&machine, &[file.to_owned()]);
    let stores = Stores::load_on(&machine, &[]);
    let is_given = by == "given";
    let with_file = if is_given {
        given.clone()
    } else {
        stores.with_settings()
    };
    let chain = Chain::build(&[leaf], false, &with_file);
    let question = Question {
        name: Some(peer.host.clone()),
        purpose: Some(Purpose::Server),
        ..Question::at(Moment::parse(NOW, Moment::now()).unwrap())
    };
    let store = given.given().unwrap();
    let trusted = if is_given {
        let trouble = match file.metadata() {
            Err(_) => Some(FileTrouble::Missing),
            Ok(what) if what.is_dir() => Some(FileTrouble::Folder),
            Ok(_) if std::fs::read(file).is_err() => Some(FileTrouble::Denied),
            Ok(_) => FileTrouble::of_file(store, profile),
        };
        Trusted::Given { store, trouble }
    } else {
        Trusted::Machine {
            stores: &stores,
            settings: &seen,
            hashed_folder: true,
        }
    };
    let ask = Ask {
        chain: &chain,
        direct: None,
        question: &question,
        peer: Some(peer),
        facts: &Facts::default(),
        trusted,
    };
    client::verdict(profile, &ask).unwrap()
}

#[test]
fn files_of_roots_are_met_as_measured() {
    let folder = tempfile::tempdir().unwrap();
    let target = Target::parse("https://localhost:24443/").unwrap();
    let endpoint = target.endpoint().unwrap();
    let mut peer = Peer::modern(endpoint.host.clone(), endpoint.port);
    peer.address = Some("127.0.0.1".parse().unwrap());
    let (mut agree, mut wrong) = (0, Vec::new());
    for line in data("files.tsv").lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [client, by, outcome, said, cause, files] = fields[..] else {
            panic!("{line}");
        };
        let profile = client::by_id(client).unwrap_or_else(|| panic!("{client}"));
        for name in files.split(' ') {
            let Some(file) = made(folder.path(), name) else {
                continue;
            };
            let found = predicted(profile, by, &file, folder.path(), &peer);
            let measured = |text: &str| text.replace("{CAFILE}", &file.display().to_string());
            let same = found.accepted == (outcome == "ok")
                && agrees(&measured(said), &found.message, &peer)
                && (cause.is_empty() || agrees(&measured(cause), &found.cause, &peer));
            if same {
                agree += 1;
            } else {
                wrong.push(format!(
                    "{client} {by} {name}\n    measured  {outcome} {said} | {cause}\n    predicted {} {} | {} ({})",
                    found.accepted, found.message, found.cause, found.store
                ));
            }
        }
    }
    println!("{agree} agree");
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}
