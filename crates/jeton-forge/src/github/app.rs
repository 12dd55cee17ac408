use std::{fmt, sync::Arc, time::Instant};

use http::{Method, header};
use jeton_domain::{AppIssuer, Clock, Fingerprint, ForgeEndpoint, InstallationId, RepoName, Secret};
use jiff::SignedDuration;
use url::Url;

use super::{
    AppInfo, Installation, InstallationPage, Probe, Revoked,
    account::quota,
    wire::{self, WireApp, WireInstallation, WireRepositories},
};
use crate::{
    AppKey, ForgeError,
    classify::{classify, is_about_the_clock, said_in},
    headers,
    http_client::{Answer, HttpClient},
    jwt::JwtSigner,
};

/// One App on one GitHub. Cheap to clone; clones share the JWT and what was learnt of GitHub's clock.
#[derive(Clone)]
pub struct GitHubApp(Arc<Inner>);

struct Inner {
    http: HttpClient,
    clock: Arc<dyn Clock>,
    endpoint: ForgeEndpoint,
    signer: JwtSigner,
}

impl GitHubApp {
    pub(super) fn new(
        http: HttpClient,
        clock: Arc<dyn Clock>,
        endpoint: ForgeEndpoint,
        issuer: AppIssuer,
        key: AppKey,
    ) -> Self {
        let signer = JwtSigner::new(key, issuer, Arc::clone(&clock));
        Self(Arc::new(Inner {
            http,
            clock,
            endpoint,
            signer,
        }))
    }

    /// The GitHub that it is on.
    pub fn endpoint(&self) -> &ForgeEndpoint {
        &self.0.endpoint
    }

    /// Who signs.
    pub fn issuer(&self) -> &AppIssuer {
        self.0.signer.issuer()
    }

    /// What may be shown of the key.
    pub fn key_fingerprint(&self) -> &Fingerprint {
        self.0.signer.key().fingerprint()
    }

    /// GitHub's clock minus ours, as far as it had to be learnt from a refused JWT; zero as long as none was refused.
    pub fn clock_offset(&self) -> SignedDuration {
        SignedDuration::from_secs(self.0.signer.offset_seconds())
    }

    /// The App itself: the cheapest call that proves id and key.
    ///
    /// # Errors
    /// [`ForgeError`]; [`ForgeError::BadCredentials`] when id and key do not fit together.
    pub async fn get_app(&self) -> Result<AppInfo, ForgeError> {
        let answer = self.as_app(Method::GET, self.url(&["app"])?, None).await?;
        Ok(wire::parse::<WireApp>(&self.success(answer)?)?.into())
    }

    /// The installations of the App, 100 per call, up to `max_pages` calls.
    ///
    /// # Errors
    /// [`ForgeError`] when any page fails.
    pub async fn list_installations(&self, max_pages: u32) -> Result<InstallationPage, ForgeError> {
        let mut url = self.url(&["app", "installations"])?;
        url.query_pairs_mut().append_pair("per_page", "100");
        let mut installations = Vec::new();
        for _ in 0..max_pages {
            let answer = self.success(self.as_app(Method::GET, url, None).await?)?;
            let page: Vec<WireInstallation> = wire::parse(&answer)?;
            installations.extend(page.into_iter().map(Installation::from));
            match headers::next_link(&answer.headers) {
                Some(next) => url = self.same_origin(&next, answer.status)?,
                None => {
                    return Ok(InstallationPage {
                        installations,
                        complete: true,
                    });
                }
            }
        }
        Ok(InstallationPage {
            installations,
            complete: false,
        })
    }

    /// The installation on an owner, be it a person or an organization; `None` when there is none.
    ///
    /// # Errors
    /// [`ForgeError`] for everything but "not found".
    pub async fn find_installation_by_owner(&self, owner: &str) -> Result<Option<Installation>, ForgeError> {
        let answer = self
            .as_app(Method::GET, self.url(&["users", owner, "installation"])?, None)
            .await?;
        self.installation(answer)
    }

