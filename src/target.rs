//! What was typed, understood: an endpoint or a file.
//!
//! Nothing here touches the network or the disk. IPv6 literals, internationalised names, URLs with
//! paths and bare hosts all end up in one [`Target`]; every mistake becomes a [`TargetError`] that
//! says what is wrong and what to type instead.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

mod host;
mod parse;

/// One thing to inspect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// As typed, without user name and password (safe to display only through [`crate::text::safe`]).
    pub typed: String,
    /// What it means.
    pub source: Source,
}

/// Where certificates come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A server to connect to.
    Endpoint(Endpoint),
    /// A file of certificates, PEM or DER.
    File(PathBuf),
    /// The same from standard input, typed as `-`.
    Stdin,
}

/// A server to connect to and the name to verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// What was written before `://`; [`Scheme::Tls`] when nothing was.
    pub scheme: Scheme,
    /// The host as typed; this is the name that is verified unless `server_name` says otherwise.
    pub host: Host,
    /// The port.
    pub port: u16,
    /// What goes into the ClientHello.
    pub server_name: ServerNameChoice,
    /// `--connect`: reach this host (and port) instead, while still verifying `host`.
    pub connect: Option<(Host, Option<u16>)>,
    /// The plain-text dialogue to hold before TLS starts.
    pub upgrade: Option<StartTls>,
    /// Path and query of a URL, empty when none was typed. Shown, never requested.
    pub path: String,
}

/// What stood before `://`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Nothing, or `tls://`.
    Tls,
    /// `https://`.
    Https,
    /// `http://`: the person means plain HTTP.
    Http,
    /// `wss://`.
    Wss,
    /// `ws://`: plain.
    Ws,
}

/// A host as a certificate would name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A DNS name.
    Name {
        /// A-label form, lower case, no trailing dot: `xn--bcher-kva.example`.
        ascii: String,
        /// U-label form for people: `bücher.example`; equal to `ascii` when there is no difference.
        unicode: String,
    },
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
}

/// What the ClientHello's `server_name` extension carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerNameChoice {
    /// The host, when it is a name (RFC 6066 allows no addresses).
    Host,
    /// `--sni NAME`: this name, which is then also the one verified.
    Named(String),
    /// `--no-sni`: nothing.
    Omitted,
}

/// Protocols whose plain-text dialogue can be turned into TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum StartTls {
    Smtp,
    Imap,
    Pop3,
    Ftp,
    Postgres,
    Mysql,
    Ldap,
}

/// A target that cannot be understood: one line of what is wrong, one hint of what to type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct TargetError {
    /// What is wrong, naming the part. Safe to display.
    pub problem: String,
    /// What to type instead. Safe to display.
    pub hint: String,
}

impl fmt::Display for Host {
    /// As in a URL: IPv6 in brackets; the U-label form of names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { unicode, .. } => f.write_str(&crate::text::safe(unicode)),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Ip(ip) => write!(f, "{ip}"),
        }
    }
}

impl Target {
    /// Understands what was typed. A file is what starts with `/`, `.` or `~`, ends in a certificate suffix, or
    /// has a slash behind something that is no server's name (`certs/chain`, but not `example.com/chain`);
    /// this function does not look at the disk.
    ///
    /// # Errors
    /// [`TargetError`] with the problem and a hint.
    pub fn parse(typed: &str) -> Result<Self, TargetError> {
        parse::parse(typed)
    }

    /// A port was typed: `host:8443`, `[::1]:8443`, but not `::1`, nor `https://host/`.
    pub fn names_port(typed: &str) -> bool {
        parse::names_port(typed)
    }

    /// The endpoint, unless this is a file.
    pub fn endpoint(&self) -> Option<&Endpoint> {
        match &self.source {
            Source::Endpoint(e) => Some(e),
            _ => None,
        }
    }
}

impl Endpoint {
    /// The name or address that the certificate must carry.
    pub fn verified(&self) -> Host {
        match &self.server_name {
            ServerNameChoice::Named(name) => Host::Name {
                ascii: name.clone(),
                unicode: idna::domain_to_unicode(name).0,
            },
            _ => self.host.clone(),
        }
    }
}

