//! What hooks are told, in fields and in words. All of it is redacted where it comes from.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use types::{Execution, ExecutionState, Incident, IncidentState, Mode};
use uuid::Uuid;

use super::settings::HookFormat;
use crate::fix::ModeNotice;

/// The longest words that are sent, in characters.
const MAX_WORDS: usize = 2000;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EventKind {
    /// Something is wrong with a workload.
    IncidentOpened,
    /// It is healthy again, or gone.
    IncidentResolved,
    /// A proposal waits for a person's yes.
    ApprovalWanted,
    /// A fix was verified or taken back, or a person has to look.
    ExecutionFinished,
    /// What the agent may do was changed.
    ModeChanged,
    /// All writing was stopped.
    Stopped,
}

impl EventKind {
    /// As it stands in the file and on the wire.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::IncidentOpened => "incident_opened",
            Self::IncidentResolved => "incident_resolved",
            Self::ApprovalWanted => "approval_wanted",
            Self::ExecutionFinished => "execution_finished",
            Self::ModeChanged => "mode_changed",
            Self::Stopped => "stopped",
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) kind: EventKind,
    id: Uuid,
    at: Timestamp,
    cluster: String,
    words: String,
    details: Value,
}

impl Event {
    fn new(kind: EventKind, cluster: &str, words: &str, details: Value) -> Self {
        let words = words.chars().filter(|it| is_shown(*it)).take(MAX_WORDS).collect();
        let cluster = cluster.to_owned();
        Self { kind, id: Uuid::now_v7(), at: Timestamp::now(), cluster, words, details }
    }

    pub(super) fn of_incident(incident: &Incident) -> Self {
        let subject = &incident.subject;
        let (kind, words) = match incident.state {
            IncidentState::Open => {
                let cause = incident.diagnoses.first().map_or("", |it| it.cause.as_str());
                (EventKind::IncidentOpened, format!("{subject}: {}. {cause}", incident.fault))
            }
            IncidentState::Resolved => (
                EventKind::IncidentResolved,
                format!("{subject} is healthy again ({})", incident.fault),
            ),
            IncidentState::Gone => {
                (EventKind::IncidentResolved, format!("{subject} is gone ({})", incident.fault))
            }
        };
        let details = json!({"incident": {
            "id": incident.id, "state": incident.state, "fault": incident.fault,
            "subject": subject, "pod": incident.pod, "since": incident.since,
            "caused_by": incident.caused_by,
        }});
        Self::new(kind, &incident.cluster, &words, details)
    }

    /// What there is to tell of this state; nothing of those on the way.
    pub(super) fn of_execution(execution: &Execution) -> Option<Self> {
        let (subject, strategy) = (&execution.subject, &execution.strategy);
        let why = execution.refusal.as_ref().map_or("", |it| it.detail.as_str());
        let (kind, words) = match execution.state {
            ExecutionState::Proposed if !execution.dry_run && !passes_soon(execution) => (
                EventKind::ApprovalWanted,
                format!("{subject}: to {strategy} waits for a yes. {why}"),
            ),
            ExecutionState::Verified => {
                let how = if why.is_empty() { "it helped" } else { why };
                (EventKind::ExecutionFinished, format!("{subject}: {strategy}: {how}"))
            }
            ExecutionState::Undone => (
                EventKind::ExecutionFinished,
                format!("{subject}: {strategy}: it did not help and was taken back. {why}"),
            ),
            ExecutionState::Stranded => (
                EventKind::ExecutionFinished,
                format!("{subject}: {strategy}: a person has to look. {why}"),
            ),
            ExecutionState::Proposed
            | ExecutionState::Applying
            | ExecutionState::Verifying
            | ExecutionState::Undoing
            | ExecutionState::Refused
            | ExecutionState::Rejected => return None,
        };
        let details = json!({"execution": {
            "id": execution.id, "incident": execution.incident, "state": execution.state,
            "subject": subject, "fault": execution.fault, "strategy": strategy,
            "verdict": execution.verdict, "requested_by": execution.requested_by,
            "refusal": execution.refusal,
        }});
        Some(Self::new(kind, &execution.cluster, &words, details))
    }

    /// The body of the request.
    pub(super) fn body(&self, format: HookFormat) -> Vec<u8> {
        let body = match format {
            HookFormat::Json => {
                let mut body = json!({
                    "id": self.id, "event": self.kind, "at": self.at, "cluster": self.cluster,
                    "text": self.words,
                });
                if let (Some(body), Some(details)) =
                    (body.as_object_mut(), self.details.as_object())
                {
                    body.extend(details.clone());
                }
                body
            }
            HookFormat::Slack => {
                let text = slack(&format!("[{}] {}", self.cluster, self.words));
                json!({"text": text, "unfurl_links": false, "unfurl_media": false})
            }
        };
        body.to_string().into_bytes()
    }
}

/// Whether it waits for no more than that somebody's change has had its time: nobody has to be called for that.
fn passes_soon(execution: &Execution) -> bool {
    execution.refusal.as_ref().is_some_and(|it| it.code == "just_changed")
}

pub(super) fn of_mode(cluster: &str, notice: &ModeNotice) -> Event {
    let ModeNotice { mode, who, why } = notice;
    let (kind, words) = match mode {
        Mode::Observe => (EventKind::Stopped, format!("all writing was stopped by {who}: {why}")),
        Mode::Suggest | Mode::Auto => {
            (EventKind::ModeChanged, format!("the mode is {mode}, set by {who}: {why}"))
        }
    };
    let details = json!({"mode": {"mode": mode, "who": who, "reason": why}});
    Event::new(kind, cluster, &words, details)
}

/// Nothing in it is a link, a mention or a call to everybody
/// (<https://docs.slack.dev/messaging/formatting-message-text/>: these three are to be escaped, and addresses
/// become links by themselves).
fn slack(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace("://", ": //")
}

/// Neither a control character nor one that changes the order of others or has no width: words would read as other
/// words (Unicode Technical Report 36, 3.1 and 2.10).
fn is_shown(character: char) -> bool {
    let is_hidden = matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    );
    !is_hidden && !character.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_a_cluster_calls_everybody_in_a_channel() {
        let notice = ModeNotice {
            mode: Mode::Observe,
            who: "ana".to_owned(),
            why: "<!channel> & \u{1b}[31m see https://evil.example/\u{202e}gpj\u{200b}.x"
                .to_owned(),
        };

        let body = of_mode("prod", &notice).body(HookFormat::Slack);

        let body: Value = serde_json::from_slice(&body).unwrap();
        let text = body["text"].as_str().unwrap();
        let words = "&lt;!channel&gt; &amp; [31m see https: //evil.example/gpj.x";
        assert_eq!(text, format!("[prod] all writing was stopped by ana: {words}"));
        assert_eq!((&body["unfurl_links"], &body["unfurl_media"]), (&json!(false), &json!(false)));
    }
}
