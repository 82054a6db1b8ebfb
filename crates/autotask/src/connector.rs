//! The way in: options, zone discovery, clients.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use reqwest::Method;
use url::Url;

use crate::{
    AddressError, Client, Credentials, Error, HostPolicy, RetryPolicy, Zone,
    address::zone_number,
    credentials::Identity,
    limits::Limits,
    metadata,
    transport::{Call, Observer, Transport, read_json},
};

/// How to talk to Autotask. The default is right for production.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Which addresses may be called.
    pub policy: HostPolicy,
    /// The root of the API that answers zone discovery. Any zone answers for every user.
    pub discovery_url: Url,
    /// The longest wait for a connection. Some networks need more than 10 seconds for the first one.
    pub connect_timeout: Duration,
    /// The longest time from the start of one attempt to the last byte of its answer, not counting repetitions and the
    /// wait for a place or for the pace.
    pub request_timeout: Duration,
    /// Simultaneous requests per integration code and entity, of all clients of a connector together, and at least 1.
    /// Autotask allows 3 and counts a request a little longer than it lasts.
    pub concurrency_per_entity: usize,
    /// The longest [pace](Client::set_pace) that whoever plans requests should set.
    pub longest_pace: Duration,
    /// Repetition of what can pass.
    pub retry: RetryPolicy,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// The largest accepted answer in bytes, after decompression.
    pub body_limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        let discovery_url = Url::parse("https://webservices.autotask.net/ATServicesRest/");
        Self {
            policy: HostPolicy::autotask(),
            #[expect(clippy::unwrap_used, reason = "a constant address, covered by a test")]
            discovery_url: discovery_url.unwrap(),
            connect_timeout: Duration::from_secs(20),
            request_timeout: Duration::from_secs(100),
            concurrency_per_entity: 2,
            longest_pace: Duration::from_secs(2),
            retry: RetryPolicy::default(),
            user_agent: concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")).to_owned(),
            body_limit: 64 * 1024 * 1024,
        }
    }
}

impl Options {
    /// Options for one test installation: its origin may be called beside Autotask's hosts, and it answers zone
    /// discovery.
    pub fn for_test_base(base: Url) -> Self {
        Self { discovery_url: base.clone(), policy: HostPolicy::with_test_base(base), ..Self::default() }
    }
}

/// Finds zones and makes clients. Owns the one HTTP client with its connections, and the limits that clients with the
/// same integration code share; cheap to clone. One connector per process keeps the process within those limits.
#[derive(Debug, Clone)]
pub struct Connector {
    transport: Arc<Transport>,
    options: Arc<Options>,
    limits: Limits,
}

/// Zone discovery is exempt from the limits that a client keeps: it carries no integration code to count it by.
struct Unobserved;

impl Observer for Unobserved {
    type Place = ();

    async fn attempt(&self) {}
    fn server_date(&self, _: DateTime<Utc>) {}
    fn crowded(&self) {}
}

impl Connector {
    /// Builds the HTTP client. Redirects are off, TLS is 1.2 or newer, certificates are judged by the operating
    /// system's own rules, and proxies come from the environment (a loopback test base is reached directly).
    ///
    /// If the process has no default `rustls` provider yet, `ring` becomes it.
    pub fn new(options: Options) -> Result<Self, Error> {
        if !options.policy.allows(&options.discovery_url) {
            return Err(foreign(&options.discovery_url));
        }
        let transport = Arc::new(Transport::new(&options)?);
        let limits = Limits::new(options.concurrency_per_entity);
        Ok(Self { transport, options: Arc::new(options), limits })
    }

    /// The options in force.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Finds the zone of an API user. Sends the user name and no credentials. An unknown name is
    /// [`Error::UnknownUser`]; an answer that names somebody else's host is [`Error::Origin`].
    ///
    /// Tenants move between zones: discover again when a known zone starts to answer [`Error::Unauthorized`].
    pub async fn discover(&self, user_name: &str) -> Result<Zone, Error> {
        let root = self.options.policy.api_root(&self.options.discovery_url);
        let mut url = join(&root, "V1.0/zoneInformation")?;
        url.query_pairs_mut().append_pair("user", user_name);
        let call = Call {
            method: Method::GET,
            url,
            body: None,
            identity: None,
            entity: "zoneInformation",
            operation: "discover",
        };
        let answer = metadata::zone(&self.transport.send(&call, read_json, &Unobserved).await?)?;
        let url = Url::parse(&answer.url).map_err(|_| Error::decode("the zone's url is not an address"))?;
        if !self.options.policy.allows(&url) {
            return Err(foreign(&url));
        }
        let web_url = answer
            .web_url
            .and_then(|text| Url::parse(&text).ok())
            .filter(|url| self.options.policy.allows_web(url));
        Ok(Zone {
            name: answer.name,
            number: zone_number(&url).or_else(|| web_url.as_ref().and_then(zone_number)),
            api_url: self.options.policy.api_root(&url),
            web_url,
            tenant: answer.tenant,
        })
    }

    /// The root of the API for what a person calls their zone: `5`, `webservices5`, or any Autotask address copied
    /// from the browser. Refuses everything else with a sentence for that person.
    pub fn zone_address(&self, text: &str) -> Result<Url, AddressError> {
        self.options.policy.zone_address(text)
    }

    /// A client for one tenant. Nothing is sent yet. An address outside the policy is [`Error::Origin`].
    pub fn client(&self, api_url: Url, credentials: Credentials) -> Result<Client, Error> {
        if !self.options.policy.allows(&api_url) {
            return Err(foreign(&api_url));
        }
        let root = self.options.policy.api_root(&api_url);
        let origin = root.origin().ascii_serialization();
        let account = self.limits.account(&origin, credentials.integration_code());
        Ok(Client::new(self.transport.clone(), root, Identity::new(credentials)?, account))
    }
}

pub(crate) fn foreign(url: &Url) -> Error {
    Error::Origin { host: url.host_str().unwrap_or("an address without a host").to_owned() }
}

pub(crate) fn join(root: &Url, path: &str) -> Result<Url, Error> {
    root.join(path).map_err(|_| Error::InvalidQuery("the address cannot be built".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_builds_on_this_machine() {
        let connector = Connector::new(Options::default()).unwrap();
        assert!(connector.options().policy.allows(&connector.options().discovery_url));
    }

    #[test]
    fn foreign_addresses_are_refused_before_anything_is_sent() {
        let elsewhere = Url::parse("https://example.com/").unwrap();
        let options = Options { discovery_url: elsewhere.clone(), ..Options::default() };
        assert_eq!(Connector::new(options).err(), Some(Error::Origin { host: "example.com".to_owned() }));
        let connector = Connector::new(Options::default()).unwrap();
        let client = connector.client(elsewhere, Credentials::new("user", "secret", "code"));
        assert_eq!(client.err(), Some(Error::Origin { host: "example.com".to_owned() }));
    }
}
