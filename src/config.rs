//! The settings: read once at start, checked all at once.
//!
//! `config.default.toml` beside this file names every setting with its meaning and default, and is embedded in
//! the binary, so that the documentation and the defaults can't drift apart. Over it lie a TOML file
//! (`UNICRM_CONFIG`) and the environment. A setting can be left in a file of its own, which `<NAME>_FILE` names, as
//! container engines hand over secrets. Every problem is reported, not only the first, and secrets are named
//! but never shown.

mod reader;
mod secret_files;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use reader::Reader;

/// The documented defaults, as `unicrm settings` prints them.
pub const DEFAULTS: &str = include_str!("config.default.toml");

/// Settings that are known but have no default, beside those that [`DEFAULTS`] gives one.
const WITHOUT_DEFAULT: &[&str] = &[
    "DATABASE_URL",
    "DATABASE_DIRECT_URL",
    "UNICRM_DATA_DIR",
    "UNICRM_PG_BIN",
    "UNICRM_PUBLIC_URL",
    "UNICRM_MASTER_KEYS",
    "UNICRM_BOOTSTRAP_TOKEN",
    "UNICRM_MAPPINGS_DIR",
    "UNICRM_METRICS_LISTEN",
    "UNICRM_OTLP_ENDPOINT",
    "UNICRM_CONFIG",
    "UNICRM_CONNECT_ORIGINS",
    "UNICRM_CLIENT_ADDRESS_HEADER",
];

const PROVIDER_SUFFIXES: &[&str] =
    &["_ORIGIN", "_CLIENT_ID", "_CLIENT_SECRET", "_REDIRECT_URI", "_CALLS_PER_MINUTE"];

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// Which calls `/log` keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptCalls {
    /// Those that failed.
    Errors,
    /// Every call.
    All,
    /// No call.
    None,
}

/// What the operator sets for one provider.
#[derive(Debug, Clone, Default)]
pub struct ProviderSettings {
    /// Replaces scheme, host and port of every URL of the vendor.
    pub origin: Option<Url>,
    /// The default OAuth app's public id.
    pub client_id: Option<String>,
    /// The default OAuth app's secret.
    pub client_secret: Option<SecretString>,
    /// The redirect URI that the OAuth app is registered with, for vendors that want it on every renewal too.
    pub redirect_uri: Option<String>,
    /// How many calls an account may make in a minute, where the operator sets a limit.
    pub calls_per_minute: Option<u32>,
}

/// What the pages look like on which accounts are connected.
#[derive(Debug, Clone)]
pub struct Brand {
    /// The product's name.
    pub name: String,
    /// Its colour, as `#rrggbb`.
    pub colour: String,
}

/// Every setting, parsed.
#[derive(Debug, Clone)]
pub struct Settings {
    /// PostgreSQL; absent: embedded.
    pub database_url: Option<SecretString>,
    /// A connection fit for LISTEN, where `database_url` goes through a pooler.
    pub database_direct_url: Option<SecretString>,
    /// Connections of one process.
    pub database_connections: u32,
    /// Where the embedded database and generated keys live.
    pub data_dir: Option<PathBuf>,
    /// Where to look first for PostgreSQL's programs.
    pub pg_bin: Option<PathBuf>,
    /// Where the gateway listens.
    pub listen: SocketAddr,
    /// How browsers reach the gateway.
    pub public_url: Option<Url>,
    /// Base64 keys, comma separated.
    pub master_keys: Option<SecretString>,
    /// A token that must exist after start.
    pub bootstrap_token: Option<SecretString>,
    /// Mappings in place of the embedded ones.
    pub mappings_dir: Option<PathBuf>,
    /// Which JSONata engine evaluates.
    pub jsonata_engine: String,
    /// The log's filter.
    pub log: String,
    /// How log lines look.
    pub log_format: LogFormat,
    /// How long a caller waits at most.
    pub deadline: Duration,
    /// How long a caller may ask to wait.
    pub longest_deadline: Duration,
    /// How many calls a token may make in ten seconds; 0 for any number.
    pub calls_per_token: u32,
    /// How many calls may be made for an account in ten seconds; 0 for any number.
    pub calls_per_account: u32,
    /// How long one attempt at a vendor may take.
    pub attempt_timeout: Duration,
    /// The largest request body.
    pub max_request_bytes: usize,
    /// The largest vendor answer.
    pub max_answer_bytes: usize,
    /// How long a record that was read is kept, for the vendor to tell that it is still so; zero: not at all.
    pub records_kept: Duration,
    /// Where Prometheus reads metrics; absent: nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Where traces go; absent: nowhere.
    pub otlp_endpoint: Option<Url>,
    /// Which part of the requests is traced.
    pub otlp_sampled: f64,
    /// How long the gateway still takes new calls once it is asked to stop, saying that it isn't ready.
    pub shutdown_delay: Duration,
    /// How long calls that are on their way may take after that.
    pub shutdown_grace: Duration,
    /// Which calls `/log` keeps.
    pub call_log: KeptCalls,
    /// For how many days.
    pub call_log_days: u16,
    /// Origins that every environment allows to open connect pages.
    pub connect_origins: Vec<String>,
    /// What connect pages look like.
    pub brand: Brand,
    /// Between two looks for access tokens that are due to be renewed; absent: only calls renew.
    pub renew_every: Option<Duration>,
    /// A header in which a proxy in front tells the browser's address.
    pub client_address_header: Option<String>,
    /// By provider name, in lower case.
    pub providers: BTreeMap<String, ProviderSettings>,
    /// Settings that look like ours and aren't: worth a warning.
    pub unknown: Vec<String>,
}

