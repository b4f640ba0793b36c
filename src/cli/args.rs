//! What can be typed, as clap sees it. Values stay text here; [`super::values`] understands them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "whycert",
    version,
    about = "Why does this certificate fail, for whom, and what is the smallest safe fix?",
    after_help = "In a terminal the screen opens; in a pipe a report is printed.\n\n\
        A target is a host, host:port, a URL, an IP address, [v6]:port, a file (PEM or DER), or - for \
        standard input. A host that is called like a command is reached with: whycert -- inspect\n\n\
        Exit codes: 0 trusted, 1 looked and not trusted, 2 usage, 3 could not look; with several \
        targets the worst.\n\n\
        Examples:\n  whycert lab                       explore failing servers, with no network\n  \
        whycert https://localhost:8443",
    args_conflicts_with_subcommands = true,
    max_term_width = 100
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Servers or files to inspect; none: start with an input line.
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,
    #[command(flatten)]
    pub reaching: Reaching,
    #[command(flatten)]
    pub judging: Judging,
    #[command(flatten)]
    pub supposing: Supposing,
    #[command(flatten)]
    pub screen: Screen,
}

/// Commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print what was found, as text, JSON or Markdown.
    #[command(
        after_help = "Several targets are looked at side by side. Text and Markdown come in the order typed; \
            JSON is one object per line, each as soon as it is ready.\n\n\
            Exit codes: 0 trusted, 1 looked and not trusted, 2 usage, 3 could not look; with several \
            targets the worst.\n\nExample:\n  whycert inspect https://localhost:8443 --format json"
    )]
    Inspect(Inspect),
    /// Who accepts it and who rejects it: every client with the store that it reads here, in its own words.
    #[command(
        after_help = "Verdicts are predicted from each client's rules. --ask runs those that are on this machine \
            against the server, after showing the commands; what they say is then measured. With --ca each client \
            is given that file instead of its own store.\n\n\
            Exit codes: 0 trusted, 1 looked and not trusted, 2 usage, 3 could not look; a difference between \
            what was predicted and what was measured changes none.\n\n\
            Examples:\n  whycert clients https://localhost:8443\n  \
            whycert clients https://localhost:8443 --ask --yes --format json"
    )]
    Clients(Clients),
    /// Judge files of certificates, with no network at all.
    #[command(
        after_help = "The first certificate of FILE is the server's own. Without --roots this machine's trust stores \
            judge.\n\nExit codes: 0 trusted, 1 not trusted, 2 usage (a --roots that is no file, too), 3 the chain or a list \
            could not be read.\n\n\
            Example:\n  whycert verify --chain chain.pem --host localhost --at 2027-01-31"
    )]
    Verify(Verify),
    /// Write certificates in some format, to standard output or a file.
    #[command(
        after_help = "Exit codes: 0 written, whether the chain is trusted or not, 2 usage, 3 nothing could be \
            exported or written.\n\nExample:\n  whycert export https://localhost:8443 --what chain -o chain.pem"
    )]
    Export(Export),
    /// Trust one certificate by the smallest step that cures the failure; show and undo what was done.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "Without --rung the ladder is shown, least invasive rung first: pretend, command, git, docker, \
            podman, firefox, pnpm, poetry, postgres, project, bundle, nss, java, java-own, system, container.\n\n\
            Nothing is written before you agree. In a script: --yes with the whole --sha256.\n\n\
            Exit codes: 0 done (or shown) and helped, 1 did not help, 2 usage, 3 refused or not possible.\n\n\
            Example:\n  whycert trust https://localhost:8443 --rung bundle --dry-run"
    )]
    Trust(Box<Trust>),
    /// Run one command whose programs trust a file's certificates beside the public roots.
    #[command(
        after_help = "Nothing outside of this command is changed. Its exit code is the command's own.\n\n\
            Example:\n  whycert run --trust ca.pem -- curl https://localhost:8443"
    )]
    Run {
        /// The certificates to trust, PEM or DER.
        #[arg(long, value_name = "FILE", required = true)]
        trust: PathBuf,
        /// The command and its arguments, after --.
        #[arg(value_name = "COMMAND", required = true, last = true)]
        command: Vec<std::ffi::OsString>,
    },
    /// Your own bundle: the lines that make programs use it, and its public roots kept fresh.
    #[command(
        subcommand_required = true,
        arg_required_else_help = false,
        after_help = "Example:\n  whycert bundle refresh"
    )]
    Bundle {
        #[command(subcommand)]
        action: BundleAction,
    },
    /// List every trust store of this machine: whose it is, what it holds, what is wrong with it.
    #[command(
        after_help = "Files are only read: no program is run and nothing is changed. Settings that change whom a \
            program trusts (variables, configuration files) are listed as well.\n\nExit codes: 0, also when a store \
            has problems, 2 usage.\n\nExample:\n  whycert stores --format json"
    )]
    Stores(Stores),
    /// Explain an error that some program printed, or a rule such as chain.missing-issuer.
    #[command(
        after_help = "Paste the whole error, in quotes or through a pipe. It is compared with the texts of every \
            common client; what is not known is said to be so. Nothing of the text is repeated or kept but the server's \
            address. When it names one server, that server is looked at, as inspect would: in a terminal the screen opens, else the \
            report follows.\n\nExit codes: those of inspect when a server was looked at; else 0 explained, 2 usage, \
            3 the text is not known, or hides the reason.\n\nExamples:\n  \
            pip install x 2>&1 | whycert explain -\n  \
            whycert explain 'curl: (60) SSL certificate problem: …' --target localhost:8443\n  \
            whycert explain chain.missing-issuer\n  \
            whycert explain UNABLE_TO_VERIFY_LEAF_SIGNATURE"
    )]
    Explain(Box<Explain>),
    /// Failing servers on this machine, to explore and to learn from, with no network.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "Without a scenario, all of them. Each server has fresh certificates and listens on \
            loopback only.\n\nExample:\n  whycert lab expired missing-intermediate"
    )]
    Lab(Lab),
}

