//! PEM, as written; [`crate::capture::pem`] reads it.

/// One certificate as PEM with 64-column lines and a final newline.
pub fn encode(der: &[u8]) -> String {
    let body = data_encoding::BASE64.encode(der);
    let mut out = String::with_capacity(body.len() + body.len() / 64 + 60);
    out.push_str("-----BEGIN CERTIFICATE-----\n");
    let mut rest = body.as_str();
    while rest.len() > 64 {
        let (line, tail) = rest.split_at(64);
        out.push_str(line);
        out.push('\n');
        rest = tail;
    }
    out.push_str(rest);
    out.push_str("\n-----END CERTIFICATE-----\n");
    out
}
