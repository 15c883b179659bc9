//! What the scripted agent answers about a pod.

use serde_json::{Map, Value, json};
use types::wire::K8sGptAnalyzeResponse;
use types::{Incident, IncidentState};

/// The analysis of the incident's pod, with these members in place of its own.
pub(super) fn analysis(incident: &Incident, said: &Map<String, Value>) -> K8sGptAnalyzeResponse {
    let open = incident.state == IncidentState::Open;
    let mut analysis = json!({
        "healthy": !open,
        "cluster": incident.cluster,
        "subject": incident.subject,
        "diagnoses": if open { incident.diagnoses.clone() } else { vec![] },
        "offers": incident.offers,
        "context": incident.context,
        "spec_hash": incident.spec_hash,
        "evidence": {"taken_at": incident.updated_at},
    });
    if open {
        analysis["incident"] = json!(incident.id);
    }
    analysis.as_object_mut().unwrap().extend(said.clone());
    K8sGptAnalyzeResponse {
        success: true,
        analysis: analysis.as_object().unwrap().clone(),
        confidence: 1.0,
        error_type: incident.error_type.clone(),
        timestamp: String::new(),
    }
}
