//! The operating system's store: each distribution's own folder and command. Where it was not tried here, the
//! plan says so.

use std::path::PathBuf;

use crate::text;
use crate::trust::step::{Inverse, Step};
use crate::trust::{Refusal, bundle, refuse, tool};

use super::{Case, Made, Rooted, World};

/// How a distribution takes a CA.
struct Way {
    /// For people.
    name: &'static str,
    /// Its folder for the administrator's certificates.
    folder: &'static str,
    /// The ending that the command looks for.
    suffix: &'static str,
    /// The command, the first word a program.
    command: &'static [&'static str],
    /// The bundle that the command writes.
    bundle: &'static str,
    /// p11-kit leaves certificates out that are no CA.
    only_ca: bool,
    tried: bool,
}

const DEBIAN: Way = Way {
    name: "Debian or Ubuntu",
    folder: "/usr/local/share/ca-certificates",
    suffix: "crt",
    command: &["update-ca-certificates"],
    bundle: "/etc/ssl/certs/ca-certificates.crt",
    only_ca: false,
    tried: true,
};
const FEDORA: Way = Way {
    name: "Fedora, Red Hat or their kin",
    folder: "/etc/pki/ca-trust/source/anchors",
    suffix: "pem",
    command: &["update-ca-trust", "extract"],
    bundle: "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    only_ca: true,
    tried: false,
};
const ARCH: Way = Way {
    name: "Arch",
    folder: "/etc/ca-certificates/trust-source/anchors",
    suffix: "pem",
    command: &["update-ca-trust"],
    bundle: "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
    only_ca: true,
    tried: false,
};
const SUSE: Way = Way {
    name: "SUSE",
    folder: "/etc/pki/trust/anchors",
    suffix: "pem",
    command: &["update-ca-certificates"],
    bundle: "/var/lib/ca-certificates/ca-bundle.pem",
    only_ca: true,
    tried: false,
};
const ALPINE: Way = Way {
    name: "Alpine",
    folder: "/usr/local/share/ca-certificates",
    suffix: "crt",
    command: &["update-ca-certificates"],
    bundle: "/etc/ssl/certs/ca-certificates.crt",
    only_ca: false,
    tried: false,
};

pub(super) fn made(case: &Case<'_>) -> Result<Made, Refusal> {
    if cfg!(target_os = "macos") {
        return Ok(by_hand(case, MACOS));
    }
    if cfg!(windows) {
        return Ok(by_hand(case, WINDOWS));
    }
    let machine = &case.place.machine;
    if machine.at("/etc/NIXOS").exists() {
        return Ok(by_hand(case, NIXOS));
    }
    let is_there = |way: &Way| machine.at(way.folder).is_dir();
    let way = if machine.at("/etc/alpine-release").exists() {
        ALPINE
    } else if let Some(way) = [FEDORA, ARCH, SUSE, DEBIAN].into_iter().find(is_there) {
        way
    } else {
        return Err(refuse(
            "This system's store is of no kind that is known here.",
            "Use your own bundle, and ask in the system's documentation for “trusted certificates”.",
        ));
    };
    if way.only_ca && !case.certificate.is_ca() {
        return Err(refuse(
            format!(
                "{} takes CAs only: it would list this certificate and trust it in no program.",
                way.name
            ),
            "Use your own bundle, which takes a server's certificate as well.",
        ));
    }
    by_command(case, &way)
}

