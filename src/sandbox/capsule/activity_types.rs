//! What entries are: `/activitytypes`. Those that come with Capsule have negative ids and cannot be changed.
//!
//! The list holds the ones that a user can choose. Completed tasks and e-mails have types of their own, which are shown
//! where they occur and by their id.

use axum::Json;
use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use super::Shared;
use super::account::Account;
use super::call::Call;
use super::refusal::{Problem, Refusal};
use super::resource::{Resource, Writable, collection, keyed, member};
use super::scene::{Draft, Scene};
use super::written::Written;
use crate::sandbox::table::Table;

pub(super) const NOTE: i64 = -1;
pub(super) const MEETING: i64 = -2;
pub(super) const CALL: i64 = -3;
pub(super) const TASK_COMPLETED: i64 = -4;
pub(super) const EMAIL_SENT: i64 = -5;
pub(super) const EMAIL_RECEIVED: i64 = -6;

#[derive(Clone)]
pub(super) struct ActivityType {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) icon: &'static Icon,
    /// Whether entries of this type count as contact.
    pub(super) update_last_contacted: bool,
}

/// A picture to tell types apart.
pub(super) struct Icon {
    order: i64,
    id: &'static str,
    display_name: &'static str,
    icon_name: &'static str,
    /// Not to be chosen.
    is_system: bool,
}

const fn icon(order: i64, id: &'static str, display_name: &'static str, icon_name: &'static str) -> Icon {
    Icon { order, id, display_name, icon_name, is_system: false }
}

const fn system_icon(
    order: i64,
    id: &'static str,
    display_name: &'static str,
    icon_name: &'static str,
) -> Icon {
    Icon { is_system: true, ..icon(order, id, display_name, icon_name) }
}

static ICONS: [Icon; 19] = [
    icon(0, "BARCHART", "Bar chart", "bar-chart"),
    icon(1, "PIECHART", "Pie chart", "pie-chart"),
    icon(2, "MONEY", "Money", "money"),
    icon(3, "TAG", "Tag", "tag"),
    icon(4, "CAMERA", "Camera", "camera"),
    icon(5, "PICTURE", "Picture", "picture"),
    icon(6, "BELL", "Bell", "bell"),
    icon(7, "CAR", "Car", "car"),
    icon(8, "PLANE", "Plane", "plane"),
    icon(9, "DOCUMENT", "Document", "document"),
    icon(10, "DOCUMENT2", "Document 2", "document-2"),
    icon(11, "SPREADSHEET", "Spreadsheet", "spreadsheet"),
    icon(12, "PHONE", "Phone", "phone"),
    icon(13, "PERSONWALKING", "Person Walking", "person-walking"),
    icon(14, "SHOPPINGCART", "Shopping Cart", "shopping-cart"),
    icon(18, "MEETING", "Meeting", "meeting"),
    system_icon(29, "NOTE", "Note", "note"),
    system_icon(30, "TASK", "Task", "task"),
    system_icon(31, "EMAIL", "Email", "email"),
];

/// The icon of that id, or the first.
fn icon_of(id: &str) -> &'static Icon {
    ICONS.iter().find(|icon| icon.id == id).unwrap_or(&ICONS[0])
}

impl Icon {
    fn view(&self) -> Value {
        json!({
            "order": self.order,
            "id": self.id,
            "displayName": self.display_name,
            "iconName": self.icon_name,
            "isSystem": self.is_system,
        })
    }
}

/// The types that every account has; the first of an account's own gets `first_id`.
pub(super) fn built_in(first_id: i64) -> Table<ActivityType> {
    let rows = [
        (NOTE, "Note", "NOTE", true),
        (MEETING, "Meeting", "MEETING", true),
        (CALL, "Call", "PHONE", true),
        (TASK_COMPLETED, "Task completed", "TASK", false),
        (EMAIL_SENT, "Email sent", "EMAIL", true),
        (EMAIL_RECEIVED, "Email received", "EMAIL", true),
    ];
    let mut types = Table::starting_at(first_id);
    for (id, name, icon, update_last_contacted) in rows {
        let name = name.to_owned();
        types.put(id, ActivityType { id, name, icon: icon_of(icon), update_last_contacted });
    }
    types
}

