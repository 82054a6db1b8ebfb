//! Who asks.

use std::fmt;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use crate::Error;

/// The three values an API user authenticates with. They are sent byte for byte: nothing is trimmed or expanded.
#[derive(Clone)]
pub struct Credentials {
    user_name: SecretString,
    secret: SecretString,
    integration_code: SecretString,
}

impl Credentials {
    /// The API user's name, its secret, and the integration code (tracking identifier).
    pub fn new(
        user_name: impl Into<String>,
        secret: impl Into<String>,
        integration_code: impl Into<String>,
    ) -> Self {
        Self {
            user_name: SecretString::from(user_name.into()),
            secret: SecretString::from(secret.into()),
            integration_code: SecretString::from(integration_code.into()),
        }
    }

    /// The API user's name, which zone discovery needs.
    pub fn user_name(&self) -> &str {
        self.user_name.expose_secret()
    }

    /// The tracking identifier, by which Autotask counts.
    pub(crate) fn integration_code(&self) -> &str {
        self.integration_code.expose_secret()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// Credentials in the form they travel in.
pub(crate) struct Identity {
    headers: HeaderMap,
    credentials: Credentials,
}

impl Identity {
    pub(crate) fn new(credentials: Credentials) -> Result<Self, Error> {
        let mut headers = HeaderMap::new();
        for (name, field, value) in [
            ("username", "user name", &credentials.user_name),
            ("secret", "secret", &credentials.secret),
            ("apiintegrationcode", "integration code", &credentials.integration_code),
        ] {
            let mut value = HeaderValue::from_bytes(value.expose_secret().as_bytes())
                .map_err(|_| Error::InvalidCredentials { field })?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(Self { headers, credentials })
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The text without any of the credentials, in case the server repeats them.
    pub(crate) fn mask(&self, text: &str) -> String {
        let Credentials { user_name, secret, integration_code } = &self.credentials;
        let mut masked = text.to_owned();
        for value in [secret, integration_code, user_name] {
            let value = value.expose_secret();
            // Shorter values occur in ordinary words; no real credential is that short.
            if value.len() >= 4 {
                masked = masked.replace(value, "•••");
            }
        }
        masked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_printed() {
        let credentials = Credentials::new("api@example.com", "pa$$#&+word", "CODE27");
        assert_eq!(format!("{credentials:?}"), "Credentials { .. }");
        let identity = Identity::new(credentials).unwrap();
        let headers = format!("{:?}", identity.headers());
        for value in ["api@example.com", "pa$$#&+word", "CODE27"] {
            assert!(!headers.contains(value));
            assert!(!identity.mask(&format!("bad {value}!")).contains(value));
        }
    }

    #[test]
    fn secrets_keep_their_special_characters() {
        let identity = Identity::new(Credentials::new("u", " $HOME #&+ ", "c")).unwrap();
        assert_eq!(identity.headers()["secret"].as_bytes(), b" $HOME #&+ ");
    }

    #[test]
    fn control_characters_cannot_travel() {
        let error = Identity::new(Credentials::new("u", "line\nbreak", "c")).err();
        assert_eq!(error, Some(Error::InvalidCredentials { field: "secret" }));
    }
}
