//! Which addresses are Autotask, and how people write them.

use url::{Host, Url};

/// The path of the API below a zone's host.
const API_PATH: &str = "/ATServicesRest/";
const DOMAIN: &str = ".autotask.net";

/// Which addresses may be called.
///
/// Zones come and go, so there is no list of them: a host is Autotask when it is `webservices<N>.autotask.net`, or
/// one of the two pre-release hosts that break the pattern, over https and on the standard port. An operator can add
/// the exact origin of one test installation; only that one may be plain http or a loopback address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostPolicy {
    test_base: Option<Url>,
}

impl HostPolicy {
    /// Autotask's own hosts and nothing else.
    pub fn autotask() -> Self {
        Self::default()
    }

    /// Autotask's own hosts and the origin of `base`. The base comes from the operator's configuration, never from
    /// a form.
    pub fn with_test_base(base: Url) -> Self {
        Self { test_base: Some(base) }
    }

    /// The operator's test base, if there is one.
    pub fn test_base(&self) -> Option<&Url> {
        self.test_base.as_ref()
    }

    /// True when credentials may be sent to the address.
    pub fn allows(&self, url: &Url) -> bool {
        if has_user_info(url) {
            return false;
        }
        self.is_test(url) || (is_plain_https(url) && url.host_str().is_some_and(is_api_host))
    }

    /// True when the address may be shown to people as the web interface of a zone.
    pub(crate) fn allows_web(&self, url: &Url) -> bool {
        if has_user_info(url) {
            return false;
        }
        self.is_test(url)
            || (is_plain_https(url)
                && url.host_str().is_some_and(|host| is_pre_release(host) || numbered(host, "ww").is_some()))
    }

    fn is_test(&self, url: &Url) -> bool {
        // An opaque origin (`data:` and the like) equals no origin, not even itself.
        self.test_base.as_ref().is_some_and(|base| base.origin() == url.origin() && base.has_host())
    }

    /// The root of the API for what a person calls their zone: a number, a host, or any address copied from the
    /// browser.
    pub fn zone_address(&self, text: &str) -> Result<Url, AddressError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        let lower = text.to_ascii_lowercase();
        let number = lower.strip_prefix("zone").map_or(lower.as_str(), str::trim_start);
        if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
            return match number.parse::<u16>() {
                Ok(zone) if zone > 0 => api_url(&format!("webservices{zone}{DOMAIN}")),
                _ => Err(AddressError::NoSuchZone),
            };
        }
        self.parse(text, &lower).and_then(|url| self.root_of(&url))
    }

    fn parse(&self, text: &str, lower: &str) -> Result<Url, AddressError> {
        if text.contains("://") {
            return Url::parse(text).map_err(|_| AddressError::NotAnAddress);
        }
        if lower.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Url::parse(&format!("https://{lower}{DOMAIN}/")).map_err(|_| AddressError::NotAnAddress);
        }
        if !text.contains(['.', ':']) || text.contains(char::is_whitespace) {
            return Err(AddressError::NotAnAddress);
        }
        if let Some(base) = &self.test_base
            && let Ok(url) = Url::parse(&format!("{}://{text}", base.scheme()))
            && self.is_test(&url)
        {
            return Ok(url);
        }
        Url::parse(&format!("https://{text}")).map_err(|_| AddressError::NotAnAddress)
    }

    fn root_of(&self, url: &Url) -> Result<Url, AddressError> {
        if has_user_info(url) {
            return Err(AddressError::UserInfo);
        }
        if self.is_test(url) {
            return Ok(self.api_root(url));
        }
        match url.scheme() {
            "https" => {}
            "http" => return Err(AddressError::NotSecure),
            _ => return Err(AddressError::NotAnAddress),
        }
        let host = match url.host() {
            Some(Host::Domain(host)) => host,
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => return Err(AddressError::IpAddress),
            None => return Err(AddressError::NotAnAddress),
        };
        if !host.ends_with(DOMAIN) {
            return Err(AddressError::OtherHost { host: host.to_owned() });
        }
        if url.port().is_some() {
            return Err(AddressError::Port);
        }
        if is_pre_release(host) {
            return api_url(host);
        }
        match numbered(host, "webservices").or_else(|| numbered(host, "ww")) {
            Some(zone) => api_url(&format!("webservices{zone}{DOMAIN}")),
            None => Err(AddressError::NotAZone { host: host.to_owned() }),
        }
    }

    /// The root of the API at an allowed address: everything up to `ATServicesRest/`, which is added when missing.
    pub(crate) fn api_root(&self, url: &Url) -> Url {
        let mut root = url.clone();
        root.set_query(None);
        root.set_fragment(None);
        let mut segments: Vec<&str> = url.path().split('/').filter(|segment| !segment.is_empty()).collect();
        if let Some(at) = segments.iter().position(|segment| segment.eq_ignore_ascii_case("ATServicesRest")) {
            segments.truncate(at + 1);
        } else {
            let version = segments.iter().position(|segment| segment.eq_ignore_ascii_case("V1.0"));
            segments.truncate(version.unwrap_or(segments.len()));
            // Only a test installation may sit below another path.
            if !self.is_test(url) {
                segments.clear();
            }
        }
        if segments.is_empty() {
            root.set_path(API_PATH);
        } else {
            root.set_path(&format!("/{}/", segments.join("/")));
        }
        root
    }
}

