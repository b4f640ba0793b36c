/// Clients, scenarios (both lists separated by spaces, `*` at the end stands for anything) and why the
/// prediction differs from the measurement.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "*",
        "close-at-once",
        "a race: the same client sees an end of file in one run and a reset in the next",
    ),
    (
        "node20-https node24-https",
        "hang-after-accept hang-after-handshake",
        "Node has no time limit: the text is the measuring program's own",
    ),
    (
        "wget2",
        "http-to-https-400 mtls-http400 proxy-ok proxy-mitm",
        "exits with 0 although nothing was fetched; there is no TLS to judge",
    ),
    (
        "*",
        "proxy-mitm",
        "the chain that the proxy re-signed was not kept, only the one of the site behind it",
    ),
    (
        "pip-23 pip-26",
        "given-ca-missing given-ca-der",
        "a Python traceback of pip's own files, cut at 1,500 characters",
    ),
    (
        "firefox",
        "revoked",
        "Firefox asked the issuer's OCSP responder over the network; nothing of that is in the chain",
    ),
    (
        "perl-lwp",
        "given-ca-der",
        "a Perl module was not installed where this was measured",
    ),
];
