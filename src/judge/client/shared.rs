//! What clients share while one chain is judged by all of them: anchors and answers, found once.

use std::ptr;
use std::sync::Arc;

use super::verdict::Ask;
use crate::chain::Chain;
use crate::judge::Policy;
use crate::judge::engine::{self, Anchors, Answer, Facts, Input};
use crate::store::TrustStore;

/// Answers that several clients share.
#[derive(Default)]
pub(super) struct Known<'a> {
    answers: Vec<Judged>,
    anchors: Vec<Held<'a>>,
}

/// The answer to a policy and anchors, for the chain or for the one seen without the proxy.
type Judged = (Policy, Arc<Anchors>, bool, Option<Arc<Answer>>);

/// The anchors of these stores in the chain, or in the one seen without the proxy.
type Held<'a> = (Vec<&'a TrustStore>, bool, Arc<Anchors>);

impl<'a> Known<'a> {
    /// The anchors of these stores, found once.
    pub(super) fn anchors(
        &mut self,
        ask: &Ask<'a>,
        chain: &Chain,
        is_direct: bool,
        stores: &[&'a TrustStore],
    ) -> Arc<Anchors> {
        let same = |known: &[&TrustStore]| {
            known.len() == stores.len() && known.iter().zip(stores).all(|(a, b)| ptr::eq(*a, *b))
        };
        let mut known = self.anchors.iter();
        if let Some((.., anchors)) = known.find(|(s, d, _)| *d == is_direct && same(s)) {
            return anchors.clone();
        }
        let anchors = Arc::new(Anchors::of(chain, |c| {
            ask.question.pretend.contains(&c.sha256) || stores.iter().any(|s| s.holds(c))
        }));
        self.anchors
            .push((stores.to_vec(), is_direct, anchors.clone()));
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
