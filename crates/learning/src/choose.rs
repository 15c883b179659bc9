//! Choosing: which of the offers to try, or to ask a person.

use serde::{Deserialize, Serialize};
use types::{Incident, Offer, Risk, Strategy};

use crate::answer::RankedOffer;
use crate::beta::probabilities_of_greatest;
use crate::record::{Ledger, Posterior};

/// What a failed attempt costs, in successes: measured to halve the failed attempts for little lost healing.
const COST_OF_FAILURE: f64 = 0.3;
/// Means closer than this are as good as equal; only then is chance asked.
const NEAR: f64 = 0.05;
/// What has helped here is left for what is only believed in when that is better by more than this.
const EDGE_OF_THE_KNOWN: f64 = 0.15;
/// The ends of the 80 % interval.
const TIE_INTERVAL: (f64, f64) = (0.1, 0.9);
/// What the 5 % quantile has to reach before a machine acts unasked. A person's yes needs no such bound.
const AUTO_FLOOR: f64 = 0.10;
/// More offers than this are not looked at: the agent puts the best first.
const MAX_OFFERS: usize = 16;

/// All that a choice rests on.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The incident with its offers.
    pub incident: &'a Incident,
    /// What experience says.
    pub ledger: &'a Ledger,
    /// What failed before on the same spec: not tried again.
    pub failed: &'a [Strategy],
    /// The model's ranking, when it was asked.
    pub advice: &'a [RankedOffer],
    /// Numbers drawn evenly from 0 to 1, one an offer, for breaking ties. A missing one counts as one half.
    pub uniforms: &'a [f64],
}

/// What to try, why, and what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The strategy.
    pub strategy: Strategy,
    /// Who may say yes to it.
    pub risk: Risk,
    /// The probability with which this rule makes this choice.
    pub propensity: f64,
    /// The posterior mean: the confidence that is shown.
    pub mean: f64,
    /// The lower end of the 90 % interval.
    pub low: f64,
    /// The upper end of the 90 % interval.
    pub high: f64,
    /// How often this was tried for this fault.
    pub tries: u32,
    /// How often it won then.
    pub wins: u32,
    /// Why, in one sentence.
    pub reason: String,
    /// Whether it has won here before: then no advice is needed.
    pub from_memory: bool,
    /// Whether a model's ranking was part of it.
    pub advised: bool,
}

impl Choice {
    /// What this choice rests on: `record`, `model` or `rule`.
    pub fn decided_by(&self) -> &'static str {
        match (self.from_memory, self.advised) {
            (true, _) => "record",
            (false, true) => "model",
            (false, false) => "rule",
        }
    }
}

/// What to do about the incident.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Try this.
    Act(Box<Choice>),
    /// A person has to look.
    Escalate {
        /// Why, in one sentence.
        reason: String,
        /// Whether there is something that advice could still make worth trying.
        open: bool,
    },
}

impl Decision {
    /// Whether no record is strong enough to act without advice.
    pub fn needs_model(&self) -> bool {
        match self {
            Self::Act(choice) => !choice.from_memory && !choice.advised,
            Self::Escalate { open, .. } => *open,
        }
    }
}

struct Candidate<'a> {
    index: usize,
    offer: &'a Offer,
    posterior: Posterior,
}

/// The offer with the greatest posterior mean, or a person.
///
/// What has helped before stands before what is only believed in and hardly better. Near ties are broken by one
/// draw from each belief. What cannot be taken back, is for a person to carry out, or failed on this spec before is
/// never chosen; nor is what is expected to do more harm than good, or what is too uncertain for its risk. Of near
/// ties, what needs nobody's yes stands first.
pub fn choose(question: &Question<'_>) -> Decision {
    let candidates = candidates(question);
    if candidates.is_empty() {
        let reason = nothing_left(question);
        return Decision::Escalate { reason, open: false };
    }
    let worth: Vec<_> = candidates.iter().filter(|it| is_worth_it(it)).collect();
    let Some(best) = worth.iter().copied().reduce(|a, b| if mean(a) < mean(b) { b } else { a })
    else {
        let reason = format!(
            "none of {} offers is likely enough to help with {}",
            candidates.len(),
            question.incident.fault
        );
        return Decision::Escalate { reason, open: question.advice.is_empty() };
    };
    let best = known_instead(best, &worth);
    let tied: Vec<_> = worth.into_iter().filter(|it| is_near(best, it)).collect();
    let (tied, best) = unasked_first(tied, best);
    let (winner, propensity) = break_tie(&tied, best, question.uniforms);
    Decision::Act(Box::new(choice(winner, propensity, question)))
}

fn candidates<'a>(question: &Question<'a>) -> Vec<Candidate<'a>> {
    let incident = question.incident;
    incident
        .offers
        .iter()
        .enumerate()
        .take(MAX_OFFERS)
        .filter(|(_, it)| is_allowed(it) && !question.failed.contains(&it.strategy))
        .map(|(index, offer)| {
            let key = offer.strategy.key();
            let fault = offer.fault.unwrap_or(incident.fault);
            let posterior = question.ledger.posterior(fault, &incident.context, &key);
            let posterior = if offer.backed { posterior.backed() } else { posterior };
            Candidate { index, offer, posterior: posterior.advised(question.advice, index) }
        })
        .collect()
}

