//! Configuration files of tools, read for the few keys that change whom the tool trusts: git, curl, wget,
//! wget2, pip, uv, npm, yarn, conda, cargo, PHP, the AWS CLI and gcloud. Only lines are read; nothing is run.

use std::path::{Path, PathBuf};

use super::machine::Machine;
use super::reading::read_bounded;

mod git;
mod php;

use git::{git, git_files};
use php::{php, php_files};

/// One key found in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// Its name in the table of known settings.
    pub name: &'static str,
    /// Its value without quotes.
    pub value: String,
    /// The address or host it is limited to.
    pub only_for: Option<String>,
    /// The file.
    pub file: PathBuf,
    /// The line in it, from 1.
    pub line: usize,
    /// A relative path is meant from the file's folder, not from where one stands.
    pub relative: bool,
}

/// A configuration file larger than this is not one.
const MOST_CHARACTERS: usize = 1024 * 1024;
/// Files included by others are followed this deep, as git itself does.
const MOST_DEPTH: usize = 10;

/// Every key of every file that is there; of two with the same name, the first is the one that counts.
pub(super) fn written(machine: &Machine) -> Vec<Written> {
    let mut found = Vec::new();
    for file in git_files(machine) {
        git(machine, &file, 0, &mut found);
    }
    // In git the last one counts.
    found.reverse();
    for file in curl_files(machine) {
        each_line(&file, &mut found, curl);
    }
    for file in [
        machine
            .path("WGETRC")
            .or_else(|| machine.in_home(".wgetrc")),
        Some(machine.at("/etc/wgetrc")),
    ]
    .into_iter()
    .flatten()
    {
        each_line(&file, &mut found, wget);
    }
    for file in [
        machine.path("SYSTEM_WGET2RC"),
        machine.config().map(|c| c.join("wget/wget2rc")),
        machine.in_home(".wget2rc"),
        Some(machine.at("/etc/wget2rc")),
    ]
    .into_iter()
    .flatten()
    {
        each_line(&file, &mut found, wget2);
    }
    for file in uv_files(machine) {
        sections(&file, &mut found, uv);
    }
    for file in php_files(machine) {
        each_line(&file, &mut found, php);
    }
    for file in pip_files(machine) {
        sections(&file, &mut found, pip);
    }
    for file in npm_files(machine) {
        each_line(&file, &mut found, npm);
    }
    for file in [
        machine.current.as_ref().map(|c| c.join(".yarnrc.yml")),
        machine.in_home(".yarnrc.yml"),
    ]
    .into_iter()
    .flatten()
    {
        each_line(&file, &mut found, yarn);
    }
    for file in conda_files(machine) {
        each_line(&file, &mut found, conda);
    }
    for file in ["config.toml", "config"] {
        let home = machine
            .path("CARGO_HOME")
            .or_else(|| machine.in_home(".cargo"));
        if let Some(folder) = home {
            sections(&folder.join(file), &mut found, cargo);
        }
    }
    if let Some(file) = machine
        .path("AWS_CONFIG_FILE")
        .or_else(|| machine.in_home(".aws/config"))
    {
        sections(&file, &mut found, aws);
    }
    if let Some(file) = machine
        .config()
        .map(|c| c.join("gcloud/configurations/config_default"))
    {
        sections(&file, &mut found, gcloud);
    }
    found
}

/// A file's text; `None` when it is not there or is no text.
fn text_of(file: &Path) -> Option<String> {
    let bytes = read_bounded(file).ok()?;
    if bytes.len() > MOST_CHARACTERS {
        return None;
    }
    // Nearly every file is UTF-8 as it is.
    let text = String::from_utf8(bytes);
    Some(text.unwrap_or_else(|other| String::from_utf8_lossy(other.as_bytes()).into_owned()))
}

