//! Records: how often a strategy healed a fault, folded from episodes and nothing else.

use std::collections::BTreeMap;

use types::{Context, Execution, ExecutionState, Fault, Record};

use crate::answer::RankedOffer;
use crate::beta::Beta;
use crate::prior::prior;

/// Older outcomes count a little less with each later one of the same kind: about 30 are remembered.
const DISCOUNT: f64 = 0.97;
/// What other contexts saw is worth at most this many observations here.
const POOLED_AT_MOST: f64 = 6.0;
/// The model's favourite is worth this many observations, the others less; never more than a few real outcomes.
const FAVOURITE: (f64, f64) = (3.0, 1.0);
const SECOND: (f64, f64) = (1.0, 1.0);
const OTHERS: (f64, f64) = (0.5, 1.5);
/// What facts are worth that speak for an offer: less than two real outcomes against it.
const BACKED: (f64, f64) = (2.0, 1.0);
/// Wins in a row after which two losses in a row mean that the world has changed.
const SETTLED_WINS: u32 = 3;
const LOSSES_OF_CHANGE: u32 = 2;
/// A record is worth acting on without advice when its mean is at least this.
pub const STRONG_MEAN: f64 = 0.5;
/// And when it won once in this very context, or this often in others.
const STRONG_ELSEWHERE: u32 = 2;

/// What of an episode is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Experience {
    /// What was wrong.
    pub fault: Fault,
    /// With what kind of workload.
    pub context: Context,
    /// The key of what was tried.
    pub strategy: String,
    /// Whether it was verified over time.
    pub recovered: bool,
}

impl Experience {
    /// What this execution teaches: nothing, unless a write was made and judged.
    pub fn of(execution: &Execution) -> Option<Self> {
        let recovered = match execution.state {
            // Not judged: refused halfway, cut off, its workload went away, or somebody else had a hand in it.
            ExecutionState::Verified | ExecutionState::Undone
                if execution.verdict.is_none() && execution.refusal.is_some() =>
            {
                return None;
            }
            // It ended its fault and did not heal: neither a win nor a loss.
            ExecutionState::Verified if execution.is_progress() => return None,
            ExecutionState::Verified => true,
            ExecutionState::Undone | ExecutionState::Stranded => false,
            ExecutionState::Proposed
            | ExecutionState::Applying
            | ExecutionState::Verifying
            | ExecutionState::Undoing
            | ExecutionState::Refused
            | ExecutionState::Rejected => return None,
        };
        (!execution.dry_run).then(|| Self {
            fault: execution.fault,
            context: execution.context.clone(),
            strategy: execution.strategy.key(),
            recovered,
        })
    }
}

/// Outcomes of one strategy for one fault in one context.
#[derive(Debug, Clone, Default, PartialEq)]
struct Tally {
    tries: u32,
    wins: u32,
    /// Discounted wins and losses: what the belief is made of.
    won: f64,
    lost: f64,
    wins_in_a_row: u32,
    losses_in_a_row: u32,
}

impl Tally {
    fn learn(&mut self, recovered: bool) {
        self.tries += 1;
        self.won *= DISCOUNT;
        self.lost *= DISCOUNT;
        if recovered {
            self.wins += 1;
            self.won += 1.0;
            self.wins_in_a_row = if self.losses_in_a_row == 0 { self.wins_in_a_row + 1 } else { 1 };
            self.losses_in_a_row = 0;
        } else {
            self.lost += 1.0;
            self.losses_in_a_row += 1;
        }
        if SETTLED_WINS <= self.wins_in_a_row && self.losses_in_a_row == LOSSES_OF_CHANGE {
            self.won = 0.0;
            self.lost = f64::from(LOSSES_OF_CHANGE);
            self.wins_in_a_row = 0;
        }
    }
}

/// What is believed of a strategy for a fault in a context, and what that rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Posterior {
    /// The belief.
    pub belief: Beta,
    /// How often it was tried for this fault, in any context.
    pub tries: u32,
    /// How often it won there.
    pub wins: u32,
    /// How often it won in this very context.
    pub wins_here: u32,
}

impl Posterior {
    /// Whether memory alone is enough to act on.
    pub fn is_strong(&self) -> bool {
        let known = 0 < self.wins_here || STRONG_ELSEWHERE <= self.wins;
        known && STRONG_MEAN <= self.belief.mean()
    }
}

