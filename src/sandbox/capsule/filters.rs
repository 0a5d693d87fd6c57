//! Structured search: `POST /parties/filters/results`, and the free text of `GET /parties/search`.
//!
//! Both answer like the list of parties and are paged by the query string. `orderBy` in a filter has no effect: whether
//! filters that are not saved can be sorted is disputed, so nothing should lean on it.

use super::account::Account;
use super::call::Call;
use super::condition::Filter;
use super::party::Party;
use super::refusal::Refusal;
use time::OffsetDateTime;

/// The parties that the filter in the request's body finds, newest first.
pub(super) fn matches<'a>(
    account: &'a Account,
    call: &Call,
    now: OffsetDateTime,
) -> Result<Vec<&'a Party>, Refusal> {
    let filter = Filter::parse(account, &call.wrapped("filter")?)?;
    let today = now.date();
    let parties = account.parties.iter().rev();
    Ok(parties.filter(|party| filter.holds(account, party, today)).collect())
}

/// The parties in which every word of `text` occurs, newest first; none when there is no word.
pub(super) fn search<'a>(account: &'a Account, text: &str) -> Vec<&'a Party> {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() {
        return Vec::new();
    }
    let parties = account.parties.iter().rev();
    parties
        .filter(|party| {
            let searched = searched(party);
            words.iter().all(|word| searched.contains(word))
        })
        .collect()
}

/// What free text is looked for in: name, e-mail addresses, postcodes, phone numbers as written and as digits.
fn searched(party: &Party) -> String {
    let mut texts = vec![party.display_name()];
    texts.extend(party.email_addresses.iter().map(|email| email.address.clone()));
    texts.extend(party.addresses.iter().filter_map(|address| address.zip.clone()));
    for phone in &party.phone_numbers {
        texts.push(phone.number.clone());
        texts.push(phone.number.chars().filter(char::is_ascii_digit).collect());
    }
    texts.join("\n").to_lowercase()
}
