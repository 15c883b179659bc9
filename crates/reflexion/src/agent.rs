//! The agent, as reflexion sees it: what can be asked of it, and how asking can fail.

mod http;
mod sse;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use types::wire::{
    ExecuteFixRequest, ExecuteFixResponse, K8sGptAnalyzeRequest, K8sGptAnalyzeResponse,
};
use types::{Execution, Incident, Problem, StreamEvent};
use uuid::Uuid;

pub use http::HttpAgent;

/// One message of an agent's stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// Its id, to resume after.
    pub id: String,
    /// What it tells.
    pub event: StreamEvent,
}

/// An order to carry out a fix.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Makes a repeat of the order harmless.
    pub idempotency_key: String,
    /// The order.
    pub request: ExecuteFixRequest,
}

/// Messages until the connection ends.
pub type Stream = BoxStream<'static, Result<Heard, AgentError>>;

/// What can be asked of an agent.
pub trait Agent: Send + Sync + 'static {
    /// Its address: what it is known by here.
    fn url(&self) -> &str;

    /// Whether it answers.
    fn check(&self) -> BoxFuture<'_, Result<(), AgentError>>;

    /// Its incidents and executions, from after this message on.
    fn follow(&self, after: Option<String>) -> BoxFuture<'_, Result<Stream, AgentError>>;

    /// What is wrong with a pod.
    fn analyze(
        &self,
        request: K8sGptAnalyzeRequest,
    ) -> BoxFuture<'_, Result<K8sGptAnalyzeResponse, AgentError>>;

    /// Carries out a fix; answers when the write was made.
    fn execute(&self, order: Order) -> BoxFuture<'_, Result<ExecuteFixResponse, AgentError>>;

    /// An execution as it is now.
    fn execution(&self, id: Uuid) -> BoxFuture<'_, Result<Execution, AgentError>>;

    /// Takes back a proposal that another one takes the place of.
    fn withdraw(&self, id: Uuid) -> BoxFuture<'_, Result<Execution, AgentError>>;

    /// An incident as it is now.
    fn incident(&self, id: Uuid) -> BoxFuture<'_, Result<Incident, AgentError>>;
}

/// Why an agent did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// It did not answer. Asking again later may help.
    #[error("the agent at {url} cannot be reached")]
    Unreachable {
        /// Its address.
        url: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It answered that it cannot now: its API server is away, or it has too much to do. Asking again later may help.
    #[error("the agent at {url} cannot do this now: {problem}")]
    NotNow {
        /// Its address.
        url: String,
        /// What it says.
        problem: Box<Problem>,
    },
    /// It said no. Asking again does not help.
    #[error("the agent says: {0}")]
    Problem(Box<Problem>),
    /// It answered something that is not in the contract.
    #[error("the agent at {url} answered something unreadable: {reason}")]
    Unreadable {
        /// Its address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl AgentError {
    /// Whether the agent says that there is no such thing.
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::Problem(problem) => problem.status == 404,
            Self::Unreachable { .. } | Self::NotNow { .. } | Self::Unreadable { .. } => false,
        }
    }

    /// Whether asking again later may help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::NotNow { .. } => true,
            Self::Problem(_) | Self::Unreadable { .. } => false,
        }
    }
}
