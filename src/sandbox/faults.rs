//! Faults that can be switched on: what goes wrong, for which requests, how often.
//!
//! A fault stands in for the vendor's answer, so the sandbox's own rules (tokens, quota) do not run for a request that
//! it answers, unless it says [`Fault::after_acting`]. [`super::fault_layer`] carries them out.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// An answer with this status. Its body and headers are those of [`Fault::body`] and [`Fault::header`], or else the
    /// vendor's own for that status.
    Status(StatusCode),
    /// The answer comes this much later, whatever it is. The one kind that lets the request go on, and that combines
    /// with others.
    Delay(Duration),
    /// No answer until the caller goes away.
    Hang,
    /// The connection is closed without an answer.
    HangUp,
    /// The request is carried out; the connection is closed half way through the body of the answer.
    HangUpMidBody,
    /// 200 that claims JSON and is not.
    Garbage,
    /// A page of HTML with this status, as from something in front of the vendor.
    Html(StatusCode),
    /// The request is carried out; its JSON is cut in half, in a complete HTTP message.
    TruncatedJson,
    /// 200 with this JSON in place of what the vendor would send.
    WrongShape(Value),
    /// 200 with no body.
    EmptyBody,
}

/// A fault and the requests it befalls: by default every request, until cleared.
#[derive(Clone, Debug)]
pub struct Fault {
    pub(super) kind: Kind,
    pub(super) method: Option<Method>,
    pub(super) path_prefix: String,
    pub(super) times: Option<u32>,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    pub(super) after_acting: bool,
}

impl Fault {
    /// A fault of this kind for every request, until it is cleared.
    pub fn new(kind: Kind) -> Fault {
        Fault {
            kind,
            method: None,
            path_prefix: String::new(),
            times: None,
            headers: HeaderMap::new(),
            body: None,
            after_acting: false,
        }
    }

    /// An answer with this status.
    pub fn status(status: StatusCode) -> Fault {
        Fault::new(Kind::Status(status))
    }

    /// Only requests with this method whose path starts so (`/api/v2/parties` also covers `/api/v2/parties/1`).
    pub fn on(self, method: Method, path_prefix: &str) -> Fault {
        Fault { method: Some(method), ..self.under(path_prefix) }
    }

    /// Only requests whose path starts so, whatever their method.
    pub fn under(self, path_prefix: &str) -> Fault {
        Fault { path_prefix: path_prefix.to_owned(), ..self }
    }

    /// Only the first `times` such requests.
    pub fn times(self, times: u32) -> Fault {
        Fault { times: Some(times), ..self }
    }

    /// The body of a [`Kind::Status`] answer, in place of the vendor's own.
    pub fn body(self, body: impl Into<Bytes>) -> Fault {
        Fault { body: Some(body.into()), ..self }
    }

    /// A header added to the answer, replacing the vendor's own of that name.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Fault {
        self.headers.insert(name, value);
        self
    }

    /// The vendor first does what was asked, and only its answer is lost: a write has happened that the caller cannot
    /// know of.
    pub fn after_acting(self) -> Fault {
        Fault { after_acting: true, ..self }
    }

    fn befalls(&self, method: &Method, path: &str) -> bool {
        let method_fits = self.method.as_ref().is_none_or(|wanted| wanted == method);
        method_fits && path.starts_with(&self.path_prefix)
    }
}

/// The faults switched on in one sandbox.
#[derive(Debug, Default)]
pub struct Faults {
    switched_on: Mutex<Vec<Fault>>,
}

/// What befalls one request.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) delay: Duration,
    pub(super) fault: Option<Fault>,
}

impl Faults {
    /// Switches a fault on, behind those already on.
    pub fn add(&self, fault: Fault) {
        self.list().push(fault);
    }

    /// Switches all faults off.
    pub fn clear(&self) {
        self.list().clear();
    }

    /// How many faults are still on; a fault with a number of times is off once it has befallen them.
    pub fn count(&self) -> usize {
        self.list().len()
    }

    /// Takes the faults that befall this request: every delay ahead of the first fault that answers, and that one.
    pub(super) fn plan(&self, method: &Method, path: &str) -> Plan {
        let mut plan = Plan::default();
        let mut list = self.list();
        for fault in list.iter_mut() {
            if plan.fault.is_some() {
                break;
            }
            if !fault.befalls(method, path) || fault.times == Some(0) {
                continue;
            }
            if let Some(times) = &mut fault.times {
                *times -= 1;
            }
            match &fault.kind {
                Kind::Delay(delay) => plan.delay += *delay,
                _ => plan.fault = Some(fault.clone()),
            }
        }
        list.retain(|fault| fault.times != Some(0));
        plan
    }

    fn list(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.switched_on.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_befalls_only_its_method_path_and_number_of_times() {
        let faults = Faults::default();
        faults.add(Fault::new(Kind::Garbage).on(Method::GET, "/a").times(2));
        assert!(faults.plan(&Method::POST, "/a").fault.is_none());
        assert!(faults.plan(&Method::GET, "/b").fault.is_none());
        assert!(faults.plan(&Method::GET, "/a/1").fault.is_some());
        assert!(faults.plan(&Method::GET, "/a").fault.is_some());
        assert!(faults.plan(&Method::GET, "/a").fault.is_none());
        assert_eq!(faults.count(), 0);
    }

    #[test]
    fn a_delay_combines_with_the_fault_behind_it() {
        let faults = Faults::default();
        faults.add(Fault::new(Kind::Delay(Duration::from_millis(5))));
        faults.add(Fault::new(Kind::EmptyBody).times(1));
        let plan = faults.plan(&Method::GET, "/");
        assert_eq!(plan.delay, Duration::from_millis(5));
        assert!(plan.fault.is_some());
        assert!(faults.plan(&Method::GET, "/").fault.is_none());
    }
}
