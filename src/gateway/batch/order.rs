//! The order of a batch: which entries wait for which, and which are repeated for the records of another.

use super::draft::Draft;
use super::plan::{Entry, RESOURCES, Work};
use crate::error::{Error, Result};
use crate::model::schema::nearest;

/// Refuses names that stand twice, and names that hide what is found below them.
pub(super) fn unique(drafts: &[Draft]) -> Result<()> {
    for (index, draft) in drafts.iter().enumerate() {
        let taken = |other: &Draft| draft.name.is_some() && other.name == draft.name;
        if drafts[..index].iter().any(taken) {
            let name = draft.name.as_deref().unwrap_or_default();
            return Err(Error::invalid_field(
                format!("{RESOURCES}[{index}].name"),
                format!("there is an entry named {name:?} already"),
            ));
        }
        let within = |place: &Vec<String>| {
            let others = drafts.iter().flat_map(|draft| &draft.entry.places);
            others.into_iter().find(|other| other.len() > place.len() && other.starts_with(place))
        };
        if let Some(other) = draft.entry.places.iter().find_map(within) {
            return Err(Error::invalid_field(
                format!("{RESOURCES}[{index}].name"),
                format!("can't be {:?}: that is where {} is found", draft.entry.label, other.join("/")),
            ));
        }
    }
    Ok(())
}

/// What an entry waits for, and the path to what it is repeated for.
pub(super) type Connection = (Vec<usize>, Option<Vec<String>>);

/// Finds both: as the entry says, and as its placeholders tell.
pub(super) fn connect(drafts: &[Draft], index: usize) -> Result<Connection> {
    let draft = &drafts[index];
    let at = |name: &str| format!("{RESOURCES}[{index}].{name}");
    let mut after = Vec::new();
    for name in draft.depends_on.iter().flatten() {
        let found = named(drafts, name);
        if found.is_empty() {
            let known = drafts.iter().map(|draft| draft.entry.label.as_str());
            let hint =
                nearest(name, known).map_or_else(String::new, |near| format!("; did you mean {near}?"));
            return Err(Error::invalid_field(
                at("depends_on"),
                format!("there is no entry named {name:?}{hint}"),
            ));
        }
        after.extend(found);
    }
    if draft.depends_on.is_none() {
        match draft.entry.work {
            // It sees everything that is listed before it.
            Work::Transform(_) => after.extend(0..index),
            Work::Spool => return Err(Error::invalid_field(at("depends_on"), "is needed")),
            Work::Call(_) => {}
        }
    }
    let mut loop_on = match &draft.entry.work {
        Work::Call(call) => call.loop_on.clone(),
        Work::Transform(_) | Work::Spool => None,
    };
    let mut each = Vec::new();
    for path in draft.reads.iter().chain(&loop_on) {
        if let Some((others, place)) = read_by(drafts, index, path) {
            after.extend(others);
            if path.get(place.len()).is_some_and(|member| is_member(member)) && !each.contains(&place) {
                each.push(place);
            }
        }
    }
    // A member of each of another's records can only be read from one record at a time.
    if loop_on.is_none() {
        if each.len() > 1 {
            let problem = "is needed: the entry reads members of the records of several others";
            return Err(Error::invalid_field(at("loop_on"), problem));
        }
        loop_on = each.pop();
    }
    after.sort_unstable();
    after.dedup();
    Ok((after, loop_on))
}

/// The entries of a name or a resource.
fn named(drafts: &[Draft], name: &str) -> Vec<usize> {
    let by = |is: &dyn Fn(&Draft) -> bool| -> Vec<usize> {
        drafts.iter().enumerate().filter(|(_, draft)| is(draft)).map(|(index, _)| index).collect()
    };
    match by(&|draft| draft.name.as_deref() == Some(name)) {
        found if found.is_empty() => by(&|draft| draft.resource.as_deref() == Some(name)),
        found => found,
    }
}

/// The entries other than `own` whose records a path reads, and how much of the path leads to them.
fn read_by(drafts: &[Draft], own: usize, path: &[String]) -> Option<(Vec<usize>, Vec<String>)> {
    let below = path.split_first().filter(|(root, _)| *root == RESOURCES)?.1;
    let places = drafts.iter().enumerate().filter(|(index, _)| *index != own);
    let fitting = places
        .flat_map(|(index, draft)| draft.entry.places.iter().map(move |place| (index, place)))
        .filter(|(_, place)| below.starts_with(place));
    let fitting: Vec<(usize, &Vec<String>)> = fitting.collect();
    let longest = fitting.iter().map(|(_, place)| place.len()).max()?;
    let others =
        fitting.iter().filter(|(_, place)| place.len() == longest).map(|(index, _)| *index).collect();
    Some((others, path[..=longest].to_vec()))
}

/// Whether a path goes on with a member, and not with one of several records.
fn is_member(name: &str) -> bool {
    name != "*" && name.parse::<i64>().is_err()
}

/// Refuses entries that wait for each other.
pub(super) fn refuse_circles(entries: &[Entry]) -> Result<()> {
    let mut done = vec![false; entries.len()];
    while let Some(next) = (0..entries.len())
        .find(|index| !done[*index] && entries[*index].after.iter().all(|other| done[*other]))
    {
        done[next] = true;
    }
    let stuck: Vec<&str> = entries
        .iter()
        .zip(&done)
        .filter(|(_, done)| !**done)
        .map(|(entry, _)| entry.label.as_str())
        .collect();
    if stuck.is_empty() {
        return Ok(());
    }
    let index = done.iter().position(|done| !done).unwrap_or_default();
    Err(Error::invalid_field(
        format!("{RESOURCES}[{index}].depends_on"),
        format!("waits in a circle, so it would never run: {}", stuck.join(", ")),
    ))
}
