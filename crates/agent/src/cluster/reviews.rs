//! Callers whom the API server knows: `TokenReview` says who they are, `SubjectAccessReview` what they may do.
//!
//! An answer is kept for a short time. No answer lets nobody in.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec, UserInfo};
use k8s_openapi::api::authorization::v1::{
    NonResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use kube::Client;
use kube::api::{Api, PostParams};
use service::auth::{Caller, Role};
use service::review::{ReviewError, Reviewed, Reviewer, Verdict};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::kube::within;
use super::{ClusterError, KubeCluster};

/// The path that a `ClusterRole` names in `nonResourceURLs`.
pub const AUTHORITY_PATH: &str = "/k8s-reflexion/agent";
/// How long a yes is believed: so long does a right that was taken away still work.
const YES: Duration = Duration::from_secs(30);
/// How long a no is believed: so long does a right that was given not work yet.
const NO: Duration = Duration::from_secs(10);
/// Answers that are kept.
const KEPT: usize = 1024;
/// Reviews that are under way at once: tokens that nobody knows cost the API server something too.
const AT_ONCE: usize = 4;
/// How long the API server may take.
const CALL: Duration = Duration::from_secs(5);
/// The longest name that is kept.
const MAX_NAME: usize = 256;

/// The verb that stands for a role; each role wants its own.
fn verb(role: Role) -> &'static str {
    match role {
        Role::Read => "get",
        Role::Act => "post",
        Role::Admin => "put",
    }
}

/// A hash of a token, and what it was brought for.
type Key = ([u8; 32], Role);

/// Asks the API server.
pub struct KubeReviewer {
    client: Client,
    audience: String,
    kept: Mutex<BTreeMap<Key, (Verdict, Instant)>>,
    turns: Semaphore,
}

impl std::fmt::Debug for KubeReviewer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KubeReviewer").field("audience", &self.audience).finish_non_exhaustive()
    }
}

impl KubeReviewer {
    /// Tokens have to be made for this audience.
    pub fn new(cluster: &Arc<KubeCluster>, audience: &str) -> Self {
        Self {
            client: cluster.client.clone(),
            audience: audience.to_owned(),
            kept: Mutex::default(),
            turns: Semaphore::new(AT_ONCE),
        }
    }

    async fn find_out(&self, token: &str, needed: Role) -> Result<Verdict, ReviewError> {
        let key = (Sha256::digest(token).into(), needed);
        if let Some(known) = self.known(key) {
            return Ok(known);
        }
        let _turn = self.turns.acquire().await.map_err(|it| ReviewError(it.to_string()))?;
        let verdict = self.ask(token, needed).await.map_err(|it| ReviewError(it.to_string()))?;
        self.keep(key, &verdict);
        Ok(verdict)
    }

    fn known(&self, key: Key) -> Option<Verdict> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (verdict, until) = kept.get(&key)?;
        (Instant::now() < *until).then(|| verdict.clone())
    }

    fn keep(&self, key: Key, verdict: &Verdict) {
        let now = Instant::now();
        let lasts = match verdict {
            Verdict::Allowed(_) => YES,
            Verdict::Forbidden(_) | Verdict::Unknown => NO,
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (_, until)| now < *until);
        // Whoever floods it makes it forget, and pays with reviews that wait for their turn.
        if KEPT <= kept.len() {
            kept.pop_first();
        }
        kept.insert(key, (verdict.clone(), now + lasts));
    }

    async fn ask(&self, token: &str, needed: Role) -> Result<Verdict, ClusterError> {
        let Some(user) = self.user(token).await? else { return Ok(Verdict::Unknown) };
        let name = user.username.clone().unwrap_or_default();
        let name: String = name.chars().filter(|it| !it.is_control()).take(MAX_NAME).collect();
        if name.is_empty() {
            return Ok(Verdict::Unknown);
        }
        if self.may(user, needed).await? {
            Ok(Verdict::Allowed(Caller { name, role: needed }))
        } else {
            Ok(Verdict::Forbidden(name))
        }
    }

    /// Who the API server says that it is, if the token was made for us.
    async fn user(&self, token: &str) -> Result<Option<UserInfo>, ClusterError> {
        let review = TokenReview {
            spec: TokenReviewSpec {
                token: token.to_owned(),
                audiences: Some(vec![self.audience.clone()]),
            },
            ..TokenReview::default()
        };
        let api = Api::<TokenReview>::all(self.client.clone());
        let params = PostParams::default();
        let answer = within(CALL, "a caller's token", api.create(&params, &review)).await?;
        let status = answer.status.unwrap_or_default();
        // A server that does not know of audiences says none: its yes is not meant for us.
        let is_ours = status.audiences.unwrap_or_default().contains(&self.audience);
        let is_known = status.authenticated == Some(true) && is_ours;
        Ok(status.user.filter(|_| is_known))
    }

    async fn may(&self, user: UserInfo, needed: Role) -> Result<bool, ClusterError> {
        let review = SubjectAccessReview {
            spec: SubjectAccessReviewSpec {
                user: user.username,
                uid: user.uid,
                groups: user.groups,
                extra: user.extra,
                non_resource_attributes: Some(NonResourceAttributes {
                    path: Some(AUTHORITY_PATH.to_owned()),
                    verb: Some(verb(needed).to_owned()),
                }),
                ..SubjectAccessReviewSpec::default()
            },
            ..SubjectAccessReview::default()
        };
        let api = Api::<SubjectAccessReview>::all(self.client.clone());
        let params = PostParams::default();
        let answer = within(CALL, "a caller's rights", api.create(&params, &review)).await?;
        let status = answer.status;
        Ok(status.is_some_and(|it| it.allowed && it.denied != Some(true)))
    }
}

impl Reviewer for KubeReviewer {
    fn review<'a>(&'a self, token: &'a str, needed: Role) -> Reviewed<'a> {
        Box::pin(self.find_out(token, needed))
    }
}
