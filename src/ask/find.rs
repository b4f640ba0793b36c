//! Which clients are on this machine, in which versions: programs of `PATH` are asked for their version,
//! each Python also for its packages. Nothing is sent anywhere.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use super::run;
use crate::judge::client::{Installed, by_id};
use crate::store::Machine;
use crate::text;

/// Longest time for a program to name its version.
const LIMIT: Duration = Duration::from_secs(20);
/// Pythons looked into at most.
const MOST_PYTHONS: usize = 8;

/// Finds them. Blocking; each program runs beside the others.
pub fn find(machine: &Machine) -> Vec<Installed> {
    let search = Search::new(machine);
    let jobs: Vec<Box<dyn FnOnce() -> Vec<Found> + Send>> = vec![
        search.job("curl", &["--version"], curl),
        search.job("wget", &["--version"], wget),
        search.job("wget2", &["--version"], |at, out| {
            one("wget2", at, out.lines().next()?, true)
        }),
        search.job("git", &["--exec-path"], git),
        search.job("openssl", &["version"], openssl),
        search.job("gnutls-cli", &["--version"], |at, out| {
            let line = out.lines().next()?;
            one("gnutls-cli", at, line, line.contains(" 3.8."))
        }),
        search.job("go", &["version"], |at, out| {
            one("go124", at, out.trim().trim_start_matches("go version "), number(out, "go1.") >= Some(24))
        }),
        search.job("npm", &["--version"], |at, out| {
            one("npm", at, &format!("npm {}", out.trim()), out.starts_with("11."))
        }),
        search.job("kubectl", &["version", "--client"], |at, out| {
            one("kubectl", at, &format!("kubectl {}", out.lines().next()?), true)
        }),
        search.job("uv", &["--version"], |at, out| one("uv", at, out.trim(), true)),
        search.job("deno", &["--version"], |at, out| one("deno", at, out.lines().next()?, true)),
        search.job("bun", &["--version"], |at, out| {
            one("bun", at, &format!("Bun {}", out.trim()), true)
        }),
        search.job("ruby", &["-e", "puts RbConfig.ruby, RUBY_VERSION"], |_, out| {
            let (program, version) = out.trim().split_once('\n')?;
            one("ruby", Path::new(program), &format!("Ruby {version}"), version.starts_with("3.3."))
        }),
        search.job(
            "perl",
            &["-MLWP::UserAgent", "-MLWP::Protocol::https", "-e", "print $LWP::UserAgent::VERSION"],
            |at, out| one("perl-lwp", at, &format!("LWP {out}"), true),
        ),
        search.many("php", &["-r", "echo PHP_VERSION, ' ', extension_loaded('openssl') ? 'streams ' : '', extension_loaded('curl') ? 'curl' : '';"], php),
        search.many("node", &["-p", "process.execPath + '\\n' + process.versions.node + '\\n' + process.versions.openssl"], node),
        search.many("java", &["-version"], java),
    ];
    let pythons = search.pythons();
    let found: Vec<Found> = std::thread::scope(|scope| {
        let mut running: Vec<_> = jobs.into_iter().map(|job| scope.spawn(job)).collect();
        running.extend(pythons.into_iter().map(|job| scope.spawn(job)));
        let answers = running
            .into_iter()
            .map(|one| one.join().unwrap_or_default());
        answers.flatten().collect()
    });
    let mut out: Vec<Installed> = Vec::new();
    for (client, program, version, same_line) in found {
        match out.iter_mut().find(|i| i.client == client) {
            Some(known) if known.program == program => {}
            Some(known) => known.others += 1,
            None => out.push(Installed {
                client,
                program,
                version,
                same_line,
                others: 0,
            }),
        }
    }
    out
}

