//! One request as it came in.

use crate::status::StatusError;

/// One request: what HTTP says, without HTTP.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) accept: String,
    pub(crate) content_type: String,
    pub(crate) user_agent: String,
    /// The bearer token, where one is shown.
    pub(crate) token: String,
    pub(crate) body: Vec<u8>,
}

/// A field manager's name is no longer than this.
const LONGEST_MANAGER: usize = 128;

impl Call {
    /// A parameter of the query.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        let value = self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        value.filter(|it| !it.is_empty())
    }

    /// A parameter that is a number, if it is given.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, StatusError> {
        let Some(text) = self.param(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            StatusError::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))
        })
    }

    /// Whether a parameter says yes.
    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.param(name), Some("true" | "1"))
    }

    /// Whether nothing may be kept of the write.
    pub(crate) fn rehearsal(&self) -> bool {
        self.param("dryRun").is_some()
    }

    /// In whose name fields are written: the client's word for it, or what the client is.
    pub(crate) fn manager(&self) -> String {
        let agent = self.user_agent.split('/').next().unwrap_or_default();
        let agent = if agent.is_empty() { "unknown" } else { agent };
        self.param("fieldManager").unwrap_or(agent).chars().take(LONGEST_MANAGER).collect()
    }
}
