//! Records of a vendor's answer, left where they stand in it.
//!
//! A proxy list passes on what the vendor sent, so nothing of it is copied: the answer is kept as it was received, with the
//! place of each record, and those that stand next to each other leave as one piece.

use std::ops::Range;

use bytes::Bytes;
use serde_json::value::RawValue;

/// Some records of an answer, in order.
#[derive(Debug, Clone)]
pub struct Parts {
    answer: Bytes,
    places: Vec<Range<usize>>,
}

impl Parts {
    /// These records of `answer`, which must be borrowed from it.
    pub fn new(answer: Bytes, records: &[&RawValue]) -> Self {
        let begin = answer.as_ptr().addr();
        let place = |record: &&RawValue| {
            let start = record.get().as_ptr().addr() - begin;
            start..start + record.get().len()
        };
        Parts { places: records.iter().map(place).collect(), answer }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Each as JSON text.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.places.iter().map(|place| &self.answer[place.clone()])
    }

    /// All of them with commas between them, in as few pieces as there are gaps.
    pub fn joined(&self) -> Vec<Bytes> {
        let mut runs: Vec<Range<usize>> = Vec::new();
        for place in &self.places {
            match runs.last_mut() {
                Some(run) if self.is_a_comma(run.end..place.start) => run.end = place.end,
                _ => runs.push(place.clone()),
            }
        }
        let mut pieces = Vec::with_capacity(runs.len() * 2);
        for run in runs {
            if !pieces.is_empty() {
                pieces.push(Bytes::from_static(b","));
            }
            pieces.push(self.answer.slice(run));
        }
        pieces
    }

    fn is_a_comma(&self, between: Range<usize>) -> bool {
        self.answer.get(between).is_some_and(|between| between.trim_ascii() == b",")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn neighbours_leave_as_one_piece_and_others_with_a_comma() {
        let answer = Bytes::from_static(br#"{"a":[{"n":1} , 2,"x,y"],"b":[[3]],"c":[]}"#);
        let lists: BTreeMap<String, Vec<&RawValue>> = serde_json::from_slice(&answer).unwrap();
        let all: Vec<&RawValue> = lists.values().flatten().copied().collect();
        let parts = Parts::new(answer.clone(), &all);
        assert_eq!(parts.len(), 4);
        assert_eq!(parts.iter().last(), Some(&b"[3]"[..]));
        assert_eq!(parts.joined(), [&br#"{"n":1} , 2,"x,y""#[..], b",", b"[3]"]);
        let apart = Parts::new(answer.clone(), &[all[0], all[2]]);
        assert_eq!(apart.joined().concat(), br#"{"n":1},"x,y""#);
        let backwards = Parts::new(answer.clone(), &[all[1], all[0]]);
        assert_eq!(backwards.joined().concat(), br#"2,{"n":1}"#);
        assert!(Parts::new(answer, &[]).joined().is_empty());
    }
}
