//! Answers by how sure they were, and how often they were right.

use std::collections::BTreeMap;
use std::fmt;

/// Where bands begin; the last one ends at 1.
const BEGINS: [f64; 5] = [0.0, 0.5, 0.7, 0.85, 0.95];
/// The standard normal quantile of a two-sided interval of 95 %.
const Z: f64 = 1.959_964;

/// One answer: of which case, how sure it was, and whether it was right.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) case: usize,
    pub(super) confidence: f64,
    pub(super) is_right: bool,
}

/// The answers of one band.
pub(super) struct Band {
    pub(super) begin: f64,
    pub(super) end: f64,
    pub(super) answers: usize,
    pub(super) right: usize,
    /// Cases that gave an answer of this band.
    pub(super) cases: usize,
    /// The mean over the cases of how sure their answers were.
    pub(super) said: f64,
    /// The mean over the cases of the share of their answers that was right.
    pub(super) share: f64,
    /// Where that share lies.
    pub(super) interval: (f64, f64),
}

/// The bands that have answers, the least sure first.
pub(super) fn bands(answers: &[Answer]) -> Vec<Band> {
    let ends = BEGINS.iter().skip(1).copied().chain([f64::INFINITY]);
    BEGINS.iter().zip(ends).filter_map(|(begin, end)| band(answers, *begin, end)).collect()
}

/// The answers of one case are not told apart by chance: each case counts once.
fn band(answers: &[Answer], begin: f64, end: f64) -> Option<Band> {
    let own = answers.iter().filter(|it| begin <= it.confidence && it.confidence < end);
    let mut cases: BTreeMap<usize, Vec<&Answer>> = BTreeMap::new();
    own.for_each(|it| cases.entry(it.case).or_default().push(it));
    if cases.is_empty() {
        return None;
    }
    let of = |value: fn(&Answer) -> f64| {
        mean(cases.values().map(|it| mean(it.iter().map(|it| value(it)))))
    };
    let share = of(|it| if it.is_right { 1.0 } else { 0.0 });
    let all = || cases.values().flatten();
    Some(Band {
        begin,
        end: end.min(1.0),
        answers: all().count(),
        right: all().filter(|it| it.is_right).count(),
        cases: cases.len(),
        said: of(|it| it.confidence),
        share,
        interval: wilson(share, count(cases.len())),
    })
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0.0), |(sum, n), it| (sum + it, n + 1.0));
    sum / n
}

fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap())
}

/// Where a share lies that was seen in `n` cases: the score interval of E. B. Wilson (1927), which Brown, Cai and
/// `DasGupta`, "Interval Estimation for a Binomial Proportion" (Statistical Science 16, 2001), commend for few cases.
fn wilson(share: f64, n: f64) -> (f64, f64) {
    let z2 = Z * Z;
    let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt() / (1.0 + z2 / n);
    (middle - half, middle + half)
}

/// `0.85 - 0.95: 1023 answers of 211 cases, 1001 right; said 0.90, was 0.97 (0.94 to 0.99)`
impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = self.interval;
        write!(
            f,
            "{:.2} - {:.2}: {:>5} answers of {:>3} cases, {:>5} right; said {:.3}, was {:.3} ({low:.3} to {high:.3})",
            self.begin, self.end, self.answers, self.cases, self.right, self.said, self.share
        )
    }
}

#[test]
fn the_interval_is_the_one_of_the_books() {
    // Newcombe, "Two-sided confidence intervals for the single proportion" (Statistics in Medicine 17, 1998), table I:
    // 81 of 263 and 15 of 148.
    for (wins, n, low, high) in
        [(81.0, 263.0, 0.2553, 0.3662), (15.0, 148.0, 0.0624, 0.1605), (0.0, 20.0, 0.0, 0.1611)]
    {
        let (own_low, own_high) = wilson(wins / n, n);
        assert!((own_low - low).abs() < 1e-4, "{own_low}");
        assert!((own_high - high).abs() < 1e-4, "{own_high}");
    }
}

#[test]
fn each_case_counts_once_and_a_band_holds_what_it_says() {
    let answer = |case, confidence, is_right| Answer { case, confidence, is_right };
    let all = [
        answer(1, 0.95, true),
        answer(1, 0.97, true),
        answer(1, 0.99, false),
        answer(2, 0.949, false),
        answer(3, 1.0, true),
    ];

    let bands = bands(&all);

    let seen: Vec<_> = bands.iter().map(|it| (it.begin, it.answers, it.right, it.cases)).collect();
    assert_eq!(seen, [(0.85, 1, 0, 1), (0.95, 4, 3, 2)]);
    assert!((bands[1].share - 5.0 / 6.0).abs() < 1e-9, "{}", bands[1].share);
}