/// A record with the fault it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// The fault.
    pub fault: Fault,
    /// The strategy's record for it, over all contexts.
    pub record: Record,
}

/// All records: a fold over experiences, in the order in which they were made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ledger {
    tallies: BTreeMap<(Fault, String), BTreeMap<Context, Tally>>,
}

impl Ledger {
    /// The records that these experiences make.
    pub fn fold(experiences: impl IntoIterator<Item = Experience>) -> Self {
        let mut res = Self::default();
        for experience in experiences {
            res.learn(&experience);
        }
        res
    }

    /// Adds one experience.
    pub fn learn(&mut self, experience: &Experience) {
        self.tallies
            .entry((experience.fault, experience.strategy.clone()))
            .or_default()
            .entry(experience.context.clone())
            .or_default()
            .learn(experience.recovered);
    }

    /// What is believed of `strategy`: the prior, what other contexts saw (capped), what this context saw.
    pub fn posterior(&self, fault: Fault, context: &Context, strategy: &str) -> Posterior {
        let mut res =
            Posterior { belief: prior(fault, context, strategy), tries: 0, wins: 0, wins_here: 0 };
        let Some(contexts) = self.tallies.get(&(fault, strategy.to_owned())) else {
            return res;
        };
        let (mut won, mut lost) = (0.0, 0.0);
        for (other, tally) in contexts {
            res.tries += tally.tries;
            res.wins += tally.wins;
            if other == context {
                res.wins_here = tally.wins;
                res.belief = res.belief.and(tally.won, tally.lost);
            } else {
                won += tally.won;
                lost += tally.lost;
            }
        }
        if 0.0 < won + lost {
            let scale = (POOLED_AT_MOST / (won + lost)).min(1.0);
            res.belief = res.belief.and(won * scale, lost * scale);
        }
        res
    }

    /// In how many contexts something was tried: fault, strategy and context, each combination once.
    pub fn associations(&self) -> usize {
        self.tallies.values().map(BTreeMap::len).sum()
    }

    /// How many of these are strong enough to be acted on from memory alone.
    pub fn patterns(&self) -> usize {
        let all = self.tallies.iter().flat_map(|((fault, strategy), contexts)| {
            contexts.keys().map(|context| self.posterior(*fault, context, strategy))
        });
        all.filter(Posterior::is_strong).count()
    }

    /// Every record over all contexts, the most often tried first.
    pub fn records(&self) -> Vec<Known> {
        let mut res: Vec<_> = self
            .tallies
            .iter()
            .filter_map(|((fault, strategy), contexts)| {
                let context = contexts.iter().max_by_key(|(_, tally)| tally.tries)?.0;
                let posterior = self.posterior(*fault, context, strategy);
                Some(Known { fault: *fault, record: posterior.record(strategy) })
            })
            .collect();
        res.sort_by_key(|it| std::cmp::Reverse(it.record.tries));
        res
    }
}

impl Posterior {
    /// As it is shown: the mean is the confidence, with its 90 % interval and the counts it rests on.
    pub fn record(&self, strategy: &str) -> Record {
        Record {
            strategy: strategy.to_owned(),
            tries: self.tries,
            wins: self.wins,
            mean: self.belief.mean(),
            low: self.belief.quantile(0.05),
            high: self.belief.quantile(0.95),
        }
    }

    /// The same belief where the facts speak for the offer, and not its fault alone.
    #[must_use]
    pub(crate) fn backed(self) -> Self {
        let (wins, losses) = BACKED;
        Self { belief: self.belief.and(wins, losses), ..self }
    }

    /// The same belief after the model's advice about the offer with this index.
    #[must_use]
    pub(crate) fn advised(self, advice: &[RankedOffer], offer: usize) -> Self {
        let place = advice.iter().position(|it| usize::from(it.offer) == offer);
        let (wins, losses) = match place {
            _ if advice.is_empty() => (0.0, 0.0),
            Some(0) => FAVOURITE,
            Some(1) => SECOND,
            // What the model left out would not help, it thinks.
            Some(_) | None => OTHERS,
        };
        Self { belief: self.belief.and(wins, losses), ..self }
    }
}

#[cfg(test)]
mod tests;
