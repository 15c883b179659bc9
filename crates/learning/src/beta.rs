//! The Beta distribution: what is believed of a success rate after wins and losses.

use serde::{Deserialize, Serialize};
use statrs::function::beta::checked_beta_reg;

/// Halvings of the interval in a quantile; 2^-40 is far below what a count of episodes can tell.
const HALVINGS: u32 = 40;
/// Neither count may reach zero: the distribution would have no density.
const LEAST: f64 = 1e-3;

/// Belief about a success rate: `wins` and `losses`, observed or borrowed, as real numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Beta {
    /// Weight of success.
    pub wins: f64,
    /// Weight of failure.
    pub losses: f64,
}

impl Beta {
    /// A belief with this mean that weighs as much as `weight` observations.
    pub(crate) fn with_mean(mean: f64, weight: f64) -> Self {
        Self { wins: mean * weight, losses: (1.0 - mean) * weight }
    }

    /// Both beliefs together.
    #[must_use]
    pub(crate) fn and(self, wins: f64, losses: f64) -> Self {
        Self { wins: self.wins + wins, losses: self.losses + losses }
    }

    /// The expected success rate.
    pub fn mean(self) -> f64 {
        self.safe_wins() / (self.safe_wins() + self.safe_losses())
    }

    /// The probability that the success rate is at most `rate`.
    pub fn cdf(self, rate: f64) -> f64 {
        let rate = rate.clamp(0.0, 1.0);
        checked_beta_reg(self.safe_wins(), self.safe_losses(), rate).unwrap_or(rate)
    }

    /// The success rate below which `share` of the belief lies.
    ///
    /// By halving: slower than Newton's method, and cannot diverge.
    pub fn quantile(self, share: f64) -> f64 {
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            if self.cdf(middle) < share {
                low = middle;
            } else {
                high = middle;
            }
        }
        f64::midpoint(low, high)
    }

    fn safe_wins(self) -> f64 {
        self.wins.max(LEAST)
    }

    fn safe_losses(self) -> f64 {
        self.losses.max(LEAST)
    }
}

/// For each belief, the probability that a draw from it is the greatest of all.
pub(crate) fn probabilities_of_greatest(beliefs: &[Beta]) -> Vec<f64> {
    /// Points of the sum over each belief's own quantiles.
    const POINTS: u32 = 48;
    let raw: Vec<f64> = beliefs
        .iter()
        .enumerate()
        .map(|(mine, belief)| {
            let point = |step: u32| {
                let rate = belief.quantile((f64::from(step) + 0.5) / f64::from(POINTS));
                let others = beliefs.iter().enumerate().filter(|(it, _)| *it != mine);
                others.map(|(_, other)| other.cdf(rate)).product::<f64>()
            };
            (0..POINTS).map(point).sum::<f64>() / f64::from(POINTS)
        })
        .collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|it| it / sum).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(wins: f64, losses: f64, share: f64, expected: f64) {
        let found = Beta { wins, losses }.quantile(share);
        assert!((found - expected).abs() < 1e-4, "{found} is not {expected}");
    }

    /// Values with a closed form, and two from published tables.
    #[test]
    fn quantiles_agree_with_what_is_known() {
        check(1.0, 1.0, 0.05, 0.05);
        check(1.0, 1.0, 0.9, 0.9);
        check(2.0, 1.0, 0.25, 0.5);
        check(1.0, 2.0, 0.75, 0.5);
        check(2.0, 2.0, 0.5, 0.5);
        check(10.0, 2.0, 0.05, 0.635_64);
        check(0.5, 0.5, 0.25, 0.146_45);
    }

    #[test]
    fn the_more_certain_of_two_equal_means_is_as_often_the_greatest() {
        let same = Beta { wins: 3.0, losses: 3.0 };

        let shares = probabilities_of_greatest(&[same, same]);

        assert!((shares[0] - 0.5).abs() < 1e-9);
        assert!((shares[1] - 0.5).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn a_quantile_is_the_inverse_of_the_distribution(
            wins in 0.5f64..60.0, losses in 0.5f64..60.0, share in 0.01f64..0.99,
        ) {
            let belief = Beta { wins, losses };
            prop_assert!((belief.cdf(belief.quantile(share)) - share).abs() < 1e-6);
        }

        #[test]
        fn any_counts_give_numbers_between_zero_and_one(wins in -1.0f64..1e9, losses in -1.0f64..1e9) {
            let belief = Beta { wins, losses };
            prop_assert!((0.0..=1.0).contains(&belief.mean()));
            prop_assert!((0.0..=1.0).contains(&belief.quantile(0.05)));
        }
    }
}
