//! The diagnoses of a workload, with what the findings beside it say about the claims that it waits for.

use types::{Clue, Diagnosis, Fault, Finding};

use crate::suspicion::CALL_FAILED;

/// The kind of what a pod may wait for.
const CLAIM: &str = "PersistentVolumeClaim";

/// Whether more can be told about one of them by what stands around it: a claim keeps its pod waiting.
pub fn are_about_claims(diagnoses: &[Diagnosis]) -> bool {
    diagnoses.iter().any(waits)
}

/// Whether one of them blames a webhook that does not answer.
pub fn are_about_webhooks(diagnoses: &[Diagnosis]) -> bool {
    let mut clues = diagnoses.iter().flat_map(|it| &it.clues);
    clues.any(|it| it.value.contains(CALL_FAILED))
}

/// Whether no node can take the pod because of a claim.
fn waits(it: &Diagnosis) -> bool {
    let about_claims = ["not bound", "no volume for its claim"];
    it.fault == Fault::Unschedulable && about_claims.iter().any(|words| it.cause.contains(words))
}

/// The diagnoses; one that no node can take the pod tells as well why a claim of it is not bound.
pub fn told_why(mut diagnoses: Vec<Diagnosis>, beside: &[Finding]) -> Vec<Diagnosis> {
    let claims: Vec<_> = beside.iter().filter(|it| it.subject.kind == CLAIM).collect();
    for diagnosis in diagnoses.iter_mut().filter(|it| waits(it)) {
        for claim in &claims {
            diagnosis.cause =
                format!("{} {CLAIM} {}: {}", diagnosis.cause, claim.subject.name, claim.cause);
            let clues = claim.clues.iter();
            let named = clues.map(|it| {
                Clue::new(format!("{CLAIM} {}{}", claim.subject.name, place(&it.fact)), &it.value)
            });
            diagnosis.clues.extend(named);
        }
    }
    diagnoses
}

/// `/spec/storageClassName` goes on right after a name, other facts after a dot.
fn place(fact: &str) -> String {
    if fact.starts_with('/') { format!(" {fact}") } else { format!(".{fact}") }
}

#[cfg(test)]
mod tests {
    use types::{AnyFault, ClusterFault, Severity, Subject};

    use super::*;

    fn diagnosis(cause: &str) -> Diagnosis {
        Diagnosis {
            fault: Fault::Unschedulable,
            container: None,
            cause: cause.to_owned(),
            clues: vec![],
            confidence: 0.9,
        }
    }

    #[track_caller]
    fn check(cause: &str, expected: &str) {
        let fault = AnyFault::Cluster(ClusterFault::ClaimNotBound);
        let about = Subject::new(CLAIM, "shop", "data");
        let cause_of_claim = "There is no storage class fats.".to_owned();
        let claim = Finding::new(about, Severity::Critical, fault, cause_of_claim);
        let claim = claim.clue("/spec/storageClassName", "fats");

        let told = told_why(vec![diagnosis(cause)], &[claim]);

        assert_eq!(told[0].cause, expected);
    }

    #[test]
    fn why_a_claim_is_not_bound_is_told_with_the_pod_that_waits_for_it() {
        check(
            "No node can take the pod: its volume claim data is not bound.",
            "No node can take the pod: its volume claim data is not bound. PersistentVolumeClaim data: There is no storage class fats.",
        );
        check(
            "No node can take the pod: not enough CPU.",
            "No node can take the pod: not enough CPU.",
        );
    }
}
