//! Reads HTML and says its content to the writer of Markdown.

use html5gum::{StartTag, Token, Tokenizer};

use super::super::super::running;
use super::super::Refusal;
use super::writer::{List, Writer};

/// Elements whose content is not shown.
const HIDDEN: &[&str] = &["script", "style", "head", "title", "noscript", "template", "object", "svg"];

/// Elements that stand in lines of their own.
#[rustfmt::skip]
const BLOCKS: &[&str] = &[
    "address", "article", "aside", "body", "center", "dd", "div", "dl", "dt", "fieldset", "figcaption", "figure",
    "footer", "form", "header", "html", "main", "nav", "p", "section",
];

/// The HTML as Markdown.
pub(super) fn markdown(html: &str) -> Result<String, Refusal> {
    let mut reader = Reader { writer: Writer::default(), hidden: None, links: Vec::new() };
    for token in Tokenizer::new(html) {
        running::poll()?;
        running::fits(reader.writer.length())?;
        match token {
            Ok(Token::StartTag(tag)) => reader.open(&tag),
            Ok(Token::EndTag(tag)) => reader.close(&String::from_utf8_lossy(&tag.name)),
            Ok(Token::String(text)) if reader.hidden.is_none() => {
                reader.writer.text(&String::from_utf8_lossy(&text));
            }
            // The tokenizer reads from memory and does not fail.
            _ => {}
        }
    }
    let text = reader.writer.finish();
    running::fits(text.len())?;
    Ok(text)
}

struct Reader {
    writer: Writer,
    /// The hidden element that is open.
    hidden: Option<String>,
    /// The targets of the links that are open.
    links: Vec<Option<String>>,
}

fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    let value = tag.attributes.get(name.as_bytes())?;
    Some(String::from_utf8_lossy(value).into_owned())
}

fn heading(name: &str) -> Option<usize> {
    match name.as_bytes() {
        [b'h', level @ b'1'..=b'6'] => Some(usize::from(level - b'0')),
        _ => None,
    }
}

impl Reader {
    fn open(&mut self, tag: &StartTag<()>) {
        let name = String::from_utf8_lossy(&tag.name).into_owned();
        if self.hidden.is_some() {
            return;
        }
        if HIDDEN.contains(&name.as_str()) {
            if !tag.self_closing {
                self.hidden = Some(name);
            }
            return;
        }
        match name.as_str() {
            "b" | "strong" => self.writer.emphasis("**", true),
            "i" | "em" => self.writer.emphasis("_", true),
            "del" | "s" | "strike" => self.writer.emphasis("~~", true),
            "br" => self.writer.line_break(),
            "hr" => self.writer.rule(),
            "code" | "kbd" | "samp" | "tt" => self.writer.open_code(),
            "pre" => self.writer.open_preformatted(),
            "blockquote" => self.writer.open_quote(),
            "ul" | "menu" => self.writer.open_list(List::Bullets),
            "ol" => {
                let start = attribute(tag, "start").and_then(|start| start.parse().ok()).unwrap_or(1);
                self.writer.open_list(List::Numbers(start));
            }
            "li" => self.writer.open_item(),
            "input" if attribute(tag, "type").as_deref() == Some("checkbox") => {
                let is_checked = attribute(tag, "checked").is_some();
                self.writer.raw(if is_checked { "[x] " } else { "[ ] " });
            }
            "a" => self.open_link(tag),
            "img" => {
                let source = attribute(tag, "src").unwrap_or_default();
                let alternative = attribute(tag, "alt").unwrap_or_default();
                if !source.is_empty() {
                    self.writer.raw(&format!("![{alternative}]({source})"));
                }
            }
            "table" => self.writer.open_table(),
            "tr" => self.writer.open_row(),
            "td" | "th" => self.writer.open_cell(),
            other => match heading(other) {
                Some(level) => self.writer.open_heading(level),
                None if BLOCKS.contains(&other) => self.writer.block(),
                None => {}
            },
        }
    }

    fn close(&mut self, name: &str) {
        if let Some(hidden) = &self.hidden {
            if hidden == name {
                self.hidden = None;
            }
            return;
        }
        match name {
            "b" | "strong" => self.writer.emphasis("**", false),
            "i" | "em" => self.writer.emphasis("_", false),
            "del" | "s" | "strike" => self.writer.emphasis("~~", false),
            "code" | "kbd" | "samp" | "tt" => self.writer.close_code(),
            "pre" => self.writer.close_preformatted(),
            "blockquote" => self.writer.close_quote(),
            "ul" | "menu" | "ol" => self.writer.close_list(),
            "li" => self.writer.close_item(),
            "a" => {
                if let Some(Some(target)) = self.links.pop() {
                    self.writer.raw(&format!("]({target})"));
                }
            }
            "table" => self.writer.close_table(),
            "tr" => self.writer.close_row(),
            "td" | "th" => self.writer.close_cell(),
            other => {
                if heading(other).is_some() {
                    self.writer.close_heading();
                } else if BLOCKS.contains(&other) {
                    self.writer.block();
                }
            }
        }
    }

    fn open_link(&mut self, tag: &StartTag<()>) {
        let target = attribute(tag, "href").filter(|target| !target.is_empty());
        let title = attribute(tag, "title").filter(|title| !title.is_empty());
        let target = target.map(|target| match title {
            Some(title) => format!("{target} \"{}\"", title.replace('"', "\\\"")),
            None => target,
        });
        if target.is_some() {
            self.writer.raw("[");
        }
        self.links.push(target);
    }
}