fn api_url(host: &str) -> Result<Url, AddressError> {
    Url::parse(&format!("https://{host}{API_PATH}")).map_err(|_| AddressError::NotAnAddress)
}

fn has_user_info(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

fn is_plain_https(url: &Url) -> bool {
    url.scheme() == "https" && url.port().is_none()
}

fn is_pre_release(host: &str) -> bool {
    matches!(host, "prde.autotask.net" | "pres.autotask.net")
}

fn is_api_host(host: &str) -> bool {
    is_pre_release(host)
        || host
            .strip_suffix(DOMAIN)
            .and_then(|name| name.strip_prefix("webservices"))
            .is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The zone number in a host such as `ww5.autotask.net`.
fn numbered(host: &str, prefix: &str) -> Option<u16> {
    let digits = host.strip_suffix(DOMAIN)?.strip_prefix(prefix)?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|&zone| zone > 0)
}

/// The zone number that an API or web address of Autotask names.
pub(crate) fn zone_number(url: &Url) -> Option<u16> {
    let host = url.host_str()?;
    numbered(host, "webservices").or_else(|| numbered(host, "ww"))
}

/// Why a text is not the address of a zone. The messages are meant for the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// Nothing was given.
    #[error("Enter the zone number, or paste any Autotask address from your browser.")]
    Empty,
    /// It is neither a number nor an address.
    #[error(
        "This is neither a zone number nor an address. The number stands in your browser's address bar: \
         ww5.autotask.net means zone 5."
    )]
    NotAnAddress,
    /// The number cannot be a zone.
    #[error(
        "There is no such zone. The number stands in your browser's address bar: ww5.autotask.net means zone 5."
    )]
    NoSuchZone,
    /// Plain http.
    #[error("The address must start with https://, so that credentials never travel unprotected.")]
    NotSecure,
    /// A user name or password before the host.
    #[error("The address must not contain a user name or password.")]
    UserInfo,
    /// A port.
    #[error("The address must not contain a port number.")]
    Port,
    /// An IP address instead of a name.
    #[error("The address must be a name ending in autotask.net, not an IP address.")]
    IpAddress,
    /// Autotask, but none of its zones.
    #[error("{host} does not name a zone. Use the address you see when signed in, such as ww5.autotask.net.")]
    NotAZone {
        /// The host.
        host: String,
    },
    /// Somebody else's host.
    #[error("{host} is not an Autotask address. Credentials are only ever sent to autotask.net.")]
    OtherHost {
        /// The host.
        host: String,
    },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("5", "https://webservices5.autotask.net/ATServicesRest/")]
    #[case(" 29 ", "https://webservices29.autotask.net/ATServicesRest/")]
    #[case("Zone 3", "https://webservices3.autotask.net/ATServicesRest/")]
    #[case("webservices5", "https://webservices5.autotask.net/ATServicesRest/")]
    #[case("WW14", "https://webservices14.autotask.net/ATServicesRest/")]
    #[case("prde", "https://prde.autotask.net/ATServicesRest/")]
    #[case("https://pres.autotask.net/Mvc/", "https://pres.autotask.net/ATServicesRest/")]
    #[case(
        "https://ww5.autotask.net/Mvc/Framework/Navigation.mvc/Landing?a=b#c",
        "https://webservices5.autotask.net/ATServicesRest/"
    )]
    #[case("ww5.autotask.net", "https://webservices5.autotask.net/ATServicesRest/")]
    #[case(
        "https://WebServices5.Autotask.NET/atservicesrest/v1.0/",
        "https://webservices5.autotask.net/ATServicesRest/"
    )]
    #[case(
        "https://webservices5.autotask.net:443/ATServicesRest",
        "https://webservices5.autotask.net/ATServicesRest/"
    )]
    fn zones_are_understood(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(HostPolicy::autotask().zone_address(text).unwrap().as_str(), expected);
    }

    #[rstest]
    #[case("", AddressError::Empty)]
    #[case("0", AddressError::NoSuchZone)]
    #[case("99999999", AddressError::NoSuchZone)]
    #[case("my zone", AddressError::NotAnAddress)]
    #[case("http://ww5.autotask.net/", AddressError::NotSecure)]
    #[case("ftp://ww5.autotask.net/", AddressError::NotAnAddress)]
    #[case("https://me@ww5.autotask.net/", AddressError::UserInfo)]
    #[case("https://ww5.autotask.net@example.com/", AddressError::UserInfo)]
    #[case("https://ww5.autotask.net:8443/", AddressError::Port)]
    #[case("https://10.0.0.1/", AddressError::IpAddress)]
    #[case("https://[::1]/", AddressError::IpAddress)]
    #[case("https://2130706433/", AddressError::IpAddress)]
    #[case("https://webservices.autotask.net/", AddressError::NotAZone { host: "webservices.autotask.net".to_owned() })]
    #[case("www.autotask.net", AddressError::NotAZone { host: "www.autotask.net".to_owned() })]
    #[case("https://ww5.autotask.net.example.com/", AddressError::OtherHost { host: "ww5.autotask.net.example.com".to_owned() })]
    #[case("https://notautotask.net/", AddressError::OtherHost { host: "notautotask.net".to_owned() })]
    #[case("localhost:4000", AddressError::OtherHost { host: "localhost".to_owned() })]
    fn other_addresses_are_refused(#[case] text: &str, #[case] expected: AddressError) {
        assert_eq!(HostPolicy::autotask().zone_address(text).unwrap_err(), expected);
    }

    #[test]
    fn only_the_exact_test_origin_is_added() {
        let policy = HostPolicy::with_test_base(Url::parse("http://127.0.0.1:4000/").unwrap());
        assert_eq!(
            policy.zone_address("127.0.0.1:4000").unwrap().as_str(),
            "http://127.0.0.1:4000/ATServicesRest/"
        );
        assert_eq!(
            policy.zone_address("http://127.0.0.1:4000/at/V1.0/").unwrap().as_str(),
            "http://127.0.0.1:4000/at/"
        );
        assert!(policy.zone_address("5").is_ok());
        for other in [
            "http://127.0.0.1:4001/",
            "https://127.0.0.1:4000/",
            "http://localhost:4000/",
            "http://a@127.0.0.1:4000/",
        ] {
            assert!(policy.zone_address(other).is_err(), "{other}");
            assert!(!policy.allows(&Url::parse(other).unwrap()), "{other}");
        }
    }

    #[test]
    fn the_policy_knows_api_hosts_only() {
        let policy = HostPolicy::autotask();
        for allowed in [
            "https://webservices.autotask.net/",
            "https://webservices31.autotask.net/x",
            "https://prde.autotask.net/",
        ] {
            assert!(policy.allows(&Url::parse(allowed).unwrap()), "{allowed}");
        }
        for refused in [
            "http://webservices5.autotask.net/",
            "https://ww5.autotask.net/",
            "https://webservicesx.autotask.net/",
            "https://webservices5.autotask.net:444/",
            "https://a:b@webservices5.autotask.net/",
            "https://webservices5.autotask.net./",
            "data:text/plain,x",
        ] {
            assert!(!policy.allows(&Url::parse(refused).unwrap()), "{refused}");
        }
    }

    proptest! {
        #[test]
        fn every_number_is_its_zone(zone in 1_u16..) {
            let url = HostPolicy::autotask().zone_address(&zone.to_string()).unwrap();
            prop_assert_eq!(zone_number(&url), Some(zone));
        }

        #[test]
        fn whatever_is_accepted_may_be_called(text in "\\PC{0,60}") {
            let policy = HostPolicy::autotask();
            if let Ok(url) = policy.zone_address(&text) {
                prop_assert!(policy.allows(&url));
            }
        }

        #[test]
        fn hosts_of_others_never_pass(host in "[a-z0-9.@:/-]{1,30}", tail in "(\\.com|\\.net|autotask\\.net\\.x|/ww5\\.autotask\\.net)") {
            let policy = HostPolicy::autotask();
            if let Ok(url) = policy.zone_address(&format!("https://{host}{tail}")) {
                prop_assert!(url.host_str().is_some_and(is_api_host));
            }
        }
    }
}
