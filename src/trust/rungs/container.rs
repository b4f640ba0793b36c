//! Lines for the Dockerfile of an image. They are for the person to put in; nothing is written.

use crate::text;

use super::{Case, Made};

pub(super) fn made(case: &Case<'_>) -> Made {
    let name = format!("whycert-{}", case.short());
    let bundle = "/etc/ssl/certs/ca-certificates.crt";
    Made {
        affects: vec!["Programs in the image that is built with these lines.".to_owned()],
        spares: vec!["This machine, other images, and containers that run already.".to_owned()],
        undo: "Take the lines out and build the image anew.".to_owned(),
        lines: vec![
            format!(
                "whycert export {} --what {} -o {name}.crt",
                text::shell_quote(case.target),
                case.number
            ),
            "# Debian, Ubuntu, Alpine (with the package ca-certificates):".to_owned(),
            format!("COPY {name}.crt /usr/local/share/ca-certificates/{name}.crt"),
            "RUN update-ca-certificates".to_owned(),
            "# Fedora, Red Hat:".to_owned(),
            format!("COPY {name}.crt /etc/pki/ca-trust/source/anchors/{name}.crt"),
            "RUN update-ca-trust extract".to_owned(),
            "# Python's certifi and Node do not read the system's store:".to_owned(),
            format!(
                "ENV SSL_CERT_FILE={bundle} REQUESTS_CA_BUNDLE={bundle} NODE_EXTRA_CA_CERTS={bundle}"
            ),
            "# For the build alone, without leaving it in the image:".to_owned(),
            format!(
                "RUN --mount=type=secret,id=ca,target=/run/ca.pem CURL_CA_BUNDLE=/run/ca.pem curl …    with docker build --secret id=ca,src={name}.crt"
            ),
        ],
        ..Made::default()
    }
}
