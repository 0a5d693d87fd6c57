//! Markdown and HTML: the bodies of notes and mails.

mod reader;
mod writer;

use jsonata_core::value::JValue;
use pulldown_cmark::{Options, Parser, html};

use super::super::running;
use super::{HostFunction, HostResult, Refusal, arg, coerce};

pub(super) const FUNCTIONS: &[HostFunction] = &[
    HostFunction::plain(
        "convertHtmlToMarkdown",
        "html",
        "The HTML as Markdown: headings, paragraphs, lists, quotes, code, tables, links, images and emphasis. What \
         Markdown has no word for keeps its text; scripts and styles go. Nothing for nothing.",
        html_to_markdown,
    ),
    HostFunction::plain(
        "convertMarkdownToHtml",
        "markdown",
        "The Markdown (CommonMark, with GitHub's tables, task lists and strikethrough) as HTML. HTML inside of it stays as \
         it is. Nothing for nothing.",
        markdown_to_html,
    ),
];

fn text_of(function: &str, args: &[JValue]) -> Result<Option<String>, Refusal> {
    match arg(args, 0) {
        nothing if coerce::is_nothing(nothing) => Ok(None),
        JValue::Array(_) | JValue::Object(_) => Err(Refusal::argument(format!("${function} takes a text"))),
        scalar => {
            let text = coerce::joined_text(scalar);
            running::fits(text.len())?;
            Ok(Some(text))
        }
    }
}

fn html_to_markdown(args: &[JValue]) -> HostResult {
    let Some(text) = text_of("convertHtmlToMarkdown", args)? else {
        return Ok(JValue::Undefined);
    };
    Ok(JValue::string(reader::markdown(&text)?))
}

fn markdown_to_html(args: &[JValue]) -> HostResult {
    let Some(text) = text_of("convertMarkdownToHtml", args)? else {
        return Ok(JValue::Undefined);
    };
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut out = String::new();
    html::push_html(&mut out, Parser::new_ext(&text, options));
    running::fits(out.len())?;
    Ok(JValue::string(out))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{call, try_call};

    fn html(markdown: &str) -> Option<Value> {
        call("convertMarkdownToHtml", &[Some(json!(markdown))])
    }

    #[track_caller]
    fn markdown(html: &str, expected: &str) {
        assert_eq!(call("convertHtmlToMarkdown", &[Some(json!(html))]), Some(json!(expected)), "{html}");
    }

    #[test]
    fn markdown_becomes_html() {
        assert_eq!(
            html("# Hi\n\nA **bold** [link](https://x.y)"),
            Some(json!("<h1>Hi</h1>\n<p>A <strong>bold</strong> <a href=\"https://x.y\">link</a></p>\n"))
        );
        assert_eq!(html("- a\n- b"), Some(json!("<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n")));
        assert_eq!(html("~~old~~"), Some(json!("<p><del>old</del></p>\n")));
        assert_eq!(call("convertMarkdownToHtml", &[None]), None);
        assert!(try_call("convertMarkdownToHtml", &[Some(json!(["a"]))]).is_err());
    }

    #[test]
    fn html_becomes_markdown() {
        markdown(
            "<p>Hello <b>big</b>\n  <em>world</em></p><p>Again<br>and again</p>",
            "Hello **big** _world_\n\nAgain  \nand again",
        );
        markdown("<h1>One</h1><h2>Two</h2><h3>Three</h3>", "One\n===\n\nTwo\n---\n\n### Three");
        markdown(
            "<a href=\"https://x.y\" title=\"t\">go</a> <img src=\"i.png\" alt=\"pic\">",
            "[go](https://x.y \"t\") ![pic](i.png)",
        );
        markdown("a<hr>b", "a\n\n* * *\n\nb");
        markdown("<del>old</del> <code>x = `y`</code>", "~~old~~ `` x = `y` ``");
        markdown("plain &amp; &lt;simple&gt; &nbsp;text", "plain & <simple> \u{a0}text");
    }

    #[test]
    fn lists_quotes_and_code_are_blocks() {
        markdown("<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>", "*   a\n*   b\n    *   c");
        markdown("<ol start=\"3\"><li>a</li><li><p>b</p><p>c</p></li></ol>", "3.  a\n4.  b\n    \n    c");
        markdown("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n> \n> b");
        markdown("<pre><code>let x;\n  y</code></pre>", "    let x;\n      y");
        markdown("<ul><li><input type=\"checkbox\" checked> done</li></ul>", "*   [x] done");
    }

    #[test]
    fn tables_have_a_head() {
        markdown(
            "<table><thead><tr><th>A</th><th>B</th></tr></thead><tbody><tr><td>1</td><td>2|3</td></tr></tbody></table>",
            "| A | B |\n| --- | --- |\n| 1 | 2\\|3 |",
        );
    }

    #[test]
    fn what_is_not_content_goes_and_what_is_unknown_keeps_its_text() {
        markdown("<style>p{}</style><script>x()</script><!-- c --><custom>kept</custom>", "kept");
        markdown("", "");
        markdown("<p>un<b>closed", "un**closed**");
        markdown("text with * and _ and # and [x]", "text with \\* and \\_ and # and \\[x\\]");
    }

    #[test]
    fn nesting_of_any_depth_is_survived() {
        let deep = "<blockquote>".repeat(5_000) + "x";
        let result = try_call("convertHtmlToMarkdown", &[Some(json!(deep))]).expect("a text");
        assert!(result.and_then(|text| text.as_str().map(|text| text.ends_with('x'))).unwrap_or(false));
    }
}