/// Id of the profile, program, version, and whether the profile was measured on this line of versions.
type Found = (&'static str, PathBuf, String, bool);

fn one(client: &str, program: &Path, version: &str, same_line: bool) -> Option<Found> {
    let known = by_id(client)?;
    let version = text::clip(&text::safe(version.trim()), 80).into_owned();
    Some((known.id.as_str(), program.to_owned(), version, same_line))
}

struct Search {
    folders: Vec<PathBuf>,
}

impl Search {
    fn new(machine: &Machine) -> Self {
        let path = machine.variable("PATH").unwrap_or_default();
        Self {
            folders: std::env::split_paths(path)
                .filter(|f| f.is_absolute())
                .collect(),
        }
    }

    fn all(&self, name: &str) -> Vec<PathBuf> {
        let files = self.folders.iter().map(|folder| folder.join(name));
        files.filter(|file| file.is_file()).collect()
    }

    fn job(
        &self,
        name: &str,
        arguments: &'static [&'static str],
        reads: fn(&Path, &str) -> Option<Found>,
    ) -> Box<dyn FnOnce() -> Vec<Found> + Send> {
        let Some(program) = self.all(name).into_iter().next() else {
            return Box::new(Vec::new);
        };
        Box::new(move || {
            output(&program, arguments)
                .and_then(|out| reads(&program, &out))
                .into_iter()
                .collect()
        })
    }

    fn many(
        &self,
        name: &str,
        arguments: &'static [&'static str],
        reads: fn(&Path, &str) -> Vec<Found>,
    ) -> Box<dyn FnOnce() -> Vec<Found> + Send> {
        let Some(program) = self.all(name).into_iter().next() else {
            return Box::new(Vec::new);
        };
        Box::new(move || {
            output(&program, arguments).map_or_else(Vec::new, |out| reads(&program, &out))
        })
    }

    /// Every Python of `PATH`, the first of each folder.
    fn pythons(&self) -> Vec<Box<dyn FnOnce() -> Vec<Found> + Send>> {
        let mut seen: Vec<PathBuf> = Vec::new();
        for program in self.all("python3") {
            let real = program.canonicalize().unwrap_or_else(|_| program.clone());
            if !seen
                .iter()
                .any(|s| s.canonicalize().is_ok_and(|s| s == real))
            {
                seen.push(program);
            }
        }
        seen.truncate(MOST_PYTHONS);
        seen.into_iter()
            .map(|program| {
                let job: Box<dyn FnOnce() -> Vec<Found> + Send> = Box::new(move || {
                    let script = include_str!("../../assets/ask/find.py");
                    output(&program, &["-c", script])
                        .and_then(|out| serde_json::from_str::<Python>(&out).ok())
                        .map_or_else(Vec::new, |python| python.clients())
                });
                job
            })
            .collect()
    }
}

/// What a program prints, on either stream; `None` when it fails.
fn output(program: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).env("LC_ALL", "C.UTF-8");
    let ran = run::run(&mut command, LIMIT).ok()?;
    let out = if ran.stdout.trim().is_empty() {
        ran.stderr
    } else {
        ran.stdout
    };
    (ran.code == Some(0)).then_some(out)
}

