//! What a vendor's operation is called as a tool: the published contract's naming.

/// The name of a method of a vendor's resource: `list_all_capsule_parties`, `get_single_capsule_party_by_id`,
/// `create_a_capsule_party`. A method beside the five is named for itself: `capsule_parties_search`.
pub fn tool_name(provider: &str, resource: &str, method: &str) -> String {
    let (provider, resource, method) = (plain(provider), plain(resource), plain(method));
    let one = singular(&resource);
    match method.as_str() {
        "list" => format!("list_all_{provider}_{resource}"),
        "get" => format!("get_single_{provider}_{one}_by_id"),
        "create" => format!("create_a_{provider}_{one}"),
        "update" => format!("update_a_{provider}_{one}_by_id"),
        "delete" => format!("delete_a_{provider}_{one}_by_id"),
        other => format!("{provider}_{resource}_{other}"),
    }
}

/// Lower case, with underscores between words.
fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !plain.is_empty() && !plain.ends_with('_') {
            plain.push('_');
        }
        if letter.is_ascii_alphanumeric() {
            plain.push(letter.to_ascii_lowercase());
        } else if !plain.ends_with('_') {
            plain.push('_');
        }
    }
    plain
}

/// The singular of an English plural, for the words that name resources.
fn singular(plural: &str) -> String {
    if let Some(stem) = plural.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return format!("{stem}y");
    }
    for ending in ["sses", "shes", "ches", "xes", "zes"] {
        if plural.ends_with(ending) {
            return plural[..plural.len() - 2].to_owned();
        }
    }
    match plural.strip_suffix('s') {
        Some(stem) if !stem.ends_with(['s', 'u']) => stem.to_owned(),
        _ => plural.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::tool_name;

    #[test]
    fn the_five_methods_are_named_as_the_contract_names_them() {
        for (resource, method, name) in [
            ("products", "list", "list_all_bigcommerce_products"),
            ("products", "get", "get_single_bigcommerce_product_by_id"),
            ("products", "create", "create_a_bigcommerce_product"),
            ("products", "update", "update_a_bigcommerce_product_by_id"),
            ("products", "delete", "delete_a_bigcommerce_product_by_id"),
        ] {
            assert_eq!(tool_name("bigcommerce", resource, method), name);
        }
    }

    #[test]
    fn plurals_lose_their_ending() {
        for (plural, one) in [
            ("parties", "party"),
            ("entries", "entry"),
            ("kases", "kase"),
            ("addresses", "address"),
            ("boxes", "box"),
            ("status", "status"),
            ("activityTypes", "activity_type"),
            ("trackdefinitions", "trackdefinition"),
        ] {
            assert_eq!(tool_name("x", plural, "create"), format!("create_a_x_{one}"));
        }
    }

    #[test]
    fn other_methods_are_named_for_themselves() {
        assert_eq!(tool_name("capsule", "parties", "search"), "capsule_parties_search");
    }
}
