//! rustls' error texts. The verifier was asked itself (`engine/webpki`), so its own error is here.

use super::event::{Event, Rejected};
use crate::judge::engine::Spoken;

/// What a Rust client met.
pub(super) fn event(rejected: &Rejected<'_>) -> Event {
    let Some(spoken) = &rejected.answer.spoken else {
        return Event::new(["certificate"]).with("NATIVE", "UnknownIssuer");
    };
    let values = &rejected.profile.values;
    let text = match spoken {
        Spoken::Text(text) => text.clone(),
        // The platform verifier keeps webpki's error as it is, rustls' own verifier names the usages.
        Spoken::Purpose { .. } if values.get("EKU").is_some_and(|v| v == "purpose") => {
            "Other(OtherError(EkuError))".to_owned()
        }
        Spoken::Purpose { named } => named.clone(),
        Spoken::UnsupportedSignature { algorithm } => {
            let count = values
                .get("SUPPORTED")
                .and_then(|n| n.parse().ok())
                .unwrap_or(1_usize);
            let list = vec!["{PTR}"; count].join(", ");
            format!(
                "UnsupportedSignatureAlgorithmContext {{ signature_algorithm_id: {algorithm:?}, supported_algorithms: [{list}] }}"
            )
        }
    };
    Event::new(["certificate"]).with("NATIVE", text)
}
