//! How each client is asked: one command that does a handshake and one request without a body, and how
//! its answer is read. A table; nothing is run here.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::browser::{Control, Database};
use super::given::{self, Made};
use super::read::Reads;
use super::table::{Row, TABLE};
use crate::judge::client::{Installed, by_id};
use crate::store::{self, Stores};
use crate::target::{Endpoint, Host, Scheme, ServerNameChoice};
use crate::text;

/// One client and the command that asks it.
#[derive(Clone, Debug)]
pub struct Way {
    /// [`crate::judge::client::Profile::id`].
    pub client: &'static str,
    /// The version found, safe to display.
    pub version: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments; it runs in an empty folder that is made for it.
    pub arguments: Vec<String>,
    /// A file that is put into that folder: name and text.
    pub file: Option<(&'static str, &'static str)>,
    /// A file of the user's home that it needs to see there: its place below the home.
    pub home: Option<&'static str>,
    /// Variables to set, or to take away.
    pub variables: Vec<(String, Option<OsString>)>,
    /// Firefox's own profile, whose certificates it gets to see.
    pub profile: Option<PathBuf>,
    /// A file of roots that is made for it.
    pub made: Option<Made>,
    /// A database of roots that is made for it.
    pub database: Option<Database>,
    /// It is told by its remote control what to ask for.
    pub control: Option<Control>,
    /// What is asked for, where that is not in the command.
    pub url: String,
    /// What the server gets to see.
    pub sends: &'static str,
    /// Longest time it may take.
    pub limit: Duration,
    pub(super) reads: Reads,
}

impl Way {
    /// The command as a shell takes it, on one line; safe to display.
    pub fn command(&self) -> String {
        let program = self.program.to_string_lossy();
        let set = self.variables.iter().filter_map(|(name, value)| {
            let value = value.as_ref()?.to_string_lossy();
            Some(format!("{name}={}", text::shell_quote(&value)))
        });
        let unset = self.variables.iter().filter(|(_, value)| value.is_none());
        let unset: Vec<String> = unset.map(|(name, _)| format!("-u {name}")).collect();
        let env = (!unset.is_empty()).then(|| format!("env {}", unset.join(" ")));
        let words = std::iter::once(program.as_ref())
            .chain(self.arguments.iter().map(String::as_str))
            .map(|word| text::shell_quote(word).to_string());
        let words = env.into_iter().chain(set).chain(words);
        text::safe(&words.collect::<Vec<_>>().join(" ")).into_owned()
    }

    /// What belongs to the command and stands in no command line, each in one line; safe to display.
    pub fn notes(&self) -> Vec<String> {
        let Some(control) = self.control else {
            return Vec::new();
        };
        let request = format!("{}: {}", control.words(), self.url);
        let mut out = vec![text::safe(&request).into_owned()];
        if let Some(database) = &self.database {
            out.push(database.words.clone());
        } else if control == Control::Marionette {
            let profile = match &self.profile {
                Some(own) => format!(
                    "the profile is new, with a copy of the certificates, exceptions and lists of {}: no keys, \
                     passwords or modules",
                    own.to_string_lossy()
                ),
                None => "the profile is new: none of yours with certificates was found".to_owned(),
            };
            out.push(text::safe(&profile).into_owned());
        }
        out
    }
}

/// Which clients are asked, and which are not.
#[derive(Clone, Debug, Default)]
pub struct Asking {
    /// Those asked.
    pub ways: Vec<Way>,
    /// Those found on this machine that are not, each with why.
    pub left: Vec<Left>,
}

impl Asking {
    /// The files of roots that are made for the clients, each in one line; safe to display.
    pub fn made(&self) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for made in self.ways.iter().filter_map(|way| way.made.as_ref()) {
            let line = format!("{} {}", made.name, made.words);
            if !out.contains(&line) {
                out.push(line);
            }
        }
        out
    }
}

/// A client that is found and not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// What it is and which version, safe to display.
    pub version: String,
    /// Why.
    pub why: &'static str,
}

