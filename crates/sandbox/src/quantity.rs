//! Quantities such as `250m` and `1Gi`: read, compared, and written the way Kubernetes writes them.

use std::cmp::Ordering;

use serde_json::Value;

/// Members whose values are quantities by name.
const HOLDERS: [&str; 11] = [
    "limits",
    "requests",
    "capacity",
    "allocatable",
    "hard",
    "used",
    "max",
    "min",
    "default",
    "defaultRequest",
    "overhead",
];

/// Thousandths of a unit: fine enough for everything that a scheduler counts.
const MILLI: i128 = 1_000;

/// A quantity in thousandths, and how it was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quantity {
    milli: i128,
    binary: bool,
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.milli == other.milli
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.milli.partial_cmp(&other.milli)
    }
}

const BINARY: [(&str, u32); 6] =
    [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];
const DECIMAL: [(&str, u32); 6] = [("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

impl Quantity {
    /// Reads a quantity; `None` when it is none.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let end = text.find(|it: char| !(it.is_ascii_digit() || matches!(it, '.' | '+' | '-')));
        let (number, suffix) = text.split_at(end.unwrap_or(text.len()));
        let (factor, binary) = factor(suffix)?;
        let negative = number.starts_with('-');
        let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && part.is_empty() {
            return None;
        }
        let mut value = if whole.is_empty() { 0 } else { whole.parse::<i128>().ok()? };
        value = value.checked_mul(factor)?;
        if !part.is_empty() {
            let part: String = part.chars().take(15).collect();
            let scale = 10_i128.checked_pow(u32::try_from(part.len()).ok()?)?;
            let fraction = part.parse::<i128>().ok()?.checked_mul(factor)?;
            // What is finer than a thousandth is rounded up, as Kubernetes does.
            value += fraction.div_euclid(scale) + i128::from(fraction.rem_euclid(scale) != 0);
        }
        Some(Self { milli: if negative { -value } else { value }, binary })
    }

    /// The quantity of nothing.
    pub(crate) const ZERO: Self = Self { milli: 0, binary: false };

    /// The quantity in thousandths.
    pub(crate) fn milli(self) -> i128 {
        self.milli
    }

    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { milli: self.milli + other.milli, binary: self.binary || other.binary }
    }

    /// The shortest way to write it: whole numbers with the largest suffix that divides them.
    pub(crate) fn write(self) -> String {
        if self.milli % MILLI != 0 {
            return format!("{}m", self.milli);
        }
        let whole = self.milli / MILLI;
        if whole == 0 {
            return "0".to_owned();
        }
        if self.binary && 1024 <= whole.abs() {
            let suffix = BINARY.iter().rev().find(|(_, bits)| whole % (1_i128 << bits) == 0);
            return suffix.map_or_else(
                || whole.to_string(),
                |(suffix, bits)| format!("{}{suffix}", whole >> bits),
            );
        }
        let suffix = DECIMAL.iter().rev().find(|(_, digits)| whole % 10_i128.pow(*digits) == 0);
        let written =
            |(suffix, digits): &(&str, u32)| format!("{}{suffix}", whole / 10_i128.pow(*digits));
        match suffix {
            Some(suffix) if !self.binary => written(suffix),
            _ => whole.to_string(),
        }
    }
}

/// What a suffix multiplies by, in thousandths, and whether it is a binary one.
fn factor(suffix: &str) -> Option<(i128, bool)> {
    match suffix {
        "" => return Some((MILLI, false)),
        // What is finer than a thousandth counts as one.
        "m" | "u" | "n" => return Some((1, false)),
        _ => {}
    }
    if let Some((_, bits)) = BINARY.iter().find(|(it, _)| *it == suffix) {
        return Some((MILLI << bits, true));
    }
    if let Some((_, digits)) = DECIMAL.iter().find(|(it, _)| *it == suffix) {
        return Some((MILLI * 10_i128.pow(*digits), false));
    }
    let exponent: u32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some((MILLI.checked_mul(10_i128.checked_pow(exponent)?)?, false))
}

/// Rewrites every quantity in a document the way Kubernetes writes it.
pub(crate) fn canonical(object: &mut Value) -> Result<(), String> {
    match object {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                if HOLDERS.contains(&key.as_str()) && value.is_object() {
                    rewrite_all(value)?;
                } else if matches!(key.as_str(), "sizeLimit" | "divisor" | "averageValue") {
                    rewrite(value)?;
                } else if !matches!(key.as_str(), "annotations" | "labels" | "data") {
                    canonical(value)?;
                }
            }
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(canonical),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn rewrite_all(values: &mut Value) -> Result<(), String> {
    values.as_object_mut().into_iter().flatten().try_for_each(|(_, value)| rewrite(value))
}

fn rewrite(value: &mut Value) -> Result<(), String> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Ok(()),
    };
    let quantity = Quantity::read(text.trim()).ok_or(
        "quantities must match the regular expression \
         '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    )?;
    *value = Value::String(quantity.write());
    Ok(())
}
