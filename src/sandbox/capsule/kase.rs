//! A project, and how Capsule shows it. The API still calls it what it was called before: a case, spelt `kase`.
//!
//! It is on the board of its stage, if it has one.

use serde_json::{Map, Value, json};
use time::{Date, OffsetDateTime};

use super::custody::Custody;
use super::dates::stamp;
use super::opportunity;
use super::party_view;
use super::record::Marks;
use super::resource::named_reference;
use super::scene::Scene;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kase {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) custody: Custody,
    pub(super) party: i64,
    /// Other parties that have to do with it.
    pub(super) additional: Vec<i64>,
    /// The sale that it came from.
    pub(super) opportunity: Option<i64>,
    pub(super) stage: Option<i64>,
    /// One of [`STATUSES`].
    pub(super) status: &'static str,
    pub(super) start_on: Option<Date>,
    pub(super) expected_close_on: Option<Date>,
    pub(super) closed_on: Option<Date>,
    pub(super) last_contacted_at: Option<OffsetDateTime>,
    pub(super) marks: Marks,
    pub(super) created_at: OffsetDateTime,
    pub(super) updated_at: OffsetDateTime,
}

pub(super) const OPEN: &str = "OPEN";
pub(super) const STATUSES: [&str; 2] = [OPEN, "CLOSED"];

impl Kase {
    /// A fresh project that still lacks what it must have.
    pub(super) fn new(author: i64, now: OffsetDateTime) -> Kase {
        Kase {
            id: 0,
            name: String::new(),
            description: None,
            custody: Custody::of(author),
            party: 0,
            additional: Vec::new(),
            opportunity: None,
            stage: None,
            status: OPEN,
            start_on: None,
            expected_close_on: None,
            closed_on: None,
            last_contacted_at: None,
            marks: Marks::default(),
            created_at: now,
            updated_at: now,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.status == OPEN
    }

    /// Closes it as of `today`, or reopens it, as its status says.
    pub(super) fn settle(&mut self, today: Date) {
        self.closed_on = (!self.is_open()).then(|| self.closed_on.unwrap_or(today));
    }
}

/// A project in full.
pub(super) fn full(scene: &Scene<'_>, kase: &Kase) -> Value {
    let day = |day: Option<Date>| day.map_or(Value::Null, |day| day.to_string().into());
    let stage = kase.stage.and_then(|id| scene.account.stages.get(id));
    let mut view = Map::new();
    let mut put = |key: &str, value: Value| view.insert(key.to_owned(), value);
    put("id", kase.id.into());
    put("owner", kase.custody.owner_view(scene.account));
    put("team", kase.custody.team_view(scene.account));
    put("party", party_view::nested(scene, Some(kase.party), "party"));
    put("status", kase.status.into());
    put("opportunity", opportunity::nested(scene, kase.opportunity));
    put("stage", named_reference(stage.map(|stage| (stage.id, stage.name.as_str()))));
    put("createdAt", stamp(kase.created_at).into());
    put("updatedAt", stamp(kase.updated_at).into());
    put("description", kase.description.clone().into());
    put("name", kase.name.clone().into());
    put("closedOn", day(kase.closed_on));
    put("lastContactedAt", kase.last_contacted_at.map(stamp).into());
    put("expectedCloseOn", day(kase.expected_close_on));
    put("startOn", day(kase.start_on));
    kase.marks.embed(scene, kase, &mut view);
    Value::Object(view)
}

/// A project inside another record: by reference, or in full but without embedded parts of its own when `embed=kase` asks
/// for it. One that the viewer may not see is not expanded.
pub(super) fn nested(scene: &Scene<'_>, kase: Option<i64>) -> Value {
    let Some(kase) = kase.and_then(|id| scene.account.kases.get(id)) else {
        return Value::Null;
    };
    if !scene.sees(&kase.custody) {
        return opportunity::private(kase.id);
    }
    if scene.embeds("kase") {
        return full(&scene.bare(), kase);
    }
    json!({ "id": kase.id, "name": kase.name })
}
