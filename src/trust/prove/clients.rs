//! How each real client is asked: a command that ends well when, and only when, it accepts the server.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Command;

use crate::store::Machine;

use super::Server;

/// One client.
#[derive(Debug)]
pub(super) struct Client {
    pub id: &'static str,
    pub title: &'static str,
    program: &'static str,
    /// What must be importable, or a module that must be there.
    needs: Option<&'static [&'static str]>,
    /// The command for a server and the name to verify, `None` when this client knows no way.
    pub command: fn(&Machine, &Server, &str, Option<SocketAddr>) -> Option<Command>,
    /// Words (lower case) of failures that come after the certificate was accepted.
    pub after_tls: &'static [&'static str],
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
}

fn program(machine: &Machine, name: &str) -> Option<std::path::PathBuf> {
    machine.programs(name).into_iter().next()
}

fn start(machine: &Machine, name: &str) -> Option<Command> {
    let mut command = Command::new(program(machine, name)?);
    command.env("LC_ALL", "C");
    Some(command)
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
try:
    requests.get('https://%s:%s/' % (sys.argv[1], sys.argv[2]), timeout=15)
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

fn script(
    machine: &Machine,
    program: &str,
    code: &str,
    option: &str,
    server: &Server,
    name: &str,
) -> Option<Command> {
    let mut command = start(machine, program)?;
    command
        .args([option, code, &server.host])
        .arg(server.port.to_string())
        .arg(name);
    Some(command)
}

/// All clients that can be asked.
pub(super) const CLIENTS: &[Client] = &[
    Client {
        id: "curl",
        title: "curl",
        program: "curl",
        needs: None,
        command: |machine, server, name, _| {
            let mut command = start(machine, "curl")?;
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
        },
        after_tls: &[
            "empty reply",
            "received http/0.9",
            "recv failure",
            "unsupported protocol",
        ],
    },
    Client {
        id: "urllib",
        title: "Python (ssl, urllib)",
        program: "python3",
        needs: Some(&["-c", "import ssl"]),
        command: |machine, server, name, _| script(machine, "python3", URLLIB, "-c", server, name),
        after_tls: &[],
    },
    Client {
        id: "requests",
        title: "Python requests",
        program: "python3",
        needs: Some(&["-c", "import requests"]),
        command: |machine, server, name, _| {
            if name != server.host {
                return None;
            }
            let server = Server {
                host: in_url(&server.host),
                port: server.port,
            };
            script(machine, "python3", REQUESTS, "-c", &server, name)
        },
        after_tls: &[],
    },
    Client {
        id: "httpx",
        title: "Python httpx",
        program: "python3",
        needs: Some(&["-c", "import httpx; httpx.create_ssl_context"]),
        command: |machine, server, name, _| script(machine, "python3", HTTPX, "-c", server, name),
        after_tls: &[],
    },
    Client {
        id: "node",
        title: "Node",
        program: "node",
        needs: None,
        command: |machine, server, name, _| script(machine, "node", NODE, "-e", server, name),
        after_tls: &[],
    },
    Client {
        id: "git",
        title: "git",
        program: "git",
        needs: None,
        command: |machine, server, name, address| {
            let mut command = start(machine, "git")?;
            command
                .env("GIT_TERMINAL_PROMPT", "0")
                .current_dir(machine.home.as_deref().unwrap_or(Path::new("/")));
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
        },
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
        command: |machine, server, name, _| {
            let mut command = start(machine, "openssl")?;
            command
                .args(["s_client", "-verify_return_error", "-connect"])
                .arg(format!("{}:{}", in_url(&server.host), server.port));
            match name.parse::<IpAddr>() {
                Ok(_) => command.args(["-verify_ip", name]),
                Err(_) => command.args(["-servername", name, "-verify_hostname", name]),
            };
            Some(command)
        },
        after_tls: &[],
    },
    Client {
        id: "wget",
        title: "wget",
        program: "wget",
        needs: None,
        command: |machine, server, name, _| {
            if name != server.host {
                return None;
            }
            let mut command = start(machine, "wget")?;
            command
                .args(["-q", "-O", "/dev/null", "--timeout=15", "--tries=1"])
                .arg(format!("https://{}:{}/", in_url(name), server.port));
            Some(command)
        },
        after_tls: &["server issued an error response", "error 4"],
    },
    Client {
        id: "java",
        title: "Java",
        program: "java",
        needs: Some(&["--list-modules"]),
        command: |machine, server, name, _| {
            // Java compiles a file, and knows no program on its command line.
            let java = program(machine, "java")?;
            let text = format!(
                "d=$(mktemp -d) || exit 9\ncat > \"$d/Ask.java\" <<'END'\n{JAVA}END\n\"$0\" \"$d/Ask.java\" \"$@\"\nr=$?\nrm -rf \"$d\"\nexit $r\n"
            );
            let mut command = Command::new("sh");
            command
                .arg("-c")
                .arg(text)
                .arg(java)
                .arg(&server.host)
                .arg(server.port.to_string())
                .arg(name);
            Some(command)
        },
        after_tls: &[],
    },
];
