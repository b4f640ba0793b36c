//! Browsers, asked: what the server gets to see of them.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;

use whycert::ask;
use whycert::judge::client::Said;
use whycert::store::{Machine, Survey};
use whycert::target::Target;

use crate::clients_real::with;
use crate::support::programs::{self, clean, peer, run};

/// Shows a page that names much, and writes down each request; whatever is loaded further is one.
const SERVER: &str = r#"
import http.server, ssl
PAGE = b"""<!doctype html><link rel=stylesheet href=/a.css><link rel=icon href=/i.png>
<link rel=prefetch href=/p><script src=/s.js></script><style>@import '/b.css';</style><img src=/m.png>
<iframe src=/f.html></iframe><object data=/o.svg></object><video src=/v.mp4></video>
<svg><use href='/u.svg#a'/></svg>"""
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        print(self.command, self.path, file=open('requests', 'a'), flush=True)
        self.send_response(int(open('status').read()))
        self.send_header('WWW-Authenticate', 'Basic realm="x"')
        self.send_header('Location', '/again')
        self.send_header('Content-Type', 'text/html')
        self.send_header('Link', '</early.css>; rel=preload; as=style')
        self.send_header('Refresh', '0;url=/again')
        self.end_headers()
        if self.command != 'HEAD': self.wfile.write(PAGE)
    do_GET = do_HEAD = answer
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('cert.pem', 'key.pem')
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
"#;

/// The program, ended when dropped.
struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What is promised: one request, whatever the page names and whatever the server wants.
#[test]
fn a_browser_makes_one_request() {
    let (Some(openssl), Some(_), Some(python)) = (
        peer("openssl"),
        peer("certutil"),
        programs::python_with("ssl"),
    ) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("ca")).unwrap();
    programs::self_signed(&openssl, &at("ca"), &[]);
    run(clean(&openssl)
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9",
        ])
        .args([
            "-subj",
            "/CN=served",
            "-addext",
            "subjectAltName=DNS:localhost",
        ])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-CA", "ca/cert.pem", "-CAkey", "ca/key.pem"])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(folder.path()));
    let mut server = Ended(
        clean(&python)
            .args(["-c", SERVER])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let mut port = String::new();
    let said = server.0.stdout.take().unwrap();
    BufReader::new(said).read_line(&mut port).unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let machine = Machine::other(Path::new("/"), folder.path(), [("PATH", path)]);
    let survey = Survey::of(&machine, &[at("ca/cert.pem")]).stores();
    let target = Target::parse(&format!("https://localhost:{}", port.trim())).unwrap();
    let found = ask::find(&machine);
    for (client, request) in [
        ("firefox", "HEAD /robots.txt\n"),
        ("chromium", "GET /robots.txt\n"),
    ] {
        let mut ways = ask::ways(target.endpoint().unwrap(), &found, &survey).ways;
        ways.retain(|way| way.client == client);
        let ways: Vec<_> = ways.into_iter().map(|way| with(way, &[])).collect();
        if ways.is_empty() {
            println!("skipped: {client}");
        }
        for way in ways {
            for status in ["200", "204", "302", "401", "500"] {
                std::fs::write(at("requests"), "").unwrap();
                std::fs::write(at("status"), status).unwrap();
                let answers: Mutex<Vec<Said>> = Mutex::default();
                ask::ask(std::slice::from_ref(&way), &|measured| {
                    answers.lock().unwrap().push(measured.said);
                });
                let said = answers.into_inner().unwrap();
                assert_eq!(said, [Said::Accepted], "{client} {status}");
                // It is over; what it asked for last may still be on its way into the log.
                std::thread::sleep(std::time::Duration::from_millis(300));
                let seen = std::fs::read_to_string(at("requests")).unwrap();
                assert_eq!(seen, request, "{client} {status}");
            }
        }
    }
}
