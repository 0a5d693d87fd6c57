//! Whatever JSON comes in goes out.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::Value;
use unicrm::mapping::expression::{Engine, Scope};

use crate::{ample, compiled, raw};

/// Beyond it integers become strings.
const LARGEST: i64 = 1 << 53;

fn value() -> impl Strategy<Value = Value> {
    // JSONata has one number type, so a whole double would come back as an integer.
    let fraction = any::<f64>().prop_filter("has a fraction", |n| n.is_finite() && n.fract() != 0.0);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-LARGEST..=LARGEST).prop_map(Value::from),
        fraction.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn any_json_passes_through_unchanged(value in value()) {
        let expression = compiled(Engine::Core, "response");
        let by_value = Scope::new().with("response", value.clone());
        let by_text = Scope::new().with_raw("response", raw(&value.to_string()));
        for scope in [by_value, by_text] {
            let result = expression.evaluate(&scope, &ample());
            prop_assert_eq!(result, Ok(Some(value.clone())));
        }
    }
}
