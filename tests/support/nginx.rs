//! nginx as a foreign server: one process in a folder of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use super::programs::{clean, peer};

/// A running nginx; ends when dropped.
pub struct Nginx(Child);

/// The program; `None` (and a word) when it is not here, which is a failure where `CI=true`.
pub fn program() -> Option<PathBuf> {
    // Debian keeps it out of the PATH of ordinary users.
    let usual = Path::new("/usr/sbin/nginx");
    match usual.is_file() {
        true => Some(usual.to_owned()),
        false => peer("nginx"),
    }
}

impl Nginx {
    /// Starts it with these `server` blocks and waits until it listens. `None` when it ended instead:
    /// another program may have taken a port before.
    pub fn start(program: &Path, folder: &Path, servers: &str) -> Option<Self> {
        let configuration = format!(
            "daemon off; master_process off; pid nginx.pid; error_log stderr notice;\n\
             events {{ worker_connections 256; }}\n\
             http {{ access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;\n\
             uwsgi_temp_path t4; scgi_temp_path t5;\n{servers} }}\n"
        );
        std::fs::write(folder.join("nginx.conf"), configuration).unwrap();
        let mut child = clean(program)
            .arg("-p")
            .arg(folder)
            .args(["-c", "nginx.conf", "-e", "stderr"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        // It says this after it listens.
        let listens = lines
            .by_ref()
            .map_while(Result::ok)
            .any(|line| line.contains("using the \"epoll\"") || line.contains("OS: "));
        if !listens {
            let _ = child.wait();
            return None;
        }
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Some(Self(child))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
