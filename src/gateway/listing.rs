//! Unified lists: pages of the vendor's lists, one source after the other, brought to the size that was asked for.
//!
//! A list costs one native call a page. It costs more where records fall away on the way: those that are none of
//! this resource's, and those that don't fit a filter that the gateway applies itself. Then it goes on to the
//! vendor's next page until its own page is filled, for [`FILL_PAGES`] calls at most; what it has by then is
//! answered with a cursor. While it has nothing at all it looks on, up to [`SEARCH_PAGES`] calls, because an empty
//! page with a cursor would stop clients that take it for the end; after that the request is refused.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::evaluate::{Extras, headers};
use super::native::{encode, raw};
use super::unified::Run;
use crate::adapter::{Call, Position};
use crate::error::{Error, Kind, Result};
use crate::mapping::cell::{Origin, Source};
use crate::mapping::method::MappedBy;
use crate::model::query::Condition;
use crate::model::selection::{Comparison, fits};
use crate::model::{Binding, Page, Record};

/// Native pages after which a list answers with what it has.
const FILL_PAGES: usize = 10;

/// Native pages after which a list that has found nothing is refused.
const SEARCH_PAGES: usize = 20;

/// The native page size where records fall away on the way; a vendor's largest one where that is smaller.
pub(super) const LARGE: u32 = 1000;

/// Where a list goes on.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Mark {
    /// Which of the cell's sources.
    source: usize,
    /// Which of its pages.
    position: Position,
    /// How many of the page's native records were dealt with; where the page is mapped as a whole, how many of those that
    /// the mapping made of it.
    passed: usize,
}

/// A source that serves the request.
struct Active<'c> {
    index: usize,
    source: &'c Source,
    call: Option<Call>,
    /// The conditions that the gateway applies.
    own: Vec<(&'c Condition, Comparison)>,
    /// Whether its records come in short.
    partial: bool,
    first: Position,
}

/// A page of native records with what belongs to it.
struct Fetched {
    records: Vec<Box<RawValue>>,
    next: Option<Position>,
    headers: Value,
}

/// What was taken of a native page.
struct Taken {
    /// How many native records of the page were dealt with, if some are left.
    left: Option<usize>,
    /// Where the source goes on after the page.
    next: Option<Position>,
    /// How many native records were dealt with now.
    natives: usize,
}

