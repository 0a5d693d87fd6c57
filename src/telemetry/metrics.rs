//! What a process counts of itself, as Prometheus reads it.
//!
//! One set for the process, as Prometheus sees processes, so that every layer can count without being handed anything.
//! Each function says one thing in the words of whoever calls it; names and labels are decided here and nowhere else.
//!
//! Labels are bounded by the catalog: providers, resources and methods by the names that mapping files give them, and
//! outcomes by [`Kind`]. Ids, paths, hosts and messages are never labels: they would make a series for every customer.

use std::sync::LazyLock;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::error::{Error, Kind};

/// What [`render`] writes.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// In seconds: vendors take from tens of milliseconds to the caller's whole patience.
const VENDOR: [f64; 12] = [0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 6.0, 12.0, 30.0];

/// In seconds: the gateway's own work takes from a fraction of a millisecond to what a mapping is allowed.
const OWN: [f64; 12] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0];

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

/// By which of the gateway's interfaces a call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interface {
    /// `/unified`.
    Unified,
    /// `/proxy`.
    Proxy,
    /// `/custom`.
    Custom,
}

impl Interface {
    /// As the label and the log have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Interface::Unified => "unified",
            Interface::Proxy => "proxy",
            Interface::Custom => "custom",
        }
    }
}

/// What became of a wait for the vendor's pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// The call was sent after it.
    Waited,
    /// It would have taken longer than the caller waits.
    Refused,
}

impl Wait {
    fn as_str(self) -> &'static str {
        match self {
            Wait::Waited => "waited",
            Wait::Refused => "refused",
        }
    }
}

/// What became of a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// There is a new credential.
    Renewed,
    /// The vendor refused; the account needs to be connected again.
    Refused,
    /// It failed in passing.
    Failed,
}

impl Renewal {
    fn as_str(self) -> &'static str {
        match self {
            Renewal::Renewed => "renewed",
            Renewal::Refused => "refused",
            Renewal::Failed => "failed",
        }
    }
}

/// What a circuit has become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Circuit {
    /// Calls are refused without being sent.
    Open,
    /// One call is sent to see whether the vendor is back.
    Probing,
    /// Calls are sent.
    Closed,
}

