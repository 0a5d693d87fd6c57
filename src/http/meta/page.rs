//! A guide as a page of its own: no scripts, nothing fetched, everything escaped.

use std::fmt::Write;

use super::guide::{Guide, Topic};
use super::markdown::names;

const STYLE: &str = include_str!("page.css");

/// Writes the page.
pub fn write(guide: &Guide) -> String {
    let title = escape(&format!("{} with {}", guide.model.1, guide.integration.1));
    let mut page = String::with_capacity(64 * 1024);
    page.push_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    put(
        &mut page,
        format_args!("<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n"),
    );
    put(&mut page, format_args!("<h1>{title}</h1>\n"));
    connecting(&mut page, guide);
    overview(&mut page, guide);
    for topic in guide.resources.iter().filter(|topic| topic.is_served()) {
        resource(&mut page, &guide.model.0, topic);
    }
    unserved(&mut page, guide);
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn connecting(page: &mut String, guide: &Guide) {
    page.push_str("<section>\n<h2>Connecting an account</h2>\n");
    let facts = [
        ("Plans that include the API", &guide.pricing_plans),
        ("Roles that can connect", &guide.user_roles),
        ("Access that is asked for", &guide.scopes),
    ];
    if facts.iter().any(|(_, items)| !items.is_empty()) {
        page.push_str("<dl>\n");
        for (title, items) in facts.iter().filter(|(_, items)| !items.is_empty()) {
            let items: Vec<String> = items.iter().map(|item| escape(item)).collect();
            put(page, format_args!("<dt>{title}</dt><dd>{}</dd>\n", items.join(", ")));
        }
        page.push_str("</dl>\n");
    }
    for way in &guide.ways {
        put(page, format_args!("<h3>{}</h3>\n<ol>\n", escape(&way.title)));
        for (field, step) in &way.steps {
            let field = field.as_ref().map_or_else(String::new, |it| format!("<b>{}.</b> ", escape(it)));
            put(page, format_args!("<li>{field}{}</li>\n", escape(step)));
        }
        page.push_str("</ol>\n");
    }
    put(
        page,
        format_args!(
            "<p class=\"quiet\">{} documents its own API at <a href=\"{1}\" rel=\"noreferrer\">{1}</a>.</p>\n</section>\n",
            escape(&guide.integration.1),
            escape(&guide.documentation)
        ),
    );
}

fn overview(page: &mut String, guide: &Guide) {
    page.push_str("<section>\n<h2>What is served</h2>\n<table class=\"overview\">\n");
    for topic in guide.resources.iter().filter(|topic| topic.is_served()) {
        let name = escape(&topic.name);
        put(page, format_args!("<tr><th><a href=\"#{name}\">{name}</a></th><td>"));
        for (method, served) in &topic.methods {
            let class = if served.is_ok() { "yes" } else { "no" };
            put(page, format_args!("<span class=\"{class}\">{method}</span> "));
        }
        page.push_str("</td></tr>\n");
    }
    page.push_str("</table>\n</section>\n");
}

fn resource(page: &mut String, model: &str, topic: &Topic) {
    let name = escape(&topic.name);
    put(page, format_args!("<section id=\"{name}\">\n<h2><small>{}/</small>{name}</h2>\n", escape(model)));
    put(page, format_args!("<p>{}</p>\n<dl>\n", escape(&topic.description)));
    for (method, served) in &topic.methods {
        put(page, format_args!("<dt>{method}</dt><dd>"));
        match served {
            Ok(described) => {
                let parameters = names(&described["query_schema"]);
                let parameters: Vec<String> = parameters
                    .iter()
                    .map(|name| format!("<code>{}</code>", escape(name.trim_matches('`'))))
                    .collect();
                match parameters.as_slice() {
                    [] => page.push_str("served"),
                    some => put(page, format_args!("with {}", some.join(", "))),
                }
            }
            Err(reason) => {
                put(page, format_args!("<span class=\"quiet\">not served: {}</span>", escape(reason)))
            }
        }
        page.push_str("</dd>\n");
    }
    page.push_str(
        "</dl>\n<table>\n<thead><tr><th>Field</th><th>Type</th><th>Meaning</th></tr></thead>\n<tbody>\n",
    );
    for (name, shape, description, extension) in &topic.fields {
        let ours = if *extension { " <span class=\"mark\">beyond the published model</span>" } else { "" };
        put(
            page,
            format_args!(
                "<tr><td><code>{}</code></td><td>{}</td><td>{}{ours}</td></tr>\n",
                escape(name),
                escape(shape),
                escape(description)
            ),
        );
    }
    page.push_str("</tbody>\n</table>\n</section>\n");
}

fn unserved(page: &mut String, guide: &Guide) {
    let topics: Vec<&Topic> = guide.resources.iter().filter(|topic| !topic.is_served()).collect();
    if topics.is_empty() {
        return;
    }
    page.push_str("<section>\n<h2>What is not</h2>\n<dl>\n");
    for topic in topics {
        let reason = topic.methods.iter().find_map(|(_, served)| served.as_ref().err());
        let reason = reason.map_or_else(String::new, |reason| escape(reason));
        put(page, format_args!("<dt>{}</dt><dd class=\"quiet\">{reason}</dd>\n", escape(&topic.name)));
    }
    page.push_str("</dl>\n</section>\n");
}

fn put(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string can't fail.
    let _ = page.write_fmt(text);
}

/// Text in which nothing is taken for markup, within elements and quoted attributes alike.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::meta::guide::Way;
    use crate::http::meta::markdown;
    use crate::model::Method;

    const HOSTILE: &str = "<script>alert('x')</script> & \"quoted\"";

    fn hostile() -> Guide {
        let text = || HOSTILE.to_owned();
        Guide {
            model: (text(), text()),
            integration: (text(), text()),
            documentation: text(),
            pricing_plans: vec![text()],
            user_roles: vec![text()],
            scopes: vec![text()],
            ways: vec![Way { title: text(), steps: vec![(Some(text()), text())] }],
            resources: vec![
                Topic {
                    name: text(),
                    description: text(),
                    schema: serde_json::json!({}),
                    methods: vec![
                        (
                            Method::List,
                            Ok(serde_json::json!({"query_schema": {"properties": {HOSTILE: {}}}})),
                        ),
                        (Method::Get, Err(text())),
                    ],
                    fields: vec![(text(), text(), text(), true)],
                },
                Topic {
                    name: text(),
                    description: text(),
                    schema: serde_json::json!({}),
                    methods: vec![(Method::List, Err(text()))],
                    fields: Vec::new(),
                },
            ],
        }
    }

    #[test]
    fn nothing_that_the_mappings_say_becomes_markup() {
        let page = write(&hostile());
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains("alert('x')"), "{page}");
        assert!(!page.contains("\"quoted\""), "{page}");
    }

    #[test]
    fn a_page_fetches_and_runs_nothing() {
        let page = write(&hostile());
        for word in ["<script", "<link", "<img", "<iframe", "src=", "@import", "url("] {
            assert!(!page.contains(word), "{word}");
        }
    }

    #[test]
    fn markdown_holds_no_markup_of_the_mappings() {
        assert!(!markdown::write(&hostile()).contains("\n<script"));
    }

    #[test]
    fn parameters_are_named_as_callers_write_them() {
        let schema = serde_json::json!({"properties": {
            "name": {"type": "string"},
            "owner": {"type": "object", "properties": {"id": {"type": "string"}}},
            "a": {"type": "object", "properties": {"b": {"type": "object", "properties": {"c": {}}}}}
        }});
        assert_eq!(names(&schema), ["`name`", "`owner[id]`", "`a[b][c]`"]);
    }
}
