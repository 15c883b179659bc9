//! Who writes: the agent itself, or identities of their own whose tokens are asked for when something is to be written.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::{Api, PostParams};
use kube::config::AuthInfo;
use kube::{Client, Config};
use remedy::Writer;
use tokio::sync::Mutex;

use super::ClusterError;
use super::kube::{READ, within};

/// How long a token is valid, in seconds: the least that the API server gives
/// (<https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/>).
const LIFETIME: i64 = 600;
/// A token that ends sooner than this is not used any more.
const SPARE: SignedDuration = SignedDuration::from_secs(90);

/// A service account that writes: `namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl std::str::FromStr for Account {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('/');
        let named = parts.filter(|(namespace, name)| {
            types::names::is_namespace(namespace) && types::names::is_pod_name(name)
        });
        let (namespace, name) = named.ok_or("write it as NAMESPACE/NAME")?;
        Ok(Self { namespace: namespace.to_owned(), name: name.to_owned() })
    }
}

impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// The service accounts that write; where there is none, the identity that reads writes too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Carries out everything but rollbacks.
    pub executor: Option<Account>,
    /// Carries out rollbacks.
    pub restorer: Option<Account>,
}

impl Accounts {
    /// The account of this writer.
    pub fn of(&self, writer: Writer) -> Option<&Account> {
        match writer {
            Writer::Executor => self.executor.as_ref(),
            Writer::Restorer => self.restorer.as_ref(),
        }
    }
}

/// The clients that write, each under its own identity.
pub(super) struct Writers {
    pub(super) accounts: Accounts,
    executor: Executor,
    restorer: Executor,
}

impl Writers {
    pub(super) fn new(asking: &Client, config: &Config, accounts: Accounts) -> Self {
        let own = Client::try_from(config.clone()).unwrap_or_else(|_| asking.clone());
        let writer = |account: &Option<Account>| Executor {
            asking: asking.clone(),
            own: own.clone(),
            config: config.clone(),
            account: account.clone(),
            newest: Mutex::default(),
        };
        let (executor, restorer) = (writer(&accounts.executor), writer(&accounts.restorer));
        Self { accounts, executor, restorer }
    }

    /// A client whose credential is good for the next minute at least.
    pub(super) async fn client(&self, writer: Writer) -> Result<Client, ClusterError> {
        match writer {
            Writer::Executor => self.executor.client().await,
            Writer::Restorer => self.restorer.client().await,
        }
    }
}

/// The client of one of them.
struct Executor {
    asking: Client,
    /// Writes where there is no account. Whoever reads has connections of his own, and takes away none that was
    /// made for a write.
    own: Client,
    /// Where the API server is and how it is trusted; its credential is replaced.
    config: Config,
    account: Option<Account>,
    /// The client of the newest token, and when that ends.
    newest: Mutex<Option<(Client, Timestamp)>>,
}

impl Executor {
    async fn client(&self) -> Result<Client, ClusterError> {
        let Some(account) = &self.account else { return Ok(self.own.clone()) };
        let mut newest = self.newest.lock().await;
        if let Some((client, _)) = newest.as_ref().filter(|it| Timestamp::now() + SPARE < it.1) {
            return Ok(client.clone());
        }
        let (client, until) = self.take_on(account).await?;
        *newest = Some((client.clone(), until));
        Ok(client)
    }

    async fn take_on(&self, account: &Account) -> Result<(Client, Timestamp), ClusterError> {
        let api = Api::<ServiceAccount>::namespaced(self.asking.clone(), &account.namespace);
        let spec =
            TokenRequestSpec { expiration_seconds: Some(LIFETIME), ..TokenRequestSpec::default() };
        let request = TokenRequest { spec: Some(spec), ..TokenRequest::default() };
        let what = format!("a token of ServiceAccount {account}");
        let params = PostParams::default();
        let call = api.create_token_request(&account.name, &params, &request);
        let given = within(READ, &what, call).await.map_err(|it| refused(it, &what))?.status;
        let given = given.unwrap_or_default();
        let token = given.token.filter(|it| !it.is_empty());
        let token = token.ok_or_else(|| ClusterError::Refused(format!("{what} was not given")))?;
        let mut config = self.config.clone();
        config.auth_info = AuthInfo { token: Some(token.into()), ..AuthInfo::default() };
        let client = Client::try_from(config)
            .map_err(|it| ClusterError::Refused(format!("no client for {what}: {it}")))?;
        // Without an end it is used once.
        Ok((client, given.expiration_timestamp.map_or_else(Timestamp::now, |it| it.0)))
    }
}

/// A token that is refused is no matter of the workload that was to be written. Silence stays silence: an undo waits
/// for an API server that is away, and is not given up.
fn refused(error: ClusterError, what: &str) -> ClusterError {
    match error {
        ClusterError::NotFound(_) | ClusterError::Refused(_) | ClusterError::Conflict(_) => {
            let next = "apply what `agent rbac` prints";
            ClusterError::Refused(format!("{what} was refused ({error}); {next}"))
        }
        silence @ (ClusterError::Unreachable(_)
        | ClusterError::Stopped
        | ClusterError::Throttled { .. }
        | ClusterError::Malformed(_)) => silence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_a_namespace_and_a_name() {
        let account: Account = "k8s-reflexion/executor".parse().unwrap();

        assert_eq!(
            (account.namespace.as_str(), account.name.as_str()),
            ("k8s-reflexion", "executor")
        );
        for text in ["executor", "/executor", "k8s-reflexion/", "a/b/c", "A/b", "a/../b"] {
            assert!(text.parse::<Account>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_token_that_is_refused_is_a_refusal_and_an_api_server_that_is_away_is_away() {
        let gone = ClusterError::NotFound("ServiceAccount a/b".to_owned());
        let away = ClusterError::Unreachable("connection refused".to_owned());

        assert!(matches!(refused(gone, "a token"), ClusterError::Refused(_)));
        assert_eq!(refused(away.clone(), "a token"), away);
    }
}