/// `inspect`.
#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// Servers or files to inspect.
    #[arg(value_name = "TARGET", required = true)]
    pub targets: Vec<String>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
    #[command(flatten)]
    pub reaching: Reaching,
    #[command(flatten)]
    pub judging: Judging,
    #[command(flatten)]
    pub supposing: Supposing,
    /// Draw with ASCII characters only.
    #[arg(long)]
    pub ascii: bool,
}

/// `verify`.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The chain to judge, leaf first: PEM or DER, - for standard input.
    #[arg(long, value_name = "FILE", required = true)]
    pub chain: String,
    /// Trust only the certificates of this file (repeatable).
    #[arg(long, value_name = "FILE")]
    pub roots: Vec<PathBuf>,
    /// The name or address the certificate must carry; without it, names are not checked. It is taken as
    /// from a URL, in ASCII, without a final dot or brackets: a library that is handed it as typed may
    /// refuse it.
    #[arg(long, value_name = "NAME")]
    pub host: Option<String>,
    /// Judge as of then: 2027-01-31, 2027-01-31T12:00:00Z, +30d, -2h.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub at: Option<String>,
    /// The verdict of this client alone: rfc5280, openssl, rustls, go (1.26 and later), go125 (1.24,
    /// 1.25), python (3.13, strict; the same as python313), python312 (3.8 to 3.12), gnutls, or a
    /// program such as curl8-openssl. Without it all of them are asked, and rfc5280 decides.
    #[arg(long, value_name = "ID")]
    pub client: Option<String>,
    /// What the leaf is used for; without it, server when a host is named, else anything.
    #[arg(long, value_enum, value_name = "PURPOSE")]
    pub purpose: Option<Purpose>,
    /// Allow at most so many intermediates between the leaf and its root.
    #[arg(long, value_name = "N")]
    pub max_depth: Option<u32>,
    /// Check against this list of revoked certificates, PEM or DER (repeatable). A server's certificate
    /// that none of them speaks for is then not accepted.
    #[arg(long, value_name = "FILE")]
    pub crl: Vec<PathBuf>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
    /// Draw with ASCII characters only.
    #[arg(long)]
    pub ascii: bool,
}

/// `clients`.
#[derive(Debug, Args)]
pub(super) struct Clients {
    /// The server or file to judge.
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
    /// Ask the clients of this machine themselves, after showing their commands.
    #[arg(long)]
    pub ask: bool,
    /// Run the commands without asking you.
    #[arg(long, requires = "ask")]
    pub yes: bool,
    #[command(flatten)]
    pub reaching: Reaching,
    #[command(flatten)]
    pub judging: Judging,
    #[command(flatten)]
    pub supposing: Supposing,
}

/// `--purpose`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Purpose {
    /// A TLS server shows it.
    Server,
    /// A TLS client shows it.
    Client,
}

/// `export`.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The server or file to take it from.
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// What to write: leaf, chain (as sent), repaired (as it should be served), root, the number of
    /// a certificate (0 is the leaf), or roots+N (public roots and that one).
    #[arg(long, default_value = "leaf")]
    pub what: String,
    /// In which format.
    #[arg(long, value_enum, default_value_t = ExportFormat::Pem)]
    pub format: ExportFormat,
    /// Write to this new file; an existing one is never overwritten.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub reaching: Reaching,
    #[command(flatten)]
    pub judging: Judging,
    #[command(flatten)]
    pub supposing: Supposing,
}

