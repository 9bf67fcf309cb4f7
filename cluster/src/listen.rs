//! May we listen there? Anything but loopback wants TLS, unless the operator says that the network is trusted.

use std::net::SocketAddr;

/// Listening there in plain text would let anyone on the network submit jobs and report outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "refusing to listen on {address} without TLS: others than this machine could connect in plain text. \
     Give a certificate and its key (--tls-cert, --tls-key), listen on 127.0.0.1 or [::1], or allow it with --insecure \
     if the network is trusted"
)]
pub struct ListenRefused {
    /// The address asked for.
    pub address: SocketAddr,
}

/// Whether listening on `address` is acceptable, before the socket is bound.
///
/// # Errors
/// The address is not loopback, `tls` is off, and `insecure` was not asked for.
pub fn check_listen(address: SocketAddr, tls: bool, insecure: bool) -> Result<(), ListenRefused> {
    let loopback = address.ip().to_canonical().is_loopback();
    if loopback || tls || insecure { Ok(()) } else { Err(ListenRefused { address }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, tls: bool, insecure: bool) -> bool {
        check_listen(address.parse().expect("an address"), tls, insecure).is_ok()
    }

    #[test]
    fn loopback_needs_nothing() {
        for address in ["127.0.0.1:7077", "127.8.8.8:0", "[::1]:7077", "[::ffff:127.0.0.1]:7077"] {
            assert!(check(address, false, false), "{address}");
        }
    }

    #[test]
    fn the_network_needs_tls_or_a_clear_wish() {
        for address in ["0.0.0.0:7077", "[::]:7077", "192.0.2.1:7077", "[2001:db8::1]:7077"] {
            assert!(!check(address, false, false), "{address}");
            assert!(check(address, true, false), "{address}");
            assert!(check(address, false, true), "{address}");
        }
        let error = check_listen("0.0.0.0:7077".parse().expect("valid"), false, false).expect_err("refused");
        assert!(error.to_string().contains("0.0.0.0:7077"), "{error}");
    }
}
