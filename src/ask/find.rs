//! Which clients are on this machine, in which versions: programs of `PATH` are asked for their version,
//! each Python also for its packages. Nothing is sent anywhere.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::found::{curl_line, edition, number, one};
use super::go::{go, kubectl};
use super::perl;
use super::php;
use super::python::Python;
use super::run;
use crate::judge::client::{Edition, Installed, ProxyUse};
use crate::store::Machine;

/// Longest time for a program to name its version.
const LIMIT: Duration = Duration::from_secs(20);
/// Pythons looked into at most.
const MOST_PYTHONS: usize = 16;
/// Minor versions of Python whose own name (`python3.13`) is looked for.
const OLDEST_PYTHON: u32 = 8;
const NEWEST_PYTHON: u32 = 15;

/// Finds them. Blocking; each program runs beside the others.
pub fn find(machine: &Machine) -> Vec<Installed> {
    let search = Search::new(machine);
    let jobs: Vec<Box<dyn FnOnce() -> Vec<Installed> + Send>> = vec![
        search.job("curl", &["--version"], curl),
        search.job("wget", &["--version"], wget),
        search.job("wget2", &["--version"], wget2),
        search.job("git", &["--exec-path"], git),
        search.job("openssl", &["version"], openssl),
        search.job("gnutls-cli", &["--version"], |at, out| {
            let line = out.lines().next()?;
            one("gnutls-cli", at, line, line.contains(" 3.8."))
        }),
        search.job("go", &["version"], go),
        search.job("npm", &["--version"], |at, out| {
            one("npm", at, &format!("npm {}", out.trim()), out.starts_with("11."))
        }),
        search.job("kubectl", &["version", "--client", "-o", "json"], kubectl),
        search.many("uv", &["--version"], |at, out| {
            ["uv", "uv-system"].iter().filter_map(|id| one(id, at, out.trim(), true)).collect()
        }),
        search.many("deno", &["--version"], |at, out| {
            let version = out.lines().next().unwrap_or_default();
            ["deno", "deno-system"].iter().filter_map(|id| one(id, at, version, true)).collect()
        }),
        search.first_of(&["chromium", "google-chrome", "chromium-browser"], &["--version"], |at, out| {
            edition(
                one("chromium", at, out.lines().last()?, true),
                Edition { words: Some("chromium-page"), ..Edition::default() },
            )
        }),
        search.first_of(&["firefox", "firefox-esr"], &["--version"], firefox),
        search.job("bun", &["--version"], |at, out| {
            one("bun", at, &format!("Bun {}", out.trim()), true)
        }),
        search.job(
            "ruby",
            &["-ropenssl", "-e", "puts RbConfig.ruby, RUBY_VERSION, OpenSSL::OPENSSL_LIBRARY_VERSION"],
            ruby,
        ),
        search.job("perl", perl::LOOK, perl::lwp),
        search.many("php", php::LOOK, php::php),
        search.modules(machine),
        search.many("node", &["-p", "process.execPath + '\\n' + process.versions.node + '\\n' + process.versions.openssl"], node),
        search.many("java", &["-version"], java),
    ];
    let pythons = search.pythons();
    let found: Vec<Installed> = std::thread::scope(|scope| {
        let mut running: Vec<_> = jobs.into_iter().map(|job| scope.spawn(job)).collect();
        running.extend(pythons.into_iter().map(|job| scope.spawn(job)));
        let answers = running
            .into_iter()
            .map(|one| one.join().unwrap_or_default());
        answers.flatten().collect()
    });
    let mut out: Vec<Installed> = Vec::new();
    for one in found {
        let same = |i: &&Installed| (i.client, &i.program) == (one.client, &one.program);
        if !out.iter().any(|i| same(&i)) {
            out.push(one);
        }
    }
    out
}

struct Search {
    folders: Vec<PathBuf>,
    /// Folders with the Pythons of the current environment and of pyenv.
    environments: Vec<PathBuf>,
}

