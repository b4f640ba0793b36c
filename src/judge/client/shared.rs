//! What clients share while one chain is judged by all of them: anchors and answers, found once.

use std::ptr;
use std::sync::Arc;

use super::verdict::Ask;
use crate::chain::Chain;
use crate::judge::engine::{self, Anchors, Answer, Facts, Input};
use crate::judge::{self, Engine, Policy};
use crate::store::{Dialect, TrustStore};

/// Answers that several clients share.
#[derive(Default)]
pub(super) struct Known<'a> {
    answers: Vec<Judged>,
    anchors: Vec<Held<'a>>,
}

/// The answer to a policy and anchors, for the chain or for the one seen without the proxy.
type Judged = (Policy, Arc<Anchors>, bool, Option<Arc<Answer>>);

/// The anchors of these stores, each read in its way, for this engine in the chain, or in the one seen
/// without the proxy.
type Held<'a> = (Vec<(&'a TrustStore, Dialect)>, bool, Engine, Arc<Anchors>);

impl<'a> Known<'a> {
    /// The anchors that this client finds in these stores, found once.
    pub(super) fn anchors(
        &mut self,
        ask: &Ask<'a>,
        chain: &Chain,
        is_direct: bool,
        stores: &[(&'a TrustStore, Dialect)],
        policy: &Policy,
    ) -> Arc<Anchors> {
        let same = |known: &[(&TrustStore, Dialect)]| {
            let pairs = || known.iter().zip(stores);
            known.len() == stores.len() && pairs().all(|(a, b)| ptr::eq(a.0, b.0) && a.1 == b.1)
        };
        let mut known = self.anchors.iter();
        if let Some((.., anchors)) =
            known.find(|(s, d, e, _)| *d == is_direct && *e == policy.engine && same(s))
        {
            return anchors.clone();
        }
        let anchors = judge::anchors(chain, stores, ask.question, policy);
        let anchors = Arc::new(anchors);
        let key = stores.to_vec();
        let held = (key, is_direct, policy.engine, anchors.clone());
        self.anchors.push(held);
        anchors
    }

    /// The answer of an engine, asked once.
    pub(super) fn answer(
        &mut self,
        ask: &Ask<'_>,
        (chain, facts): (&Chain, &Facts),
        is_direct: bool,
        policy: &Policy,
        anchors: &Arc<Anchors>,
    ) -> Option<Arc<Answer>> {
        let found = self
            .answers
            .iter()
            .find(|(p, a, d, _)| *d == is_direct && p == policy && a == anchors);
        if let Some((.., answer)) = found {
            return answer.clone();
        }
        let answer = engine::ask(&Input {
            chain: policy.sees(chain),
            anchors,
            question: ask.question,
            policy,
            facts,
        })
        .map(Arc::new);
        self.answers
            .push((policy.clone(), anchors.clone(), is_direct, answer.clone()));
        answer
    }
}
