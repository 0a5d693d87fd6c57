//! Writes Markdown, block by block.

/// How the items of a list are marked.
#[derive(Clone, Copy)]
pub(super) enum List {
    Bullets,
    /// The number of the next item.
    Numbers(u64),
}

/// As deep as quotes and lists are indented; deeper ones stand as deep as this.
const DEEPEST: usize = 20;

#[derive(Default)]
pub(super) struct Writer {
    out: String,
    /// The paragraph that is being written.
    line: String,
    /// What stands before each line: a quote's mark or an item's indent.
    prefixes: Vec<&'static str>,
    lists: Vec<List>,
    /// The mark of the item whose first line is still to come.
    marker: Option<String>,
    /// The emphases that are open.
    open: Vec<&'static str>,
    heading: Option<usize>,
    /// Where the code that is open begins in the line.
    code: Option<usize>,
    is_preformatted: bool,
    table: Option<Table>,
    /// Whether the next block follows the last one in the next line, as items do.
    is_tight: bool,
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
    is_in_cell: bool,
}

impl Writer {
    /// About how long the text is so far.
    pub(super) fn length(&self) -> usize {
        self.out.len() + self.line.len()
    }

    pub(super) fn text(&mut self, text: &str) {
        if self.is_preformatted {
            self.line.push_str(text);
            return;
        }
        if self.table.as_ref().is_some_and(|table| !table.is_in_cell) && text.trim().is_empty() {
            return;
        }
        for letter in text.chars() {
            if matches!(letter, ' ' | '\n' | '\t' | '\r' | '\u{c}') {
                if !self.line.is_empty() && !self.line.ends_with([' ', '\n']) {
                    self.line.push(' ');
                }
                continue;
            }
            if self.code.is_none() && matches!(letter, '\\' | '*' | '_' | '[' | ']' | '`') {
                self.line.push('\\');
            }
            self.line.push(letter);
        }
    }

    /// What is Markdown already.
    pub(super) fn raw(&mut self, text: &str) {
        self.line.push_str(text);
    }

    pub(super) fn emphasis(&mut self, mark: &'static str, opens: bool) {
        if self.is_preformatted || self.code.is_some() {
            return;
        }
        if opens {
            self.open.push(mark);
            self.line.push_str(mark);
        } else if let Some(at) = self.open.iter().rposition(|open| *open == mark) {
            self.open.remove(at);
            if self.line.ends_with(mark) {
                // Nothing was between: no emphasis at all.
                self.line.truncate(self.line.len() - mark.len());
                return;
            }
            let spaces = self.line.len() - self.line.trim_end_matches(' ').len();
            self.line.truncate(self.line.len() - spaces);
            self.line.push_str(mark);
            self.line.push_str(if spaces > 0 { " " } else { "" });
        }
    }

    pub(super) fn line_break(&mut self) {
        if self.is_preformatted {
            self.line.push('\n');
            return;
        }
        let end = self.line.trim_end_matches(' ').len();
        self.line.truncate(end);
        self.line.push_str(if self.table.is_some() { " " } else { "  \n" });
    }

    pub(super) fn rule(&mut self) {
        self.block();
        self.line.push_str("* * *");
        self.block();
    }

    /// Ends the paragraph.
    pub(super) fn block(&mut self) {
        if self.table.is_some() || self.is_preformatted {
            return;
        }
        for mark in std::mem::take(&mut self.open).into_iter().rev() {
            self.line.push_str(mark);
        }
        let text = std::mem::take(&mut self.line);
        let text = text.trim_matches([' ', '\n']);
        if text.is_empty() {
            return;
        }
        let text = match self.heading {
            Some(level @ 1..=2) => {
                let mark = if level == 1 { "=" } else { "-" };
                format!("{text}\n{}", mark.repeat(text.chars().count().min(80)))
            }
            Some(level) => format!("{} {text}", "#".repeat(level)),
            None => text.to_owned(),
        };
        self.put(&text);
    }

