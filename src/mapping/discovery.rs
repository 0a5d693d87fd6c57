//! How a vendor is asked where an account's API is: facts of `provider.yaml`.

use serde::Deserialize;

/// A question by JSON-RPC that needs no credential, and of which hosts an answer may speak.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Discovery {
    /// Who is asked.
    pub url: String,
    /// The method.
    pub rpc: String,
    /// The method's only parameter.
    pub parameter: String,
    /// The member of the account's context that it takes.
    pub member: String,
    /// The member of the answer with the host's name, such as `result.api`.
    pub host: String,
    /// The domain in which the host must lie.
    pub within: String,
    /// For how many minutes an answer is good.
    pub minutes: u16,
}

impl Discovery {
    /// What is wrong with these facts, if anything is; `base_url` is the host that they may replace.
    pub(super) fn problem(&self, base_url: &str) -> Option<&'static str> {
        let lies_within = |url: &str| {
            let url = url::Url::parse(url).ok()?;
            (url.scheme() == "https" && self.has(url.host_str()?)).then_some(())
        };
        if lies_within(&self.url).is_none() || lies_within(base_url).is_none() {
            return Some("url and base_url must be https URLs within the domain");
        }
        (self.minutes == 0 || self.minutes > 1440).then_some("minutes must be from 1 to 1440")
    }

    /// Whether a host lies in the vendor's domain.
    pub fn has(&self, host: &str) -> bool {
        let above = host.strip_suffix(&self.within);
        above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_lies_in_a_domain_by_whole_labels() {
        let facts: Discovery = serde_json::from_value(serde_json::json!({
            "url": "https://api.vendor.example/where", "rpc": "where", "parameter": "name", "member": "name",
            "host": "result.api", "within": "vendor.example", "minutes": 30,
        }))
        .unwrap();
        for (host, within) in [
            ("vendor.example", true),
            ("app.vendor.example", true),
            ("a.b.vendor.example", true),
            ("evilvendor.example", false),
            ("vendor.example.evil.test", false),
            ("example", false),
        ] {
            assert_eq!(facts.has(host), within, "{host}");
        }
        assert_eq!(facts.problem("https://app.vendor.example"), None);
        assert!(facts.problem("https://app.elsewhere.example").is_some());
        assert!(facts.problem("http://app.vendor.example").is_some());
    }
}