    /// The installation that covers a repository; `None` when there is none, when the repository is not in its
    /// selection, and when it does not exist: GitHub does not tell these apart. The redirect of a renamed repository
    /// is followed once, to the same origin only.
    ///
    /// # Errors
    /// [`ForgeError`] for everything but "not found".
    pub async fn find_installation_by_repository(
        &self,
        owner: &str,
        name: &RepoName,
    ) -> Result<Option<Installation>, ForgeError> {
        let url = self.url(&["repos", owner, name.as_str(), "installation"])?;
        let mut answer = self.as_app(Method::GET, url, None).await?;
        if answer.is_redirect() {
            let target = headers::text(&answer.headers, header::LOCATION.as_str()).unwrap_or_default();
            let target = self.same_origin(target, answer.status)?;
            answer = self.as_app(Method::GET, target, None).await?;
        }
        self.installation(answer)
    }

    /// An installation by its number; `None` when the App was removed there.
    ///
    /// # Errors
    /// [`ForgeError`] for everything but "not found".
    pub async fn get_installation(&self, id: InstallationId) -> Result<Option<Installation>, ForgeError> {
        let url = self.url(&["app", "installations", &id.to_string()])?;
        let answer = self.as_app(Method::GET, url, None).await?;
        self.installation(answer)
    }

    /// Asks GitHub whether it accepts an installation token, by the cheapest call that such a token can make.
    pub async fn probe(&self, token: &Secret) -> Probe {
        let asked = async {
            let mut url = self.url(&["installation", "repositories"])?;
            url.query_pairs_mut().append_pair("per_page", "1");
            let answer = self.call(Method::GET, url, token, None).await?;
            let answer = self.success(answer)?;
            // a login page with status 200 is not GitHub's yes
            wire::parse::<WireRepositories>(&answer)?;
            Ok(quota(&answer.headers))
        };
        match asked.await {
            Ok(quota) => Probe::Live(quota),
            Err(
                error @ (ForgeError::BadCredentials { .. }
                | ForgeError::Forbidden { .. }
                | ForgeError::Suspended { .. }
                | ForgeError::NotFound { .. }),
            ) => Probe::Refused(error),
            Err(error) => Probe::Unknown(error),
        }
    }

    /// Ends an installation token before its time.
    ///
    /// # Errors
    /// [`ForgeError`] when GitHub did not say that it is dead.
    pub async fn revoke(&self, token: &Secret) -> Result<Revoked, ForgeError> {
        revoke(&self.0.http, &self.0.endpoint, token, self.forge_now()).await
    }

    /// What GitHub's clock shows, as far as we know.
    pub(super) fn forge_now(&self) -> jiff::Timestamp {
        self.0.signer.forge_now()
    }

    /// A call with the App's JWT. When GitHub refuses its times, they are set by GitHub's own clock, once.
    pub(super) async fn as_app(&self, method: Method, url: Url, body: Option<Vec<u8>>) -> Result<Answer, ForgeError> {
        let signer = &self.0.signer;
        let first = self
            .call(method.clone(), url.clone(), &signer.jwt()?, body.clone())
            .await?;
        if !is_about_the_clock(&first) {
            return Ok(first);
        }
        let before = signer.offset_seconds();
        let Some(date) = headers::date(&first.headers) else {
            return Err(ForgeError::ClockSkew {
                offset_seconds: before,
                said: said_in(&first),
            });
        };
        let offset = date.as_second() - self.0.clock.now().as_second();
        tracing::warn!(
            clock.offset_seconds = offset,
            "GitHub refuses the JWT's times; signing by its clock"
        );
        signer.set_offset_seconds(offset);
        let second = self.call(method, url, &signer.jwt()?, body).await?;
        if is_about_the_clock(&second) {
            // its `Date` and its judgement do not agree, so nothing was learnt
            signer.set_offset_seconds(before);
            return Err(ForgeError::ClockSkew {
                offset_seconds: offset,
                said: said_in(&second),
            });
        }
        Ok(second)
    }