/// Why clients cannot be asked about a target, in one sentence.
pub fn obstacle(endpoint: Option<&Endpoint>) -> Option<&'static str> {
    let Some(endpoint) = endpoint else {
        return Some("This is a file: clients can only be asked about a server.");
    };
    if endpoint.upgrade.is_some() {
        return Some(
            "This server starts TLS inside of another protocol, which these clients do not speak.",
        );
    }
    if endpoint.connect.is_some() || endpoint.server_name != ServerNameChoice::Host {
        return Some(
            "Clients would go to the address and ask for the name of the URL: leave out --connect, --sni and --no-sni.",
        );
    }
    matches!(endpoint.scheme, Scheme::Http | Scheme::Ws)
        .then_some("This is a plain http:// address: there is no TLS to ask about.")
}

/// Why nobody is asked about a server of which no client was judged.
pub const NOTHING_JUDGED: &str =
    "Nothing is predicted of this server, so there is nothing to ask its clients about.";

/// The commands for these clients and this endpoint, with the stores of the inspection. Settings of
/// configuration files that these clients would read from the home folder are given as arguments, because
/// they get an empty home. Where roots were given (`--ca`, the lab's), each gets those by its own settings.
pub fn ways(endpoint: &Endpoint, installed: &[Installed], stores: &Stores) -> Asking {
    let mut out = Asking::default();
    for one in installed {
        let row = TABLE.iter().find(|row| row.serves(one.client));
        let way = match (one.unasked, row) {
            (Some(why), _) => Err(why),
            (None, None) => Err("whycert knows no command for it"),
            (None, Some(row)) => row.way(endpoint, one, stores),
        };
        match way {
            Ok(way) => out.ways.push(way),
            Err(why) => out.left.push(Left {
                version: one.version.clone(),
                why,
            }),
        }
    }
    out
}

impl Row {
    fn serves(&self, client: &str) -> bool {
        self.clients.iter().any(|name| match name.split_once('*') {
            Some((start, end)) => client.strip_prefix(start).is_some_and(|rest| {
                rest.strip_suffix(end)
                    .is_some_and(|version| version.bytes().all(|b| b.is_ascii_digit()))
            }),
            None => *name == client,
        })
    }

    fn way(
        &self,
        endpoint: &Endpoint,
        one: &Installed,
        stores: &Stores,
    ) -> Result<Way, &'static str> {
        let environment = stores.environment();
        let hand = match (stores.given(), by_id(one.client)) {
            (Some(roots), Some(profile)) => Some(given::hand(self, profile, roots)?),
            _ => None,
        };
        let (host, bare, sni) = match &endpoint.host {
            Host::Name { ascii, .. } => (ascii.clone(), ascii.clone(), "-servername"),
            Host::Ip(ip) if ip.is_ipv6() => (format!("[{ip}]"), ip.to_string(), "-noservername"),
            Host::Ip(ip) => (ip.to_string(), ip.to_string(), "-noservername"),
        };
        let port = endpoint.port.to_string();
        let module = one.edition.files.get("module");
        let module = module.map_or_else(String::new, |m| m.to_string_lossy().into_owned());
        let authority = if endpoint.port == 443 {
            host.clone()
        } else {
            format!("{host}:{port}")
        };
        let url = format!("https://{authority}/");
        let mut arguments: Vec<String> = Vec::new();
        for word in self.arguments {
            if *word == "{AS_ROOT}" {
                arguments.extend(runs_as_root().then(|| "--no-sandbox".to_owned()));
                continue;
            }
            if *word == "{SNI}" {
                arguments.push(sni.to_owned());
                arguments.extend((sni == "-servername").then(|| bare.clone()));
                continue;
            }
            let filled = word
                .replace("{URL}", &url)
                .replace("{HOST}", &host)
                .replace("{BARE}", &bare)
                .replace("{PORT}", &port)
                .replace("{MODULE}", &module);
            arguments.push(filled);
        }
        let set = self.setting.and_then(|(name, _)| match &hand {
            Some(hand) => hand.setting.clone().map(Some),
            None => set_in_a_file(environment?, name),
        });
        if let Some((_, option)) = self.setting
            && let Some(path) = set
        {
            let said = match (option.split_once(' '), path) {
                // A switch has no path.
                (None, None) => vec![option.to_owned()],
                (Some((flag, key)), Some(path)) => vec![flag.to_owned(), format!("{key}={path}")],
                (None, Some(path)) if option == "--cacert" => vec![option.to_owned(), path],
                (None, Some(path)) => vec![format!("{option}={path}")],
                (Some(_), None) => Vec::new(),
            };
            // git takes settings before its command, PHP before its script, curl anywhere, pip and uv after
            // theirs.
            let place = match one.client {
                "git" => 0,
                client if client.starts_with("curl") || client.starts_with("php") => 0,
                client if client.starts_with("pip") => 3,
                "uv" => 2,
                _ => arguments.len(),
            };
            arguments.splice(place..place, said);
        }
        let hand = hand.unwrap_or_default();
        arguments.splice(0..0, hand.options);
        let own = self.variables.iter();
        let own = own.map(|&(name, value)| (name.to_owned(), Some(value.into())));
        // What is not set needs not be taken away.
        let set = |(name, value): &(String, Option<OsString>)| {
            value.is_some() || environment.is_some_and(|e| e.variable(name).is_some())
        };
        let handed = hand.variables.into_iter().filter(set);
        Ok(Way {
            client: one.client,
            version: one.version.clone(),
            program: one.program.clone(),
            arguments,
            file: self.file,
            home: self.home.filter(|_| hand.database.is_none()),
            variables: own.chain(handed).collect(),
            profile: (self.control == Some(Control::Marionette) && hand.database.is_none())
                .then(|| stores.of_browser("Firefox"))
                .flatten()
                .and_then(|s| s.path.clone()),
            made: hand.made,
            database: hand.database,
            control: self.control,
            url: format!("{url}robots.txt"),
            sends: self.sends,
            limit: Duration::from_secs(self.seconds),
            reads: self.reads,
        })
    }
}

