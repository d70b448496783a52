use core::fmt;

use hyper::Uri;
use hyper::header::HeaderValue;
use hyper::http::uri::Scheme;

use crate::connect::{address_literal, check_name};

/// Where to ask: an URL, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    tls: bool,
    host: String,
    port: u16,
    /// What stands in the request line: path and query.
    target: Uri,
    authority: HeaderValue,
}

/// Why nothing can be asked at an URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointError {
    url: String,
    why: &'static str,
}

impl Endpoint {
    /// `https://…`, or `http://…` to this very machine.
    pub(crate) fn parse(url: &str) -> Result<Self, EndpointError> {
        let wrong = |why| EndpointError { url: shown(url), why };
        let uri: Uri =
            url.parse().map_err(|_| wrong("it is no URL, such as https://id.example/path"))?;
        let tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(wrong("it begins neither with https:// nor with http://")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("it has a user or a password in it, where they would be seen"));
        }
        if url.contains('#') {
            return Err(wrong("it has a fragment (#), which is nothing a server hears of"));
        }
        let host = authority.host();
        let address = address_literal(host);
        if address.is_none() {
            check_name(host).map_err(wrong)?;
        }
        let local = address.map_or(host.eq_ignore_ascii_case("localhost"), |ip| ip.is_loopback());
        if !tls && !local {
            return Err(wrong("tokens go over https alone, but for this very machine"));
        }
        let port = match (authority.port_u16(), authority.as_str().rsplit_once(':')) {
            (Some(port), _) => port,
            // Behind the colon of an IPv6 address is no port.
            (None, Some((_, port))) if !port.ends_with(']') => {
                return Err(wrong("it has a port that is none"));
            }
            (None, _) => {
                if tls {
                    443
                } else {
                    80
                }
            }
        };
        let target = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            tls,
            port,
            host: address.map_or_else(|| host.to_owned(), |ip| ip.to_string()),
            target: target.parse().map_err(|_| wrong("its path is none"))?,
            authority: HeaderValue::from_str(authority.as_str())
                .map_err(|_| wrong("its host is none"))?,
        })
    }

    pub(crate) const fn is_tls(&self) -> bool {
        self.tls
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    pub(crate) const fn target(&self) -> &Uri {
        &self.target
    }

    pub(crate) const fn authority(&self) -> &HeaderValue {
        &self.authority
    }
}

/// Whether a text is meant as an URL, and not as the name of a file.
#[cfg(feature = "jwt")]
pub(crate) fn is_url(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| scheme.bytes().all(|octet| octet.is_ascii_alphanumeric()))
}

/// The URL as it may be shown: without what stands before an `@`.
fn shown(url: &str) -> String {
    let text: String = match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
        (None, Some((_, rest))) => format!("…@{rest}"),
        (_, None) => url.to_owned(),
    };
    text.escape_debug().collect()
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.url, self.why)
    }
}

impl core::error::Error for EndpointError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_url_is_taken_apart() {
        for (url, tls, host, port, target) in [
            ("https://id.example/introspect", true, "id.example", 443, "/introspect"),
            ("https://id.example:8443/a?b=c", true, "id.example", 8443, "/a?b=c"),
            ("https://[2001:db8::1]/a", true, "2001:db8::1", 443, "/a"),
            ("HTTP://localhost:80", false, "localhost", 80, "/"),
            ("http://127.0.0.1:8080/", false, "127.0.0.1", 8080, "/"),
            ("http://[::1]:8080/", false, "::1", 8080, "/"),
        ] {
            let endpoint = Endpoint::parse(url).unwrap();
            assert_eq!(
                (endpoint.is_tls(), endpoint.host(), endpoint.port()),
                (tls, host, port),
                "{url}"
            );
            assert_eq!(endpoint.target().to_string(), target, "{url}");
        }
    }

    #[test]
    fn what_is_no_safe_url_is_refused_in_words() {
        for (url, words) in [
            ("", "no URL"),
            ("id.example", "begins neither"),
            ("/introspect", "begins neither"),
            ("ftp://id.example/", "begins neither"),
            ("http://id.example/", "https alone"),
            ("http://192.0.2.1/", "https alone"),
            ("http://localhost.example/", "https alone"),
            ("https://me:hunter2@id.example/", "a user or a password"),
            ("https://id.example/a#b", "fragment"),
            ("https://id.example:0x50/", "port"),
            ("https://id.example:70000/", "port"),
        ] {
            let error = Endpoint::parse(url).unwrap_err().to_string();
            assert!(error.contains(words) && !error.contains("hunter2"), "{url}: {error}");
        }
    }
}
