//! Signatures of kinds that few use, made by OpenSSL (`tests/data/signatures.tsv`): they hold, and do
//! not hold when a bit is turned.

use std::sync::Arc;

use data_encoding::BASE64;
use whycert::cert::Certificate;
use whycert::chain::{Chain, NodeId, SignatureCheck};
use whycert::store::Stores;

const TABLE: &str = include_str!("data/signatures.tsv");

fn check(der: Vec<u8>) -> SignatureCheck {
    let certificate = Arc::new(Certificate::read(der));
    let chain = Chain::build(&[certificate], false, &Stores::of(Vec::new()));
    let own = chain.link(NodeId(0), NodeId(0));
    own.expect("its names are equal").signature.clone()
}

fn certificates() -> Vec<(&'static str, Vec<u8>)> {
    let lines = TABLE.lines().filter(|l| !l.starts_with('#'));
    let cells = lines.map(|l| l.split_once('\t').unwrap());
    cells
        .map(|(name, der)| (name, BASE64.decode(der.as_bytes()).unwrap()))
        .collect()
}

#[test]
fn signatures_of_rare_kinds_hold_until_a_bit_is_turned() {
    let all = certificates();
    assert!(all.len() > 20);
    for (name, der) in all {
        let seen = check(der.clone());
        if name.starts_with("unknown") {
            assert!(
                matches!(seen, SignatureCheck::CannotCheck(_)),
                "{name}: {seen:?}"
            );
            continue;
        }
        assert_eq!(seen, SignatureCheck::Verified, "{name}");
        let mut bent = der.clone();
        *bent.last_mut().unwrap() ^= 1;
        assert_eq!(check(bent), SignatureCheck::Bad, "{name}: the signature");
        let serial = Certificate::read(der.clone()).serial;
        let place = der.windows(serial.len()).position(|w| w == serial).unwrap();
        let mut bent = der;
        bent[place + serial.len() - 1] ^= 1;
        assert_eq!(check(bent), SignatureCheck::Bad, "{name}: what is signed");
    }
}

#[test]
fn odd_signatures_and_keys_are_no_trouble() {
    for (name, der) in certificates() {
        let certificate = Certificate::read(der.clone());
        let key = certificate.spki.clone();
        let signature = der.len() - certificate.signature.len()..der.len();
        for place in key.chain(signature).step_by(5) {
            let mut bent = der.clone();
            bent[place] = if bent[place] == 0 { 0xff } else { 0 };
            let seen = check(bent);
            assert_ne!(seen, SignatureCheck::Verified, "{name} at {place}");
        }
    }
}
