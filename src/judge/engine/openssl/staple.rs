//! What IO::Socket::SSL makes of a stapled answer, once OpenSSL has accepted the chain: `$status_cb` of
//! `IO/Socket/SSL.pm`. One that cannot be read, is no success or is signed by nobody who may, is passed over;
//! how old it is does not count. Certificates are named with SHA-1. Measured with 2.081: revoked and unknown
//! answers in time, out of date, of the future, by a stranger, for another certificate.

use super::Verify;
use crate::cert::ocsp::CertStatus;
use crate::judge::policy::Stapled;
use crate::judge::{ReasonKind, StapleFault, staple};

const SHA1: &str = "1.3.14.3.2.26";

impl Verify<'_> {
    /// Refuses a leaf of which its stapled answer says anything but good.
    pub(super) fn stapled(&mut self) {
        if self.ground.input.policy.stapled == Stapled::NotGood
            && let Some(kind) = self.not_good()
            && let Some(&leaf) = self.path.first()
        {
            self.fail(leaf, kind);
        }
    }

    fn not_good(&self) -> Option<ReasonKind> {
        let input = self.ground.input;
        let response = input.facts.stapled.as_ref()?;
        let leaf = input.chain.certificate(*self.path.first()?)?;
        let issuer = input.chain.certificate(*self.path.get(1)?)?;
        let basic = staple::read(response).ok()?;
        staple::authentic(response, basic, issuer, input.question.at).ok()?;
        let single =
            staple::about(basic, leaf, issuer).filter(|single| &*single.id.hash == SHA1)?;
        match &single.status {
            CertStatus::Good => None,
            CertStatus::Revoked { at, why } => Some(ReasonKind::Revoked {
                at: *at,
                why: (*why).to_owned(),
            }),
            CertStatus::Unknown => Some(ReasonKind::BadStaple(StapleFault::UnknownCertificate)),
        }
    }
}