/// Chromium's sandbox does not start for root.
fn runs_as_root() -> bool {
    #[cfg(unix)]
    return rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    false
}

/// What a configuration file, not a variable, says for this setting: a path, or nothing more than yes.
fn set_in_a_file(environment: &store::Environment, name: &str) -> Option<Option<String>> {
    let setting = environment.settings.iter().find(|s| {
        s.known.name == name
            && s.only_for.is_none()
            && s.overridden.is_empty()
            && matches!(s.place, store::Place::File { .. })
    })?;
    let path = match &setting.found {
        store::Found::Anchors(store) => store.path.clone()?,
        store::Found::Missing(path) | store::Found::Unreadable(path, ..) => path.clone(),
        store::Found::Word => return (setting.value.raw() == "true").then_some(None),
        _ => return None,
    };
    Some(Some(path.to_string_lossy().into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Target;

    #[test]
    fn every_id_of_the_table_is_a_client() {
        for name in TABLE.iter().flat_map(|row| row.clients) {
            let known = match name.split_once('*') {
                Some(_) => crate::judge::client::profiles().iter().any(|p| {
                    TABLE
                        .iter()
                        .any(|row| row.serves(&p.id) && row.clients.contains(name))
                }),
                None => by_id(name).is_some(),
            };
            assert!(known, "{name}");
        }
    }

    #[test]
    fn commands_name_the_endpoint_and_nothing_else() {
        let target = Target::parse("https://localhost:8443/secret?token=1").unwrap();
        let installed: Vec<Installed> = ["curl7-openssl", "git", "s_client30", "java17-url"]
            .map(|client| Installed {
                client,
                program: PathBuf::from("/usr/bin/x y"),
                version: String::new(),
                same_line: true,
                edition: crate::judge::client::Edition::default(),
                others: 0,
                unasked: None,
            })
            .into();
        let found = ways(target.endpoint().unwrap(), &installed, &Stores::default());
        let commands: Vec<String> = found.ways.iter().map(Way::command).collect();
        assert_eq!(
            commands,
            [
                "'/usr/bin/x y' -sSI -o /dev/null --max-time 8 https://localhost:8443/",
                "'/usr/bin/x y' -c credential.helper= ls-remote https://localhost:8443/repo.git",
                "'/usr/bin/x y' s_client -connect localhost:8443 -servername localhost -verify_return_error",
                "'/usr/bin/x y' Ask.java url https://localhost:8443/",
            ]
        );
    }

    #[test]
    fn some_targets_cannot_be_asked_about() {
        let told = |typed: &str| obstacle(Target::parse(typed).unwrap().endpoint()).is_some();
        assert!(told("./chain.pem") && told("smtp://localhost:25") && told("http://localhost"));
        assert!(!told("https://localhost") && !told("localhost:8443"));
    }
}
