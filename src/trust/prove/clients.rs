//! How each real client is asked: a command that ends well when, and only when, it accepts the server.

use std::net::{IpAddr, SocketAddr};
use std::process::Command;

use crate::store::Machine;

use super::Server;

/// One client.
#[derive(Debug)]
pub(super) struct Client {
    pub id: &'static str,
    pub title: &'static str,
    program: &'static str,
    /// What must end well for it to be there.
    needs: Option<&'static [&'static str]>,
    way: Way,
    /// Words (lower case) of failures that come after the certificate was accepted.
    pub after_tls: &'static [&'static str],
}

/// How a client is asked.
#[derive(Debug)]
enum Way {
    /// A program in its language, with host, port and the name to verify as arguments.
    Script {
        option: &'static str,
        code: &'static str,
        /// It can verify another name than the one it connects to.
        any_name: bool,
    },
    /// Its own command for a server and the name to verify; `None` when it knows no way.
    Own(fn(Command, &Server, &str, Option<SocketAddr>) -> Option<Command>),
}

impl Client {
    pub fn is_installed(&self, machine: &Machine) -> bool {
        let Some(program) = program(machine, self.program) else {
            return false;
        };
        let Some(needs) = self.needs else {
            return true;
        };
        let output = Command::new(program).args(needs).output();
        output.is_ok_and(|output| {
            let said = String::from_utf8_lossy(&output.stdout);
            output.status.success() && (self.id != "java" || said.contains("jdk.compiler"))
        })
    }

    /// The command for a server and the name to verify, `None` when this client knows no way.
    pub fn command(
        &self,
        machine: &Machine,
        server: &Server,
        name: &str,
        address: Option<SocketAddr>,
    ) -> Option<Command> {
        let mut command = Command::new(program(machine, self.program)?);
        command.env("LC_ALL", "C");
        if let Some(home) = &machine.home {
            command.current_dir(home);
        }
        match &self.way {
            Way::Script {
                option,
                code,
                any_name,
            } => {
                if name != server.host && !any_name {
                    return None;
                }
                command
                    .args([option, code, server.host.as_str()])
                    .arg(server.port.to_string())
                    .arg(name);
                Some(command)
            }
            Way::Own(prepared) => prepared(command, server, name, address),
        }
    }
}

/// A client that is a module of Python.
const fn python(
    id: &'static str,
    title: &'static str,
    needs: &'static [&'static str],
    code: &'static str,
    any_name: bool,
    after_tls: &'static [&'static str],
) -> Client {
    Client {
        id,
        title,
        program: "python3",
        needs: Some(needs),
        way: Way::Script {
            option: "-c",
            code,
            any_name,
        },
        after_tls,
    }
}

fn program(machine: &Machine, name: &str) -> Option<std::path::PathBuf> {
    machine.programs(name).into_iter().next()
}

fn in_url(host: &str) -> String {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(_)) => format!("[{host}]"),
        _ => host.to_owned(),
    }
}

const URLLIB: &str = "\
import socket, ssl, sys
host, port, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
with socket.create_connection((host, port), 15) as s:
    ssl.create_default_context().wrap_socket(s, server_hostname=name).close()
";
const REQUESTS: &str = "\
import sys, requests
host = '[%s]' % sys.argv[1] if ':' in sys.argv[1] else sys.argv[1]
try:
    requests.get('https://%s:%s/' % (host, sys.argv[2]), timeout=15)
except requests.exceptions.SSLError as e:
    sys.exit(str(e))
except requests.exceptions.ConnectionError as e:
    if 'refused' in str(e) or 'resolve' in str(e):
        sys.exit(str(e))
except requests.exceptions.RequestException:
    pass
";
const HTTPX: &str = "\
import socket, sys, httpx
host, port, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
with socket.create_connection((host, port), 15) as s:
    httpx.create_ssl_context().wrap_socket(s, server_hostname=name).close()
";
/// pip has no other way than to fetch; what it fetches is thrown away, and its cache is not asked.
const PIP: &str = "\
import subprocess, sys, tempfile
host = '[%s]' % sys.argv[1] if ':' in sys.argv[1] else sys.argv[1]
with tempfile.TemporaryDirectory() as d:
    sys.exit(subprocess.call([sys.executable, '-m', 'pip', 'download', '--no-deps', '--no-cache-dir',
        '--disable-pip-version-check', '--retries', '0', '--timeout', '15', '-d', d,
        '--index-url', 'https://%s:%s/simple' % (host, sys.argv[2]), 'whycert']))
