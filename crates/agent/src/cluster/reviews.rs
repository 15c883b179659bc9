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
use tokio::sync::{Semaphore, SemaphorePermit};

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
/// How long somebody waits for his turn: so long may others keep him waiting.
const TURN: Duration = Duration::from_secs(5);
/// The parts of a token of the cluster (RFC 7515, compact serialization).
const PARTS: usize = 3;
/// The longest name that is kept.
const MAX_NAME: usize = 256;

/// The verb that stands for a role; each role wants its own. They are verbs that `kubectl create clusterrole` knows.
fn verb(role: Role) -> &'static str {
    match role {
        Role::Read => "get",
        Role::Order => "patch",
        Role::Act => "post",
        Role::Admin => "put",
    }
}

/// The roles of which each opens what needs this one, the greatest first: whoever may say yes may order as well.
fn wanted(needed: Role) -> &'static [Role] {
    match needed {
        Role::Read => &[Role::Read],
        Role::Order => &[Role::Act, Role::Order],
        Role::Act => &[Role::Act],
        Role::Admin => &[Role::Admin],
    }
}

/// A hash of a token, and what it was brought for.
type Key = ([u8; 32], Role);

/// What was answered a short time ago.
#[derive(Default)]
struct Kept(BTreeMap<Key, (Verdict, Instant)>);

impl Kept {
    fn known(&self, key: Key, now: Instant) -> Option<Verdict> {
        let (verdict, until) = self.0.get(&key)?;
        (now < *until).then(|| verdict.clone())
    }

    /// Keeps an answer. Where there are too many, a no is forgotten before any yes, and of those the oldest: whoever
    /// floods it with tokens that nobody knows makes it forget his own.
    fn keep(&mut self, key: Key, verdict: Verdict, now: Instant) {
        let lasts = if is_yes(&verdict) { YES } else { NO };
        self.0.retain(|_, (_, until)| now < *until);
        if KEPT <= self.0.len() && !self.0.contains_key(&key) {
            let least = self.0.iter().min_by_key(|(_, (verdict, until))| (is_yes(verdict), *until));
            if let Some(key) = least.map(|(key, _)| *key) {
                self.0.remove(&key);
            }
        }
        self.0.insert(key, (verdict, now + lasts));
    }
}

fn is_yes(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Allowed(_) => true,
        Verdict::Forbidden(_) | Verdict::Unknown => false,
    }
}

/// Whether it looks like a token of the cluster. What does not costs nobody a review.
fn is_token(token: &str) -> bool {
    let is_part = |it: &str| {
        !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it))
    };
    token.split('.').count() == PARTS && token.split('.').all(is_part)
}

/// A turn to ask, if one comes in time.
async fn turn(turns: &Semaphore, limit: Duration) -> Result<SemaphorePermit<'_>, ReviewError> {
    let turn = tokio::time::timeout(limit, turns.acquire()).await.map_err(|_| {
        let seconds = limit.as_secs();
        ReviewError(format!("too many callers wait for the API server, {seconds} seconds and more"))
    })?;
    turn.map_err(|it| ReviewError(it.to_string()))
}

/// Asks the API server.
pub struct KubeReviewer {
    client: Client,
    audience: String,
    kept: Mutex<Kept>,
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
        if !is_token(token) {
            return Ok(Verdict::Unknown);
        }
        if let Some(known) = self.known(key) {
            return Ok(known);
        }
        let _turn = turn(&self.turns, TURN).await?;
        // Whoever waited beside us may have asked the same.
        if let Some(known) = self.known(key) {
            return Ok(known);
        }
        let verdict = self.ask(token, needed).await.map_err(|it| ReviewError(it.to_string()))?;
        self.keep(key, &verdict);
        Ok(verdict)
    }

    fn known(&self, key: Key) -> Option<Verdict> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).known(key, Instant::now())
    }

    fn keep(&self, key: Key, verdict: &Verdict) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.keep(key, verdict.clone(), Instant::now());
    }

    async fn ask(&self, token: &str, needed: Role) -> Result<Verdict, ClusterError> {
        let Some(user) = self.user(token).await? else { return Ok(Verdict::Unknown) };
        let name = user.username.clone().unwrap_or_default();
        let name: String = name.chars().filter(|it| !it.is_control()).take(MAX_NAME).collect();
        if name.is_empty() {
            return Ok(Verdict::Unknown);
        }
        for &role in wanted(needed) {
            if self.may(user.clone(), role).await? {
                return Ok(Verdict::Allowed(Caller { name, role }));
            }
        }
        Ok(Verdict::Forbidden(name))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> Key {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&number.to_be_bytes());
        (hash, Role::Read)
    }

    #[test]
    fn a_flood_of_tokens_that_nobody_knows_makes_nothing_forgotten_but_the_oldest_of_them() {
        let (mut kept, now) = (Kept::default(), Instant::now());
        let yes = Verdict::Allowed(Caller { name: "ana".to_owned(), role: Role::Read });
        kept.keep(key(0), yes.clone(), now);
        for number in 1..=KEPT {
            let later = now + Duration::from_millis(u64::try_from(number).unwrap());
            kept.keep(key(number), Verdict::Unknown, later);
        }

        let later = now + Duration::from_secs(2);
        assert_eq!(kept.0.len(), KEPT);
        assert_eq!(kept.known(key(0), later), Some(yes));
        assert_eq!(kept.known(key(1), later), None);
        assert_eq!(kept.known(key(2), later), Some(Verdict::Unknown));
    }

    #[test]
    fn what_is_no_token_of_a_cluster_is_asked_nobody() {
        assert!(is_token("eyJhbGciOi.eyJh-dWQ_.c2ln"));
        for junk in ["", "a", "a.b", "a.b.", ".b.c", "a.b.c.d", "a.b.c=", "a b.c.d", "ä.b.c"] {
            assert!(!is_token(junk), "{junk}");
        }
    }

    #[tokio::test]
    async fn nobody_waits_for_ever_for_his_turn() {
        let turns = Semaphore::new(1);
        let taken = turn(&turns, TURN).await.unwrap();

        assert!(turn(&turns, Duration::from_millis(10)).await.is_err());
        drop(taken);
        assert!(turn(&turns, Duration::from_millis(10)).await.is_ok());
    }
}