/// Everything that is wrong with the settings, a line each.
#[derive(Debug, thiserror::Error)]
#[error("the settings have problems:\n{}", .0.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n"))]
pub struct ConfigError(pub Vec<String>);

impl Settings {
    /// Reads the process's environment and the file that `UNICRM_CONFIG` names.
    pub fn from_env() -> Result<Self, ConfigError> {
        let env: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self::from_layers(&env)
    }

    /// Reads from the given variables in place of the environment. Empty variables count as absent.
    pub fn from_layers(env: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let mut values = file_values(DEFAULTS, "the defaults", &mut problems);
        let known: Vec<String> =
            values.keys().cloned().chain(WITHOUT_DEFAULT.iter().map(|name| (*name).to_owned())).collect();
        if let Some(path) = env.get("UNICRM_CONFIG").filter(|path| !path.is_empty()) {
            match std::fs::read_to_string(path) {
                Ok(text) => {
                    let file = file_values(&text, path, &mut problems);
                    for name in file.keys().filter(|name| !is_known(name, &known)) {
                        problems.push(format!("{path}: {}", unknown_setting(name, &known)));
                    }
                    values.extend(file);
                }
                Err(error) => problems.push(format!("UNICRM_CONFIG: {path} can't be read: {error}")),
            }
        }
        let ours = |name: &str| {
            let known = |name: &str| is_known(name, &known);
            known(name) || name.starts_with("UNICRM_") || secret_files::setting(name).is_some_and(known)
        };
        values.extend(
            env.iter()
                .filter(|(name, value)| ours(name) && !value.is_empty())
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        secret_files::read(&mut values, |name| is_known(name, &known), &mut problems);
        let unknown = values
            .keys()
            .filter(|name| !is_known(name, &known))
            .map(|name| unknown_setting(name, &known))
            .collect();
        let settings = Reader { values: &values, problems: &mut problems }.settings(unknown);
        match settings {
            Some(settings) if problems.is_empty() => Ok(settings),
            _ => Err(ConfigError(problems)),
        }
    }

    /// The data directory: as set, else the system's usual place for this user.
    pub fn data_dir(&self) -> Result<PathBuf, ConfigError> {
        if let Some(dir) = &self.data_dir {
            return Ok(dir.clone());
        }
        if running_as_root() {
            return Ok(PathBuf::from("/var/lib/unicrm"));
        }
        let from = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let usual = if cfg!(target_os = "macos") {
            from("HOME").map(|home| home.join("Library/Application Support"))
        } else {
            from("XDG_DATA_HOME").or_else(|| from("HOME").map(|home| home.join(".local/share")))
        };
        usual
            .map(|dir| dir.join("unicrm"))
            .ok_or_else(|| ConfigError(vec!["UNICRM_DATA_DIR: must be set, because HOME is not".to_owned()]))
    }

    /// What is set for a provider.
    pub fn provider(&self, name: &str) -> ProviderSettings {
        self.providers.get(name).cloned().unwrap_or_default()
    }

    /// How browsers reach the gateway, without a trailing slash.
    pub fn public_url(&self) -> String {
        match &self.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.listen),
        }
    }
}

/// Whether this process runs as root, by who owns `/proc/self`, or else by the user's name.
pub fn running_as_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    match std::fs::metadata("/proc/self") {
        Ok(own) => own.uid() == 0,
        Err(_) => std::env::var("USER").is_ok_and(|user| user == "root"),
    }
}

fn is_known(name: &str, known: &[String]) -> bool {
    known.iter().any(|other| other == name) || provider_setting(name).is_some()
}

