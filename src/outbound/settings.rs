//! What the operator can set about outbound calls.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::permits::Rate;
use crate::config::{ProviderSettings, Settings};

/// How outbound calls behave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundSettings {
    /// How long one attempt may take, from connecting to the answer's last byte. Default: 20 seconds.
    pub attempt_timeout: Duration,
    /// How long connecting may take, names and TLS included. Default: 5 seconds. It is shorter than an attempt
    /// because a call that got no connection hasn't reached the vendor, so that even a write can be tried again.
    pub connect_timeout: Duration,
    /// The largest answer that is read, in bytes after decompression. Default: 50 MiB.
    pub max_answer_bytes: usize,
    /// Hosts that are called whatever their addresses: those of the operator's origins. Default: none, so that only public
    /// addresses are called.
    pub allowed_hosts: BTreeSet<String>,
    /// How many calls an account of a provider may make, by the provider's name. Default: as many as the vendor takes.
    pub rates: BTreeMap<String, Rate>,
}

impl Default for OutboundSettings {
    fn default() -> Self {
        OutboundSettings {
            attempt_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(5),
            max_answer_bytes: 50 * 1024 * 1024,
            allowed_hosts: BTreeSet::new(),
            rates: BTreeMap::new(),
        }
    }
}

/// Connecting takes its default, but never more than half of an attempt.
impl From<&Settings> for OutboundSettings {
    fn from(settings: &Settings) -> Self {
        let connect_timeout = OutboundSettings::default().connect_timeout.min(settings.attempt_timeout / 2);
        OutboundSettings {
            attempt_timeout: settings.attempt_timeout,
            connect_timeout,
            max_answer_bytes: settings.max_answer_bytes,
            allowed_hosts: settings.providers.values().filter_map(host).collect(),
            rates: settings.providers.iter().filter_map(rate).collect(),
        }
    }
}

/// The host of the operator's origin of a provider.
fn host(settings: &ProviderSettings) -> Option<String> {
    settings.origin.as_ref()?.host_str().map(str::to_owned)
}

/// The operator's limit of a provider.
fn rate((name, settings): (&String, &ProviderSettings)) -> Option<(String, Rate)> {
    let calls = settings.calls_per_minute?;
    Some((name.clone(), Rate { calls, window: Duration::from_secs(60) }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_settings_file() {
        let settings = Settings::from_layers(&BTreeMap::new()).unwrap();
        assert_eq!(OutboundSettings::from(&settings), OutboundSettings::default());
    }

    #[test]
    fn connecting_leaves_a_short_attempt_time_to_be_answered() {
        let env = BTreeMap::from([("UNICRM_ATTEMPT_TIMEOUT".to_owned(), "4".to_owned())]);
        let settings = OutboundSettings::from(&Settings::from_layers(&env).unwrap());
        assert_eq!(settings.attempt_timeout, Duration::from_secs(4));
        assert_eq!(settings.connect_timeout, Duration::from_secs(2));
    }
}
