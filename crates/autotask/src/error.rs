//! What can go wrong, as one typed taxonomy.

use std::{error::Error as StdError, io, time::Duration};

/// Why a call failed.
///
/// No variant holds a credential, an address with a query string, or a part of a row. Texts that come from the
/// server are cut to a sane length and have the caller's own credentials masked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// 401: the secret is wrong, the user is locked or inactive, or the user belongs to another zone. The answer
    /// does not tell these apart. Never retried: repeated failures lock the API user.
    #[error("Autotask refused the credentials")]
    Unauthorized,
    /// Zone discovery does not know the user name. A new API user can take minutes to be known.
    #[error("Autotask does not know a zone for this user name")]
    UnknownUser,
    /// The integration code (tracking identifier) is missing or wrong.
    #[error("Autotask did not accept the integration code")]
    IntegrationCode,
    /// The API user's security level does not permit reading this entity.
    #[error("no permission to read {entity}: {message}")]
    Forbidden {
        /// The collection that was asked for.
        entity: String,
        /// The server's own words; may be empty.
        message: String,
    },
    /// 429 without a more precise reason.
    #[error("Autotask asks to slow down")]
    Throttled {
        /// How long the server asks to wait, when it says so.
        retry_after: Option<Duration>,
    },
    /// Too many simultaneous requests for one entity under one integration code. A pause that the server asks for is
    /// kept between attempts and not told here.
    #[error("the limit of simultaneous requests for one entity is reached")]
    ThreadLimit,
    /// The tenant's hourly request limit is used up. Passes only as the rolling hour passes, so it is never
    /// retried inside a call.
    #[error("the tenant's hourly request limit is reached")]
    HourlyLimit,
    /// The service or something before it is down. A pause that the server asks for is kept between attempts and not
    /// told here.
    #[error("Autotask is unavailable (HTTP {status})")]
    Unavailable {
        /// The HTTP status.
        status: u16,
    },
    /// The server understood the request and refuses it. Autotask answers 500 with a list of texts for errors of
    /// the caller, so repeating the request cannot help.
    #[error("Autotask rejected the request (HTTP {status}): {}", .errors.join("; "))]
    Rejected {
        /// The HTTP status, often 500.
        status: u16,
        /// The server's texts.
        errors: Vec<String>,
    },
    /// 404: no such record or collection, or an address that is too long.
    #[error("Autotask has nothing at this address")]
    NotFound,
    /// 405: the collection exists, the verb does not.
    #[error("Autotask does not support this method here")]
    MethodNotAllowed,
    /// The answer is JSON but not of the expected shape, or not JSON at all.
    #[error("the answer cannot be read: {what}")]
    Decode {
        /// Which part is wrong. Never a piece of the answer.
        what: String,
    },
    /// A web page came instead of data: a maintenance page, or a proxy in between.
    #[error("a web page came instead of data")]
    Html,
    /// A successful status without a body.
    #[error("the answer is empty")]
    EmptyBody,
    /// The answer ended early.
    #[error("the answer ended early")]
    Truncated,
    /// The answer is larger than [`Options::body_limit`](crate::Options::body_limit).
    #[error("the answer is larger than {limit} bytes")]
    BodyTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// No complete answer within the time limit, or no connection within its own.
    #[error("no answer in time")]
    Timeout,
    /// No connection, or it broke before an answer came.
    #[error("no connection: {reason}")]
    Connect {
        /// What is known of the cause.
        reason: ConnectFailure,
    },
    /// The connection could not be made secure.
    #[error("no secure connection: {reason}")]
    Tls {
        /// True when the server's certificate is the reason.
        certificate: bool,
        /// The TLS library's words.
        reason: String,
    },
    /// The server answers with a redirect. Redirects are never followed: they could carry credentials elsewhere.
    #[error("the server redirects to {}", .to.as_deref().unwrap_or("an unreadable address"))]
    Redirected {
        /// The host it points to.
        to: Option<String>,
    },
    /// The address is not one that credentials may be sent to.
    #[error("{host} is not an address of this Autotask")]
    Origin {
        /// The refused host.
        host: String,
    },
    /// Rows did not come in strictly ascending id order, or came from before the asked position. Going on would
    /// lose rows.
    #[error("{entity} came out of order: id {found} after {previous}")]
    OutOfOrder {
        /// The collection.
        entity: String,
        /// The id that `found` should exceed.
        previous: i64,
        /// The id that was found.
        found: i64,
    },
    /// More rows than asked for.
    #[error("{entity}: asked for {asked} rows, got {got}")]
    PageTooLarge {
        /// The collection.
        entity: String,
        /// The asked page size.
        asked: usize,
        /// The number of rows that came.
        got: usize,
    },
    /// The query breaks a rule of the API and was not sent.
    #[error("invalid query: {0}")]
    InvalidQuery(String),
    /// A credential holds a character that cannot travel in an HTTP header.
    #[error("the {field} holds a character that cannot be sent")]
    InvalidCredentials {
        /// Which one: `user name`, `secret` or `integration code`.
        field: &'static str,
    },
    /// The HTTP client could not be built, such as on a machine without any root certificates.
    #[error("the HTTP client cannot be set up: {0}")]
    Setup(String),
}