impl Search {
    fn new(machine: &Machine) -> Self {
        let path = machine.variable("PATH").unwrap_or_default();
        Self {
            environments: crate::store::python_prefixes(machine)
                .into_iter()
                .map(|prefix| prefix.join("bin"))
                .collect(),
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
        reads: fn(&Path, &str) -> Option<Installed>,
    ) -> Box<dyn FnOnce() -> Vec<Installed> + Send> {
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

    /// The first of several names.
    fn first_of(
        &self,
        names: &[&str],
        arguments: &'static [&'static str],
        reads: fn(&Path, &str) -> Option<Installed>,
    ) -> Box<dyn FnOnce() -> Vec<Installed> + Send> {
        let here = names.iter().find(|name| !self.all(name).is_empty());
        self.job(here.unwrap_or(&""), arguments, reads)
    }

    /// Packages of Node in the current folder.
    fn modules(&self, machine: &Machine) -> Box<dyn FnOnce() -> Vec<Installed> + Send> {
        let (Some(node), Some(current)) = (self.all("node").into_iter().next(), &machine.current)
        else {
            return Box::new(Vec::new);
        };
        let packages: Vec<(&str, PathBuf)> = ["axios", "openai"]
            .map(|name| (name, current.join("node_modules").join(name)))
            .into_iter()
            .filter(|(_, folder)| folder.join("package.json").is_file())
            .collect();
        if packages.is_empty() {
            return Box::new(Vec::new);
        }
        Box::new(move || {
            let versions = [
                "-p",
                "process.versions.node + ', OpenSSL ' + process.versions.openssl",
            ];
            let node_is = output(&node, &versions).unwrap_or_default();
            let of = |(name, folder): &(&str, PathBuf)| module(&node, node_is.trim(), name, folder);
            packages.iter().filter_map(of).collect()
        })
    }

    fn many(
        &self,
        name: &str,
        arguments: &'static [&'static str],
        reads: fn(&Path, &str) -> Vec<Installed>,
    ) -> Box<dyn FnOnce() -> Vec<Installed> + Send> {
        let Some(program) = self.all(name).into_iter().next() else {
            return Box::new(Vec::new);
        };
        Box::new(move || {
            output(&program, arguments).map_or_else(Vec::new, |out| reads(&program, &out))
        })
    }

