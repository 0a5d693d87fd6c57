//! How alike two texts are.

use std::collections::HashMap;

use jsonata_core::value::JValue;

use super::super::running;
use super::{HostFunction, HostResult, arg, coerce};

pub(super) const FUNCTIONS: &[HostFunction] = &[
    HostFunction::plain(
        "mostSimilar",
        "value, list, threshold?",
        "The text of the list that is most like the value, if their Dice coefficient reaches the threshold (0.8 unless \
         given); otherwise the value. Case and all but letters a to z and digits are ignored.",
        most_similar,
    ),
    HostFunction::plain(
        "diceCoefficient",
        "text, text",
        "How alike the two are, from 0 to 1: twice the pairs of neighbouring letters they share, by all they have. Case \
         and all but letters a to z and digits are ignored.",
        dice_coefficient,
    ),
];

/// The pairs of neighbouring letters, counted.
fn pairs(text: &str) -> (HashMap<[char; 2], usize>, usize) {
    let letters: Vec<char> = text
        .to_lowercase()
        .chars()
        .filter(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
        .collect();
    let mut counts = HashMap::new();
    for pair in letters.windows(2) {
        *counts.entry([pair[0], pair[1]]).or_insert(0) += 1;
    }
    (counts, letters.len().saturating_sub(1))
}

fn coefficient(one: &str, other: &str) -> f64 {
    let ((one, one_count), (other, other_count)) = (pairs(one), pairs(other));
    let shared: usize =
        one.iter().map(|(pair, count)| other.get(pair).map_or(0, |there| *count.min(there))).sum();
    match one_count + other_count {
        0 => 0.0,
        all => 2.0 * shared as f64 / all as f64,
    }
}

fn most_similar(args: &[JValue]) -> HostResult {
    let JValue::String(value) = arg(args, 0) else {
        return Ok(arg(args, 0).clone());
    };
    let threshold = coerce::to_number(arg(args, 2)).unwrap_or(0.8);
    let mut best: Option<(f64, &JValue)> = None;
    for candidate in coerce::cast_array(arg(args, 1)) {
        running::poll()?;
        if let JValue::String(text) = candidate {
            let similarity = coefficient(value, text);
            if best.is_none_or(|(known, _)| similarity > known) {
                best = Some((similarity, candidate));
            }
        }
    }
    Ok(match best {
        Some((similarity, candidate)) if similarity >= threshold => candidate.clone(),
        _ => arg(args, 0).clone(),
    })
}

fn dice_coefficient(args: &[JValue]) -> HostResult {
    if arg(args, 0) == arg(args, 1) {
        return Ok(JValue::from_i64(1));
    }
    let (one, other) = (coerce::joined_text(arg(args, 0)), coerce::joined_text(arg(args, 1)));
    Ok(JValue::from_f64(coefficient(&one, &other)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::call;

    #[test]
    fn the_coefficient_is_of_shared_pairs() {
        let of = |one, other| call("diceCoefficient", &[Some(json!(one)), Some(json!(other))]);
        assert_eq!(of("night", "nacht"), Some(json!(0.25)));
        assert_eq!(of("United-States", "united states"), Some(json!(1)));
        assert_eq!(of("same", "same"), Some(json!(1)));
        assert_eq!(of("a", "b"), Some(json!(0)));
        assert_eq!(of("aaaa", "aa"), Some(json!(0.5)));
    }

    #[test]
    fn the_most_similar_counts_only_from_the_threshold() {
        let list = json!(["Customer", "Prospect", "Partner"]);
        let of = |value, threshold| call("mostSimilar", &[Some(json!(value)), Some(list.clone()), threshold]);
        assert_eq!(of("customers", None), Some(json!("Customer")));
        assert_eq!(of("supplier", None), Some(json!("supplier")));
        assert_eq!(of("prosp", Some(json!(0.5))), Some(json!("Prospect")));
        assert_eq!(call("mostSimilar", &[Some(json!(null)), Some(list)]), Some(json!(null)));
    }
}
