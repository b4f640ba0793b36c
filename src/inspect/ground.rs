//! The clients' side of an inspection: the stores that clients read, and the chain with the anchors of all
//! of them, so that each client finds its own.

use std::sync::Arc;

use super::Options;
use crate::capture::{Capture, Possession};
use crate::cert::OcspResponse;
use crate::chain::Chain;
use crate::diagnosis::Further;
use crate::judge::client::{Asked, Direct, Grid, Peer};
use crate::judge::{Facts, Question};
use crate::store::Stores;

/// What a grid stands on.
pub(super) struct Ground {
    pub chain: Chain,
    pub stores: Stores,
    pub surveyed: bool,
}

impl Ground {
    /// On the stores that clients read. The `chain` built with the `deciding` ones serves as it is when
    /// there are no others.
    pub fn of(
        chain: &Chain,
        deciding: &Stores,
        stores: Stores,
        surveyed: bool,
        build: impl Fn(&Stores) -> Chain,
    ) -> Self {
        let same = stores.0.len() == deciding.0.len();
        let chain = if same { chain.clone() } else { build(&stores) };
        Self {
            chain,
            stores,
            surveyed,
        }
    }

    /// Judges by every client.
    pub fn grid(
        self,
        capture: &Capture,
        further: &Further,
        question: &Question,
        options: &Options,
    ) -> Grid {
        let (peer, facts) = (Peer::of(capture), facts(capture));
        let direct = further.direct.as_deref().and_then(|seen| {
            let chain = super::build(seen, &self.stores, further, options, &[]);
            Some((chain, Peer::of(seen)?, self::facts(seen)))
        });
        // What clients said was said of the world as it is.
        let measured = if options.what_if.is_empty() {
            options.measured.as_slice()
        } else {
            &[]
        };
        let asked = Asked {
            question,
            peer: peer.as_ref(),
            facts: &facts,
            direct: direct
                .as_ref()
                .map(|(chain, peer, facts)| Direct { chain, peer, facts }),
            key_not_proved: matches!(capture.session.possession, Possession::Failed(_)),
            installed: &options.installed,
            measured,
        };
        Grid::of(self.chain, self.stores, self.surveyed, &asked)
    }
}

/// What a handshake showed beside the certificates.
pub(super) fn facts(capture: &Capture) -> Facts {
    let suite = capture.session.cipher_suite.as_deref().unwrap_or_default();
    Facts {
        stapled: capture
            .session
            .ocsp_staple
            .as_deref()
            .map(|der| Arc::new(OcspResponse::read(der))),
        static_rsa: suite.starts_with("TLS_RSA_WITH"),
        offline: Peer::of(capture).is_none(),
    }
}
