//! Stapled answers and TLS features in GnuTLS's eyes: check_ocsp_response of its session code, as it is
//! in 3.8. What it does not mind: an answer of a later time, one that does not know the certificate, an
//! error of the responder.

use super::Verify;
use crate::cert::ocsp::{BasicResponse, CertStatus, OcspResponse, ResponderId};
use crate::cert::{Certificate, Hash};
use crate::chain::NodeId;
use crate::judge::policy::{Sha1, Stapled};
use crate::judge::staple::{is_issued_by, is_key, is_name_and_number, may_answer, read, signed_by};
use crate::judge::{Reason, ReasonKind, StapleFault, facts};
use crate::moment::DAY;

/// An answer that does not say when the next is due holds for so long.
const LONGEST: i64 = 15 * DAY;

impl Verify<'_> {
    /// What stands against the certificates for want of an answer, or because of it.
    pub(super) fn stapled(self, leaf: NodeId, failures: &mut Vec<Reason>) {
        let input = self.ground.input;
        if input.policy.stapled != Stapled::Judged {
            return;
        }
        let mut demands = Vec::new();
        match input.facts.stapled.as_deref() {
            None => demands.push(leaf),
            Some(response) => match self.answer(leaf, response) {
                Ok(()) => {}
                // As if there were none.
                Err(ReasonKind::BadStaple(StapleFault::Refused(_))) => demands.push(leaf),
                Err(kind) => failures.push(Reason::on(leaf, kind)),
            },
        }
        if input.facts.offline {
            return;
        }
        // Each certificate that was sent needs one of its own; those above the leaf have none.
        demands.extend(self.ground.sent());
        for id in demands {
            if self.certificate(id).is_some_and(Certificate::must_staple) {
                failures.push(Reason::on(id, ReasonKind::MustStaple));
            }
        }
    }

    fn answer(self, leaf: NodeId, response: &OcspResponse) -> Result<(), ReasonKind> {
        let Some(certificate) = self.certificate(leaf) else {
            return Ok(());
        };
        let basic = match read(response) {
            Ok(basic) => basic,
            // It does not look whether extensions are critical.
            Err(fault) => match (&response.basic, response.fault) {
                (Some(basic), None) => basic,
                _ => return Err(ReasonKind::BadStaple(fault)),
            },
        };
        let mut singles = basic.singles.iter();
        let Some(single) = singles.find(|s| is_name_and_number(&s.id, certificate)) else {
            return Err(ReasonKind::BadStaple(StapleFault::OtherCertificate));
        };
        self.authentic(response, basic)
            .map_err(ReasonKind::BadStaple)?;
        if let CertStatus::Revoked { at, why } = &single.status {
            return Err(ReasonKind::Revoked {
                at: *at,
                why: (*why).to_owned(),
            });
        }
        let until = single
            .next_update
            .unwrap_or_else(|| single.this_update.plus(LONGEST));
        match until < self.ground.input.question.at {
            true => Err(ReasonKind::BadStaple(StapleFault::Expired { until })),
            false => Ok(()),
        }
    }

    /// By an anchor or somebody it appointed, else by a certificate that was sent above the leaf or
    /// somebody that one appointed.
    fn authentic(self, response: &OcspResponse, basic: &BasicResponse) -> Result<(), StapleFault> {
        let weak = match basic.signature_algorithm.hash {
            Some(Hash::Md2 | Hash::Md5) => true,
            Some(Hash::Sha1) => self.ground.input.policy.sha1 == Sha1::Refused,
            _ => false,
        };
        if weak {
            return Err(StapleFault::Unchecked("its hash is broken".to_owned()));
        }
        let signer = signer(basic);
        let mut fault = StapleFault::NotAllowed("is signed by somebody whom GnuTLS does not find");
        if let Some(known) = self.known(basic, signer) {
            match signed_by(response, basic, known) {
                Ok(()) => return Ok(()),
                Err(why) => fault = why,
            }
        }
        for issuer in self.ground.sent() {
            let Some(issuer) = self.certificate(issuer) else {
                continue;
            };
            let signer = match signer {
                None => issuer,
                Some(own) if own.sha256 == issuer.sha256 => own,
                Some(own) if self.appointed(own, issuer) => own,
                Some(_) => continue,
            };
            match signed_by(response, basic, signer) {
                Ok(()) => return Ok(()),
                Err(why) => fault = why,
            }
        }
        Err(fault)
    }

    /// The signer that the trust list vouches for. Without a certificate in the answer it is looked for
    /// by name only.
    fn known<'b>(
        &'b self,
        basic: &BasicResponse,
        signer: Option<&'b Certificate>,
    ) -> Option<&'b Certificate> {
        let mut anchors = self.anchors().filter_map(|id| self.certificate(id));
        match (signer, &basic.responder) {
            (None, ResponderId::Key(_)) => None,
            (None, ResponderId::Name(name)) => anchors.find(|c| c.subject.der == name.der),
            (Some(own), _) => anchors
                .any(|c| c.sha256 == own.sha256 || self.appointed(own, c))
                .then_some(own),
        }
    }

    fn appointed(self, signer: &Certificate, issuer: &Certificate) -> bool {
        let at = self.ground.input.question.at;
        may_answer(signer) && is_issued_by(signer, issuer) && facts::dates(signer, at).is_none()
    }
}

/// The certificate in the answer that it names as its signer, by name or by either identifier of a key.
fn signer(basic: &BasicResponse) -> Option<&Certificate> {
    let is = |c: &&std::sync::Arc<Certificate>| match &basic.responder {
        ResponderId::Name(name) => c.subject.der == name.der,
        ResponderId::Key(id) => c.subject_key_id() == Some(id) || is_key(id, c),
    };
    basic.certificates.iter().find(is).map(AsRef::as_ref)
}
