//! From texts to settings: each value parsed, each problem named, none of them kept from being found by another.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{Brand, KeptCalls, LogFormat, ProviderSettings, Settings, origin_of, provider_setting};

/// The shortest bootstrap token that is taken: shorter ones can be guessed.
const SHORTEST_TOKEN: usize = 24;

/// Every value by its setting's name, and what is wrong with them so far.
pub(super) struct Reader<'a> {
    pub(super) values: &'a BTreeMap<String, String>,
    pub(super) problems: &'a mut Vec<String>,
}

impl Reader<'_> {
    /// The settings, unless a value that is needed can't be read; `unknown` are names that aren't ours.
    pub(super) fn settings(mut self, unknown: Vec<String>) -> Option<Settings> {
        let providers = self.providers();
        let bootstrap_token = self.secret("UNICRM_BOOTSTRAP_TOKEN");
        if bootstrap_token.as_ref().is_some_and(|token| token.expose_secret().len() < SHORTEST_TOKEN) {
            self.problem(
                "UNICRM_BOOTSTRAP_TOKEN",
                &format!("must have at least {SHORTEST_TOKEN} characters"),
            );
        }
        let database_url = self.secret("DATABASE_URL");
        for name in ["DATABASE_URL", "DATABASE_DIRECT_URL"] {
            if self.values.get(name).is_some_and(|url| !url.starts_with("postgres")) {
                self.problem(name, "must begin with postgres://");
            }
        }
        let public_url: Option<Url> = self.optional("UNICRM_PUBLIC_URL", "an http or https URL");
        // The pages' addresses begin at the root.
        if public_url.as_ref().is_some_and(|url| origin_of(url.as_str()).is_none()) {
            self.problem(
                "UNICRM_PUBLIC_URL",
                "must be an origin such as https://crm.example.com, without a path",
            );
        }
        // All are read before any is required, so that every problem is found.
        let database_connections = self.required("UNICRM_DATABASE_CONNECTIONS", "a whole number");
        let listen = self.required("UNICRM_LISTEN", "an address and port such as 127.0.0.1:8080");
        let log_format = self.log_format();
        let deadline = self.seconds("UNICRM_DEADLINE");
        let longest_deadline = self.seconds("UNICRM_LONGEST_DEADLINE");
        let calls_per_token = self.required("UNICRM_CALLS_PER_TOKEN", "a whole number");
        let calls_per_account = self.required("UNICRM_CALLS_PER_ACCOUNT", "a whole number");
        let attempt_timeout = self.seconds("UNICRM_ATTEMPT_TIMEOUT");
        let max_request_bytes = self.required("UNICRM_MAX_REQUEST_BYTES", "a number of bytes");
        let max_answer_bytes = self.required("UNICRM_MAX_ANSWER_BYTES", "a number of bytes");
        let records_kept = self.seconds_or_none("UNICRM_RECORDS_KEPT");
        let metrics_listen =
            self.optional("UNICRM_METRICS_LISTEN", "an address and port such as 127.0.0.1:9090");
        let otlp_endpoint: Option<Url> = self.optional("UNICRM_OTLP_ENDPOINT", "an http or https URL");
        if otlp_endpoint.as_ref().is_some_and(|url| !matches!(url.scheme(), "http" | "https")) {
            self.problem("UNICRM_OTLP_ENDPOINT", "must be an http or https URL");
        }
        let otlp_sampled = self.part("UNICRM_OTLP_SAMPLED");
        let shutdown_delay = self.seconds_or_none("UNICRM_SHUTDOWN_DELAY");
        let shutdown_grace = self.seconds("UNICRM_SHUTDOWN_GRACE");
        let call_log = self.call_log();
        let call_log_days = self.required("UNICRM_CALL_LOG_DAYS", "a number of days");
        let connect_origins = self.origins("UNICRM_CONNECT_ORIGINS");
        let colour = self.text("UNICRM_CONNECT_COLOUR").filter(|colour| is_colour(colour));
        if colour.is_none() {
            self.problem("UNICRM_CONNECT_COLOUR", "must be a colour such as #1f5eff");
        }
        let renew_every: Option<f64> = self.required("UNICRM_RENEW_EVERY", "a number of seconds, or 0");
        let renew_every = renew_every.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        if renew_every.is_none() {
            self.problem("UNICRM_RENEW_EVERY", "must be a number of seconds, or 0");
        }
        Some(Settings {
            connect_origins,
            brand: Brand { name: self.text("UNICRM_CONNECT_NAME")?, colour: colour? },
            renew_every: renew_every.filter(|every| !every.is_zero()),
            client_address_header: self.text("UNICRM_CLIENT_ADDRESS_HEADER"),
            database_url,
            database_direct_url: self.secret("DATABASE_DIRECT_URL"),
            database_connections: database_connections?,
            data_dir: self.text("UNICRM_DATA_DIR").map(PathBuf::from),
            pg_bin: self.text("UNICRM_PG_BIN").map(PathBuf::from),
            listen: listen?,
            public_url,
            master_keys: self.secret("UNICRM_MASTER_KEYS"),
            bootstrap_token,
            mappings_dir: self.text("UNICRM_MAPPINGS_DIR").map(PathBuf::from),
            jsonata_engine: self.text("UNICRM_JSONATA_ENGINE")?,
            log: self.text("UNICRM_LOG")?,
            log_format: log_format?,
            deadline: deadline?,
            longest_deadline: longest_deadline?,
            calls_per_token: calls_per_token?,
            calls_per_account: calls_per_account?,
            attempt_timeout: attempt_timeout?,
            max_request_bytes: max_request_bytes?,
            max_answer_bytes: max_answer_bytes?,
            records_kept: records_kept?,
            metrics_listen,
            otlp_endpoint,
            otlp_sampled: otlp_sampled?,
            shutdown_delay: shutdown_delay?,
            shutdown_grace: shutdown_grace?,
            call_log: call_log?,
            call_log_days: call_log_days?,
            providers,
            unknown,
        })
    }

    fn problem(&mut self, name: &str, what: &str) {
        self.problems.push(format!("{name}: {what}"));
    }

    fn text(&self, name: &str) -> Option<String> {
        self.values.get(name).filter(|value| !value.is_empty()).cloned()
    }

    fn secret(&self, name: &str) -> Option<SecretString> {
        self.text(name).map(SecretString::from)
    }

    fn optional<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        let value = self.text(name)?;
        let parsed = value.parse().ok();
        if parsed.is_none() {
            self.problem(name, &format!("{value:?} is not {expected}"));
        }
        parsed
    }

    fn required<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        if self.text(name).is_none() {
            self.problem(name, &format!("must be {expected}"));
        }
        self.optional(name, expected)
    }

    fn seconds(&mut self, name: &str) -> Option<Duration> {
        let seconds: f64 = self.required(name, "a number of seconds")?;
        let duration = Duration::try_from_secs_f64(seconds).ok().filter(|duration| !duration.is_zero());
        if duration.is_none() {
            self.problem(name, "must be more than 0 seconds");
        }
        duration
    }

    fn seconds_or_none(&mut self, name: &str) -> Option<Duration> {
        let seconds: f64 = self.required(name, "a number of seconds")?;
        let duration = Duration::try_from_secs_f64(seconds).ok();
        if duration.is_none() {
            self.problem(name, "must be 0 seconds or more");
        }
        duration
    }

    fn part(&mut self, name: &str) -> Option<f64> {
        let part: f64 = self.required(name, "a number from 0 to 1")?;
        let is_part = (0.0..=1.0).contains(&part);
        if !is_part {
            self.problem(name, "must be from 0 to 1");
        }
        is_part.then_some(part)
    }

    fn call_log(&mut self) -> Option<KeptCalls> {
        match self.text("UNICRM_CALL_LOG").as_deref() {
            Some("errors") => Some(KeptCalls::Errors),
            Some("all") => Some(KeptCalls::All),
            Some("none") => Some(KeptCalls::None),
            _ => {
                self.problem("UNICRM_CALL_LOG", "must be errors, all or none");
                None
            }
        }
    }

    fn log_format(&mut self) -> Option<LogFormat> {
        match self.text("UNICRM_LOG_FORMAT").as_deref() {
            Some("pretty") => Some(LogFormat::Pretty),
            Some("json") => Some(LogFormat::Json),
            _ => {
                self.problem("UNICRM_LOG_FORMAT", "must be pretty or json");
                None
            }
        }
    }

    fn providers(&mut self) -> BTreeMap<String, ProviderSettings> {
        let mut providers: BTreeMap<String, ProviderSettings> = BTreeMap::new();
        let settings: Vec<_> =
            self.values.keys().filter_map(|name| Some((name.clone(), provider_setting(name)?))).collect();
        for (name, (provider, suffix)) in settings {
            match suffix {
                "_ORIGIN" => {
                    let origin = self.origin(&name);
                    providers.entry(provider).or_default().origin = origin;
                }
                "_CLIENT_ID" => providers.entry(provider).or_default().client_id = self.text(&name),
                "_REDIRECT_URI" => providers.entry(provider).or_default().redirect_uri = self.text(&name),
                "_CALLS_PER_MINUTE" => {
                    let calls: Option<NonZeroU32> = self.optional(&name, "a whole number above 0");
                    providers.entry(provider).or_default().calls_per_minute = calls.map(NonZeroU32::get);
                }
                _ => providers.entry(provider).or_default().client_secret = self.secret(&name),
            }
        }
        providers
    }

    fn origins(&mut self, name: &str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        let mut origins = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            match origin_of(part) {
                Some(origin) => origins.push(origin),
                None => {
                    self.problem(name, &format!("{part:?} is not an origin such as https://app.example.com"))
                }
            }
        }
        origins
    }

    fn origin(&mut self, name: &str) -> Option<Url> {
        let url: Url = self.optional(name, "an origin such as http://127.0.0.1:9101")?;
        let is_origin = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.username().is_empty();
        if !is_origin {
            self.problem(name, "must be scheme, host and port only, such as http://127.0.0.1:9101");
        }
        is_origin.then_some(url)
    }
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