";
const NODE: &str = "\
const [host, port, name] = process.argv.slice(1);
const o = { host, port: Number(port), timeout: 15000 };
if (!require('net').isIP(name)) o.servername = name;
const s = require('tls').connect(o, () => process.exit(0));
s.on('error', e => { console.error(e.code || e.message); process.exit(1); });
";
const JAVA: &str = "\
import javax.net.ssl.*;
public class Ask {
    public static void main(String[] a) throws Exception {
        java.net.Socket plain = new java.net.Socket(a[0], Integer.parseInt(a[1]));
        SSLSocketFactory f = (SSLSocketFactory) SSLSocketFactory.getDefault();
        SSLSocket s = (SSLSocket) f.createSocket(plain, a[2], Integer.parseInt(a[1]), true);
        SSLParameters p = s.getSSLParameters();
        p.setEndpointIdentificationAlgorithm(\"HTTPS\");
        s.setSSLParameters(p);
        s.startHandshake();
        s.close();
    }
}
";

/// All clients that can be asked.
pub(super) const CLIENTS: &[Client] = &[
    Client {
        id: "curl",
        title: "curl",
        program: "curl",
        needs: None,
        way: Way::Own(curl),
        after_tls: &[
            "empty reply",
            "received http/0.9",
            "recv failure",
            "unsupported protocol",
        ],
    },
    python(
        "urllib",
        "Python (ssl, urllib)",
        &["-c", "import ssl"],
        URLLIB,
        true,
        &[],
    ),
    python(
        "requests",
        "Python requests",
        &["-c", "import requests"],
        REQUESTS,
        false,
        &[],
    ),
    python(
        "httpx",
        "Python httpx",
        &["-c", "import httpx; httpx.create_ssl_context"],
        HTTPX,
        true,
        &[],
    ),
    python(
        "pip",
        "pip",
        &["-m", "pip", "--version"],
        PIP,
        false,
        &["no matching distribution"],
    ),
    Client {
        id: "node",
        title: "Node",
        program: "node",
        needs: None,
        way: Way::Script {
            option: "-e",
            code: NODE,
            any_name: true,
        },
        after_tls: &[],
    },
    Client {
        id: "git",
        title: "git",
        program: "git",
        needs: None,
        way: Way::Own(git),
        after_tls: &[
            "not found",
            "not valid",
            "http request failed",
            "returned error",
            "could not read",
            "empty reply",
            "unexpected disconnect",
            "recv failure",
            "http/0.9",
        ],
    },
    Client {
        id: "openssl",
        title: "openssl s_client",
        program: "openssl",
        needs: None,
        way: Way::Own(openssl),
        after_tls: &[],
    },
    Client {
        id: "wget",
        title: "wget",
        program: "wget",
        needs: None,
        way: Way::Own(wget),
        after_tls: &["server issued an error response", "error 4"],
    },
    Client {
        id: "java",
        title: "Java",
        program: "java",
        needs: Some(&["--list-modules"]),
        way: Way::Own(java),
        after_tls: &[],
    },
];

fn curl(
    mut command: Command,
    server: &Server,
    name: &str,
    _: Option<SocketAddr>,
) -> Option<Command> {
    let (host, name, port) = (in_url(&server.host), in_url(name), server.port);
    command
        .args(["-sS", "-o", "/dev/null", "--max-time", "15"])
        .arg(format!("https://{name}:{port}/"));
    if name != host {
        // Without a proxy: the wrong name leads to the same server.
        command
            .args(["--noproxy", "*", "--connect-to"])
            .arg(format!("{name}:{port}:{host}:{port}"));
    }
    Some(command)
}

fn git(
    mut command: Command,
    server: &Server,
    name: &str,
    address: Option<SocketAddr>,
) -> Option<Command> {
    command.env("GIT_TERMINAL_PROMPT", "0");
    if name != server.host {
        let address = address?.ip();
        command.arg("-c").arg(format!(
            "http.curloptResolve={name}:{}:{address}",
            server.port
        ));
    }
    command.arg("ls-remote").arg(format!(
        "https://{}:{}/whycert.git",
        in_url(name),
        server.port
    ));
    Some(command)
}

fn openssl(
    mut command: Command,
    server: &Server,
    name: &str,
    _: Option<SocketAddr>,
) -> Option<Command> {
    command
        .args(["s_client", "-verify_return_error", "-connect"])
        .arg(format!("{}:{}", in_url(&server.host), server.port));
    match name.parse::<IpAddr>() {
        Ok(_) => command.args(["-verify_ip", name]),
        Err(_) => command.args(["-servername", name, "-verify_hostname", name]),
    };
    Some(command)
}

fn wget(
    mut command: Command,
    server: &Server,
    name: &str,
    _: Option<SocketAddr>,
) -> Option<Command> {
    if name != server.host {
        return None;
    }
    command
        .args(["-q", "-O", "/dev/null", "--timeout=15", "--tries=1"])
        .arg(format!("https://{}:{}/", in_url(name), server.port));
    Some(command)
}

/// Java compiles a file, and knows no program on its command line.
fn java(command: Command, server: &Server, name: &str, _: Option<SocketAddr>) -> Option<Command> {
    let text = format!(
        "d=$(mktemp -d) || exit 9\ncat > \"$d/Ask.java\" <<'END'\n{JAVA}END\n\"$0\" \"$d/Ask.java\" \"$@\"\nr=$?\nrm -rf \"$d\"\nexit $r\n"
    );
    let mut shell = Command::new("sh");
    shell
        .env("LC_ALL", "C")
        .arg("-c")
        .arg(text)
        .arg(command.get_program())
        .arg(&server.host)
        .arg(server.port.to_string())
        .arg(name);
    Some(shell)
}
