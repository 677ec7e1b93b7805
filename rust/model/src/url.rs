//! Where a destination is: an https URL, in one form, with nothing in it that could lead elsewhere.

use core::fmt;
use core::net::Ipv6Addr;

/// Longest URL.
pub const URL_BYTES_MAX: usize = 2048;

/// An https URL without user, password, query and fragment: lower-case scheme and host, no port 443, no slash at the
/// end. Paths are appended to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpsUrl(String);

impl HttpsUrl {
    /// Reads what a person typed or a code held.
    ///
    /// # Errors
    /// [`UrlError`], the first that applies.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if text.len() > URL_BYTES_MAX {
            return Err(UrlError::TooLong);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\<>^`{|}".contains(&byte)) {
            return Err(UrlError::Character);
        }
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::NotHttps)?;
        if !scheme.eq_ignore_ascii_case("https") {
            return Err(UrlError::NotHttps);
        }
        if rest.contains(['?', '#']) {
            return Err(UrlError::Query);
        }
        let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        if authority.contains('@') {
            return Err(UrlError::Credentials);
        }
        let (host, port) = split_port(authority)?;
        let path = path.trim_end_matches('/');
        if !is_plain_path(path) {
            return Err(UrlError::Path);
        }
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self(format!("https://{host}{port}{path}")))
    }

    /// Reads what [`Self::as_str`] gives, and no other form of it.
    ///
    /// # Errors
    /// [`UrlError`], the first that applies; [`UrlError::Form`] for what [`Self::parse`] would have to change.
    pub fn parse_exact(text: &str) -> Result<Self, UrlError> {
        let url = Self::parse(text)?;
        if url.0 == text { Ok(url) } else { Err(UrlError::Form) }
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HttpsUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The host in lower case, and the port unless it is https's own.
fn split_port(authority: &str) -> Result<(String, Option<u16>), UrlError> {
    let host_end = if authority.starts_with('[') {
        authority.find(']').map(|end| end + 1).ok_or(UrlError::Host)?
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, port) = authority.split_at(host_end);
    if !is_host(host) {
        return Err(UrlError::Host);
    }
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => None,
        None => return Err(UrlError::Host),
        Some(digits) => {
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
            let port: u16 = digits.parse().ok().filter(|_| is_number).ok_or(UrlError::Port)?;
            (port != HTTPS_PORT).then_some(port)
        }
    };
    Ok((host.to_ascii_lowercase(), port))
}

/// A name of labels of letters, digits, hyphens and underscores, an IPv4 address, or an IPv6 address in brackets.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    host.len() <= HOST_BYTES_MAX && host.split('.').all(is_label)
}

/// No empty segments and none that lead upwards; every percent sign begins an escape.
fn is_plain_path(path: &str) -> bool {
    let is_segment = |segment: &str| {
        let escapes = segment.split('%').skip(1);
        let mut hex = escapes.map(|escape| escape.as_bytes().first_chunk::<2>());
        let unescaped = segment.to_ascii_lowercase().replace("%2e", ".");
        !matches!(unescaped.as_str(), "" | "." | "..")
            && hex.all(|digits| digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
    };
    path.is_empty() || path.split('/').skip(1).all(is_segment)
}

/// Why a text is not the URL of a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Over [`URL_BYTES_MAX`].
    #[error("the address is longer than {URL_BYTES_MAX} characters")]
    TooLong,
    /// A blank, a control character, or one that is not ASCII: other scripts must be written in punycode.
    #[error("the address holds a character that does not belong there")]
    Character,
    /// Another scheme, or none.
    #[error("the address must begin with https://")]
    NotHttps,
    /// A query or fragment.
    #[error("the address must not contain ? or #")]
    Query,
    /// A user or password.
    #[error("the address must not contain a user or password")]
    Credentials,
    /// No host, or one that cannot be.
    #[error("the address names no host")]
    Host,
    /// A port that is no number from 1 to 65535.
    #[error("the port is no number from 1 to 65535")]
    Port,
    /// A path with empty segments, ones that lead upwards, or broken escapes.
    #[error("the path of the address is malformed")]
    Path,
    /// A program wrote it in another than its one form.
    #[error("the address is not in its one form")]
    Form,
}

const HTTPS_PORT: u16 = 443;
const HOST_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_url_has_one_form() {
        let cases = [
            ("https://example.org", "https://example.org"),
            ("HTTPS://Example.ORG/", "https://example.org"),
            ("https://example.org:443/Eden/", "https://example.org/Eden"),
            ("https://example.org:8443/a%20b", "https://example.org:8443/a%20b"),
            ("https://192.0.2.1:1", "https://192.0.2.1:1"),
            ("https://[2001:DB8::1]:65535/x", "https://[2001:db8::1]:65535/x"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
            ("https://a/b.c/..d", "https://a/b.c/..d"),
        ];
        for (text, form) in cases {
            assert_eq!(HttpsUrl::parse(text).unwrap().as_str(), form);
            assert_eq!(HttpsUrl::parse_exact(form).unwrap().to_string(), form);
            assert_eq!(HttpsUrl::parse_exact(text).err(), (text != form).then_some(UrlError::Form));
        }
    }

    #[test]
    fn everything_else_has_its_error() {
        let long_host = format!("https://{}", "a.".repeat(127) + "a");
        let cases = [
            ("", UrlError::NotHttps),
            ("example.org", UrlError::NotHttps),
            ("http://example.org", UrlError::NotHttps),
            ("https:/example.org", UrlError::NotHttps),
            ("https://", UrlError::Host),
            ("https:///path", UrlError::Host),
            ("https://:443", UrlError::Host),
            ("https://a..b", UrlError::Host),
            ("https://a.", UrlError::Host),
            ("https://a%2eb", UrlError::Host),
            ("https://[::1", UrlError::Host),
            ("https://[::g]", UrlError::Host),
            ("https://[::1]x", UrlError::Host),
            (&long_host, UrlError::Host),
            ("https://a:", UrlError::Port),
            ("https://a:0", UrlError::Port),
            ("https://a:+1", UrlError::Port),
            ("https://a:65536", UrlError::Port),
            ("https://a:1:2", UrlError::Port),
            ("https://user@a", UrlError::Credentials),
            ("https://user:password@a", UrlError::Credentials),
            ("https://a?b", UrlError::Query),
            ("https://a/#b", UrlError::Query),
            ("https://a//b", UrlError::Path),
            ("https://a/../b", UrlError::Path),
            ("https://a/%2E%2e/b", UrlError::Path),
            ("https://a/%2", UrlError::Path),
            ("https://a/%zz", UrlError::Path),
            ("https://a b", UrlError::Character),
            ("https://bücher.example", UrlError::Character),
            ("https://a\\@b", UrlError::Character),
            ("https://a\n", UrlError::Character),
        ];
        for (text, error) in cases {
            assert_eq!(HttpsUrl::parse(text), Err(error), "{text}");
        }
        assert_eq!(HttpsUrl::parse(&format!("https://a/{}", "x".repeat(2048))), Err(UrlError::TooLong));
    }

    proptest! {
        #[test]
        fn the_form_is_read_back(text in "https://[a-c:.@%/\\[\\]0-9]{0,20}") {
            if let Ok(url) = HttpsUrl::parse(&text) {
                prop_assert_eq!(HttpsUrl::parse(url.as_str()), Ok(url));
            }
        }
    }
}