fn by_command(case: &Case<'_>, way: &Way) -> Result<Made, Refusal> {
    let machine = &case.place.machine;
    let name = format!("whycert-{}", case.short());
    let path = machine
        .at(way.folder)
        .join(format!("{name}.{}", way.suffix));
    let mut command = Vec::new();
    for (at, word) in way.command.iter().enumerate() {
        command.push(match at {
            0 => tool::find(machine, word)?.to_string_lossy().into_owned(),
            _ => (*word).to_owned(),
        });
    }
    let debian = way.tried;
    let mut again = command.clone();
    if debian {
        // Without it the links of what was removed stay.
        again.push("--fresh".to_owned());
        if !case.place.needs_root() {
            let below = below_root(case);
            command.extend(below.clone());
            again.extend(below);
        }
    }
    let mut undo = vec![Inverse {
        command: again,
        input: String::new(),
    }];
    let hook = machine.at("/etc/ca-certificates/update.d/jks-keystore");
    if debian && hook.is_file() {
        // Without this line Java goes on trusting what was removed.
        undo.push(Inverse {
            command: vec![hook.to_string_lossy().into_owned()],
            input: format!("-/etc/ssl/certs/{name}.pem\n"),
        });
    }
    let step = bundle::own_file(case.place, &path, case.pem().into_bytes())?;
    let mut world = World::default();
    for id in ["system", "openssl", "java"] {
        world.add_to(id);
    }
    Ok(Made {
        steps: vec![step, Step::Run { command, undo }],
        affects: vec![
            "Every user and service of this machine: curl, wget, git, Go, OpenSSL, Python's own ssl, the \
             distribution's Java and Node."
                .to_owned(),
        ],
        spares: vec![
            "Firefox and Chromium, Python's certifi (requests, httpx), Node from nodejs.org, other Javas.".to_owned(),
            "Programs that run already: restart services.".to_owned(),
        ],
        undo: "Removes the file and lets the system make its store anew; Java's store too.".to_owned(),
        needs_root: case.place.needs_root(),
        untried: !way.tried,
        roots: Some(Rooted::as_in(
            &machine.at(way.bundle),
            &machine.at(way.bundle),
        )),
        world,
        ..Made::default()
    })
}

/// What makes Debian's command work below another root.
fn below_root(case: &Case<'_>) -> Vec<String> {
    let at = |path: &str| -> PathBuf { case.place.machine.at(path) };
    [
        ("--certsconf", at("/etc/ca-certificates.conf")),
        ("--localcertsdir", at("/usr/local/share/ca-certificates")),
        ("--etccertsdir", at("/etc/ssl/certs")),
        ("--hooksdir", at("/etc/ca-certificates/update.d")),
    ]
    .into_iter()
    .flat_map(|(option, path)| [option.to_owned(), path.to_string_lossy().into_owned()])
    .collect()
}

/// A system on which the person does it.
struct ByHand {
    affects: &'static str,
    undo: &'static str,
    lines: &'static [&'static str],
}

const MACOS: ByHand = ByHand {
    affects: "Safari, Chrome, and programs that use the system's verification, for this user.",
    undo: "security remove-trusted-cert FILE, then security delete-certificate -Z SHA-1 of the certificate.",
    lines: &[
        "whycert export {TARGET} --what {N} -o {FILE}",
        "security add-trusted-cert -r trustRoot -p ssl -k ~/Library/Keychains/login.keychain-db {FILE}",
    ],
};
const WINDOWS: ByHand = ByHand {
    affects: "Chrome, Edge, .NET and programs that use Windows' verification, for this user.",
    undo: "certutil -user -delstore Root THUMBPRINT",
    lines: &[
        "whycert export {TARGET} --what {N} -o {FILE}",
        "certutil -user -addstore Root {FILE}",
    ],
};
const NIXOS: ByHand = ByHand {
    affects: "Every user of this machine, after it is built anew.",
    undo: "Take the line out of the configuration, and rebuild.",
    lines: &[
        "whycert export {TARGET} --what {N} -o {FILE}",
        "security.pki.certificateFiles = [ ./{FILE} ];    in /etc/nixos/configuration.nix",
        "nixos-rebuild switch",
    ],
};

fn by_hand(case: &Case<'_>, hand: ByHand) -> Made {
    let file = format!("whycert-{}.pem", case.short());
    Made {
        affects: vec![hand.affects.to_owned()],
        spares: vec!["Firefox, Java, and Python's certifi.".to_owned()],
        undo: hand.undo.to_owned(),
        lines: hand
            .lines
            .iter()
            .map(|line| {
                line.replace("{TARGET}", &text::shell_quote(case.target))
                    .replace("{N}", &case.number.to_string())
                    .replace("{FILE}", &file)
            })
            .collect(),
        untried: true,
        ..Made::default()
    }
}
