//! Proxy certificates (RFC 3820), and certificates that have their extension without being any, shown by
//! `openssl s_server` to the clients of Debian 12 and 13, npm and PyPI. Left out: texts in which OpenSSL's reader
//! complains as well, which are not predicted.

use crate::clients::{Series, run};

const MEASURED: Series = Series {
    folder: "later",
    now: "2026-11-28T09:12:00Z",
};

#[test]
fn predictions_agree_with_what_was_measured_of_proxy_certificates() {
    run(MEASURED);
}
