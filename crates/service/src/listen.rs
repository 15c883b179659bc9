//! Where a service may listen: beyond this machine only with authentication, or asked for in so many words.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

/// How long a request's headers may take to arrive.
pub const HEADER_TIME: Duration = Duration::from_secs(5);

/// How long a connection is kept on which nothing is asked. Long enough that none of our own clients finds one
/// closed that it still means to use.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Why a service does not start to listen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{address} can be reached from other machines and no tokens file is set; give a tokens file, \
     listen on 127.0.0.1, or say --allow-insecure-listen"
)]
pub struct ListenRefused {
    /// The address that was asked for.
    pub address: SocketAddr,
}

/// Whether `address` may be listened on.
///
/// `tokens_set` says that callers are authenticated, `insecure` that the operator wants it without.
pub fn check(address: SocketAddr, tokens_set: bool, insecure: bool) -> Result<(), ListenRefused> {
    if address.ip().is_loopback() || tokens_set || insecure {
        Ok(())
    } else {
        Err(ListenRefused { address })
    }
}

/// The address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("{address} cannot be listened on; choose another with --listen")]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// Why.
    #[source]
    pub source: std::io::Error,
}

/// Takes the address before anything else is begun. Who connects waits until it is served.
pub fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).map_err(|source| BindError { address, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_all(address: &str, tokens_set: bool, insecure: bool, allowed: bool) {
        let address = address.parse().unwrap();
        assert_eq!(check(address, tokens_set, insecure).is_ok(), allowed, "{address}");
    }

    #[test]
    fn without_tokens_only_this_machine_is_served() {
        check_all("127.0.0.1:8080", false, false, true);
        check_all("[::1]:8080", false, false, true);
        check_all("0.0.0.0:8080", false, false, false);
        check_all("[::]:8080", false, false, false);
        check_all("10.0.0.1:8080", false, false, false);
    }

    #[test]
    fn tokens_or_plain_words_open_the_door() {
        check_all("0.0.0.0:8080", true, false, true);
        check_all("0.0.0.0:8080", false, true, true);
    }
}