    /// Every Python: of the current environment, of `PATH`, of pyenv. What several environments share is
    /// one program with different packages, so that each of them counts.
    fn pythons(&self) -> Vec<Box<dyn FnOnce() -> Vec<Installed> + Send>> {
        let mut found: Vec<PathBuf> = Vec::new();
        let mut seen: HashSet<(PathBuf, Option<PathBuf>)> = HashSet::new();
        let names = (OLDEST_PYTHON..=NEWEST_PYTHON).rev();
        let names: Vec<String> = std::iter::once("python3".to_owned())
            .chain(names.map(|minor| format!("python3.{minor}")))
            .collect();
        let all = self.environments.iter().chain(&self.folders);
        for program in all.flat_map(|folder| names.iter().map(|name| folder.join(name))) {
            let Ok(real) = program.canonicalize() else {
                continue;
            };
            let environment = program.parent().and_then(Path::parent);
            let environment = environment.filter(|e| e.join("pyvenv.cfg").is_file());
            if seen.insert((real, environment.map(Path::to_owned))) {
                found.push(program);
            }
        }
        found.truncate(MOST_PYTHONS);
        found
            .into_iter()
            .map(|program| {
                let job: Box<dyn FnOnce() -> Vec<Installed> + Send> = Box::new(move || {
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

fn curl(program: &Path, out: &str) -> Option<Installed> {
    let line = out.lines().next()?;
    let mut words = line.split(' ');
    let version = words.nth(1)?;
    let library = words.find(|w| w.starts_with("OpenSSL/") || w.starts_with("GnuTLS/"))?;
    let shown = format!("curl {version}, {}", library.replace('/', " "));
    let client = curl_line(version, library);
    let same = match client {
        "curl817-openssl" => library.starts_with("OpenSSL/3.6"),
        "curl8-openssl" => library.starts_with("OpenSSL/3.5"),
        "curl7-openssl" => library.starts_with("OpenSSL/3.0"),
        _ => true,
    };
    let minor = number(version, "8.").filter(|_| version.starts_with("8."));
    let old = client == "curl8-openssl" && minor < Some(3);
    edition(
        one(client, program, &shown, same),
        Edition {
            source: old.then_some("curl7"),
            vocabulary: (client == "curl817-openssl"
                && number(library, "OpenSSL/3.").is_some_and(|minor| minor < 6))
            .then_some("openssl35"),
            values: [("OPENSSL".to_owned(), library.to_owned())].into(),
            ..Edition::default()
        },
    )
}

fn wget(program: &Path, out: &str) -> Option<Installed> {
    let line = out.lines().next()?;
    if !out.contains("+ssl/gnutls") {
        return None;
    }
    let minor = number(line, "Wget 1.")?;
    let client = if minor <= 21 { "wget121" } else { "wget125" };
    let shown = line.trim_start_matches("GNU ").split(" built").next()?;
    one(client, program, shown, minor == 21 || minor == 25)
}

/// Before 2 it asked a proxy for a tunnel.
fn wget2(program: &Path, out: &str) -> Option<Installed> {
    let version = out.lines().next()?.split(" - ").next()?;
    let old = version.contains("Wget2 1.");
    edition(
        one("wget2", program, version, true),
        Edition {
            words: old.then_some("wget2-1"),
            proxy: old.then_some(ProxyUse::Honoured),
            ..Edition::default()
        },
    )
}

/// git speaks through libcurl: which one its remote program is linked with decides.
fn git(program: &Path, out: &str) -> Option<Installed> {
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
    let old = library.starts_with("7.");
    edition(
        one("git", program, &shown, old || library.starts_with("8.")),
        Edition {
            words: old.then_some("git-libcurl7"),
            ..Edition::default()
        },
    )
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

/// Before 3.2 some words were others. Seen with 3.1 and 3.3.
fn ruby(_: &Path, out: &str) -> Option<Installed> {
    let mut lines = out.lines();
    let (program, version, library) = (lines.next()?, lines.next()?, lines.next()?);
    let same_line = version.starts_with("3.3.") || version.starts_with("3.1.");
    let is_older = library.starts_with("OpenSSL 3.0") || library.starts_with("OpenSSL 3.1");
    edition(
        one(
            "ruby",
            Path::new(program),
            &format!("Ruby {version}"),
            same_line,
        ),
        Edition {
            words: (number(version, "3.")? < 2).then_some("ruby31"),
            vocabulary: is_older.then_some("openssl30"),
            ..Edition::default()
        },
    )
}

fn openssl(program: &Path, out: &str) -> Option<Installed> {
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

/// The words are those of its own error page. What runs in a sandbox of its own does not see a profile
/// that is made for it.
fn firefox(program: &Path, out: &str) -> Option<Installed> {
    let version = out.lines().find(|line| line.contains("Firefox"))?;
    let version = version.trim().trim_start_matches("Mozilla ");
    let major = number(version, "Firefox ");
    let found = one("firefox", program, version, major == Some(153))?;
    let sandboxed = is_sandboxed(program);
    Some(Installed {
        edition: Edition {
            vocabulary: Some("firefox-page"),
            words: Some("firefox-page"),
            ..Edition::default()
        },
        unasked: sandboxed.then_some("a snap or flatpak does not see a profile made for it"),
        ..found
    })
}

/// The program is a snap or a flatpak, or a script that starts one.
fn is_sandboxed(program: &Path) -> bool {
    use std::io::Read;
    let real = program.canonicalize().unwrap_or_default();
    let below = |word: &str| real.components().any(|part| part.as_os_str() == word);
    if below("snap") || below("flatpak") {
        return true;
    }
    let mut start = Vec::new();
    let read = std::fs::File::open(&real).and_then(|f| f.take(4096).read_to_end(&mut start));
    let script = String::from_utf8_lossy(&start);
    read.is_ok()
        && script.starts_with("#!")
        && ["/snap/bin/", "snap run", "flatpak"]
            .iter()
            .any(|word| script.contains(word))
}

fn node(_: &Path, out: &str) -> Vec<Installed> {
    let mut lines = out.lines();
    let (Some(program), Some(version), Some(openssl)) = (lines.next(), lines.next(), lines.next())
    else {
        return Vec::new();
    };
    let major = number(version, "").unwrap_or_default();
    let shown = format!("Node {version}, OpenSSL {openssl}");
    let line = if major < 22 { "node20" } else { "node24" };
    // 22.15 and later can be told to read the system's store.
    let minor = number(version, &format!("{major}.")).unwrap_or_default();
    let system = major >= 24 || (major == 22 && minor >= 15);
    ["https", "fetch", "https-system", "fetch-system"]
        .iter()
        .filter(|kind| **kind == "https" || major >= 18)
        .filter(|kind| system || !kind.ends_with("-system"))
        .filter_map(|kind| {
            let same = major == 20 || major == 24;
            one(&format!("{line}-{kind}"), Path::new(program), &shown, same)
        })
        .collect()
}

/// One package of Node. What was measured with Node 24 holds for 20 with what Node 20 has.
fn module(node: &Path, node_is: &str, name: &str, folder: &Path) -> Option<Installed> {
    #[derive(serde::Deserialize)]
    struct Package {
        version: String,
    }
    let text = std::fs::read_to_string(folder.join("package.json")).ok()?;
    let version = serde_json::from_str::<Package>(&text).ok()?.version;
    let major = number(node_is, "").unwrap_or_default();
    let old = major < 22;
    let shown = format!("{name} {version}, Node {node_is}");
    let mut differs = Edition {
        title: Some(format!("{name} on Node {major}")),
        files: [("module", folder.to_owned())].into(),
        ..Edition::default()
    };
    if old {
        differs.policy = Some("node20");
        differs.tls = Some("node20");
        differs.vocabulary = Some("node20");
        differs.source = Some("node");
        let hint = ("SYSTEM_CA_HINT".to_owned(), String::new());
        differs.values = [hint].into();
    }
    let found = one(
        &format!("node24-{name}"),
        node,
        &shown,
        major == 20 || major == 24,
    );
    edition(found, differs)
}

fn java(program: &Path, out: &str) -> Vec<Installed> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_lead_to_profiles() {
        let at = Path::new("/usr/bin/curl");
        let id = |out: &str| curl(at, out).map(|f| (f.client, f.same_line));
        assert_eq!(
            id("curl 7.88.1 (x) libcurl/7.88.1 OpenSSL/3.0.22 zlib/1.2"),
            Some(("curl7-openssl", true))
        );
        assert_eq!(
            id("curl 8.14.1 (x) libcurl/8.14.1 OpenSSL/3.2.1"),
            Some(("curl8-openssl", false))
        );
        assert_eq!(
            id("curl 8.23.0 (x) libcurl/8.23.0 OpenSSL/3.6.5"),
            Some(("curl817-openssl", true))
        );
        let before_83 = curl(at, "curl 8.2.1 (x) libcurl/8.2.1 OpenSSL/3.1.2").unwrap();
        assert_eq!(before_83.edition.source, Some("curl7"));
        assert_eq!(id("curl 8.5.0 (x) libcurl/8.5.0 Schannel"), None);
        let ids = |out: &str| {
            java(at, out)
                .into_iter()
                .map(|f| f.client)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            ids("openjdk version \"17.0.15\" 2025"),
            ["java17-url", "java17-client"]
        );
        assert_eq!(ids("java version \"1.8.0_402\""), Vec::<&str>::new());
        let edition = |out: &str| ruby(at, out).map(|f| (f.edition.words, f.edition.vocabulary));
        assert_eq!(
            edition("/usr/bin/ruby3.1\n3.1.2\nOpenSSL 3.0.19 27 Jan 2026\n"),
            Some((Some("ruby31"), Some("openssl30")))
        );
        assert_eq!(
            edition("/usr/bin/ruby3.3\n3.3.14\nOpenSSL 3.5.9\n"),
            Some((None, None))
        );
    }
}
