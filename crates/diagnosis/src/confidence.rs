//! How sure an answer is, by the kind of its proof.
//!
//! The number says how often the fault, the object and the field are those that are found while everything is known,
//! if facts are missing: `tests/it/calibration.rs` measures it, and fails where more is claimed than is right.
//! `NUMBERS=confidence scripts/numbers.sh` prints the table.

/// The kubelet, the scheduler, the API server or a controller says so of this very object, in words that are known.
pub(crate) const SAID: f64 = 0.97;
/// It stands in the objects themselves: what one names and what there is are compared.
pub(crate) const READ: f64 = types::READ;
/// An event says so, and what it should bring about is seen as well.
pub(crate) const SEEN: f64 = 0.92;
/// The program says so itself, or a controller does in words of its own.
pub(crate) const WORDED: f64 = 0.9;
/// It follows from what is there, or somebody says so in words that nobody here knows.
pub(crate) const FOLLOWS: f64 = 0.85;
/// The one explanation that fits; others may be hidden.
pub(crate) const LIKELY: f64 = 0.8;
/// The one explanation that is left.
pub(crate) const GUESSED: f64 = 0.7;
/// Somebody says so who knows half, or what would tell more of it could not be read.
pub(crate) const PARTLY: f64 = 0.6;
/// How it fails is seen, and not by what.
pub(crate) const SYMPTOM: f64 = 0.5;
/// That it fails is seen, and not how.
pub(crate) const UNSEEN: f64 = 0.4;
/// It is stopped from outside, and who does it is not seen.
pub(crate) const STOPPED: f64 = 0.3;
/// Nothing is known but that it does not work.
pub(crate) const BARE: f64 = 0.2;