/// A key, its value, and what it is limited to.
type Found = (&'static str, String, Option<String>);

/// Every line on its own.
fn each_line(file: &Path, out: &mut Vec<Written>, read: fn(&str) -> Option<Found>) {
    sections(file, out, |_, line| read(line));
}

/// Lines of a file with `[sections]`; the reader is told in which one it is.
fn sections(file: &Path, out: &mut Vec<Written>, read: impl Fn(&str, &str) -> Option<Found>) {
    let Some(text) = text_of(file) else { return };
    let mut section = String::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.split(']').next()) {
            section = name.trim().to_owned();
            continue;
        }
        if let Some((name, value, only_for)) = read(&section, line) {
            out.push(Written {
                name,
                value,
                only_for,
                file: file.to_owned(),
                line: number + 1,
                relative: false,
            });
        }
    }
}

/// `key = value`, also with `:` or white space between; quotes around the value are taken off.
fn pair(line: &str, between: &[char]) -> Option<(String, String)> {
    let (key, value) = line.split_once(between)?;
    let value = value.trim().trim_start_matches(['=', ':']).trim();
    let quoted = |quote: char| value.strip_prefix(quote)?.split(quote).next();
    let plain = || {
        value
            .split(" #")
            .next()
            .unwrap_or(value)
            .split(" ;")
            .next()
            .unwrap_or(value)
            .trim()
    };
    let value = quoted('"').or_else(|| quoted('\'')).unwrap_or_else(plain);
    Some((key.trim().to_owned(), value.to_owned()))
}

fn curl_files(machine: &Machine) -> Vec<PathBuf> {
    // The first one that is there is the one that curl reads.
    let places = [
        machine.path("CURL_HOME").map(|h| h.join(".curlrc")),
        machine.path("XDG_CONFIG_HOME").map(|c| c.join("curlrc")),
        machine.in_home(".curlrc"),
        machine.in_home(".config/curlrc"),
    ];
    places
        .into_iter()
        .flatten()
        .find(|f| f.is_file())
        .into_iter()
        .collect()
}

fn curl(line: &str) -> Option<Found> {
    let bare = line.trim_start_matches('-');
    let (key, value) =
        pair(bare, &['=', ':', ' ', '\t']).unwrap_or_else(|| (bare.to_owned(), String::new()));
    let name = match key.as_str() {
        "cacert" => "curl cacert",
        "capath" => "curl capath",
        "insecure" | "k" => "curl insecure",
        _ => return None,
    };
    Some((name, value, None))
}

fn wget(line: &str) -> Option<Found> {
    let (key, value) = pair(line, &['='])?;
    let name = match key.to_lowercase().replace(['-', '_'], "").as_str() {
        "cacertificate" => "wget ca_certificate",
        "checkcertificate" => "wget check_certificate",
        _ => return None,
    };
    Some((name, value, None))
}

fn wget2(line: &str) -> Option<Found> {
    let (key, value) = pair(line, &['='])?;
    let known = ["ca-certificate", "ca_certificate"].contains(&key.as_str());
    known.then_some(("wget2 ca-certificate", value, None))
}