impl ActivityType {
    /// A type of the account's own.
    pub(super) fn custom(id: i64, name: &str, icon: &str) -> ActivityType {
        ActivityType { id, name: name.to_owned(), icon: icon_of(icon), update_last_contacted: true }
    }

    fn describe(&mut self, written: Written<'_>) -> Result<(), Problem> {
        if self.id < 0 {
            return Err(written.problem("id", "built in activity types cannot be changed"));
        }
        written.filled_text("name", &mut self.name)?;
        written.flag("updateLastContacted", &mut self.update_last_contacted)?;
        if let Some(icon) = written.get("icon") {
            let wanted = icon.get("id").unwrap_or(icon).as_str();
            let chosen = ICONS.iter().find(|icon| !icon.is_system && Some(icon.id) == wanted);
            self.icon = chosen.ok_or_else(|| written.problem("icon", "icon not found"))?;
        }
        Ok(())
    }
}

/// Whether a note can be of this type.
pub(super) fn can_be_written(account: &Account, id: i64) -> bool {
    id >= CALL && account.activity_types.get(id).is_some()
}

impl Resource for ActivityType {
    const PATH: &'static str = "activitytypes";
    const ONE: &'static str = "activityType";
    const MANY: &'static str = "activityTypes";

    fn table(account: &Account) -> &Table<ActivityType> {
        &account.activity_types
    }

    fn view(&self, _: &Scene<'_>) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "icon": self.icon.view(),
            "updateLastContacted": self.update_last_contacted,
        })
    }

    /// The built-in ones first, then the account's own.
    fn listed<'a>(scene: &Scene<'a>) -> Result<Vec<&'a ActivityType>, Refusal> {
        let types = scene.account.activity_types.iter();
        let mut types: Vec<&ActivityType> = types.filter(|kind| kind.id >= CALL).collect();
        types.sort_by_key(|kind| (kind.id > 0, kind.id.abs()));
        Ok(types)
    }
}

impl Writable for ActivityType {
    fn create(draft: &mut Draft, written: Written<'_>) -> Result<i64, Refusal> {
        draft.require_administrator()?;
        let mut activity_type = ActivityType::custom(0, "", ICONS[0].id);
        activity_type.describe(written)?;
        Ok(draft.account.activity_types.insert(|id| ActivityType { id, ..activity_type }))
    }

    fn update(draft: &mut Draft, id: i64, written: Written<'_>) -> Result<(), Refusal> {
        draft.require_administrator()?;
        let activity_type = draft.account.activity_types.get_mut(id).ok_or(Refusal::NotFound)?;
        Ok(activity_type.describe(written)?)
    }

    /// Its entries become plain notes.
    fn delete(draft: &mut Draft, id: i64) -> Result<(), Refusal> {
        draft.require_administrator()?;
        if id < 0 {
            let message = "built in activity types cannot be deleted";
            return Err(Problem::new(ActivityType::ONE, "id", message).into());
        }
        let account = &mut draft.account;
        account.activity_types.delete(id, draft.now);
        account.entries.update_where(|entry| entry.activity_type == id, |entry| entry.activity_type = NOTE);
        Ok(())
    }
}

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/activitytypes", collection::<ActivityType>())
        .route("/activitytypes/icons", get(icons))
        .route("/activitytypes/{id}", member::<ActivityType>())
}

/// The icons that a type can be given.
async fn icons(_: Call) -> Json<Value> {
    let icons = ICONS.iter().filter(|icon| !icon.is_system);
    Json(keyed("activityTypeIcons", icons.map(Icon::view).collect()))
}