/// `UNICRM_PROVIDER_CAPSULE_ORIGIN` → (`capsule`, `_ORIGIN`).
fn provider_setting(name: &str) -> Option<(String, &'static str)> {
    let rest = name.strip_prefix("UNICRM_PROVIDER_")?;
    PROVIDER_SUFFIXES.iter().find_map(|suffix| {
        let provider = rest.strip_suffix(suffix)?;
        (!provider.is_empty()).then(|| (provider.to_ascii_lowercase(), *suffix))
    })
}

fn unknown_setting(name: &str, known: &[String]) -> String {
    let nearest = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= 4);
    match nearest {
        Some((_, candidate)) => format!("{name} is not a setting; did you mean {candidate}?"),
        None => format!("{name} is not a setting; `unicrm settings` lists them"),
    }
}

fn file_values(text: &str, file: &str, problems: &mut Vec<String>) -> BTreeMap<String, String> {
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            problems.push(format!("{file}: {}", error.to_string().trim()));
            return BTreeMap::new();
        }
    };
    let mut values = BTreeMap::new();
    for (name, value) in table {
        match value {
            toml::Value::String(text) => values.insert(name, text),
            toml::Value::Integer(number) => values.insert(name, number.to_string()),
            toml::Value::Float(number) => values.insert(name, number.to_string()),
            toml::Value::Boolean(on) => values.insert(name, on.to_string()),
            _ => {
                problems.push(format!("{file}: {name} must be a string, a number or a boolean"));
                None
            }
        };
    }
    values
}

/// Reads an origin: scheme, host and port, and nothing else.
pub fn origin_of(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok()?;
    let is_origin = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    is_origin.then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        let env = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::from_layers(&env)
    }

    #[test]
    fn the_defaults_are_complete() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.deadline, Duration::from_secs(30));
        assert!(settings.database_url.is_none());
        assert!(settings.unknown.is_empty());
    }

    #[test]
    fn every_setting_is_documented_in_the_defaults_file() {
        for name in WITHOUT_DEFAULT {
            assert!(DEFAULTS.contains(name), "{name}");
        }
    }

    #[test]
    fn all_problems_are_reported_together() {
        let error = read(&[
            ("UNICRM_LISTEN", "nowhere"),
            ("UNICRM_PUBLIC_URL", "https://crm.example.com/gateway"),
            ("UNICRM_CONNECT_ORIGINS", "https://app.example.com, app.example.org"),
            ("UNICRM_CONNECT_COLOUR", "blue"),
            ("UNICRM_RENEW_EVERY", "-1"),
            ("UNICRM_DEADLINE", "0"),
            ("UNICRM_LOG_FORMAT", "xml"),
            ("UNICRM_PROVIDER_CAPSULE_ORIGIN", "http://host/path"),
            ("DATABASE_URL", "mysql://x"),
        ])
        .unwrap_err()
        .to_string();
        for name in [
            "UNICRM_LISTEN",
            "UNICRM_PUBLIC_URL",
            "UNICRM_CONNECT_ORIGINS",
            "UNICRM_CONNECT_COLOUR",
            "UNICRM_RENEW_EVERY",
            "UNICRM_DEADLINE",
            "UNICRM_LOG_FORMAT",
            "UNICRM_PROVIDER_CAPSULE_ORIGIN",
            "DATABASE_URL",
        ] {
            assert!(error.contains(name), "{name} in {error}");
        }
    }

    #[test]
    fn a_short_bootstrap_token_is_refused_without_being_shown() {
        let error = read(&[("UNICRM_BOOTSTRAP_TOKEN", "hunter2")]).unwrap_err().to_string();
        assert!(error.contains("24 characters") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_misspelt_setting_is_named_with_the_nearest_one() {
        let settings = read(&[("UNICRM_LISTN", "x")]).unwrap();
        assert_eq!(settings.unknown, ["UNICRM_LISTN is not a setting; did you mean UNICRM_LISTEN?"]);
    }

    #[test]
    fn provider_settings_are_read_by_name() {
        let settings = read(&[
            ("UNICRM_PROVIDER_CAPSULE_ORIGIN", "http://127.0.0.1:9101"),
            ("UNICRM_PROVIDER_CAPSULE_CLIENT_ID", "id"),
            ("UNICRM_PROVIDER_CAPSULE_CLIENT_SECRET", "secret"),
        ])
        .unwrap();
        let capsule = settings.provider("capsule");
        assert_eq!(capsule.origin.unwrap().as_str(), "http://127.0.0.1:9101/");
        assert_eq!(capsule.client_id.as_deref(), Some("id"));
        assert!(!format!("{settings:?}").contains("\"secret\""));
    }
}
