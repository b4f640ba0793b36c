//! A leaf that signed itself and that the store holds: whatever stands against it, the reason is
//! never that the store does not hold it, nor that a signature is bad that was not checked.
//!
//! `tests/data/verify/held`: made with OpenSSL, for `a.test`, valid until 2035.

use std::path::Path;

use whycert::judge::client;

use crate::support::programs;

fn report(file: &str, client: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/verify/held");
    let home = tempfile::tempdir().unwrap();
    let output = programs::whycert(home.path())
        .current_dir(folder)
        .args(["verify", "--chain", file, "--roots", file, "--host"])
        .args(["a.test", "--at", "2027-06-01T00:00:00Z", "--client", client])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The words without line breaks and indentation.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_leaf_in_the_store_is_not_said_to_be_missing_there() {
    for file in ["plain.pem", "ca.pem", "sm2.pem", "rsa512.pem"] {
        for profile in client::profiles()
            .iter()
            .filter(|p| p.plain || p.id == "firefox")
        {
            let said = flat(&report(file, &profile.id));
            for wrong in [
                "this store does not hold it",
                "its issuer was not sent",
                "does not match its issuer's key",
            ] {
                assert!(
                    !said.contains(wrong),
                    "{file} by {}: {wrong}\n{said}",
                    profile.id
                );
            }
        }
    }
}

#[test]
fn what_stands_against_a_leaf_in_the_store_is_said() {
    let firefox = flat(&report("plain.pem", "firefox"));
    assert!(
        firefox.contains("this store holds it, but this client does not trust such a certificate"),
        "{firefox}"
    );
    assert!(
        firefox.contains("MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT"),
        "{firefox}"
    );
    let rustls = flat(&report("rsa512.pem", "rustls"));
    assert!(
        rustls.contains("its signature cannot be checked: rustls takes no RSA key of 512 bits"),
        "{rustls}"
    );
    assert!(rustls.contains("prints: BadSignature"), "{rustls}");
}

/// Seen with `openssl verify -x509_strict`, Go 1.25 and certtool 3.7: all go on.
#[test]
fn a_leaf_that_signed_itself_without_a_name_is_trusted_when_held() {
    for client in ["rfc5280", "openssl", "go", "gnutls"] {
        let said = flat(&report("nameless.pem", client));
        assert!(said.starts_with("Trusted"), "{client}\n{said}");
    }
}
