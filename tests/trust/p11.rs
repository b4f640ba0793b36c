//! p11-kit's `trust`, which makes the stores of Fedora, Arch and SUSE: the real program, on a source and a
//! bundle that are thrown away. The distributions' own scripts around it are not packaged elsewhere; a
//! stand-in runs the line of theirs that makes the bundle for TLS servers.
#![cfg(target_os = "linux")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use whycert::chain::NodeId;
use whycert::store::Machine;
use whycert::trust::prove::{self, Outcome};
use whycert::trust::{self, Place, Roots, Rung};

use super::stores::looked;
use super::{assert_same, tree};
use crate::headless::{Bench, see};
use crate::support::{peer, programs};

const BUNDLE: &str = "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem";

/// Fedora's folders below another root, and its command.
struct Fedora {
    folder: tempfile::TempDir,
}

impl Fedora {
    /// `None` where p11-kit is not installed, or may not be led to another source.
    fn new() -> Option<Self> {
        let trust = peer("trust")?;
        let fedora = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for name in [
            "etc/pki/ca-trust/source/anchors",
            "etc/pki/ca-trust/extracted/pem",
            "home/.config/pkcs11/modules",
            "tools",
        ] {
            std::fs::create_dir_all(fedora.at(name)).unwrap();
        }
        let roots: String = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .take(5)
            .map(|der| whycert::cert::pem::encode(der))
            .collect();
        std::fs::write(fedora.at("roots.pem"), roots).unwrap();
        let config = format!(
            "module: p11-kit-trust.so\npriority: 1\ntrust-policy: yes\nx-init-reserved: paths='{}:{}'\n",
            fedora.at("etc/pki/ca-trust/source").display(),
            fedora.at("roots.pem").display()
        );
        let own = fedora.at("home/.config/pkcs11");
        std::fs::write(own.join("modules/p11-kit-trust.module"), config).unwrap();
        std::fs::write(own.join("pkcs11.conf"), "user-config: only\n").unwrap();
        let extract = format!(
            "{} extract --comment --format=pem-bundle --filter=ca-anchors --overwrite --purpose server-auth {}",
            trust.display(),
            fedora.at(BUNDLE).display()
        );
        // For root p11-kit reads no settings of a user's: it is shown ours in place of the system's.
        let script = match rustix::process::geteuid().is_root() {
            true => format!(
                "exec unshare -m sh -ec 'mount --bind {} /usr/share/p11-kit/modules; exec {extract}'\n",
                own.join("modules").display()
            ),
            false => format!("exec {extract}\n"),
        };
        let update = fedora.at("tools/update-ca-trust");
        std::fs::write(&update, format!("#!/bin/sh\n{script}")).unwrap();
        std::fs::set_permissions(&update, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut first = programs::clean(&update);
        let made = see(first.env("HOME", fedora.at("home")));
        if made.code != 0 && made.err.contains("unshare") {
            // A right that containers often lack, no program that could be installed.
            eprintln!("skipped: no mount of one's own may be made here");
            return None;
        }
        assert_eq!(made.code, 0, "{made:?}");
        Some(fedora)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn place(&self) -> Place {
        let mut path = vec![self.at("tools")];
        path.extend(std::env::split_paths(
            &std::env::var_os("PATH").unwrap_or_default(),
        ));
        let path = std::env::join_paths(path).unwrap();
        Place::on(Machine::other(
            self.folder.path(),
            &self.at("home"),
            [("PATH", path)],
        ))
    }

    /// What clients that read only this bundle say of a server.
    fn accepts(&self, url: &str) -> Vec<(&'static str, bool)> {
        let bundle = self.at(BUNDLE);
        let mut out = Vec::new();
        if let Some(curl) = peer("curl") {
            let mut command = programs::clean(curl);
            command.args(["-sS", "--noproxy", "*", "--capath", "/nonexistent"]);
            command.arg("--cacert").arg(&bundle).arg(url);
            out.push(("curl", see(&mut command).code == 0));
        }
        if let Some(wget) = peer("wget") {
            let mut command = programs::clean(wget);
            command.args(["-q", "-O", "/dev/null", "--ca-directory=/nonexistent"]);
            command
                .arg(format!("--ca-certificate={}", bundle.display()))
                .arg(url);
            out.push(("wget", see(&mut command).code == 0));
        }
        out
    }
}

fn count(path: &Path) -> usize {
    super::certificates(&std::fs::read_to_string(path).unwrap())
}

#[test]
fn p11_kit_takes_a_root_and_gives_it_back() {
    let Some(fedora) = Fedora::new() else {
        return;
    };
    let bench = Bench::with(&["private-root", "self-signed"]);
    let url = bench.target("private-root");
    let place = fedora.place();
    assert_eq!(count(&fedora.at(BUNDLE)), 5);
    let before = tree(fedora.folder.path());
    for (client, accepted) in fedora.accepts(url) {
        assert!(!accepted, "before: {client}");
    }
    let inspection = looked(&bench, "private-root");
    let plan = trust::plan(&place, &inspection, NodeId(1), Rung::System).unwrap();
    let applied = prove::apply(&place, &plan, None, &mut |_| ()).unwrap();
    // No client is asked on a machine that is not this one; the roots are read back.
    assert_eq!(applied.outcome, Outcome::NobodyAsked);
    assert!(
        matches!(applied.roots, Roots::Kept { roots: 5, .. }),
        "{:?}",
        applied.roots
    );
    assert_eq!(count(&fedora.at(BUNDLE)), 6);
    for (client, accepted) in fedora.accepts(url) {
        assert!(accepted, "after: {client}");
    }
    trust::undo(&place, &applied.entry.id).unwrap();
    for (client, accepted) in fedora.accepts(url) {
        assert!(!accepted, "after undo: {client}");
    }
    assert_same(&before, fedora.folder.path(), "p11-kit");

    // A certificate that is no CA is listed and used by nobody: that is why it is refused.
    let leaf = looked(&bench, "self-signed");
    let refused = trust::plan(&place, &leaf, NodeId(0), Rung::System).unwrap_err();
    assert!(refused.reason.contains("takes CAs only"), "{refused:?}");
    let pem = whycert::cert::pem::encode(&leaf.chain.certificate(NodeId(0)).unwrap().der);
    std::fs::write(fedora.at("etc/pki/ca-trust/source/anchors/leaf.pem"), pem).unwrap();
    let mut update = programs::clean(fedora.at("tools/update-ca-trust"));
    assert_eq!(see(update.env("HOME", fedora.at("home"))).code, 0);
    assert_eq!(count(&fedora.at(BUNDLE)), 5);
}

/// Read back where a tool took the public roots away: that is told, whatever the clients say.
#[test]
fn roots_that_a_tool_took_away_are_told() {
    let bench = Bench::with(&["private-root"]);
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    for name in [
        "etc/pki/ca-trust/source/anchors",
        "etc/pki/ca-trust/extracted/pem",
        "tools",
    ] {
        std::fs::create_dir_all(at(name)).unwrap();
    }
    let roots: String = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .take(3)
        .map(|der| whycert::cert::pem::encode(der))
        .collect();
    std::fs::write(at(BUNDLE), roots).unwrap();
    let update = at("tools/update-ca-trust");
    // It keeps nothing but what was added.
    let script = format!(
        "#!/bin/sh\ncat {}/*.pem > {}\n",
        at("etc/pki/ca-trust/source/anchors").display(),
        at(BUNDLE).display()
    );
    std::fs::write(&update, script).unwrap();
    std::fs::set_permissions(&update, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", at("tools").display());
    let machine = Machine::other(root.path(), &at("home"), [("PATH", path.into())]);
    let place = Place::on(machine);
    let inspection = looked(&bench, "private-root");
    let plan = trust::plan(&place, &inspection, NodeId(1), Rung::System).unwrap();
    let applied = prove::apply(&place, &plan, None, &mut |_| ()).unwrap();
    assert_eq!(applied.outcome, Outcome::ReplacedRoots);
    assert!(
        applied
            .roots
            .words()
            .starts_with("3 of 3 public roots are no longer in "),
        "{}",
        applied.roots.words()
    );
}
