//! How sure an answer is that was read off the objects, and the word by which a person is told that one is less sure
//! than near certain.

/// How sure a finding is that compares what stands in the objects themselves, unless it says otherwise.
pub const READ: f64 = 0.95;
/// From here on an answer stands for itself: it was right in nine of ten times and more.
pub const NEAR_CERTAIN: f64 = 0.8;
/// From here on it is more likely than not.
const LIKELY: f64 = 0.6;

/// `probably`, `unsure`; nothing of what is near certain. What is seen is told all the same: the doubt is about whether
/// that is all, and whether the object and the field are the ones to change.
pub(crate) fn doubt(confidence: f64) -> Option<&'static str> {
    if NEAR_CERTAIN <= confidence {
        None
    } else if LIKELY <= confidence {
        Some("probably")
    } else {
        Some("unsure")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_certain_is_told_without_a_word_of_doubt() {
        for (confidence, word) in [
            (1.0, None),
            (0.8, None),
            (0.79, Some("probably")),
            (0.6, Some("probably")),
            (0.59, Some("unsure")),
            (0.0, Some("unsure")),
        ] {
            assert_eq!(doubt(confidence), word, "{confidence}");
        }
    }
}
