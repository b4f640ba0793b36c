//! The verdict of Rust clients, by `rustls-webpki` itself.

use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::Question;
use crate::chain::{Chain, Origin};
use crate::store::{Anchor, TrustStore};
use crate::target::Host;

/// Asks webpki. Only anchors that could issue something here are handed over: it compares issuer
/// names itself, so the answer is the same and the store need not be parsed.
///
/// # Errors
/// webpki's error in words, safe to display.
pub(super) fn verify(chain: &Chain, store: &TrustStore, question: &Question) -> Result<(), String> {
    let Some(leaf) = chain.leaf.and_then(|id| chain.certificate(id)) else {
        return Err("no certificate".to_owned());
    };
    let leaf_der = CertificateDer::from(leaf.der.as_ref());
    let end_entity = EndEntityCert::try_from(&leaf_der).map_err(words)?;
    let sent = || {
        chain
            .nodes
            .iter()
            .filter(|n| matches!(n.origin, Origin::Sent(_)))
            .filter_map(|n| n.certificate.as_ref())
    };
    let intermediates: Vec<CertificateDer<'_>> = sent()
        .filter(|c| c.sha256 != leaf.sha256)
        .map(|c| CertificateDer::from(c.der.as_ref()))
        .collect();

    let mut anchor_ders: Vec<CertificateDer<'_>> = Vec::new();
    let stored = sent().flat_map(|c| store.candidates(&c.issuer));
    for Anchor { der } in stored {
        let der = CertificateDer::from(der.as_ref());
        if !anchor_ders.contains(&der) {
            anchor_ders.push(der);
        }
    }
    let pretended = chain.nodes.iter().filter_map(|n| n.certificate.as_ref());
    for certificate in pretended.filter(|c| question.pretend.contains(&c.sha256)) {
        anchor_ders.push(CertificateDer::from(certificate.der.as_ref()));
    }
    let anchors: Vec<TrustAnchor<'_>> = anchor_ders
        .iter()
        .filter_map(|der| anchor_from_trusted_cert(der).ok())
        .collect();

    let seconds =
        u64::try_from(question.at.unix()).map_err(|_| "the time lies before 1970".to_owned())?;
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    end_entity
        .verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &anchors,
            &intermediates,
            time,
            KeyUsage::server_auth(),
            None,
            None,
        )
        .map_err(words)?;
    let Some(name) = &question.name else {
        return Ok(());
    };
    end_entity
        .verify_is_valid_for_subject_name(&server_name(name)?)
        .map_err(words)
}

fn server_name(host: &Host) -> Result<ServerName<'static>, String> {
    match host {
        Host::Ip(ip) => Ok(ServerName::IpAddress((*ip).into())),
        Host::Name { ascii, .. } => {
            ServerName::try_from(ascii.clone()).map_err(|_| "InvalidDnsNameError".to_owned())
        }
    }
}

/// The variant's name, as Rust programs print it; details that hold untrusted text are left out.
fn words(error: webpki::Error) -> String {
    let text = format!("{error:?}");
    let end = text.find(['{', '(']).unwrap_or(text.len());
    text.get(..end).unwrap_or(&text).trim().to_owned()
}
