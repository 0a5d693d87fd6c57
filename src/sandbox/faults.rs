//! Faults that can be switched on: what goes wrong, for which requests, how often.
//!
//! A fault stands in for the vendor's answer, so the sandbox's own rules (tokens, quota) do not run for a request that
//! it answers, unless it says [`Fault::after_acting`]. [`super::fault_layer`] carries them out.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use http::request::Parts;
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
    pub(super) said: Option<String>,
    pub(super) spared: Option<HeaderName>,
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
            said: None,
            spared: None,
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

    /// Only requests with this text in their body: at some vendors the path doesn't tell what is asked.
    pub fn saying(self, text: &str) -> Fault {
        Fault { said: Some(text.to_owned()), ..self }
    }

    /// Only requests without this header, by which whoever switches the fault on marks its own.
    pub fn sparing(self, header: HeaderName) -> Fault {
        Fault { spared: Some(header), ..self }
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

    fn befalls(&self, request: &Parts, body: &[u8]) -> bool {
        let method_fits = self.method.as_ref().is_none_or(|wanted| *wanted == request.method);
        let spared = self.spared.as_ref().is_some_and(|header| request.headers.contains_key(header));
        let said = self.said.as_ref();
        let body_fits = said.is_none_or(|text| body.windows(text.len()).any(|part| part == text.as_bytes()));
        method_fits && !spared && request.uri.path().starts_with(&self.path_prefix) && body_fits
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

    /// Whether a fault is on for this very path.
    pub(super) fn name(&self, path: &str) -> bool {
        self.list().iter().any(|fault| fault.path_prefix == path)
    }

    /// Takes the faults that befall this request: every delay ahead of the first fault that answers, and that one.
    pub(super) fn plan(&self, request: &Parts, body: &[u8]) -> Plan {
        let mut plan = Plan::default();
        let mut list = self.list();
        for fault in list.iter_mut() {
            if plan.fault.is_some() {
                break;
            }
            if !fault.befalls(request, body) || fault.times == Some(0) {
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

    fn asked(method: Method, path: &str) -> Parts {
        http::Request::builder().method(method).uri(path).body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_fault_befalls_only_its_method_path_and_number_of_times() {
        let faults = Faults::default();
        faults.add(Fault::new(Kind::Garbage).on(Method::GET, "/a").times(2));
        assert!(faults.plan(&asked(Method::POST, "/a"), b"").fault.is_none());
        assert!(faults.plan(&asked(Method::GET, "/b"), b"").fault.is_none());
        assert!(faults.plan(&asked(Method::GET, "/a/1"), b"").fault.is_some());
        assert!(faults.plan(&asked(Method::GET, "/a"), b"").fault.is_some());
        assert!(faults.plan(&asked(Method::GET, "/a"), b"").fault.is_none());
        assert_eq!(faults.count(), 0);
    }

    #[test]
    fn a_fault_befalls_only_what_says_its_text_and_spares_what_is_marked() {
        let faults = Faults::default();
        faults.add(Fault::new(Kind::Garbage).saying("edit"));
        assert!(faults.plan(&asked(Method::POST, "/"), b"find").fault.is_none());
        assert!(faults.plan(&asked(Method::POST, "/"), b"an edit of it").fault.is_some());
        faults.clear();
        faults.add(Fault::new(Kind::Garbage).sparing(HeaderName::from_static("x-own")));
        let mut own = asked(Method::GET, "/");
        assert!(faults.plan(&own, b"").fault.is_some());
        own.headers.insert("x-own", HeaderValue::from_static("yes"));
        assert!(faults.plan(&own, b"").fault.is_none());
    }

    #[test]
    fn a_delay_combines_with_the_fault_behind_it() {
        let faults = Faults::default();
        faults.add(Fault::new(Kind::Delay(Duration::from_millis(5))));
        faults.add(Fault::new(Kind::EmptyBody).times(1));
        let plan = faults.plan(&asked(Method::GET, "/"), b"");
        assert_eq!(plan.delay, Duration::from_millis(5));
        assert!(plan.fault.is_some());
        assert!(faults.plan(&asked(Method::GET, "/"), b"").fault.is_none());
    }
}
