//! Web forms that a vendor takes at an address of each account's own: facts of `provider.yaml`.

use serde::Deserialize;
use url::Url;

/// An operation that is a form on the web: sent to an address that the account has, without the account's credential, and
/// answered by a redirect to where the form says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// The member of the account's context with the address.
    pub member: String,
    /// The domain in which the address must lie.
    pub within: String,
    /// The member of the body that says where success leads.
    pub leads_to: String,
    /// Where a person finds the address, in words.
    pub find: String,
}

impl Form {
    /// The address, if it is one of the vendor's: https, in the vendor's domain, with neither port nor login.
    pub fn address(&self, text: &str) -> Option<Url> {
        let url = Url::parse(text.trim()).ok()?;
        let host = url.host_str()?;
        let above = host.strip_suffix(&self.within)?;
        let is_theirs = above.is_empty() || above.ends_with('.');
        let plain = url.port().is_none() && url.username().is_empty() && url.password().is_none();
        (url.scheme() == "https" && is_theirs && plain).then_some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_of_the_vendors_is_one() {
        let own = |text: &str| text.to_owned();
        let form = Form {
            member: own("form_url"),
            within: own("vendor.example"),
            leads_to: own("next"),
            find: own("In the settings."),
        };
        for (text, theirs) in [
            ("https://app.vendor.example/form/1?k=2", true),
            (" https://vendor.example/form ", true),
            ("http://app.vendor.example/form", false),
            ("https://evil.test/form", false),
            ("https://evilvendor.example/form", false),
            ("https://vendor.example.evil.test/form", false),
            ("https://you@app.vendor.example/form", false),
            ("https://app.vendor.example:8443/form", false),
            ("https://evil.test#.vendor.example", false),
            ("//app.vendor.example/form", false),
            ("", false),
        ] {
            assert_eq!(form.address(text).is_some(), theirs, "{text}");
        }
    }
}
