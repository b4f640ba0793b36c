//! Each tool's file, read for what changes whom it trusts.

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
    let source = include_str!("../tools.rs");
    let keys = super::super::known::KNOWN
        .iter()
        .filter(|known| !known.is_variable());
    for known in keys {
        let name = format!("\"{}\"", known.name);
        assert!(source.contains(&name), "nothing reads {}", known.name);
    }
}
