//! Configuration files of tools, read for the few keys that change whom the tool trusts: git, curl, wget,
//! pip, npm, yarn, conda, cargo, the AWS CLI and gcloud. Only lines are read; nothing is run.

use std::path::{Path, PathBuf};

use super::machine::Machine;
use super::reading::read_bounded;

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
    Some(String::from_utf8_lossy(&bytes).into_owned())
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

fn git_files(machine: &Machine) -> Vec<PathBuf> {
    let mut files = vec![
        machine
            .path("GIT_CONFIG_SYSTEM")
            .unwrap_or_else(|| machine.at("/etc/gitconfig")),
    ];
    match machine.path("GIT_CONFIG_GLOBAL") {
        Some(file) => files.push(file),
        None => {
            files.extend(machine.config().map(|c| c.join("git/config")));
            files.extend(machine.in_home(".gitconfig"));
        }
    }
    let mut folder = machine.current.as_deref();
    while let Some(here) = folder {
        let file = here.join(".git/config");
        if file.is_file() {
            files.push(file);
            break;
        }
        folder = here.parent();
    }
    files
}

fn git(machine: &Machine, file: &Path, depth: usize, out: &mut Vec<Written>) {
    let Some(text) = text_of(file) else { return };
    let mut section = String::new();
    let mut url = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with(['#', ';']) {
            continue;
        }
        let mut rest = line;
        if let Some((name, after)) = line.strip_prefix('[').and_then(|l| l.split_once(']')) {
            let (base, sub) = name.split_once('"').unwrap_or((name, ""));
            section = base.trim().to_lowercase();
            url = sub.strip_suffix('"').map(str::to_owned);
            rest = after.trim();
        }
        let Some((key, value)) = pair(rest, &['=']).or_else(|| {
            // A key alone means true.
            let alone = rest.chars().all(char::is_alphanumeric) && !rest.is_empty();
            alone.then(|| (rest.to_owned(), "true".to_owned()))
        }) else {
            continue;
        };
        let key = key.to_lowercase();
        if section == "include" && key == "path" && depth < MOST_DEPTH {
            git(
                machine,
                &machine.meant(&value, file.parent()),
                depth + 1,
                out,
            );
        }
        let name = match (section.as_str(), key.as_str()) {
            ("http", "sslcainfo") => "git http.sslCAInfo",
            ("http", "sslcapath") => "git http.sslCAPath",
            ("http", "sslverify") => "git http.sslVerify",
            _ => continue,
        };
        out.push(Written {
            name,
            value,
            only_for: url.clone(),
            file: file.to_owned(),
            line: number + 1,
            relative: false,
        });
    }
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
}