    async fn call(
        &self,
        method: Method,
        url: Url,
        credential: &Secret,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, ForgeError> {
        let started = Instant::now();
        let outcome = self.0.http.call(method.clone(), url, credential, body).await;
        let elapsed_ms = started.elapsed().as_millis();
        match &outcome {
            Ok(answer) => tracing::debug!(
                forge.host = self.0.endpoint.host(),
                http.method = %method,
                http.status = answer.status,
                forge.request_id = headers::request_id(&answer.headers),
                elapsed_ms,
                "forge answered"
            ),
            Err(error) => {
                let host = self.0.endpoint.host();
                tracing::debug!(forge.host = host, http.method = %method, elapsed_ms, %error, "forge did not answer");
            }
        }
        outcome
    }

    /// The answer if it is a success, and otherwise what went wrong.
    pub(super) fn success(&self, answer: Answer) -> Result<Answer, ForgeError> {
        if answer.is_success() {
            Ok(answer)
        } else {
            Err(classify(&answer, self.forge_now()))
        }
    }

    fn installation(&self, answer: Answer) -> Result<Option<Installation>, ForgeError> {
        match self.success(answer) {
            Ok(answer) => Ok(Some(wire::parse::<WireInstallation>(&answer)?.into())),
            Err(ForgeError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The API's URL with these segments, each percent-encoded.
    pub(super) fn url(&self, segments: &[&str]) -> Result<Url, ForgeError> {
        url_of(&self.0.endpoint, segments)
    }

    /// A URL that GitHub named, if the credential may go there.
    fn same_origin(&self, target: &str, status: u16) -> Result<Url, ForgeError> {
        let garbled = |reason: &str| ForgeError::Garbled {
            status,
            reason: reason.to_owned(),
        };
        let base = self.url(&["app"])?;
        let target = base.join(target).map_err(|_| garbled("it leads to what is no URL"))?;
        if target.origin() == base.origin() && target.username().is_empty() && target.password().is_none() {
            Ok(target)
        } else {
            Err(garbled("it leads to another server"))
        }
    }
}

impl fmt::Debug for GitHubApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHubApp")
            .field("endpoint", &self.0.endpoint)
            .field("signer", &self.0.signer)
            .finish_non_exhaustive()
    }
}

/// Ends an installation token. The token itself is the credential, so no App is needed.
pub(super) async fn revoke(
    http: &HttpClient,
    endpoint: &ForgeEndpoint,
    token: &Secret,
    forge_now: jiff::Timestamp,
) -> Result<Revoked, ForgeError> {
    let url = url_of(endpoint, &["installation", "token"])?;
    let answer = http.call(Method::DELETE, url, token, None).await?;
    match answer.status {
        // 202 is what version 2026-03-10 answers to deletions
        202 | 204 => Ok(Revoked::Now),
        401 => Ok(Revoked::AlreadyDead),
        _ => Err(classify(&answer, forge_now)),
    }
}

fn url_of(endpoint: &ForgeEndpoint, segments: &[&str]) -> Result<Url, ForgeError> {
    if let Some(bad) = segments.iter().find(|segment| matches!(**segment, "" | "." | "..")) {
        // the URL type would drop these, and the call would go to another route
        return Err(ForgeError::Request(format!("`{bad}` cannot be a part of a path")));
    }
    let api = endpoint.api_url();
    let mut url = Url::parse(api).map_err(|_| ForgeError::Request("the API URL does not parse".to_owned()))?;
    url.path_segments_mut()
        .map_err(|()| ForgeError::Request("the API URL has no path".to_owned()))?
        .pop_if_empty()
        .extend(segments);
    Ok(url)
}