fn uv_files(machine: &Machine) -> Vec<PathBuf> {
    let here = |name: &str| machine.current.as_ref().map(|c| c.join(name));
    let project = here("uv.toml").filter(|f| f.is_file());
    [
        project.or_else(|| here("pyproject.toml")),
        machine.config().map(|c| c.join("uv/uv.toml")),
        Some(machine.at("/etc/uv/uv.toml")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn uv(section: &str, line: &str) -> Option<Found> {
    let (key, value) = pair(line, &['='])?;
    // `native-tls` is what it was called before.
    let known = ["system-certs", "native-tls"].contains(&key.as_str());
    let here = section.is_empty() || section == "tool.uv";
    (known && here).then_some(("uv system-certs", value, None))
}

fn pip_files(machine: &Machine) -> Vec<PathBuf> {
    if let Some(file) = machine.path("PIP_CONFIG_FILE") {
        return vec![file];
    }
    [
        machine.path("VIRTUAL_ENV").map(|v| v.join("pip.conf")),
        machine.config().map(|c| c.join("pip/pip.conf")),
        machine.in_home(".pip/pip.conf"),
        Some(machine.at("/etc/pip.conf")),
        Some(machine.at("/etc/xdg/pip/pip.conf")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn pip(_: &str, line: &str) -> Option<Found> {
    let (key, value) = pair(line, &['=', ':'])?;
    let name = match key.replace('_', "-").as_str() {
        "cert" => "pip cert",
        "trusted-host" => "pip trusted-host",
        _ => return None,
    };
    Some((name, value, None))
}

fn npm_files(machine: &Machine) -> Vec<PathBuf> {
    [
        machine.current.as_ref().map(|c| c.join(".npmrc")),
        machine
            .path("NPM_CONFIG_USERCONFIG")
            .or_else(|| machine.path("npm_config_userconfig"))
            .or_else(|| machine.in_home(".npmrc")),
        Some(machine.at("/etc/npmrc")),
        Some(machine.at("/usr/etc/npmrc")),
        Some(machine.at("/usr/local/etc/npmrc")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn npm(line: &str) -> Option<Found> {
    let (key, value) = pair(line, &['='])?;
    // `//registry.example/:cafile` counts for that registry alone.
    let (only_for, key) = match key.strip_prefix("//").and_then(|k| k.rsplit_once(':')) {
        Some((host, key)) => (Some(format!("//{host}")), key.to_owned()),
        None => (None, key),
    };
    let name = match key.trim_end_matches("[]") {
        "cafile" => "npm cafile",
        "ca" => "npm ca",
        "strict-ssl" => "npm strict-ssl",
        _ => return None,
    };
    Some((name, value, only_for))
}

fn yarn(line: &str) -> Option<Found> {
    let (key, value) = pair(line, &[':'])?;
    let name = match key.as_str() {
        "httpsCaFilePath" => "yarn httpsCaFilePath",
        "enableStrictSsl" => "yarn enableStrictSsl",
        _ => return None,
    };
    Some((name, value, None))
}

fn conda_files(machine: &Machine) -> Vec<PathBuf> {
    [
        machine.path("CONDARC"),
        machine.path("CONDA_PREFIX").map(|p| p.join(".condarc")),
        machine.in_home(".condarc"),
        machine.in_home(".conda/.condarc"),
        Some(machine.at("/etc/conda/.condarc")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn conda(line: &str) -> Option<Found> {
    let (key, value) = pair(line, &[':'])?;
    (key == "ssl_verify").then_some(("conda ssl_verify", value, None))
}

fn cargo(section: &str, line: &str) -> Option<Found> {
    let (key, value) = pair(line, &['='])?;
    let here =
        (section == "http" && key == "cainfo") || (section.is_empty() && key == "http.cainfo");
    here.then_some(("cargo http.cainfo", value, None))
}

fn aws(_: &str, line: &str) -> Option<Found> {
    let (key, value) = pair(line, &['='])?;
    (key == "ca_bundle").then_some(("aws ca_bundle", value, None))
}

fn gcloud(section: &str, line: &str) -> Option<Found> {
    let (key, value) = pair(line, &['='])?;
    (section == "core" && key == "custom_ca_certs_file").then_some((
        "gcloud core/custom_ca_certs_file",
        value,
        None,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Vec<(&'static str, String, Option<String>, usize)> {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        let nowhere = home.path().join("root");
        written(&Machine::other(&nowhere, home.path(), []))
            .into_iter()
            .map(|w| (w.name, w.value, w.only_for, w.line))
            .collect()
    }

    #[test]
    fn each_tool_is_read() {
        for (file, text, name, value, only, line) in [
            (
                ".gitconfig",
                "[http]\n\tsslCAInfo = /a.pem\n",
                "git http.sslCAInfo",
                "/a.pem",
                None,
                2,
            ),
            (
                ".gitconfig",
                "[http \"https://git.corp:8443/\"]\n  sslcainfo = \"/a b.pem\" ; x\n",
                "git http.sslCAInfo",
                "/a b.pem",
                Some("https://git.corp:8443/"),
                2,
            ),
            (
                ".gitconfig",
                "[http] sslVerify = false",
                "git http.sslVerify",
                "false",
                None,
                1,
            ),
            (
                ".curlrc",
                "# mine\n--cacert /a.pem\n",
                "curl cacert",
                "/a.pem",
                None,
                2,
            ),
            (
                ".curlrc",
                "cacert = \"/a.pem\"\n",
                "curl cacert",
                "/a.pem",
                None,
                1,
            ),
            (".curlrc", "insecure\n", "curl insecure", "", None, 1),
            (
                ".wgetrc",
                "ca-certificate = /a.pem\n",
                "wget ca_certificate",
                "/a.pem",
                None,
                1,
            ),
            (
                ".config/pip/pip.conf",
                "[global]\ncert = /a.pem\n",
                "pip cert",
                "/a.pem",
                None,
                2,
            ),
            (
                ".wget2rc",
                "ca-certificate = /a.pem\n",
                "wget2 ca-certificate",
                "/a.pem",
                None,
                1,
            ),
            (
                ".config/uv/uv.toml",
                "[pip]\nsystem-certs = false\n[tool.uv]\nsystem-certs = true\n",
                "uv system-certs",
                "true",
                None,
                4,
            ),
            (
                "root/etc/php/8.4/cli/conf.d/90-mine.ini",
                "; openssl.cafile=\nopenssl.cafile = \"/a.pem\"\n",
                "php openssl.cafile",
                "/a.pem",
                None,
                2,
            ),
            (
                "root/etc/php.ini",
                "curl.cainfo=\ncurl.cainfo = /a.pem\n",
                "php curl.cainfo",
                "/a.pem",
                None,
                2,
            ),
            (".npmrc", "cafile=/a.pem\n", "npm cafile", "/a.pem", None, 1),
            (
                ".npmrc",
                "//r.corp/npm/:cafile=/a.pem\n",
                "npm cafile",
                "/a.pem",
                Some("//r.corp/npm/"),
                1,
            ),
            (
                ".npmrc",
                "strict-ssl = false\n",
                "npm strict-ssl",
                "false",
                None,
                1,
            ),
            (
                ".yarnrc.yml",
                "httpsCaFilePath: \"/a.pem\"\n",
                "yarn httpsCaFilePath",
                "/a.pem",
                None,
                1,
            ),
            (
                ".condarc",
                "ssl_verify: /a.pem\n",
                "conda ssl_verify",
                "/a.pem",
                None,
                1,
            ),
            (
                ".cargo/config.toml",
                "[http]\ncainfo = \"/a.pem\"\n",
                "cargo http.cainfo",
                "/a.pem",
                None,
                2,
            ),
            (
                ".aws/config",
                "[default]\nca_bundle = /a.pem\n",
                "aws ca_bundle",
                "/a.pem",
                None,
                2,
            ),
            (
                ".config/gcloud/configurations/config_default",
                "[core]\ncustom_ca_certs_file = /a.pem\n",
                "gcloud core/custom_ca_certs_file",
                "/a.pem",
                None,
                2,
            ),
        ] {
            let found = read(file, text);
            assert_eq!(
                found,
                [(name, value.to_owned(), only.map(str::to_owned), line)],
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_commented_out_or_something_else_is_not_read() {
        for (file, text) in [
            (
                ".gitconfig",
                "[http]\n#sslCAInfo = /a.pem\n[user]\nsslCAInfo = x\n",
            ),
            (".curlrc", "# cacert /a.pem\nproxy = x\n"),
            (".npmrc", "; cafile=/a.pem\nfund=false\n"),
            (".cargo/config.toml", "[build]\ncainfo = \"/a.pem\"\n"),
        ] {
            assert_eq!(read(file, text), [], "{text}");
        }
    }

    #[test]
    fn git_follows_includes_and_not_for_ever() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(".gitconfig"), "[include]\npath = more\n").unwrap();
        std::fs::write(
            home.path().join("more"),
            "[http]\nsslCAInfo = /a.pem\n[include]\npath = more\n",
        )
        .unwrap();
        let found = written(&Machine::other(&home.path().join("root"), home.path(), []));
        assert_eq!(found.len(), MOST_DEPTH);
        assert!(found.iter().all(|w| w.value == "/a.pem"));
    }

    #[test]
    fn every_known_key_of_a_file_is_read() {
        let source = concat!(
            include_str!("tools.rs"),
            include_str!("tools/git.rs"),
            include_str!("tools/php.rs")
        );
        let keys = super::super::known::KNOWN
            .iter()
            .filter(|known| !known.is_variable());
        for known in keys {
            let name = format!("\"{}\"", known.name);
            assert!(source.contains(&name), "nothing reads {}", known.name);
        }
    }
}