impl Circuit {
    fn as_str(self) -> &'static str {
        match self {
            Circuit::Open => "open",
            Circuit::Probing => "probing",
            Circuit::Closed => "closed",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    interface: &'static str,
    provider: String,
    resource: String,
    method: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NativeLabels {
    provider: String,
    resource: String,
    method: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InterfaceLabel {
    interface: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderLabel {
    provider: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WaitLabels {
    provider: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RenewalLabels {
    provider: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CircuitLabels {
    provider: String,
    to: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

type Seconds<L> = Family<L, Histogram, fn() -> Histogram>;

struct Metrics {
    registry: Registry,
    calls: Family<CallLabels, Counter>,
    own: Seconds<InterfaceLabel>,
    native_calls: Family<NativeLabels, Counter>,
    vendor: Seconds<ProviderLabel>,
    retries: Family<ProviderLabel, Counter>,
    pace_waits: Family<WaitLabels, Counter>,
    pace_seconds: Seconds<ProviderLabel>,
    circuit_changes: Family<CircuitLabels, Counter>,
    renewals: Family<RenewalLabels, Counter>,
    mapping: Histogram,
    connections: Family<StateLabel, Gauge>,
    listening: Gauge<i64, AtomicI64>,
    replays: Counter,
    log_dropped: Counter,
}

fn vendor_seconds() -> Histogram {
    Histogram::new(VENDOR)
}

fn own_seconds() -> Histogram {
    Histogram::new(OWN)
}

impl Metrics {
    fn new() -> Self {
        let mut metrics = Metrics {
            registry: Registry::with_prefix("unicrm"),
            calls: Family::default(),
            own: Family::new_with_constructor(own_seconds),
            native_calls: Family::default(),
            vendor: Family::new_with_constructor(vendor_seconds),
            retries: Family::default(),
            pace_waits: Family::default(),
            pace_seconds: Family::new_with_constructor(vendor_seconds),
            circuit_changes: Family::default(),
            renewals: Family::default(),
            mapping: own_seconds(),
            connections: Family::default(),
            listening: Gauge::default(),
            replays: Counter::default(),
            log_dropped: Counter::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let of = &mut self.registry;
        let calls = "Unified, proxy and custom calls that the gateway served, batches' and tools' among them";
        of.register("calls", calls, self.calls.clone());
        let own = "What of a request's time was not spent waiting for a vendor";
        of.register("own_seconds", own, self.own.clone());
        of.register(
            "vendor_calls",
            "Calls to vendors, retries of one counted once",
            self.native_calls.clone(),
        );
        let vendor = "How long calls to vendors took, with retries, renewals and waits for the vendor's pace";
        of.register("vendor_call_seconds", vendor, self.vendor.clone());
        of.register("vendor_retries", "Attempts at vendors beyond the first", self.retries.clone());
        of.register("pace_waits", "Calls that had to wait for a vendor's pace", self.pace_waits.clone());
        of.register(
            "pace_wait_seconds",
            "How long calls waited for a vendor's pace",
            self.pace_seconds.clone(),
        );
        of.register(
            "circuit_changes",
            "Circuits that changed, by what they became",
            self.circuit_changes.clone(),
        );
        of.register("credential_renewals", "Renewals of accounts' credentials", self.renewals.clone());
        of.register("mapping_seconds", "How long evaluations of mappings took", self.mapping.clone());
        of.register("database_connections", "Connections of this process's pool", self.connections.clone());
        let listening = "Whether this process hears what others change";
        of.register("database_listening", listening, self.listening.clone());
        let replays = "Answers that were given again under an Idempotency-Key";
        of.register("idempotency_replays", replays, self.replays.clone());
        let dropped = "Entries of the call log that were lost, for want of room or of a database";
        of.register("log_entries_dropped", dropped, self.log_dropped.clone());
    }
}

/// A call that the gateway served, and what came of it.
pub fn called(interface: Interface, provider: &str, resource: &str, method: &str, error: Option<&Error>) {
    let labels = CallLabels {
        interface: interface.as_str(),
        provider: provider.to_owned(),
        resource: resource.to_owned(),
        method: method.to_owned(),
        outcome: outcome(error),
    };
    METRICS.calls.get_or_create(&labels).inc();
}

/// What of a request's time was the gateway's own.
pub fn worked(interface: Interface, own: Duration) {
    METRICS.own.get_or_create(&InterfaceLabel { interface: interface.as_str() }).observe(own.as_secs_f64());
}

/// A call to a vendor, after all its attempts.
pub fn vendor_called(
    provider: &str,
    [resource, method]: [&str; 2],
    error: Option<&Error>,
    attempts: u32,
    took: Duration,
) {
    let of_provider = ProviderLabel { provider: provider.to_owned() };
    METRICS.vendor.get_or_create(&of_provider).observe(took.as_secs_f64());
    if attempts > 1 {
        METRICS.retries.get_or_create(&of_provider).inc_by(u64::from(attempts - 1));
    }
    let labels = NativeLabels {
        provider: of_provider.provider,
        resource: resource.to_owned(),
        method: method.to_owned(),
        outcome: outcome(error),
    };
    METRICS.native_calls.get_or_create(&labels).inc();
}

/// A call that had to wait for the vendor's pace, or would have had to for too long.
pub fn paced(provider: &str, outcome: Wait, waited: Duration) {
    let provider = provider.to_owned();
    if outcome == Wait::Waited {
        let of_provider = ProviderLabel { provider: provider.clone() };
        METRICS.pace_seconds.get_or_create(&of_provider).observe(waited.as_secs_f64());
    }
    METRICS.pace_waits.get_or_create(&WaitLabels { provider, outcome: outcome.as_str() }).inc();
}

/// A circuit that changed. Calls that it keeps back are vendor calls with the outcome `resting`.
pub fn circuit_changed(provider: &str, to: Circuit) {
    let labels = CircuitLabels { provider: provider.to_owned(), to: to.as_str() };
    METRICS.circuit_changes.get_or_create(&labels).inc();
}

/// A renewal of a credential.
pub fn renewed(provider: &str, outcome: Renewal) {
    METRICS
        .renewals
        .get_or_create(&RenewalLabels { provider: provider.to_owned(), outcome: outcome.as_str() })
        .inc();
}

/// An evaluation of a mapping: of a slot, or of a page's records.
pub fn mapped(took: Duration) {
    METRICS.mapping.observe(took.as_secs_f64());
}

/// Whether this process hears what others change.
pub fn listening(hears: bool) {
    METRICS.listening.set(i64::from(hears));
}

/// An answer that was given again.
pub fn replayed() {
    METRICS.replays.inc();
}

/// Entries of the call log that were lost.
pub fn log_dropped(entries: usize) {
    METRICS.log_dropped.inc_by(entries as u64);
}

/// Everything as Prometheus reads it, with the connections that the database's pool has at this moment.
pub fn render(in_use: usize, idle: usize) -> Result<String, std::fmt::Error> {
    for (state, count) in [("in_use", in_use), ("idle", idle)] {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        METRICS.connections.get_or_create(&StateLabel { state }).set(count);
    }
    let mut text = String::with_capacity(16 * 1024);
    encode(&mut text, &METRICS.registry)?;
    Ok(text)
}

fn outcome(error: Option<&Error>) -> &'static str {
    let Some(error) = error else { return "ok" };
    match error.kind() {
        Kind::Invalid => "invalid",
        Kind::Unsupported => "unsupported",
        Kind::Unauthenticated => "unauthenticated",
        Kind::Forbidden => "forbidden",
        Kind::NotFound => "not_found",
        Kind::MethodNotAllowed => "method_not_allowed",
        Kind::Conflict => "conflict",
        Kind::TooLarge => "too_large",
        Kind::KeyReused => "key_reused",
        Kind::AnswerLost => "answer_lost",
        Kind::Reauthenticate => "reauthenticate",
        Kind::Rejected => "rejected",
        Kind::RateLimited => "rate_limited",
        Kind::Unreachable => "unreachable",
        Kind::Garbled => "garbled",
        Kind::TimedOut => "timed_out",
        Kind::Mapping => "mapping",
        Kind::Unavailable => "unavailable",
        Kind::Throttled => "throttled",
        Kind::Resting => "resting",
        Kind::Internal => "internal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(line: &str) -> f64 {
        let text = render(1, 2).unwrap();
        let found = text.lines().find(|found| found.starts_with(line));
        found.and_then(|found| found.rsplit(' ').next()).map_or(0.0, |value| value.parse().unwrap())
    }

    #[test]
    fn changes_of_circuits_and_waits_are_counted_by_what_they_came_to() {
        circuit_changed("acme", Circuit::Open);
        circuit_changed("acme", Circuit::Probing);
        circuit_changed("acme", Circuit::Open);
        assert_eq!(value(r#"unicrm_circuit_changes_total{provider="acme",to="open"}"#), 2.0);
        paced("acme", Wait::Waited, Duration::from_millis(300));
        paced("acme", Wait::Refused, Duration::ZERO);
        assert_eq!(value(r#"unicrm_pace_waits_total{provider="acme",outcome="refused"}"#), 1.0);
        assert_eq!(value(r#"unicrm_pace_wait_seconds_count{provider="acme"}"#), 1.0);
    }

    #[test]
    fn a_call_and_its_retries_are_counted_by_what_came_of_it() {
        let error = Error::new(Kind::TimedOut, "late");
        vendor_called("slow", ["parties", "list"], Some(&error), 3, Duration::from_millis(70));
        let labels = r#"{provider="slow",resource="parties",method="list",outcome="timed_out"}"#;
        assert_eq!(value(&format!("unicrm_vendor_calls_total{labels}")), 1.0);
        assert_eq!(value(r#"unicrm_vendor_retries_total{provider="slow"}"#), 2.0);
        assert_eq!(value(r#"unicrm_vendor_call_seconds_bucket{le="0.1",provider="slow"}"#), 1.0);
        assert_eq!(value(r#"unicrm_database_connections{state="idle"}"#), 2.0);
    }

    /// Prints what counting costs; run it with `--release --no-capture` to read it.
    #[test]
    fn counting_a_call_is_cheap() {
        let rounds = 20_000_u32;
        let begun = std::time::Instant::now();
        for _ in 0..rounds {
            called(Interface::Unified, "measured", "crm/contacts", "list", None);
            vendor_called("measured", ["parties", "list"], None, 1, Duration::from_millis(3));
            worked(Interface::Unified, Duration::from_micros(90));
            mapped(Duration::from_micros(50));
        }
        let each = begun.elapsed() / rounds;
        eprintln!("{each:?} for everything that one call counts");
        // Generous, for an unoptimised build on a busy machine: a tenth of a millisecond would be felt.
        assert!(each < Duration::from_micros(100), "{each:?}");
    }
}
