//! What this process has noticed of the database's absences.
//!
//! A database that restarts breaks off every connection, and a pool that isn't told hands them out one after the other,
//! each for an error. So the first that turns out broken marks all that are as old, and they are replaced before anybody
//! gets them. And while the database is away, what is kept in memory is not worth a look at it for every request: one a
//! second is enough to notice that it is back.
//!
//! One state for the process, since a process has one database, and since a broken connection is noticed where an error
//! of the database's becomes one of ours, which knows no pool.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two looks for a database that is away.
const LOOK_EVERY: Duration = Duration::from_secs(1);

static REACH: LazyLock<Mutex<Reach>> = LazyLock::new(Mutex::default);

#[derive(Debug, Default)]
struct Reach {
    /// Connections that were open by then may be broken.
    broke_off: Option<Instant>,
    /// When to look again; absent while the database is thought to be there.
    next_look: Option<Instant>,
}

fn reach<T>(with: impl FnOnce(&mut Reach) -> T) -> T {
    with(&mut REACH.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A connection was broken off: others that are open are not to be trusted.
pub fn broke_off() {
    reach(|reach| reach.broke_off = Some(Instant::now()));
}

/// Whether a connection that is as old as this may be used.
pub fn is_trusted(age: Duration) -> bool {
    // One that was opened in the same moment is thrown away needlessly, and one that is broken is never kept.
    reach(|reach| reach.broke_off.is_none_or(|broke_off| broke_off.elapsed() > age))
}

/// The database didn't answer.
pub fn away() {
    reach(|reach| reach.next_look = Some(Instant::now() + LOOK_EVERY));
}

/// The database answered.
pub fn back() {
    reach(|reach| reach.next_look = None);
}

/// Whether to ask the database for what could be answered without it. Whoever is told so has the turn.
pub fn may_look() -> bool {
    reach(|reach| match &mut reach.next_look {
        None => true,
        Some(next) if Instant::now() >= *next => {
            *next = Instant::now() + LOOK_EVERY;
            true
        }
        Some(_) => false,
    })
}