impl Run<'_> {
    pub(super) async fn list(&mut self) -> Result<Page<Record>> {
        let (cell, operation) = (self.cell.clone(), self.operation.clone());
        let binding = self.binding();
        let resumed: Option<Mark> = match &operation.cursor {
            Some(cursor) => Some(self.gateway.cursors.open(&binding, cursor)?),
            None => None,
        };
        if cell.sources.iter().all(|source| source.call().is_none()) && !operation.remote_query.is_empty() {
            let problem = format!("has no native list of {}'s to go to", self.label());
            return Err(Error::invalid_field("remote_query", problem));
        }
        self.before().await?;
        let sources = self.active(&cell.sources, &operation.conditions).await?;
        let wanted = self.wanted(&sources)?;
        let partial = sources.iter().any(|active| active.partial);
        let mut mark = match (resumed, sources.first()) {
            (Some(mark), _) => mark,
            (None, Some(first)) => Mark { source: first.index, position: first.first.clone(), passed: 0 },
            (None, None) => return Ok(Page { records: Vec::new(), next_cursor: None, partial }),
        };
        let (mut found, mut dealt) = (Vec::new(), 0);
        for calls in 1.. {
            let here = sources.iter().position(|active| active.index == mark.source);
            let here =
                here.ok_or_else(|| Error::invalid_field("next_cursor", "is of a list that has changed"))?;
            let before = found.len();
            let Taken { left, next, natives } = self.take(&sources[here], &mark, wanted, &mut found).await?;
            let fell_away = found.len() - before < natives;
            dealt += natives;
            let after = sources.get(here + 1);
            let next = match (left, next) {
                (Some(passed), _) => {
                    Some(Mark { passed, position: mark.position.clone(), source: mark.source })
                }
                (None, Some(position)) => Some(Mark { position, passed: 0, source: mark.source }),
                (None, None) => {
                    after.map(|after| Mark { source: after.index, position: after.first.clone(), passed: 0 })
                }
            };
            let full = wanted.is_some_and(|wanted| found.len() >= wanted);
            match next {
                None => return Ok(Page { records: found, next_cursor: None, partial }),
                // A page that the vendor itself made short is answered as it is.
                Some(next)
                    if full
                        || (!found.is_empty()
                            && (calls >= FILL_PAGES || !(fell_away || next.source != mark.source))) =>
                {
                    let cursor = self.gateway.cursors.seal(&binding, &next)?;
                    return Ok(Page { records: found, next_cursor: Some(cursor), partial });
                }
                Some(_) if calls >= SEARCH_PAGES && dealt == 0 => return Err(self.endless()),
                Some(_) if calls >= SEARCH_PAGES => return Err(self.nothing_in_reach(&sources[here])),
                Some(next) => mark = next,
            }
        }
        Err(Error::internal("a list came to no end"))
    }

    /// Adds the records of one native page, as far as there is room.
    async fn take(
        &mut self,
        active: &Active<'_>,
        mark: &Mark,
        wanted: Option<usize>,
        found: &mut Vec<Record>,
    ) -> Result<Taken> {
        let mut fetched = self.fetch_page(active, mark.position.clone()).await?;
        // A mapping of whole pages sees all of the page every time; what was shown of it is passed over afterwards.
        let whole = active.source.mapped_by == MappedBy::Array;
        let passed = if whole { 0 } else { mark.passed.min(fetched.records.len()) };
        let native = fetched.records.split_off(passed);
        if !active.source.after.is_empty() && !native.is_empty() {
            let data = to_raw_value(&native).map_err(Error::internal)?;
            self.after(active.source, data).await?;
        }
        let extras = Extras::new().with("headers", fetched.headers);
        let mut records = self.records(active.source, &extras, native).await?;
        if whole {
            records = records.split_off(mark.passed.min(records.len()));
        }
        let many = records.len();
        // What falls away at the end of a page is dealt with as well: no cursor leads to nothing but that.
        let records =
            records.into_iter().map(|record| active.selected(record)).collect::<Result<Vec<_>>>()?;
        let selected = records.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        for (dealt, record) in records.into_iter().enumerate().take(selected) {
            if wanted.is_some_and(|wanted| found.len() >= wanted) {
                return Ok(Taken { left: Some(mark.passed + dealt), next: fetched.next, natives: dealt });
            }
            found.extend(record);
        }
        Ok(Taken { left: None, next: fetched.next, natives: many })
    }

    async fn fetch_page(&self, active: &Active<'_>, position: Position) -> Result<Fetched> {
        let Some(call) = &active.call else {
            let Origin::Records(records) = &active.source.origin else {
                return Err(Error::internal("a source has neither a call nor records"));
            };
            let records = self.gateway.list(records, &self.surroundings, &Extras::new()).await?;
            let records = records.iter().map(raw).collect::<Result<_>>()?;
            return Ok(Fetched { records, next: None, headers: json!({}) });
        };
        let mut call = call.clone();
        call.position = Some(position);
        match self.send(call.clone()).await {
            Ok(reply) => {
                let page = self.account.adapter.page(&call, &reply)?;
                let headers = headers(&reply.headers);
                let records = page.records.into_iter().map(ToOwned::to_owned).collect();
                Ok(Fetched { records, next: page.next, headers })
            }
            // A list under a record that isn't there has no records.
            Err(error) if error.kind() == Kind::NotFound && active.source.id.is_some() => {
                Ok(Fetched { records: Vec::new(), next: None, headers: json!({}) })
            }
            Err(error) => Err(error),
        }
    }

    /// The sources whose `run_if` holds, once it is certain that each of them can serve every condition.
    async fn active<'c>(
        &self,
        sources: &'c [Source],
        conditions: &'c [Condition],
    ) -> Result<Vec<Active<'c>>> {
        let mut active = Vec::new();
        for (index, source) in sources.iter().enumerate() {
            if !self.gateway.holds(source.run_if.as_ref(), &self.surroundings, &Extras::new()).await? {
                continue;
            }
            let mut own = Vec::new();
            for condition in conditions {
                if source.filters.contains(&condition.spelling) {
                    continue;
                }
                match source.gateway_filter(&condition.spelling) {
                    Some(filter) => own.push((condition, filter.comparison)),
                    None if self.operation.lenient => {}
                    None => return Err(self.unserved(condition, source)),
                }
            }
            let mut call = self.call(source).await?;
            let partial = call.as_mut().is_some_and(|call| own.is_empty() && self.shorten(call));
            if let Some(call) = &mut call {
                call.body = self.body(source).await?.map(|body| encode(&body)).transpose()?;
                let foreign = |id: &String| !self.account.provider.may_have(id);
                if source.id.is_some() && call.id.as_ref().is_none_or(foreign) {
                    continue; // a list under a record that can't be there has no records
                }
            }
            let first = match &call {
                Some(call) => {
                    let size =
                        if source.sparse || !own.is_empty() { Some(LARGE) } else { self.operation.limit };
                    self.account.adapter.first(call, size)?
                }
                None => Position::Slice { skip: 0, take: None },
            };
            active.push(Active { index, source, call, own, partial, first });
        }
        Ok(active)
    }

    /// Has a list's records come in short, if the caller or else the account takes them so and the vendor gives them so. A
    /// filter that the gateway applies itself needs them whole.
    fn shorten(&self, call: &mut Call) -> bool {
        let partial = call.native.facts.partial.clone();
        let wanted = self.operation.presentation.partial.unwrap_or_else(|| self.account.takes_partial());
        if !wanted || partial.is_empty() {
            return false;
        }
        let asked = &self.operation.remote_query;
        call.query.extend(partial.into_iter().filter(|(name, _)| !asked.contains_key(name)));
        true
    }

    /// How many records a page is to have: as many as were asked for or as the vendor gives by default, but no more
    /// than the vendor gives at once. Everything, where the vendor gives whole lists and nobody asked for less.
    fn wanted(&self, sources: &[Active<'_>]) -> Result<Option<usize>> {
        let mut wanted = None;
        for active in sources {
            let Some(call) = &active.call else { continue };
            let first = self.account.adapter.first(call, self.operation.limit)?;
            wanted = wanted.max(first.size().map(|size| size as usize));
        }
        Ok(wanted.or(self.operation.limit.map(|limit| limit as usize)))
    }

    fn unserved(&self, condition: &Condition, source: &Source) -> Error {
        let asked = self.operation.conditions.iter().filter(|other| other.spelling != condition.spelling);
        let beside: Vec<&str> = asked.map(|other| other.spelling.as_str()).collect();
        let gateway = source.gateway_filters.iter().map(|filter| filter.spelling.as_str());
        let can: Vec<&str> = source.filters.iter().map(String::as_str).chain(gateway).collect();
        let (label, path) = (self.label(), self.operation.path());
        let beside = match beside.as_slice() {
            [] => String::new(),
            beside => format!(" together with {}", beside.join(", ")),
        };
        let problem =
            format!("can't be served for {label}{beside}; it then filters {path} by: {}", can.join(", "));
        Error::invalid_field(&condition.spelling, problem)
    }

    /// Nothing that fits was found within the calls that a list may take.
    fn nothing_in_reach(&self, active: &Active<'_>) -> Error {
        let label = self.label();
        let names: Vec<&str> = active.own.iter().map(|(condition, _)| condition.spelling.as_str()).collect();
        let message = if names.is_empty() {
            format!(
                "None of the first {SEARCH_PAGES} pages of {label}'s list has a {}; narrow the list by a filter.",
                self.resource.singular
            )
        } else {
            format!(
                "{} can't be served: {label} can't select by it, and none of the first {SEARCH_PAGES} pages of its \
                 list has a {} that fits; narrow the list by another filter.",
                names.join(", "),
                self.resource.singular
            )
        };
        let problem = "selects nothing within reach";
        names.iter().fold(Error::new(Kind::Unsupported, message), |error, name| error.failure(*name, problem))
    }

    /// The vendor says page after page that there is more, and has nothing.
    fn endless(&self) -> Error {
        let message = format!("{}'s list has {SEARCH_PAGES} empty pages and goes on.", self.label());
        Error::new(Kind::Garbled, message)
    }

    fn binding(&self) -> Binding {
        let selection =
            json!({ "filters": self.operation.filters, "remote_query": self.operation.remote_query });
        Binding::new(self.account.id, &format!("unified {}", self.operation.path()), &selection)
    }
}

impl Active<'_> {
    /// The record, unless it is none or a filter of the gateway's own drops it.
    fn selected(&self, record: Option<Record>) -> Result<Option<Record>> {
        if self.own.is_empty() {
            return Ok(record);
        }
        let Some(record) = record else { return Ok(None) };
        let fields = record.fields().map_err(Error::internal)?;
        let fits = self.own.iter().all(|(condition, comparison)| fits(&fields, condition, *comparison));
        Ok(fits.then_some(record))
    }
}
