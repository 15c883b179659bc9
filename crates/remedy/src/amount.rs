//! Amounts of memory and CPU as a manifest would write them.

use types::{ContainerFacts, Quantity, Strategy};

const KIBI: u64 = 1024;
const MEBI: u64 = 1024 * KIBI;
const MEGA: u64 = 1_000_000;

/// What a container asks for and is limited in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    /// In bytes.
    Memory,
    /// In millicores.
    Cpu,
}

impl Resource {
    /// The resource that a field of `limits` or `requests` is about.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Memory, Self::Cpu].into_iter().find(|it| it.name() == name)
    }

    /// Its name in a manifest.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Cpu => "cpu",
        }
    }

    /// The name of the strategy that raises its limit.
    pub(crate) fn strategy(self) -> &'static str {
        match self {
            Self::Memory => "raise_memory_limit",
            Self::Cpu => "raise_cpu_limit",
        }
    }

    /// How many times as much one write may give at most: the admission policies hold it too.
    pub(crate) fn most_times(self) -> u64 {
        match self {
            Self::Memory => Strategy::MEMORY_TIMES,
            Self::Cpu => Strategy::CPU_TIMES,
        }
    }

    /// The amount; `None` when it is negative or no quantity.
    pub(crate) fn value(self, quantity: &Quantity) -> Option<u64> {
        match self {
            Self::Memory => quantity.units(),
            Self::Cpu => quantity.milli_units(),
        }
    }

    /// The amount as a manifest would write it.
    pub(crate) fn quantity(self, amount: u64) -> Quantity {
        match self {
            Self::Memory => memory(amount),
            Self::Cpu => Quantity::millicores(amount),
        }
    }

    /// Request and limit of a container, as its template has them.
    pub(crate) fn stated(self, of: &ContainerFacts) -> (Option<&Quantity>, Option<&Quantity>) {
        match self {
            Self::Memory => (of.memory_request.as_ref(), of.memory_limit.as_ref()),
            Self::Cpu => (of.cpu_request.as_ref(), of.cpu_limit.as_ref()),
        }
    }

    /// Request and limit that a limit range gave the pods of a container whose template states no limit.
    pub(crate) fn given(self, of: &ContainerFacts) -> (Option<&Quantity>, Option<&Quantity>) {
        let given = match self {
            Self::Memory => of.given_memory_limit.as_ref().filter(|it| it.default_of.is_some()),
            Self::Cpu => None,
        };
        (given.and_then(|it| it.request.as_ref()), given.map(|it| &it.amount))
    }

    /// Request and limit of a container, as its pods have them.
    pub(crate) fn held(self, of: &ContainerFacts) -> (Option<&Quantity>, Option<&Quantity>) {
        let (request, limit) = self.stated(of);
        let (given_request, given_limit) = self.given(of);
        (request.or(given_request), limit.or(given_limit))
    }
}

/// So many bytes, in the largest unit that is exact.
pub(crate) fn memory(bytes: u64) -> Quantity {
    for (unit, suffix) in [(MEBI, "Mi"), (MEGA, "M"), (KIBI, "Ki")] {
        if unit <= bytes && bytes.is_multiple_of(unit) {
            return Quantity(format!("{}{suffix}", bytes / unit));
        }
    }
    Quantity(bytes.to_string())
}

/// The same or a little less, in whole mebibytes where there is at least one.
pub(crate) fn memory_down(bytes: u64) -> Quantity {
    if bytes < MEBI { Quantity(bytes.to_string()) } else { Quantity::mebibytes(bytes / MEBI) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_written_as_people_write_it_and_means_the_same() {
        for (bytes, text) in [
            (192 * MEBI, "192Mi"),
            (1536 * MEBI, "1536Mi"),
            (150 * MEGA, "150M"),
            (3 * KIBI, "3Ki"),
            (7, "7"),
            (0, "0"),
        ] {
            assert_eq!(memory(bytes).0, text);
            assert_eq!(memory(bytes).units(), Some(bytes));
        }
    }

    #[test]
    fn rounding_down_never_rounds_up() {
        for bytes in [0, 1, MEBI - 1, MEBI, MEBI + 1, 100 * MEGA] {
            assert!(memory_down(bytes).units() <= Some(bytes), "{bytes}");
        }
    }
}
