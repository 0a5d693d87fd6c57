//! Paths under a vendor's base URL, and none that lead out of it.
//!
//! A path comes from a caller and is called with the account's credential. So whatever a server behind the vendor's
//! front could take for a step upwards, or for another host, is refused, however it is spelt: dot segments, encoded
//! ones, slashes and backslashes that are encoded to look like none, and encodings of such encodings.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// What a URL's path can't hold as it is. A percent sign stays: it begins an encoding.
const IMPOSSIBLE: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'{').add(b'}').add(b'^').add(b'|');

/// How many encodings around each other are taken off. Who needs more is up to something.
const LAYERS: usize = 4;

/// A path to be appended to a base URL, with one slash at its start. The error says what is wrong with it.
pub fn within(path: &str) -> Result<String, &'static str> {
    let relative = path.strip_prefix('/').unwrap_or(path);
    if relative.starts_with('/') || has_scheme(relative) {
        return Err("must be a path under the vendor's API, not a URL");
    }
    if relative.contains(['?', '#']) {
        return Err("must not hold a query or a fragment");
    }
    for segment in relative.split('/') {
        check(segment)?;
    }
    Ok(format!("/{}", utf8_percent_encode(relative, IMPOSSIBLE)))
}

/// Whether a record's id can stand in a path, percent-encoded: one that steps upwards can't, once a server decodes it.
pub fn may_hold(id: &str) -> bool {
    !id.split(['/', '\\']).any(is_dots)
}

/// `https:…`, but not `a:b`: some vendors have colons in their paths.
fn has_scheme(path: &str) -> bool {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    decoded.split_once(':').is_some_and(|(scheme, rest)| {
        let name = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        // Doubled slashes have been made one on the way here.
        name && (rest.starts_with('/') || rest.starts_with('\\'))
    })
}

fn check(segment: &str) -> Result<(), &'static str> {
    let mut text = segment.to_owned();
    for layer in 0..LAYERS {
        if text.chars().any(|letter| letter.is_control() || letter == '\\')
            || (layer > 0 && text.contains('/'))
        {
            return Err("must not hold encoded slashes, backslashes or control characters");
        }
        if is_dots(&text) {
            return Err("must not hold dot segments");
        }
        if layer == 0 && !is_encoded_well(&text) {
            return Err("must be percent-encoded as a URL is");
        }
        let decoded = percent_decode_str(&text).decode_utf8();
        let decoded = decoded.map_err(|_| "must be UTF-8 after percent-decoding")?.into_owned();
        if decoded == text {
            return Ok(());
        }
        text = decoded;
    }
    Err("must not be percent-encoded more than twice")
}

/// A step upwards, or none. Some servers look only at what stands before a semicolon.
fn is_dots(segment: &str) -> bool {
    let name = segment.split(';').next().unwrap_or_default().trim();
    matches!(name, "." | "..")
}

fn is_encoded_well(text: &str) -> bool {
    let mut parts = text.split('%').skip(1);
    parts.all(|part| part.len() >= 2 && part.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_below_the_base_stay_as_they_are() {
        for path in [
            "parties",
            "/parties/1/tags",
            "parties/a%20b",
            "parties/s%C3%B8ren",
            "v1:batchGet",
            "users/ada@example.com",
            "100%25",
            "files/.hidden/..name/a..b",
            "",
        ] {
            let slashed = format!("/{}", path.trim_start_matches('/'));
            assert_eq!(within(path), Ok(slashed), "{path}");
        }
        assert_eq!(within("a b/{c}|søren").unwrap(), "/a%20b/%7Bc%7D%7Cs%C3%B8ren");
    }

    #[test]
    fn steps_upwards_are_refused_however_they_are_spelt() {
        for path in [
            "..",
            ".",
            "a/../b",
            "a/./b",
            "%2e%2e/b",
            "%2E./b",
            ".%2e",
            "a/%252e%252e/b",
            "a/..;/b",
            "a/..;x=1/b",
            "a/%2e%2e%3b/b",
            "a/ ../b",
        ] {
            assert!(within(path).is_err(), "{path}");
        }
    }

    #[test]
    fn slashes_that_hide_are_refused() {
        for path in
            ["a%2Fb", "a%2f..%2fb", "a%5Cb", "a\\b", "a%252Fb", "a%25252Fb", "a%00b", "a\nb", "%0d%0aHost:x"]
        {
            assert!(within(path).is_err(), "{path}");
        }
    }

    #[test]
    fn urls_and_other_hosts_are_refused() {
        for path in [
            "https://evil.example/x",
            "https:/evil.example/x",
            "HTTPS:/evil.example",
            "https%3A//evil.example",
            "//evil.example/x",
            "///evil.example/x",
            "file:/etc/passwd",
        ] {
            assert!(within(path).is_err(), "{path}");
        }
        // Behind the base's own slash this is a name like any other.
        assert_eq!(within("user:secret@evil.example").unwrap(), "/user:secret@evil.example");
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in ["a?b=c", "a#b", "a%zz", "a%2", "a%ff", "%2525252525"] {
            assert!(within(path).is_err(), "{path}");
        }
    }

    #[test]
    fn an_id_may_hold_slashes_but_no_steps() {
        assert!(may_hold("a b/c") && may_hold("..a") && may_hold("søren"));
        for id in ["..", ".", "../users", "a/../b", "a\\..\\b", "x/.."] {
            assert!(!may_hold(id), "{id}");
        }
    }
}
