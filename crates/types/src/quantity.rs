//! A Kubernetes quantity: what the manifest says, and what it means.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An amount as it stands in a manifest, such as `128Mi` or `250m`.
///
/// The text is kept because an edit has to name exactly what it saw.
/// Source: Kubernetes API reference, `Quantity` (`k8s.io/apimachinery/pkg/api/resource`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, example = "128Mi")]
pub struct Quantity(pub String);

/// Suffixes and the power of two or ten that they stand for, in thousandths.
const SUFFIXES: [(&str, i128); 14] = [
    ("Ki", 1024 * 1000),
    ("Mi", 1024 * 1024 * 1000),
    ("Gi", 1024 * 1024 * 1024 * 1000),
    ("Ti", 1024 * 1024 * 1024 * 1024 * 1000),
    ("Pi", 1024 * 1024 * 1024 * 1024 * 1024 * 1000),
    ("Ei", 1024 * 1024 * 1024 * 1024 * 1024 * 1024 * 1000),
    ("m", 1),
    ("k", 1_000_000),
    ("M", 1_000_000_000),
    ("G", 1_000_000_000_000),
    ("T", 1_000_000_000_000_000),
    ("P", 1_000_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000_000),
    ("", 1000),
];

/// Nobody gives a program less memory than this, in thousandths of a byte: a mebibyte.
const LEAST_MEMORY: i128 = 1024 * 1024 * 1000;
/// Numbers without a unit below this count gibibytes, in the mind of who writes them, those below the next one
/// mebibytes.
const FEW: u64 = 16;
const MANY: u64 = 16 * 1024;

impl Quantity {
    /// A whole number of mebibytes.
    pub fn mebibytes(amount: u64) -> Self {
        Self(format!("{amount}Mi"))
    }

    /// A whole number of thousandths of a processor.
    pub fn millicores(amount: u64) -> Self {
        Self(format!("{amount}m"))
    }

    /// The amount in thousandths, rounded towards zero; `None` for text that is no quantity.
    pub fn thousandths(&self) -> Option<i128> {
        let text = self.0.trim();
        if let Some((mantissa, exponent)) = text.split_once(['e', 'E'])
            && let Ok(exponent) = exponent.parse::<u32>()
        {
            let scale = 10_i128.checked_pow(exponent)?.checked_mul(1000)?;
            return scaled(mantissa, scale);
        }
        SUFFIXES
            .iter()
            .find_map(|(suffix, scale)| text.strip_suffix(suffix).map(|rest| (rest, *scale)))
            .and_then(|(rest, scale)| scaled(rest, scale))
    }

    /// The amount in whole units (bytes for memory), rounded up; `None` when it is negative or no quantity.
    pub fn units(&self) -> Option<u64> {
        let thousandths = u128::try_from(self.thousandths()?).ok()?;
        u64::try_from(thousandths.div_ceil(1000)).ok()
    }

    /// What was probably meant by an amount of memory that no program can run in: `256Mi` by `256m`, which is a
    /// quarter of a byte, by `256` and by `256Ki`; `1Gi` by `1`. `None` for one that somebody may mean.
    pub fn memory_meant(&self) -> Option<Self> {
        let small = self.thousandths().filter(|it| (1..LEAST_MEMORY).contains(it))?;
        let text = self.0.trim();
        let number = text.trim_end_matches(|it: char| it.is_ascii_alphabetic());
        let meant = match (text.get(number.len()..)?, number.parse::<u64>()) {
            ("m" | "k" | "Ki", Ok(number)) => format!("{number}Mi"),
            ("", Ok(number)) if number < FEW => format!("{number}Gi"),
            ("", Ok(number)) if number < MANY => format!("{number}Mi"),
            ("", Ok(number)) => format!("{number}Ki"),
            // Half a gibibyte, of which the API server makes `500m`.
            ("", Err(_)) => format!("{}Mi", small * 1024 / 1000),
            _ => return None,
        };
        Some(Self(meant)).filter(|it| it.thousandths().is_some_and(|it| LEAST_MEMORY <= it))
    }

    /// The amount in thousandths of a unit (millicores for CPU); `None` when it is negative or no quantity.
    pub fn milli_units(&self) -> Option<u64> {
        u64::try_from(self.thousandths()?).ok()
    }
}

/// `mantissa × scale`, where the mantissa may have a sign and a fraction of at most nine digits.
fn scaled(mantissa: &str, scale: i128) -> Option<i128> {
    let (sign, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty()
        || !whole.chars().chain(fraction.chars()).all(|it| it.is_ascii_digit())
    {
        return None;
    }
    let fraction: String = fraction.chars().take(9).collect();
    let divisor = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let number: i128 = format!("{whole}{fraction}").parse().ok()?;
    Some(sign * number.checked_mul(scale)? / divisor)
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, thousandths: Option<i128>) {
        assert_eq!(Quantity(text.to_owned()).thousandths(), thousandths, "{text}");
    }

    #[test]
    fn reads_what_kubernetes_writes() {
        check("128Mi", Some(128 * 1024 * 1024 * 1000));
        check("250m", Some(250));
        check("0.5", Some(500));
        check("1.5Gi", Some(1_610_612_736_000));
        check("2", Some(2000));
        check("1e3", Some(1_000_000));
        check("12E", Some(12_000_000_000_000_000_000_000));
        check("1k", Some(1_000_000));
    }

    #[test]
    fn refuses_what_is_no_quantity() {
        for text in ["", "Mi", "abc", "1,5", "1..2", "--1", "1e99"] {
            check(text, None);
        }
    }

    #[test]
    fn an_amount_of_memory_that_nobody_means_has_lost_its_unit() {
        for (text, meant) in [
            ("256m", Some("256Mi")),
            ("500m", Some("500Mi")),
            ("256", Some("256Mi")),
            ("1", Some("1Gi")),
            ("0.5", Some("512Mi")),
            ("64Ki", Some("64Mi")),
            ("64k", Some("64Mi")),
            ("262144", Some("262144Ki")),
            // What somebody may mean, and what is nothing.
            ("1Mi", None),
            ("268435456", None),
            ("268435456000m", None),
            ("0", None),
            ("-1", None),
            ("x", None),
        ] {
            let found = Quantity(text.to_owned()).memory_meant();
            assert_eq!(found.as_ref().map(|it| it.0.as_str()), meant, "{text}");
        }
    }

    #[test]
    fn part_of_a_byte_counts_as_a_byte() {
        assert_eq!(Quantity("1500m".to_owned()).units(), Some(2));
    }
}
