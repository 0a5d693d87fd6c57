//! A guide as Markdown.

use super::guide::{Guide, Topic};

/// Writes the guide.
pub fn write(guide: &Guide) -> String {
    let mut text = format!("# {} with {}\n\n", guide.model.1, guide.integration.1);
    text.push_str(&format!(
        "{} documents its own API at <{}>.\n\n",
        plain(&guide.integration.1),
        guide.documentation
    ));
    text.push_str("## Connecting an account\n\n");
    list(&mut text, "Plans that include the API", &guide.pricing_plans);
    list(&mut text, "Roles that can connect", &guide.user_roles);
    list(&mut text, "Access that is asked for", &guide.scopes);
    text.push_str(&guide.instructions());
    text.push_str("\n\n## What is served\n\n| Resource | Methods |\n| --- | --- |\n");
    for topic in guide.resources.iter().filter(|topic| topic.is_served()) {
        let served = topic.methods.iter().filter(|(_, served)| served.is_ok());
        let served: Vec<&str> = served.map(|(method, _)| method.as_str()).collect();
        text.push_str(&format!("| `{}` | {} |\n", topic.name, served.join(", ")));
    }
    for topic in guide.resources.iter().filter(|topic| topic.is_served()) {
        resource(&mut text, &guide.model.0, topic);
    }
    let unserved: Vec<&Topic> = guide.resources.iter().filter(|topic| !topic.is_served()).collect();
    if !unserved.is_empty() {
        text.push_str("\n## What is not\n\n");
        for topic in unserved {
            let reason = topic.methods.iter().find_map(|(_, served)| served.as_ref().err());
            let reason = reason.map_or_else(String::new, |reason| format!(": {}", plain(reason)));
            text.push_str(&format!("- `{}`{reason}\n", topic.name));
        }
    }
    text
}

fn list(text: &mut String, title: &str, items: &[String]) {
    if !items.is_empty() {
        text.push_str(&format!("**{title}:** {}\n\n", items.join(", ")));
    }
}

fn resource(text: &mut String, model: &str, topic: &Topic) {
    text.push_str(&format!("\n### {model}/{}\n\n{}\n\n", topic.name, plain(&topic.description)));
    for (method, served) in &topic.methods {
        match served {
            Ok(described) => {
                let filters = names(&described["query_schema"]);
                let filters = match filters.as_slice() {
                    [] => String::new(),
                    some => format!(", with {}", some.join(", ")),
                };
                text.push_str(&format!("- **{method}**{filters}\n"));
            }
            Err(reason) => text.push_str(&format!("- ~~{method}~~: {}\n", plain(reason))),
        }
    }
    text.push_str("\n| Field | Type | Meaning |\n| --- | --- | --- |\n");
    for (name, shape, description, extension) in &topic.fields {
        let ours = if *extension { " *(beyond the published model)*" } else { "" };
        text.push_str(&format!("| `{name}` | {} | {}{ours} |\n", cell(shape), cell(description)));
    }
}

/// The parameters of a query schema, by name, with the members of objects in brackets.
pub fn names(schema: &serde_json::Value) -> Vec<String> {
    let mut found = Vec::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if property["properties"].is_object() {
            found.extend(names(property).into_iter().map(|inner| match inner.split_once('[') {
                Some((first, rest)) => format!("`{name}[{}][{rest}", first.trim_matches('`')),
                None => format!("`{name}[{}]`", inner.trim_matches('`')),
            }));
        }
        if property["type"] != "object" || !property["properties"].is_object() {
            found.push(format!("`{name}`"));
        }
    }
    found
}

/// Text in which nothing is taken for markup.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '\\' | '*' | '[' | ']' | '<' | '>' | '#' | '|' | '~') {
            plain.push('\\');
        }
        plain.push(letter);
    }
    plain
}

/// Text within a table's cell, where code in backticks stays code.
fn cell(text: &str) -> String {
    text.replace(['\n', '\r'], " ").replace('|', "\\|").replace('<', "&lt;")
}
