//! One question to one registry: the list of tags, page by page, with an anonymous token where it wants one.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, LINK, WWW_AUTHENTICATE};
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;

use super::Listed;
use super::challenge::Challenge;
use super::page::{self, Next};
use super::setting::Registry;

/// Pages that are read.
const MAX_PAGES: usize = 5;
/// Tags that are kept.
const MAX_TAGS: usize = 2000;
/// Tags that are asked for at once. A registry may give fewer.
const PER_PAGE: &str = "1000";
/// Bytes that are read of all pages together.
const MAX_BODY: usize = 1 << 20;
/// Bytes that are read of the answer with a token.
const MAX_TOKEN: usize = 64 << 10;

/// Why a registry does not say which tags it has.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It cannot be reached, or breaks off.
    #[error("it cannot be reached")]
    Unreachable(#[from] reqwest::Error),
    /// It takes too long.
    #[error("no answer for {} seconds", .0.as_secs_f64())]
    Late(Duration),
    /// It answers, and not with a list. A redirect is none: nobody else is asked.
    #[error("it answers with status {0}")]
    Status(StatusCode),
    /// It says too much.
    #[error("its answer is too long")]
    Endless,
    /// What it says is no list of tags.
    #[error("its answer is no list of tags")]
    Rubbish,
    /// It wants something else than an anonymous token, or one of somebody who is not known to give its tokens.
    #[error("it wants to be asked in a way that is not allowed")]
    NotAllowed,
}

impl AskError {
    /// Whether nothing is heard of it, so that another question would be waited for as well.
    pub(super) fn is_silence(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Late(_) => true,
            Self::Status(_) | Self::Endless | Self::Rubbish | Self::NotAllowed => false,
        }
    }
}

/// An anonymous token.
#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// The tags of this repository.
pub(super) async fn tags(
    client: &Client,
    registry: &Registry,
    path: &str,
) -> Result<Listed, AskError> {
    let mut at = Url::clone(&registry.base);
    at.set_path(&format!("/v2/{path}/tags/list"));
    at.set_query(Some(&format!("n={PER_PAGE}")));
    let mut listed = Listed { tags: vec![], whole: true };
    let (mut pass, mut left) = (HeaderMap::new(), MAX_BODY);
    for _ in 0..MAX_PAGES {
        let response = answer(client, registry, (&at, path), &mut pass).await?;
        let next = next_of(&response, &at);
        let body = body(response, left).await?;
        left = left.saturating_sub(body.len());
        listed.tags.extend(page::tags(&body).ok_or(AskError::Rubbish)?);
        match next {
            Some(Next::Page(next)) if listed.tags.len() < MAX_TAGS => at = next,
            Some(_) => return Ok(cut(listed, false)),
            None => return Ok(cut(listed, true)),
        }
    }
    Ok(cut(listed, false))
}

fn cut(mut listed: Listed, was_last: bool) -> Listed {
    listed.whole = was_last && listed.tags.len() <= MAX_TAGS;
    listed.tags.truncate(MAX_TAGS);
    listed
}

/// The page there, with a token from now on where that is asked for.
async fn answer(
    client: &Client,
    registry: &Registry,
    (at, path): (&Url, &str),
    pass: &mut HeaderMap,
) -> Result<Response, AskError> {
    let get = |pass: HeaderMap| client.get(at.clone()).headers(pass).send();
    let mut response = get(pass.clone()).await?;
    if response.status() == StatusCode::UNAUTHORIZED && pass.is_empty() {
        pass.insert(AUTHORIZATION, token(client, registry, path, &response).await?);
        response = get(pass.clone()).await?;
    }
    if response.status() == StatusCode::OK {
        Ok(response)
    } else {
        Err(AskError::Status(response.status()))
    }
}

fn next_of(response: &Response, at: &Url) -> Option<Next> {
    let link = response.headers().get(LINK)?;
    // What cannot be read may be a next page.
    link.to_str().map_or(Some(Next::Elsewhere), |it| page::next(it, at))
}

/// An anonymous token for reading this repository, from where the registry says, if that is allowed.
async fn token(
    client: &Client,
    registry: &Registry,
    path: &str,
    refusal: &Response,
) -> Result<HeaderValue, AskError> {
    let header = refusal.headers().get(WWW_AUTHENTICATE).and_then(|it| it.to_str().ok());
    let challenge = header.and_then(Challenge::parse).ok_or(AskError::NotAllowed)?;
    let realm = Url::parse(&challenge.realm).ok().filter(|it| registry.gives_tokens_at(it));
    let mut realm = realm.ok_or(AskError::NotAllowed)?;
    let scope = format!("repository:{path}:pull");
    realm.query_pairs_mut().append_pair("scope", &scope);
    if let Some(service) = &challenge.service {
        realm.query_pairs_mut().append_pair("service", service);
    }
    let response = client.get(realm).send().await?;
    if response.status() != StatusCode::OK {
        return Err(AskError::Status(response.status()));
    }
    let body = body(response, MAX_TOKEN).await?;
    let Token { token, access_token } =
        serde_json::from_slice(&body).map_err(|_| AskError::Rubbish)?;
    let token = token.or(access_token).ok_or(AskError::Rubbish)?;
    let mut value =
        HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| AskError::Rubbish)?;
    value.set_sensitive(true);
    Ok(value)
}

/// So many bytes at most.
async fn body(mut response: Response, most: usize) -> Result<Vec<u8>, AskError> {
    let mut bytes = vec![];
    while let Some(chunk) = response.chunk().await? {
        if most < bytes.len() + chunk.len() {
            return Err(AskError::Endless);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
