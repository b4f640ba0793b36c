//! Key exchange whose randomness comes straight from the operating system.
//!
//! The crypto provider's own generator gathers 24 ms of CPU jitter before the first random byte of a
//! process, ten times what an inspection takes. A build-time variable turns that off, but nobody who
//! types `cargo install` sets it. So the two groups that nearly every handshake uses draw from the
//! system here: X25519 by the provider from a given private key, ML-KEM-768 by its RustCrypto
//! implementation, which takes a seed. The other groups stay the provider's. P-521 is added, which the TLS
//! library does not offer: some servers take nothing else.

use aws_lc_rs::agreement::{self, Algorithm, PrivateKey, UnparsedPublicKey};
use ml_kem::kem::{Decapsulate, KeyExport};
use ml_kem::{DecapsulationKey, MlKem768, Seed};
use rustls::crypto::{
    ActiveKeyExchange, GetRandomFailed, SecureRandom, SharedSecret, SupportedKxGroup,
};
use rustls::{Error, NamedGroup, PeerMisbehaved, ProtocolVersion};

/// Bytes of an X25519 share.
const X25519_SHARE: usize = 32;
/// Bytes of an ML-KEM-768 ciphertext: the server's share.
const CIPHERTEXT: usize = 1088;

/// The operating system's random numbers.
#[derive(Debug)]
pub(super) struct System;

impl SecureRandom for System {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), GetRandomFailed> {
        getrandom::fill(buffer).map_err(|_| GetRandomFailed)
    }
}

/// X25519 (RFC 7748).
#[derive(Debug)]
pub(super) struct X25519;

/// X25519 together with ML-KEM-768 (draft-ietf-tls-ecdhe-mlkem): the KEM's share first.
#[derive(Debug)]
pub(super) struct Hybrid;

/// ECDH on secp521r1 (RFC 8446, section 4.2.8.2), with the provider's random numbers.
#[derive(Debug)]
pub(super) struct P521;

impl SupportedKxGroup for P521 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let private = PrivateKey::generate(&agreement::ECDH_P521)
            .map_err(|_| Error::FailedToGetRandomBytes)?;
        Ok(Box::new(Classical::of(
            private,
            &agreement::ECDH_P521,
            NamedGroup::secp521r1,
        )?))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::secp521r1
    }
}

impl SupportedKxGroup for X25519 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        Ok(Box::new(Classical::start()?))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

impl SupportedKxGroup for Hybrid {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let classical = Classical::start()?;
        let mut seed = Seed::default();
        getrandom::fill(&mut seed).map_err(|_| Error::FailedToGetRandomBytes)?;
        let post_quantum = DecapsulationKey::<MlKem768>::from_seed(seed);
        let mut share = post_quantum.encapsulation_key().to_bytes().to_vec();
        share.extend_from_slice(&classical.share);
        Ok(Box::new(Active {
            classical,
            post_quantum,
            share,
        }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }

    fn usable_for_version(&self, version: ProtocolVersion) -> bool {
        version == ProtocolVersion::TLSv1_3
    }
}

struct Classical {
    private: PrivateKey,
    algorithm: &'static Algorithm,
    group: NamedGroup,
    share: Vec<u8>,
}

impl Classical {
    /// X25519.
    fn start() -> Result<Self, Error> {
        let mut secret = [0; X25519_SHARE];
        getrandom::fill(&mut secret).map_err(|_| Error::FailedToGetRandomBytes)?;
        let private = PrivateKey::from_private_key(&agreement::X25519, &secret)
            .map_err(|_| Error::General("an X25519 key could not be made".to_owned()))?;
        Self::of(private, &agreement::X25519, NamedGroup::X25519)
    }

    fn of(
        private: PrivateKey,
        algorithm: &'static Algorithm,
        group: NamedGroup,
    ) -> Result<Self, Error> {
        let share = private
            .compute_public_key()
            .map_err(|_| Error::General("a public key could not be made".to_owned()))?;
        Ok(Self {
            share: share.as_ref().to_vec(),
            private,
            algorithm,
            group,
        })
    }

