//! Whom a record belongs to: its owner, its team, and whether others may see it.
//!
//! A write that names an owner and no team clears the team; one that names a team and no owner keeps the owner, who must
//! be one of its members. A restricted record is seen by administrators, by its owner and by its team.

use serde_json::Value;

use super::account::Account;
use super::refusal::Problem;
use super::written::Written;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Custody {
    pub(super) owner: Option<i64>,
    pub(super) team: Option<i64>,
    pub(super) restricted: bool,
}

impl Custody {
    pub(super) fn of(owner: i64) -> Custody {
        Custody { owner: Some(owner), ..Custody::default() }
    }

    /// Carries out the `owner` and `team` of a write.
    pub(super) fn assign(&mut self, account: &Account, written: Written<'_>) -> Result<(), Problem> {
        let owner = written.reference("owner", |id| account.is_active_user(id))?;
        let team = written.reference("team", |id| account.teams.get(id).is_some())?;
        match (owner, team) {
            (None, None) => return Ok(()),
            (Some(owner), team) => {
                self.owner = owner;
                self.team = team.flatten();
            }
            (None, Some(team)) => self.team = team,
        }
        if let (Some(owner), Some(team)) = (self.owner, self.team.and_then(|id| account.teams.get(id)))
            && !team.members.contains(&owner)
        {
            return Err(written.problem("team", "owner is not a member of the team"));
        }
        Ok(())
    }

    /// Refuses a record that belongs to nobody; opportunities and projects must belong to somebody.
    pub(super) fn require_any(&self, written: Written<'_>) -> Result<(), Problem> {
        match (self.owner, self.team) {
            (None, None) => Err(written.problem("owner", "owner or team is required")),
            _ => Ok(()),
        }
    }

    /// Whether `user` may see the record.
    pub(super) fn is_open_to(&self, account: &Account, user: i64) -> bool {
        let is_administrator = || account.users.get(user).is_some_and(|user| user.administrator);
        let team = self.team.and_then(|id| account.teams.get(id));
        !self.restricted
            || self.owner == Some(user)
            || team.is_some_and(|team| team.members.contains(&user))
            || is_administrator()
    }

    /// The owner as the record shows it.
    pub(super) fn owner_view(&self, account: &Account) -> Value {
        account.user_reference(self.owner)
    }

    /// The team as the record shows it.
    pub(super) fn team_view(&self, account: &Account) -> Value {
        account.team_reference(self.team)
    }
}