fn is_allowed(offer: &Offer) -> bool {
    match offer.risk {
        Risk::Auto | Risk::Ask => offer.reversible,
        Risk::Advice => false,
    }
}

fn is_worth_it(candidate: &Candidate<'_>) -> bool {
    let mean = mean(candidate);
    let gains = 0.0 < mean - COST_OF_FAILURE * (1.0 - mean);
    let sure = match candidate.offer.risk {
        Risk::Auto => AUTO_FLOOR <= candidate.posterior.belief.quantile(0.05),
        Risk::Ask | Risk::Advice => true,
    };
    gains && sure
}

fn mean(candidate: &Candidate<'_>) -> f64 {
    candidate.posterior.belief.mean()
}

/// The best of what has helped before, unless `best` is of that kind or clearly better.
fn known_instead<'a, 'b>(
    best: &'b Candidate<'a>,
    worth: &[&'b Candidate<'a>],
) -> &'b Candidate<'a> {
    if best.posterior.is_strong() {
        return best;
    }
    let known = worth.iter().copied().filter(|it| it.posterior.is_strong());
    known
        .filter(|it| mean(best) - mean(it) <= EDGE_OF_THE_KNOWN)
        .reduce(|a, b| if mean(a) < mean(b) { b } else { a })
        .unwrap_or(best)
}

/// Whether chance may prefer `other` to `best`: means as good as equal, and intervals that overlap.
fn is_near(best: &Candidate<'_>, other: &Candidate<'_>) -> bool {
    let (low, high) = TIE_INTERVAL;
    best.posterior.is_strong() == other.posterior.is_strong()
        && (mean(best) - mean(other)).abs() < NEAR
        && best.posterior.belief.quantile(low) <= other.posterior.belief.quantile(high)
}

/// Of what is as good as equal only what needs nobody's yes, where there is such: a person may not be there.
fn unasked_first<'a, 'b>(
    tied: Vec<&'b Candidate<'a>>,
    best: &'b Candidate<'a>,
) -> (Vec<&'b Candidate<'a>>, &'b Candidate<'a>) {
    let unasked: Vec<_> = tied.iter().copied().filter(|it| it.offer.risk == Risk::Auto).collect();
    let first = unasked.iter().copied().reduce(|a, b| if mean(a) < mean(b) { b } else { a });
    first.map_or((tied, best), |best| (unasked, best))
}

/// The candidate whose draw is the greatest, and the probability that it is.
fn break_tie<'a, 'b>(
    tied: &[&'b Candidate<'a>],
    best: &'b Candidate<'a>,
    uniforms: &[f64],
) -> (&'b Candidate<'a>, f64) {
    if tied.len() < 2 {
        return (best, 1.0);
    }
    let beliefs: Vec<_> = tied.iter().map(|it| it.posterior.belief).collect();
    let shares = probabilities_of_greatest(&beliefs);
    let draw = |it: &Candidate<'_>| {
        let uniform = uniforms.get(it.index).copied().unwrap_or(0.5);
        it.posterior.belief.quantile(uniform)
    };
    tied.iter()
        .zip(shares)
        .max_by(|(a, _), (b, _)| draw(a).total_cmp(&draw(b)))
        .map_or((best, 1.0), |(winner, share)| (*winner, share))
}

fn choice(candidate: &Candidate<'_>, propensity: f64, question: &Question<'_>) -> Choice {
    let posterior = &candidate.posterior;
    let strategy = candidate.offer.strategy.clone();
    let record = posterior.record(&strategy.key());
    // Advice makes a belief stronger, not a memory.
    let remembered = question.ledger.posterior(
        candidate.offer.fault.unwrap_or(question.incident.fault),
        &question.incident.context,
        &strategy.key(),
    );
    let from_memory = remembered.is_strong();
    Choice {
        reason: reason(&strategy, &record, from_memory, !question.advice.is_empty()),
        risk: candidate.offer.risk,
        propensity,
        mean: record.mean,
        low: record.low,
        high: record.high,
        tries: record.tries,
        wins: record.wins,
        from_memory,
        advised: !question.advice.is_empty(),
        strategy,
    }
}

fn reason(strategy: &Strategy, record: &types::Record, from_memory: bool, advised: bool) -> String {
    let confidence = format!(
        "{:.0} % likely to help ({:.0} to {:.0} %)",
        record.mean * 100.0,
        record.low * 100.0,
        record.high * 100.0
    );
    let source = if from_memory {
        format!("it helped {} of {} times before", record.wins, record.tries)
    } else if advised {
        "the model ranked the offers".to_owned()
    } else if 0 < record.tries {
        format!("it helped {} of {} times before, which says little", record.wins, record.tries)
    } else {
        "by rule, not tried before".to_owned()
    };
    format!("{strategy}: {confidence}; {source}")
}

fn nothing_left(question: &Question<'_>) -> String {
    let offers = &question.incident.offers;
    if offers.is_empty() {
        return format!("there is no known remedy for {} here", question.incident.fault);
    }
    if offers.iter().any(|it| question.failed.contains(&it.strategy)) {
        return "everything that may be tried has failed on this very spec".to_owned();
    }
    "what could help is for a person to carry out".to_owned()
}

#[cfg(test)]
mod tests;