/// `stores`.
#[derive(Debug, Args)]
pub(super) struct Stores {
    /// How to print it.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
    /// List this file of certificates as well (repeatable).
    #[arg(long, value_name = "FILE")]
    pub ca: Vec<PathBuf>,
}

/// `explain`.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The error as printed, or the id of a rule; - or a pipe: standard input; nothing: all rules are listed.
    #[arg(value_name = "ERROR|RULE-ID", allow_negative_numbers = true)]
    pub words: Vec<String>,
    /// The server that the error is about, instead of the one that its text names.
    #[arg(long, value_name = "TARGET")]
    pub target: Option<String>,
    /// Contact nobody: only say what the text means.
    #[arg(long, conflicts_with = "target")]
    pub offline: bool,
    #[command(flatten)]
    pub reaching: Reaching,
    #[command(flatten)]
    pub judging: Judging,
    #[command(flatten)]
    pub screen: Screen,
}

/// `trust`.
#[derive(Debug, Args)]
pub(super) struct Trust {
    #[command(subcommand)]
    pub action: Option<TrustAction>,
    /// The server or file that shows the certificate.
    #[arg(value_name = "TARGET|FILE", required = true)]
    pub target: Option<String>,
    /// Which certificate: its number (0 is the leaf) or the first digits of its SHA-256. Without it, the
    /// root, or a leaf that signed itself.
    #[arg(long, value_name = "N|SHA256")]
    pub certificate: Option<String>,
    /// How far it shall reach: bundle, project, system and others; --help lists them.
    #[arg(long, value_name = "RUNG")]
    pub rung: Option<String>,
    /// Look for the certificate in this file too: servers seldom send their root.
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Only show what would be written and run.
    #[arg(long)]
    pub dry_run: bool,
    /// Do it without asking.
    #[arg(long, requires = "sha256", conflicts_with = "dry_run")]
    pub yes: bool,
    /// The whole SHA-256 of the certificate, as it was shown.
    #[arg(long, value_name = "SHA256")]
    pub sha256: Option<String>,
    /// Ask the clients about this public server too: it must still pass afterwards. Without it nobody but
    /// the target is contacted, and whether the public roots stand is read back from what was written.
    #[arg(long, value_name = "HOST")]
    pub public: Option<String>,
    /// Print the text that asks the server's owner or IT for the cure, and do nothing else.
    #[arg(long, conflicts_with = "rung")]
    pub letter: bool,
    #[command(flatten)]
    pub reaching: Reaching,
    #[command(flatten)]
    pub judging: Judging,
}

/// `trust …`.
#[derive(Debug, Subcommand)]
pub(super) enum TrustAction {
    /// List what you trusted: what, where, when, why, and whether it still stands.
    #[command(after_help = "Example:\n  whycert trust list")]
    List,
    /// Put back exactly what stood there before.
    #[command(
        alias = "remove",
        after_help = "Where another program changed a file since, only our part is taken out, or it says why not.\n\n\
            Example:\n  whycert trust undo 1a2b3c4d"
    )]
    Undo {
        /// Its id, or the first digits of the certificate's SHA-256, as trust list shows them.
        #[arg(
            value_name = "ID",
            required_unless_present = "all",
            conflicts_with = "all"
        )]
        id: Option<String>,
        /// Everything, the newest first.
        #[arg(long)]
        all: bool,
        /// Do it without asking.
        #[arg(long)]
        yes: bool,
    },
}

/// `bundle …`.
#[derive(Debug, Subcommand)]
pub(super) enum BundleAction {
    /// Take over the public roots of the system when they changed.
    #[command(after_help = "Example:\n  whycert bundle refresh")]
    Refresh,
    /// Print the line for each program that makes it use the bundle.
    #[command(after_help = "Example:\n  whycert bundle lines --shell fish")]
    Lines {
        /// For this shell: sh, fish, powershell, cmd. Without it, yours.
        #[arg(long, value_name = "SHELL")]
        shell: Option<String>,
    },
}

/// `lab`.
#[derive(Debug, Args)]
pub(super) struct Lab {
    #[command(subcommand)]
    pub action: Option<LabAction>,
    /// Scenarios to start; all when none is named.
    #[arg(value_name = "SCENARIO")]
    pub scenarios: Vec<String>,
    #[command(flatten)]
    pub screen: Screen,
}

