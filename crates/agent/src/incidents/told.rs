//! What an incident was opened with: what a reader finds when it is over.
//!
//! While a fix takes hold, and once it has, what is seen is no longer the trouble: pods of the old template beside
//! the new one. Of every fault that comes up while the incident is open, the first words are kept.

use types::{Diagnosis, Incident, Offer};

/// Faults of one incident that are kept.
const MAX_TOLD: usize = 8;

/// What was told of an open incident.
#[derive(Debug, Default)]
pub(super) struct Told {
    diagnoses: Vec<Diagnosis>,
    offers: Vec<Offer>,
}

impl Told {
    /// What was told of an incident that came back, or nothing yet.
    pub(super) fn of(earlier: Option<&Incident>) -> Self {
        let Some(earlier) = earlier else { return Self::default() };
        Self { diagnoses: earlier.diagnoses.clone(), offers: earlier.offers.clone() }
    }

    /// Keeps what is new in this report of it.
    pub(super) fn add(&mut self, now: &Incident) {
        if self.offers.is_empty() {
            self.offers.clone_from(&now.offers);
        }
        for diagnosis in &now.diagnoses {
            let is_known = self
                .diagnoses
                .iter()
                .any(|it| it.fault == diagnosis.fault && it.container == diagnosis.container);
            if !is_known && self.diagnoses.len() < MAX_TOLD {
                self.diagnoses.push(diagnosis.clone());
            }
        }
    }

    /// The incident as it was opened, with the faults that came up later after those that it was opened with.
    pub(super) fn put_into(self, incident: Incident) -> Incident {
        let fault = self.diagnoses.first().map_or(incident.fault, |it| it.fault);
        Incident {
            fault,
            error_type: fault.error_type().to_owned(),
            diagnoses: self.diagnoses,
            offers: self.offers,
            ..incident
        }
    }
}
