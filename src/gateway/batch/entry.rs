//! Running one entry: a computation, or its calls with their places filled, repeated as often as it says.

use std::sync::Arc;

use futures::StreamExt;
use futures::stream;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::limits::{DEEPEST, too_large};
use super::plan::{CallEntry, Condition, Entry, RESOURCES, Recurse, Template};
use super::request::Filled;
use super::values::{Values, below_resources};
use super::{AT_ONCE, Done, Failed, Run, read};
use crate::error::{Error, Kind, Result};
use crate::mapping::expression::{Budget, Expression};
use crate::mapping::placeholders::{PlaceholderError, fill, fill_object, fill_text};

/// One call of an entry: what it can read, and the recursion that led to it.
type Step<'c> = (Arc<Values>, Option<&'c Recurse>);

impl Run<'_> {
    /// The records that an expression makes: each item of an array, or the one value.
    pub(super) async fn transform(
        &self,
        expression: &Expression,
        values: Arc<Values>,
    ) -> Result<Vec<Box<RawValue>>> {
        let made = match self.evaluate(expression, values).await? {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(several)) => several,
            Some(one) => vec![one],
        };
        let records = made.iter().map(|record| to_raw_value(record).map_err(Error::internal));
        let records = records.collect::<Result<Vec<_>>>()?;
        self.limits.take_records(&records)?;
        Ok(records)
    }

    /// An entry's calls: one, or one for each item of what it is repeated for. Reads go side by side, writes one after
    /// the other in their order.
    pub(super) async fn calls(&self, entry: &Entry, call: &CallEntry, values: Arc<Values>) -> Done {
        let Some(path) = &call.loop_on else {
            return self.walk(entry, call, values).await;
        };
        let Some(items) = values.items(path) else {
            let problem = format!("{} leads nowhere", path.join("."));
            return Error::invalid_field("loop_on", problem).into();
        };
        let at_once = if call.target.writes(self.account) { 1 } else { AT_ONCE };
        let count = items.len();
        let paths = self.aliases(path);
        let each = items.into_iter().map(|item| {
            let values = Arc::new(values.with(&paths, item.clone()));
            async move { (item, self.walk(entry, call, values).await) }
        });
        let mut each = stream::iter(each).buffered(at_once);
        let mut all = Done::default();
        let mut gone = 0;
        while let Some((item, became)) = each.next().await {
            gone += 1;
            let hopeless = became.failed.iter().any(|failed| is_hopeless(&failed.error));
            let item = item.get("id").cloned().unwrap_or(item);
            let named = |failed| Failed { item: Some(item.clone()), ..failed };
            all.records.extend(became.records);
            all.failed.extend(became.failed.into_iter().map(named));
            if hopeless {
                break;
            }
        }
        let untried = all.failed.last().and_then(|last| untried(count - gone, &last.error));
        all.failed.extend(untried);
        all
    }

    /// Every path under which the records are found that a path leads to.
    fn aliases(&self, path: &[String]) -> Vec<Vec<String>> {
        let mut paths = vec![path.to_vec()];
        if let Some((_, place)) = path.split_first().filter(|(root, _)| *root == RESOURCES) {
            let others =
                self.batch.entries.iter().filter(|entry| entry.places.iter().any(|own| own == place));
            paths.extend(others.flat_map(|entry| below_resources(&entry.places)));
        }
        paths
    }

    /// One call, and those that its records lead to.
    async fn walk(&self, entry: &Entry, call: &CallEntry, values: Arc<Values>) -> Done {
        let mut all = Done::default();
        let mut level: Vec<Step<'_>> = vec![(values, None)];
        for depth in 0.. {
            let mut next = Vec::new();
            let mut steps = level.into_iter();
            while let Some((values, recurse)) = steps.next() {
                let mut records = Vec::new();
                let mut failed = Vec::from_iter(self.one(call, recurse, &values, &mut records).await.err());
                match self.deeper(entry, call, &values, &records).await {
                    Ok(found) => next.extend(found),
                    Err(error) => failed.push(error),
                }
                all.records.append(&mut records);
                let last = failed.iter().rfind(|error| is_hopeless(error));
                let last = last.map(|error| untried(steps.len() + next.len(), error));
                all.failed.extend(failed.into_iter().map(Failed::from));
                if let Some(untried) = last {
                    all.failed.extend(untried);
                    return all;
                }
            }
            if next.is_empty() {
                break;
            }
            if depth == DEEPEST {
                let problem = format!("records lead to records deeper than {DEEPEST} levels");
                all.failed.push(too_large(&problem).into());
                break;
            }
            level = next;
        }
        all
    }

    /// The calls that records lead to.
    async fn deeper<'c>(
        &self,
        entry: &Entry,
        call: &'c CallEntry,
        values: &Arc<Values>,
        records: &[Box<RawValue>],
    ) -> Result<Vec<Step<'c>>> {
        let Some(recurse) = &call.recurse else { return Ok(Vec::new()) };
        let own = below_resources(&entry.places);
        let mut found = Vec::new();
        for record in records {
            let values = Arc::new(values.with(&own, read(record)?));
            let holds = match &recurse.condition {
                Condition::Text(text) => fill_text(text, values.as_ref()).map_err(unfilled)?,
                Condition::Expression(expression) => self.evaluate(expression, values.clone()).await?,
            };
            if holds.as_ref().is_some_and(is_so) {
                found.push((values, Some(recurse)));
            }
        }
        Ok(found)
    }

    /// One call with its places filled; a list is walked to its end.
    async fn one(
        &self,
        call: &CallEntry,
        recurse: Option<&Recurse>,
        values: &Arc<Values>,
        records: &mut Vec<Box<RawValue>>,
    ) -> Result<()> {
        let mut query = self.fill(&call.query, values).await?;
        if let Some(template) = recurse.and_then(|recurse| recurse.query.as_ref()) {
            query.extend(self.fill(template, values).await?);
        }
        let id = recurse.and_then(|recurse| recurse.id.as_ref()).or(call.id.as_ref());
        let id = match id.map(|id| fill(id, values.as_ref()).map_err(unfilled)).transpose()? {
            None => None,
            Some(Some(Value::String(id))) if !id.contains("{{") => Some(id),
            Some(Some(Value::Number(id))) => Some(id.to_string()),
            Some(_) => return Err(Error::invalid_field("id", "has no value, or none that can be an id")),
        };
        let body = match &call.body {
            Some(template) => Some(self.fill(template, values).await?),
            None => None,
        };
        self.request(call, Filled { id, query, body }, records).await
    }

    async fn fill(&self, template: &Template, values: &Arc<Values>) -> Result<Map<String, Value>> {
        match template {
            Template::Object(object) => fill_object(object, values.as_ref()).map_err(unfilled),
            Template::Expression(expression) => match self.evaluate(expression, values.clone()).await? {
                None | Some(Value::Null) => Ok(Map::new()),
                Some(Value::Object(object)) => Ok(object),
                Some(_) => Err(Error::invalid_field(expression.name(), "must give an object")),
            },
        }
    }

    async fn evaluate(&self, expression: &Expression, values: Arc<Values>) -> Result<Option<Value>> {
        self.limits.check_time()?;
        let compiled = expression.clone();
        let evaluate = move || compiled.evaluate(&values.scope(), &Budget::default());
        let result = self.gateway.blocking(evaluate).await?;
        result.map_err(|error| Error::invalid_field(expression.name(), error.to_string()))
    }
}

fn unfilled(error: PlaceholderError) -> Error {
    Error::invalid(error.to_string())
}

/// What stands for calls that weren't made because of an error, if there are any.
fn untried(count: usize, error: &Error) -> Option<Failed> {
    let message = format!("{count} more were not tried: {}", error.message());
    (count > 0).then(|| Error::new(error.kind(), message).retry(error.retries()).into())
}

/// Whether every further call would fail the same way.
fn is_hopeless(error: &Error) -> bool {
    matches!(
        error.kind(),
        Kind::RateLimited
            | Kind::Reauthenticate
            | Kind::TooLarge
            | Kind::Unsupported
            | Kind::MethodNotAllowed
            | Kind::Resting
            | Kind::Unavailable
    )
}

/// Whether a condition holds. A placeholder that found nothing stands as it is, and doesn't.
fn is_so(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(so) => *so,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty() && text != "false" && !text.contains("{{"),
        Value::Array(items) => !items.is_empty(),
        Value::Object(_) => true,
    }
}