impl StartTls {
    /// As typed after `--starttls`: `smtp`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Ftp => "ftp",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Ldap => "ldap",
        }
    }

    /// For people: `SMTP`.
    pub fn title(self) -> &'static str {
        match self {
            Self::Smtp => "SMTP",
            Self::Imap => "IMAP",
            Self::Pop3 => "POP3",
            Self::Ftp => "FTP",
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL",
            Self::Ldap => "LDAP",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(typed: &str) -> Endpoint {
        match Target::parse(typed) {
            Ok(target) => target
                .endpoint()
                .cloned()
                .unwrap_or_else(|| panic!("{typed}: a file")),
            Err(wrong) => panic!("{typed}: {wrong} / {}", wrong.hint),
        }
    }

    #[test]
    fn endpoints_are_understood() {
        use Scheme::{Http, Https, Tls, Ws, Wss};
        for (typed, scheme, host, port, path) in [
            ("localhost", Tls, "localhost", 443, ""),
            ("localhost:8443", Tls, "localhost", 8443, ""),
            ("  LocalHost:8443\n", Tls, "localhost", 8443, ""),
            ("example.com.", Tls, "example.com", 443, ""),
            ("example.com.:1", Tls, "example.com", 1, ""),
            ("https://example.com", Https, "example.com", 443, ""),
            (
                "HTTPS://Example.COM:65535/A?b=c#d",
                Https,
                "example.com",
                65535,
                "/A?b=c",
            ),
            ("https://example.com?q=1", Https, "example.com", 443, "?q=1"),
            ("http://localhost:11434/v1", Http, "localhost", 11434, "/v1"),
            ("http://localhost", Http, "localhost", 80, ""),
            ("wss://h/socket", Wss, "h", 443, "/socket"),
            ("ws://h", Ws, "h", 80, ""),
            ("tls://h:1", Tls, "h", 1, ""),
            ("127.0.0.1", Tls, "127.0.0.1", 443, ""),
            ("127.0.0.1:8443", Tls, "127.0.0.1", 8443, ""),
            ("::1", Tls, "[::1]", 443, ""),
            ("[::1]", Tls, "[::1]", 443, ""),
            ("[::1]:8443", Tls, "[::1]", 8443, ""),
            ("2001:db8::0:1", Tls, "[2001:db8::1]", 443, ""),
            ("https://[::1]:8443/x", Https, "[::1]", 8443, "/x"),
            ("::ffff:127.0.0.1", Tls, "[::ffff:127.0.0.1]", 443, ""),
            ("b\u{fc}cher.example", Tls, "bücher.example", 443, ""),
            ("xn--bcher-kva.example:1", Tls, "bücher.example", 1, ""),
            ("my_host:1", Tls, "my_host", 1, ""),
            ("r3---sn-4g5.example", Tls, "r3---sn-4g5.example", 443, ""),
            ("host:8443/health", Tls, "host", 8443, "/health"),
            ("example.com/path", Tls, "example.com", 443, "/path"),
            ("localhost/path", Tls, "localhost", 443, "/path"),
            ("\"https://h:1/\"", Https, "h", 1, "/"),
            ("<https://h>", Https, "h", 443, ""),
            ("user@h:1", Tls, "h", 1, ""),
            ("https://me:secret@h:1/x", Https, "h", 1, "/x"),
            ("https://me:p@ss@h/x", Https, "h", 443, "/x"),
            ("https://h/@scope/name", Https, "h", 443, "/@scope/name"),
            ("imaps://h", Tls, "h", 993, ""),
            ("rediss://:secret@h", Tls, "h", 6379, ""),
            ("pem:443", Tls, "pem", 443, ""),
        ] {
            let found = endpoint(typed);
            let seen = (
                found.scheme,
                found.host.to_string(),
                found.port,
                found.path.as_str(),
            );
            assert_eq!(seen, (scheme, host.to_owned(), port, path), "{typed}");
            assert_eq!((found.connect, found.upgrade), (None, None), "{typed}");
        }
    }

    #[test]
    fn schemes_of_mail_and_databases_begin_in_plain_text() {
        for (typed, upgrade, port) in [
            ("smtp://mail.example", StartTls::Smtp, 25),
            ("submission://mail.example", StartTls::Smtp, 587),
            ("imap://h:1143/INBOX", StartTls::Imap, 1143),
            ("pop3://h", StartTls::Pop3, 110),
            ("ftp://h/pub", StartTls::Ftp, 21),
            (
                "postgres://me:secret@db/app?sslmode=require",
                StartTls::Postgres,
                5432,
            ),
            ("postgresql+psycopg://db:5433/app", StartTls::Postgres, 5433),
            ("jdbc:mysql://db/app", StartTls::Mysql, 3306),
            ("ldap://h", StartTls::Ldap, 389),
        ] {
            let found = endpoint(typed);
            assert_eq!(
                (found.upgrade, found.port),
                (Some(upgrade), port),
                "{typed}"
            );
        }
    }

    #[test]
    fn both_forms_of_a_name_are_kept() {
        let Host::Name { ascii, unicode } = endpoint("https://B\u{dc}CHER.example").host else {
            panic!("no name");
        };
        assert_eq!(
            (ascii.as_str(), unicode.as_str()),
            ("xn--bcher-kva.example", "bücher.example")
        );
        let mut other = endpoint("127.0.0.1");
        other.server_name = ServerNameChoice::Named("xn--bcher-kva.example".into());
        assert_eq!(other.verified().to_string(), "bücher.example");
    }

    #[test]
    fn files_are_told_from_servers() {
        for (typed, path) in [
            ("chain.pem", "chain.pem"),
            ("server.CRT", "server.CRT"),
            ("certs/chain", "certs/chain"),
            ("example.com/fullchain.pem", "example.com/fullchain.pem"),
            ("./chain", "./chain"),
            ("../x", "../x"),
            ("/etc/ssl/cert", "/etc/ssl/cert"),
            ("~/ca", "~/ca"),
            (".hidden", ".hidden"),
            ("/etc/ssl/a:b@c.pem", "/etc/ssl/a:b@c.pem"),
            ("my chain.pem", "my chain.pem"),
            ("C:\\certs\\ca", "C:\\certs\\ca"),
            ("'with quotes.der'", "with quotes.der"),
        ] {
            let found = Target::parse(typed).map(|t| t.source);
            assert_eq!(found, Ok(Source::File(PathBuf::from(path))), "{typed}");
        }
        assert_eq!(Target::parse("-").map(|t| t.source), Ok(Source::Stdin));
    }

    #[cfg(unix)]
    #[test]
    fn file_urls_are_files() {
        let found = Target::parse("file:///tmp/my%20chain.pem").map(|t| t.source);
        assert_eq!(found, Ok(Source::File(PathBuf::from("/tmp/my chain.pem"))));
        for wrong in ["file://server/x.pem", "file:x.pem"] {
            assert!(Target::parse(wrong).is_err(), "{wrong}");
        }
    }

    /// What is typed, a part of the problem, and a part of the hint.
    const MISTAKES: &[(&str, &str, &str)] = &[
        ("", "empty", "localhost:8443"),
        ("  \t", "empty", "localhost:8443"),
        ("\"\"", "empty", "localhost:8443"),
        ("https://", "no host", "https://localhost:8443"),
        (
            "https:///example.com/x",
            "no host",
            "https://example.com/x?",
        ),
        ("https://user:secret@", "no host", "https://localhost:8443"),
        ("http:/host:1", "should be “http://”", "http://host:1?"),
        (
            "https:example.com",
            "should be “https://”",
            "https://example.com?",
        ),
        (
            "https//example.com",
            "should be “https://”",
            "https://example.com?",
        ),
        (
            "https;//example.com",
            "should be “https://”",
            "https://example.com?",
        ),
        (
            "https:\\\\example.com",
            "should be “https://”",
            "https://example.com?",
        ),
        ("//example.com/x", "no scheme", "https://example.com/x?"),
        (
            "://example.com",
            "nothing stands before",
            "https://example.com?",
        ),
        ("htps://example.com", "htps://", "https://example.com?"),
        ("hhtp://example.com", "hhtp://", "http://example.com?"),
        ("htttps://u:secret@h/x", "htttps://", "https://h/x?"),
        ("gopher://h", "gopher://", "tls://h"),
        ("redis://h:6379", "without TLS", "rediss://h:6379"),
        ("ssh://h", "keys of its own", "https://example.com"),
        ("localhost:", "no port follows", "localhost:443?"),
        (
            "http://localhost:/x",
            "no port follows",
            "http://localhost:80/x?",
        ),
        ("localhost:8080:", "colon too many", "localhost:8080?"),
        ("host:b:1", "more than one colon", "host:1?"),
        ("localhost:0", "no port 0", "localhost:443"),
        ("localhost:65536", "no port 65536", "1 to 65535"),
        (
            "localhost:99999999999999999999999999",
            "no port 9999",
            "1 to 65535",
        ),
        ("localhost:-1", "“-1” is no port", "localhost:1?"),
        ("localhost:https", "“https” is no port", "localhost:443?"),
        ("localhost:8443x", "“8443x” is no port", "localhost:8443?"),
        ("localhost:abc", "“abc” is no port", "ports are numbers"),
        (":8443", "no host", "localhost:8443?"),
        ("8443", "without a host", "localhost:8443?"),
        (
            "localhost 8443",
            "a space between host and port",
            "localhost:8443?",
        ),
        (
            "localhost: 8443",
            "a space between host and port",
            "localhost:8443?",
        ),
        ("exam ple.com", "a space", "example.com?"),
        ("a.example b.example", "several targets", "each by itself"),
        (
            "curl -k -u me:secret https://h:1/x",
            "whole curl command",
            "https://h:1/x",
        ),
        (
            "curl https://me:secret@h:1/x",
            "whole curl command",
            "alone: https://h:1/x",
        ),
        (
            "openssl s_client -connect h:1 -servername x",
            "whole openssl command",
            "alone: h:1",
        ),
        (
            "ping localhost",
            "whole ping command",
            "https://example.com",
        ),
        ("[::1", "never closed", "[::1]:8443"),
        ("[::1]8443", "without a colon", "[::1]:8443?"),
        ("[::1]:", "no port follows", "[::1]:443?"),
        ("[::1]:x", "no port", "[::1]:443"),
        ("::1]:8443", "without a [", "[::1]:8443?"),
        ("[localhost]:8443", "no IPv6 address", "localhost:8443?"),
        ("[zz::1]:8443", "no IPv6 address", "[::1]:8443"),
        ("1:2:3", "no IPv6 address", "2001:db8::1"),
        ("fe80::1%eth0", "zone “%eth0”", "needs no zone"),
        ("[fe80::1%25eth0]:443", "zone", "needs no zone"),
        ("127.1", "no IPv4 address", "127.0.0.1?"),
        ("2130706433", "no IPv4 address", "127.0.0.1?"),
        ("0x7f.1", "no IPv4 address", "127.0.0.1?"),
        ("256.1.1.1", "no IPv4 address", "0 to 255"),
        ("1.2.3.4.5", "no IPv4 address", "0 to 255"),
        ("*.example.com", "a pattern", "www.example.com"),
        ("a..b", "two dots", "a.b?"),
        ("-a.example", "dash", "a.example?"),
        ("a-.example:1", "dash", "a.example?"),
        ("exam$ple.com", "no “$”", "example.com?"),
        ("example.com,", "no “,”", "example.com?"),
        ("https://h%20x/", "no “%”", "h20x?"),
        ("xn--\u{fc}", "not a valid host name", "letters"),
        (
            "https://u:pa/ss@h",
            "breaks it",
            "leave user and password out",
        ),
        ("https://u:secret@h:x/", "“x” is no port", "https://h:443/"),
        (
            "-----BEGIN CERTIFICATE-----",
            "text of a certificate",
            "whycert inspect -",
        ),
    ];

    #[test]
    fn mistakes_are_named_with_what_to_type_instead() {
        for (typed, problem, hint) in MISTAKES {
            let Err(wrong) = Target::parse(typed) else {
                panic!("{typed:?} is taken: {:?}", Target::parse(typed));
            };
            assert!(
                wrong.problem.contains(problem),
                "{typed:?}: {:?}",
                wrong.problem
            );
            assert!(wrong.hint.contains(hint), "{typed:?}: {:?}", wrong.hint);
        }
    }

    #[test]
    fn long_and_hostile_text_is_a_short_safe_mistake() {
        for typed in [
            "a".repeat(64),
            "a.".repeat(200),
            "x".repeat(100_000),
            format!("host:{}", "9".repeat(5_000)),
            "h\u{1b}[2J:1".to_owned(),
            "h\u{202e}moc.elpmaxe\u{1b}]52;c;AAAA\u{7}".to_owned(),
            "[\u{1b}]".to_owned(),
            "h:\u{1b}".to_owned(),
            "\u{1b}://h".to_owned(),
        ] {
            let Err(wrong) = Target::parse(&typed) else {
                panic!("{typed:?} is taken");
            };
            for words in [&wrong.problem, &wrong.hint] {
                assert!(!words.chars().any(crate::text::is_unsafe), "{words:?}");
                assert!(words.len() < 500, "{words}");
            }
        }
    }

    #[test]
    fn passwords_are_neither_kept_nor_echoed() {
        for typed in [
            "https://me:hunter2@h:1/x",
            "me:hunter2@h",
            "postgres://me:hunter2@db/app",
            "https://me:hun/ter2@h",
            "https://me:hunter2@h:99999",
            "htps://me:hunter2@h",
            "https:/me:hunter2@h",
            "https://me:hunter2@",
            "//me:hunter2@h",
            "redis://me:hunter2@h",
            "curl -u me:hunter2 https://me:hunter2@h/",
            "https://me:hunter2@a b",
            "me:hunter2@h 443",
        ] {
            let words = format!("{:?}", Target::parse(typed));
            assert!(!words.contains("ter2"), "{typed}: {words}");
        }
    }

    #[test]
    fn a_port_is_told_from_an_ipv6_address() {
        for with in [
            "host:1",
            "[::1]:1",
            "https://host:1/a?b",
            "127.0.0.1:1",
            "https://u:p@h:1",
        ] {
            assert!(Target::names_port(with), "{with}");
        }
        for without in [
            "host",
            "::1",
            "[::1]",
            "https://host/a:b",
            "127.0.0.1",
            "https://u:p@h",
        ] {
            assert!(!Target::names_port(without), "{without}");
        }
    }
}