/// The number that follows a prefix: 24 in `go1.24.4`.
fn number(text: &str, prefix: &str) -> Option<u32> {
    let (_, rest) = text.split_once(prefix)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn curl(program: &Path, out: &str) -> Option<Found> {
    let line = out.lines().next()?;
    let mut words = line.split(' ');
    let version = words.nth(1)?;
    let library = words.find(|w| w.starts_with("OpenSSL/") || w.starts_with("GnuTLS/"))?;
    let shown = format!("curl {version}, {}", library.replace('/', " "));
    let (client, same) = match (
        library.starts_with("GnuTLS"),
        number(version, "") >= Some(8),
    ) {
        (true, _) => ("curl8-gnutls", true),
        (_, true) => ("curl8-openssl", library.starts_with("OpenSSL/3.5")),
        (_, false) => ("curl7-openssl", library.starts_with("OpenSSL/3.0")),
    };
    one(client, program, &shown, same)
}

fn wget(program: &Path, out: &str) -> Option<Found> {
    let line = out.lines().next()?;
    if !out.contains("+ssl/gnutls") {
        return None;
    }
    let minor = number(line, "Wget 1.")?;
    let client = if minor <= 21 { "wget121" } else { "wget125" };
    let shown = line.trim_start_matches("GNU ").split(" built").next()?;
    one(client, program, shown, minor == 21 || minor == 25)
}

/// git speaks through libcurl: which one its remote program is linked with decides.
fn git(program: &Path, out: &str) -> Option<Found> {
    let remote = Path::new(out.trim()).join("git-remote-https");
    let bytes = std::fs::read(remote).ok()?;
    let linked = |name: &[u8]| bytes.windows(name.len()).any(|w| w == name);
    if !linked(b"libcurl-gnutls.so") {
        return None;
    }
    let version = output(program, &["--version"])?;
    let library = libcurl_gnutls().unwrap_or_default();
    let name = version.trim().replace(" version", "");
    let shown = format!("{name}, libcurl {library} (GnuTLS)").replace("  ", " ");
    one("git", program, &shown, library.starts_with("8."))
}

/// The version of libcurl-gnutls, which stands in the library itself.
fn libcurl_gnutls() -> Option<String> {
    let triplet = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    let folders = [triplet.as_str(), "/usr/lib64", "/usr/lib"];
    let bytes = folders
        .iter()
        .find_map(|folder| std::fs::read(Path::new(folder).join("libcurl-gnutls.so.4")).ok())?;
    let mark = b"CLIENT libcurl ";
    let at = bytes.windows(mark.len()).position(|w| w == mark)? + mark.len();
    let version = bytes.get(at..)?.iter().map(|b| char::from(*b));
    Some(
        version
            .take_while(|c| c.is_ascii_digit() || *c == '.')
            .collect(),
    )
}

fn openssl(program: &Path, out: &str) -> Option<Found> {
    let version = out.split(' ').nth(1)?;
    let minor = number(version, "3.").filter(|_| version.starts_with("3."))?;
    let client = if minor < 2 {
        "s_client30"
    } else {
        "s_client35"
    };
    let shown = format!("OpenSSL {version}");
    one(client, program, &shown, minor == 0 || minor == 5)
}

fn php(program: &Path, out: &str) -> Vec<Found> {
    let version = out.split(' ').next().unwrap_or_default();
    let shown = format!("PHP {version}");
    let has = |word: &str, client: &str| {
        out.contains(word)
            .then(|| one(client, program, &shown, version.starts_with("8.4")))
            .flatten()
    };
    let both = [has("streams", "php-streams"), has("curl", "php-curl")];
    both.into_iter().flatten().collect()
}

fn node(_: &Path, out: &str) -> Vec<Found> {
    let mut lines = out.lines();
    let (Some(program), Some(version), Some(openssl)) = (lines.next(), lines.next(), lines.next())
    else {
        return Vec::new();
    };
    let major = number(version, "").unwrap_or_default();
    let shown = format!("Node {version}, OpenSSL {openssl}");
    let line = if major < 22 { "node20" } else { "node24" };
    ["https", "fetch"]
        .iter()
        .filter(|kind| **kind == "https" || major >= 18)
        .filter_map(|kind| {
            let same = major == 20 || major == 24;
            one(&format!("{line}-{kind}"), Path::new(program), &shown, same)
        })
        .collect()
}

fn java(program: &Path, out: &str) -> Vec<Found> {
    let Some(version) = out.split('"').nth(1) else {
        return Vec::new();
    };
    let major = number(version, "").unwrap_or_default();
    if major < 11 {
        return Vec::new();
    }
    let line = if major < 21 { "java17" } else { "java25" };
    let shown = format!("Java {version}");
    ["url", "client"]
        .iter()
        .filter_map(|kind| {
            one(
                &format!("{line}-{kind}"),
                program,
                &shown,
                major == 17 || major == 25,
            )
        })
        .collect()
}

/// What `find.py` prints.
#[derive(Deserialize)]
struct Python {
    program: PathBuf,
    python: String,
    openssl: String,
    own_suites: bool,
    packages: std::collections::BTreeMap<String, String>,
}

impl Python {
    fn clients(&self) -> Vec<Found> {
        let minor = number(&self.python, "3.").unwrap_or_default();
        let here = format!("Python {}, {}", self.python, self.openssl_name());
        let mut out = Vec::new();
        let urllib = match minor {
            ..=8 => "python38-urllib",
            9..=11 if self.own_suites => "python311-urllib",
            9..=11 => "python311-urllib-debian",
            12 => "python312-urllib",
            _ => "python313-urllib",
        };
        out.extend(one(
            urllib,
            &self.program,
            &here,
            matches!(minor, 8 | 11 | 12 | 13),
        ));
        let line = if minor < 13 { "python311" } else { "python313" };
        for (package, version) in &self.packages {
            let shown = format!("{package} {version}, {here}");
            let client = match package.as_str() {
                "pip" => {
                    let new = number(version, "") >= Some(25) || version.starts_with("24.2");
                    if new && minor >= 10 {
                        "pip26".to_owned()
                    } else {
                        "pip23".to_owned()
                    }
                }
                name => format!("{line}-{name}"),
            };
            let same = match package.as_str() {
                "pip" => version.starts_with("23.") || version.starts_with("26."),
                _ => (minor == 11 && self.own_suites) || minor == 13,
            };
            out.extend(one(&client, &self.program, &shown, same));
        }
        out
    }

    fn openssl_name(&self) -> String {
        self.openssl
            .split(' ')
            .take(2)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_lead_to_profiles() {
        let at = Path::new("/usr/bin/curl");
        let id = |out: &str| curl(at, out).map(|f| (f.0, f.3));
        assert_eq!(
            id("curl 7.88.1 (x) libcurl/7.88.1 OpenSSL/3.0.22 zlib/1.2"),
            Some(("curl7-openssl", true))
        );
        assert_eq!(
            id("curl 8.14.1 (x) libcurl/8.14.1 OpenSSL/3.2.1"),
            Some(("curl8-openssl", false))
        );
        assert_eq!(id("curl 8.5.0 (x) libcurl/8.5.0 Schannel"), None);
        let ids = |out: &str| java(at, out).into_iter().map(|f| f.0).collect::<Vec<_>>();
        assert_eq!(
            ids("openjdk version \"17.0.15\" 2025"),
            ["java17-url", "java17-client"]
        );
        assert_eq!(ids("java version \"1.8.0_402\""), Vec::<&str>::new());
        let python = Python {
            program: PathBuf::from("/p"),
            python: "3.13.0".to_owned(),
            openssl: "OpenSSL 3.5.9 29 Sep 2026".to_owned(),
            own_suites: false,
            packages: [("requests", "2.34"), ("pip", "26.3")]
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .into(),
        };
        let ids: Vec<&str> = python.clients().into_iter().map(|f| f.0).collect();
        assert_eq!(ids, ["python313-urllib", "pip26", "python313-requests"]);
    }
}
