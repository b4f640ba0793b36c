//! BoringSSL's X509_verify_cert (Bun): OpenSSL's old code with another mind in few places.
//!
//! A CA whose key usage forbids signing is not taken for an issuer at all; there are no security
//! levels and no strict rules; SHA-1 passes, MD5 cannot be verified; `anyExtendedKeyUsage` counts.
//! The rest is [`super::openssl`], which asks the policy which of the two it is.

use super::{Answer, Input, openssl};

/// What BoringSSL answers.
pub(super) fn judge(input: &Input<'_>) -> Answer {
    let mut policy = input.policy.clone();
    policy.security_level = 0;
    policy.strict = false;
    openssl::judge(&Input {
        policy: &policy,
        ..*input
    })
}