    fn put(&mut self, text: &str) {
        let prefix: String = self.prefixes.iter().take(DEEPEST).copied().collect();
        let mut first = prefix.clone();
        if let Some(marker) = self.marker.take() {
            first.truncate(first.len().saturating_sub(marker.len()));
            first.push_str(&marker);
        }
        if !self.out.is_empty() {
            self.out.push('\n');
            if !self.is_tight {
                self.out.push_str(prefix.trim_end_matches('\n'));
                self.out.push('\n');
            }
        }
        self.is_tight = false;
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                self.out.push('\n');
            }
            self.out.push_str(if index == 0 { &first } else { &prefix });
            self.out.push_str(line);
        }
    }

    pub(super) fn open_heading(&mut self, level: usize) {
        self.block();
        self.heading = Some(level);
    }

    pub(super) fn close_heading(&mut self) {
        self.block();
        self.heading = None;
    }

    pub(super) fn open_quote(&mut self) {
        self.block();
        self.prefixes.push("> ");
    }

    pub(super) fn close_quote(&mut self) {
        self.block();
        self.close_prefix("> ");
    }

    fn close_prefix(&mut self, prefix: &str) {
        if self.prefixes.last() == Some(&prefix) {
            self.prefixes.pop();
        }
    }

    pub(super) fn open_list(&mut self, list: List) {
        self.block();
        self.is_tight = !self.lists.is_empty();
        self.lists.push(list);
    }

    pub(super) fn close_list(&mut self) {
        self.close_item();
        self.lists.pop();
        self.is_tight = false;
    }

    pub(super) fn open_item(&mut self) {
        self.block();
        let is_first = self.marker.is_none() && !self.is_item_open();
        if !is_first {
            self.close_item();
        }
        let marker = match self.lists.last_mut() {
            Some(List::Numbers(next)) => {
                let number = *next;
                *next = next.saturating_add(1);
                format!("{:<4}", format!("{number}."))
            }
            _ => "*   ".to_owned(),
        };
        self.prefixes.push("    ");
        self.marker = Some(marker);
    }

    /// Whether there are as many indents as lists.
    fn is_item_open(&self) -> bool {
        self.prefixes.iter().filter(|prefix| **prefix == "    ").count() >= self.lists.len().max(1)
    }

    pub(super) fn close_item(&mut self) {
        self.block();
        if self.is_item_open() {
            self.close_prefix("    ");
            self.marker = None;
            self.is_tight = true;
        }
    }

    pub(super) fn open_code(&mut self) {
        if !self.is_preformatted && self.code.is_none() {
            self.code = Some(self.line.len());
        }
    }

    pub(super) fn close_code(&mut self) {
        let Some(start) = self.code.take() else {
            return;
        };
        let code = self.line.split_off(start.min(self.line.len()));
        let code = code.trim();
        if code.is_empty() {
            return;
        }
        let longest = code.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest + 1);
        let space = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
        self.line.push_str(&format!("{fence}{space}{code}{space}{fence}"));
    }

    pub(super) fn open_preformatted(&mut self) {
        self.block();
        self.is_preformatted = self.table.is_none();
    }

    pub(super) fn close_preformatted(&mut self) {
        if !self.is_preformatted {
            return;
        }
        self.is_preformatted = false;
        let text = std::mem::take(&mut self.line);
        let text = text.trim_matches('\n');
        if !text.trim().is_empty() {
            let lines: Vec<String> = text.split('\n').map(|line| format!("    {line}")).collect();
            self.put(&lines.join("\n"));
        }
    }

    pub(super) fn open_table(&mut self) {
        if self.table.is_none() {
            self.block();
            self.table = Some(Table::default());
        }
    }

    pub(super) fn open_row(&mut self) {
        self.close_cell();
        if let Some(table) = &mut self.table {
            table.rows.push(Vec::new());
        }
    }

    pub(super) fn close_row(&mut self) {
        self.close_cell();
    }

    pub(super) fn open_cell(&mut self) {
        self.close_cell();
        if let Some(table) = &mut self.table {
            table.is_in_cell = true;
        }
    }

    pub(super) fn close_cell(&mut self) {
        let Some(table) = self.table.as_mut().filter(|table| table.is_in_cell) else {
            return;
        };
        table.is_in_cell = false;
        let mut text = std::mem::take(&mut self.line);
        for mark in std::mem::take(&mut self.open).into_iter().rev() {
            text.push_str(mark);
        }
        let cell = text.trim().replace('|', "\\|").replace('\n', " ");
        match table.rows.last_mut() {
            Some(row) => row.push(cell),
            None => table.rows.push(vec![cell]),
        }
    }

    pub(super) fn close_table(&mut self) {
        self.close_cell();
        let Some(table) = self.table.take() else {
            return;
        };
        let rows: Vec<Vec<String>> = table.rows.into_iter().filter(|row| !row.is_empty()).collect();
        let Some(head) = rows.first() else {
            return;
        };
        let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
        let mut lines = vec![line(head), line(&vec!["---".to_owned(); head.len()])];
        lines.extend(rows.iter().skip(1).map(|row| line(row)));
        self.put(&lines.join("\n"));
    }

    pub(super) fn finish(mut self) -> String {
        self.close_preformatted();
        self.close_table();
        self.close_code();
        self.block();
        self.out
    }
}
