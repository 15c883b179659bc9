//! The HTTP client that both services call others with.

use std::sync::Once;
use std::time::Duration;

use rustls::crypto::ring;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a connection that nothing is asked on is kept. Much shorter than a service keeps it
/// ([`KEEP_ALIVE`](crate::listen::KEEP_ALIVE)): one that is closed just when it is used again loses the request,
/// and a request that changes something is not sent again by itself.
const IDLE: Duration = Duration::from_secs(4);

static PROVIDER: Once = Once::new();

/// Chooses the one provider of cryptography for the process. Called before any TLS is used; cheap to repeat.
pub fn install_crypto() {
    PROVIDER.call_once(|| {
        if ring::default_provider().install_default().is_err() {
            tracing::debug!("a provider of cryptography was installed before");
        }
    });
}

/// A client without redirects or proxies, whose requests take at most `timeout`.
///
/// Certificates are checked against the system's; an image without any uses Mozilla's built-in list.
pub fn http(timeout: Duration) -> reqwest::Result<reqwest::Client> {
    builder()
        .timeout(timeout)
        .build()
        .or_else(|_| builder().timeout(timeout).tls_certs_only(mozilla_roots()).build())
}

/// The same without a limit on the whole request, for streams; silence for `idle` ends one.
pub fn streaming(idle: Duration) -> reqwest::Result<reqwest::Client> {
    builder()
        .read_timeout(idle)
        .build()
        .or_else(|_| builder().read_timeout(idle).tls_certs_only(mozilla_roots()).build())
}

fn builder() -> reqwest::ClientBuilder {
    install_crypto();
    reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("k8s-reflexion/", env!("CARGO_PKG_VERSION")))
}

fn mozilla_roots() -> Vec<reqwest::Certificate> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|it| reqwest::Certificate::from_der(it).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_can_be_made_on_this_system() {
        assert!(http(Duration::from_secs(1)).is_ok());
        assert!(streaming(Duration::from_secs(1)).is_ok());
    }

    #[test]
    fn who_calls_gives_up_an_idle_connection_long_before_the_service_closes_it() {
        assert!(IDLE * 3 < crate::listen::KEEP_ALIVE);
    }

    #[test]
    fn there_are_roots_for_an_image_without_any() {
        assert!(100 < mozilla_roots().len());
    }
}