/// Why there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectFailure {
    /// The host's name could not be resolved.
    #[error("the name cannot be resolved")]
    Dns,
    /// Nothing listens at the address, or a firewall rejects.
    #[error("the connection was refused")]
    Refused,
    /// There is no route to the address.
    #[error("the network is unreachable")]
    Unreachable,
    /// The connection broke before the answer came.
    #[error("the connection was closed")]
    Closed,
    /// Anything else.
    #[error("the network failed")]
    Other,
}

impl Error {
    /// True when the same request may succeed later without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Throttled { .. }
            | Self::ThreadLimit
            | Self::HourlyLimit
            | Self::Unavailable { .. }
            | Self::Html
            | Self::EmptyBody
            | Self::Truncated
            | Self::Timeout
            | Self::Connect { .. } => true,
            Self::Unauthorized
            | Self::UnknownUser
            | Self::IntegrationCode
            | Self::Forbidden { .. }
            | Self::Rejected { .. }
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::Decode { .. }
            | Self::BodyTooLarge { .. }
            | Self::Tls { .. }
            | Self::Redirected { .. }
            | Self::Origin { .. }
            | Self::OutOfOrder { .. }
            | Self::PageTooLarge { .. }
            | Self::InvalidQuery(_)
            | Self::InvalidCredentials { .. }
            | Self::Setup(_) => false,
        }
    }

    /// True when waiting a moment inside the call makes sense. The hourly limit needs minutes, which is the
    /// caller's to plan.
    pub(crate) fn is_worth_waiting(&self) -> bool {
        self.is_retryable() && !matches!(self, Self::HourlyLimit)
    }

    pub(crate) fn decode(what: impl Into<String>) -> Self {
        Self::Decode { what: what.into() }
    }

    /// The class of a failure to get a response head.
    pub(crate) fn from_send(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Timeout;
        }
        if error.is_builder() {
            return Self::Setup("the request cannot be built".to_owned());
        }
        Self::from_chain(error)
    }

    /// The class of a failure while the body was read.
    pub(crate) fn from_body(error: &reqwest::Error) -> Self {
        if error.is_timeout() { Self::Timeout } else { Self::Truncated }
    }

    fn from_chain(error: &(dyn StdError + 'static)) -> Self {
        let mut reason = ConnectFailure::Other;
        let mut next = Some(error);
        while let Some(current) = next {
            if let Some(tls) = current.downcast_ref::<rustls::Error>() {
                return Self::Tls {
                    certificate: matches!(
                        tls,
                        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented
                    ),
                    reason: tls.to_string(),
                };
            }
            // The resolver's error type is private to the HTTP library; its text is all there is.
            if current.to_string() == "dns error" {
                reason = ConnectFailure::Dns;
            }
            next = match current.downcast_ref::<io::Error>() {
                Some(io) => {
                    if reason == ConnectFailure::Other {
                        reason = connect_failure(io.kind());
                    }
                    // `source` of an `io::Error` skips the error it wraps.
                    match io.get_ref() {
                        Some(inner) => Some(inner as &(dyn StdError + 'static)),
                        None => io.source(),
                    }
                }
                None => current.source(),
            };
            if next.is_none() && reason == ConnectFailure::Other {
                let text = current.to_string();
                if text.contains("closed") || text.contains("incomplete") {
                    reason = ConnectFailure::Closed;
                }
            }
        }
        Self::Connect { reason }
    }
}

fn connect_failure(kind: io::ErrorKind) -> ConnectFailure {
    match kind {
        io::ErrorKind::ConnectionRefused => ConnectFailure::Refused,
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => ConnectFailure::Unreachable,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => ConnectFailure::Closed,
        _ => ConnectFailure::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_problem_is_found_below_io_errors() {
        let tls = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, tls));
        assert!(matches!(Error::from_chain(&wrapped), Error::Tls { certificate: true, .. }));
    }

    #[test]
    fn the_kind_of_an_io_error_is_kept() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(Error::from_chain(&refused), Error::Connect { reason: ConnectFailure::Refused });
    }

    #[test]
    fn credentials_and_refusals_are_never_retried() {
        for error in [
            Error::Unauthorized,
            Error::UnknownUser,
            Error::IntegrationCode,
            Error::Rejected { status: 500, errors: vec!["no".to_owned()] },
            Error::Redirected { to: None },
        ] {
            assert!(!error.is_retryable(), "{error}");
        }
        assert!(Error::HourlyLimit.is_retryable());
        assert!(!Error::HourlyLimit.is_worth_waiting());
    }
}