    fn agree(&self, peer: &[u8]) -> Result<Vec<u8>, Error> {
        // TLS knows uncompressed points only; the provider would take others.
        if self.group == NamedGroup::secp521r1 && peer.first() != Some(&4) {
            return Err(invalid());
        }
        let peer = UnparsedPublicKey::new(self.algorithm, peer);
        agreement::agree(&self.private, peer, invalid(), |secret| Ok(secret.to_vec()))
    }
}

impl ActiveKeyExchange for Classical {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        Ok(self.agree(peer)?.into())
    }

    fn pub_key(&self) -> &[u8] {
        &self.share
    }

    fn group(&self) -> NamedGroup {
        self.group
    }
}

struct Active {
    classical: Classical,
    post_quantum: DecapsulationKey<MlKem768>,
    share: Vec<u8>,
}

impl ActiveKeyExchange for Active {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let (ciphertext, classical) = peer.split_at_checked(CIPHERTEXT).ok_or_else(invalid)?;
        let ciphertext = ciphertext.try_into().map_err(|_| invalid())?;
        let mut secret = self.post_quantum.decapsulate(ciphertext).to_vec();
        secret.extend(self.classical.agree(classical)?);
        Ok(secret.into())
    }

    /// A server that knows only X25519 may take that half of the share.
    fn hybrid_component(&self) -> Option<(NamedGroup, &[u8])> {
        Some((NamedGroup::X25519, &self.classical.share))
    }

    fn complete_hybrid_component(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        Ok(self.classical.agree(peer)?.into())
    }

    fn pub_key(&self) -> &[u8] {
        &self.share
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }
}

fn invalid() -> Error {
    PeerMisbehaved::InvalidKeyShare.into()
}

#[cfg(test)]
mod tests {
    use rustls::crypto::aws_lc_rs::kx_group;

    use super::*;

    /// The provider plays the server: both sides come to the same secret.
    #[test]
    fn the_provider_agrees() {
        let pairs: [(&dyn SupportedKxGroup, &dyn SupportedKxGroup); 2] = [
            (&X25519, kx_group::X25519),
            (&Hybrid, kx_group::X25519MLKEM768),
        ];
        for (ours, theirs) in pairs {
            assert_eq!(ours.name(), theirs.name());
            let active = ours.start().unwrap();
            let server = theirs.start_and_complete(active.pub_key()).unwrap();
            let secret = active.complete(&server.pub_key).unwrap();
            assert_eq!(secret.secret_bytes(), server.secret.secret_bytes());
        }
        let active = Hybrid.start().unwrap();
        let (_, share) = active.hybrid_component().unwrap();
        let server = kx_group::X25519.start_and_complete(share).unwrap();
        let secret = active.complete_hybrid_component(&server.pub_key).unwrap();
        assert_eq!(secret.secret_bytes(), server.secret.secret_bytes());
    }

    #[test]
    fn both_sides_agree_on_p521() {
        let active = P521.start().unwrap();
        let server = P521.start_and_complete(active.pub_key()).unwrap();
        let secret = active.complete(&server.pub_key).unwrap();
        assert_eq!(secret.secret_bytes(), server.secret.secret_bytes());
        assert_eq!(server.group, NamedGroup::secp521r1);
    }

    #[test]
    fn bad_shares_are_refused() {
        for bad in [&[][..], &[0; 31], &[0; 32]] {
            assert!(X25519.start().unwrap().complete(bad).is_err());
        }
        for bad in [&[][..], &[0; 133], &[4; 133], &[2; 67]] {
            assert!(P521.start().unwrap().complete(bad).is_err());
        }
        for bad in [&[][..], &[0; 1088], &[0; 1119], &[0; 1120], &[0; 1121]] {
            assert!(Hybrid.start().unwrap().complete(bad).is_err());
        }
    }

    #[test]
    fn no_two_shares_are_alike() {
        let share = || Hybrid.start().unwrap().pub_key().to_vec();
        assert_ne!(share(), share());
    }
}