/// `lab …`.
#[derive(Debug, Subcommand)]
pub(super) enum LabAction {
    /// List the scenarios; with names, tell their stories and what whycert finds.
    #[command(after_help = "Example:\n  whycert lab list expired")]
    List {
        /// Scenarios to tell about.
        #[arg(value_name = "SCENARIO")]
        scenarios: Vec<String>,
    },
    /// Run the servers and print one line each, until Ctrl-C.
    #[command(after_help = "Example:\n  whycert lab serve expired self-signed --port 9443")]
    Serve {
        /// Scenarios to run; all when none is named.
        #[arg(value_name = "SCENARIO")]
        scenarios: Vec<String>,
        /// The first port; each further scenario takes the next. Without it, free ports.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
        port: Option<u16>,
        /// Write the lab's root certificate to this new file.
        #[arg(long, value_name = "FILE")]
        root: Option<PathBuf>,
    },
}

/// Options for reaching the server.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reaching the server")]
pub(super) struct Reaching {
    /// Send and verify this name instead of the target's.
    #[arg(long, value_name = "NAME", conflicts_with = "no_sni")]
    pub sni: Option<String>,
    /// Send no server name.
    #[arg(long)]
    pub no_sni: bool,
    /// Connect to this address, while still verifying the target's name.
    #[arg(long, value_name = "ADDR[:PORT]")]
    pub connect: Option<String>,
    /// Use IPv4 addresses only.
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    pub ipv4: bool,
    /// Use IPv6 addresses only.
    #[arg(short = '6', long)]
    pub ipv6: bool,
    /// Time limit for each stage: 10, 1.5s, 500ms.
    #[arg(
        long,
        value_name = "TIME",
        default_value = "10s",
        allow_hyphen_values = true
    )]
    pub timeout: String,
    /// Go through this proxy: http://host:port, socks5://host:port, socks5h://host:port.
    #[arg(long, value_name = "URL", conflicts_with = "no_proxy")]
    pub proxy: Option<String>,
    /// Go straight, whatever HTTPS_PROXY and ALL_PROXY say.
    #[arg(long)]
    pub no_proxy: bool,
    /// Hold this plain-text dialogue before TLS: smtp, imap, pop3, ftp, postgres, mysql, ldap.
    #[arg(long, value_name = "PROTOCOL")]
    pub starttls: Option<String>,
    /// When the certificate is for other names, ask the resolver where those lead.
    #[arg(long)]
    pub resolve_names: bool,
    /// Look at this unrelated server too: the same CA on both gives an inspecting proxy away.
    #[arg(long, value_name = "TARGET")]
    pub compare: Option<String>,
}

/// Options for judging.
#[derive(Debug, Args)]
#[command(next_help_heading = "Judging")]
pub(super) struct Judging {
    /// Judge as of then: 2027-01-31, 2027-01-31T12:00:00Z, +30d, -2h.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub at: Option<String>,
    /// Trust the certificates of this file; it then decides (repeatable).
    #[arg(long, value_name = "FILE")]
    pub ca: Vec<PathBuf>,
}

/// What is assumed, and what is fetched beside what the server sends.
#[derive(Debug, Args)]
#[command(next_help_heading = "What if")]
pub(super) struct Supposing {
    /// Assume this and judge again (repeatable): trust=SHA256, send=FILE, at=TIME, host=NAME,
    /// unset=VARIABLE, without=SHA256. The exit code is then never 0, except for the time alone.
    #[arg(long, value_name = "WHAT=VALUE")]
    pub what_if: Vec<String>,
    /// Fetch issuers that the server does not send from where the certificates say they are.
    #[arg(long)]
    pub fetch: bool,
}

/// Options for the screen.
#[derive(Debug, Args)]
#[command(next_help_heading = "The screen")]
pub(super) struct Screen {
    /// Colours.
    #[arg(long, value_enum, default_value_t = ThemeChoice::Auto)]
    pub theme: ThemeChoice,
    /// Draw with ASCII characters only.
    #[arg(long)]
    pub ascii: bool,
    /// Draw the screen into this SVG file and exit.
    #[arg(long, value_name = "FILE.svg")]
    pub screenshot: Option<PathBuf>,
    /// Columns and rows of the picture.
    #[arg(long, value_name = "COLSxROWS", requires = "screenshot")]
    pub size: Option<String>,
    /// Keys to press before the picture is taken.
    #[arg(long, value_name = "KEYS", requires = "screenshot")]
    pub keys: Option<String>,
}

/// `--format` of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    Text,
    Json,
    Markdown,
}

/// `--format` of exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ExportFormat {
    Pem,
    Der,
    Text,
    Json,
    Markdown,
}

/// `--theme`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ThemeChoice {
    Auto,
    Dark,
    Light,
    Mono,
}
