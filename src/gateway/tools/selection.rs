//! Which tools are wanted: by method and by tag.

use std::fmt;

use super::{Operation, Tool, native};

/// Which tools are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Names of methods or of tools, or groups: `read`, `write`, `custom`. Empty: any.
    pub methods: Vec<String>,
    /// Any of these tags. Empty: every one of the vendor's own operations, and no unified method.
    pub tags: Vec<String>,
}

impl Selection {
    /// Whether a unified method may be among them.
    pub(super) fn may_be_unified(&self) -> bool {
        !self.tags.is_empty()
    }

    /// Whether a tool is among them.
    pub fn takes(&self, tool: &Tool) -> bool {
        let tagged = match (&tool.operation, self.tags.as_slice()) {
            (Operation::Native { .. }, []) => true,
            (Operation::Unified(_), []) => false,
            (_, wanted) => tool.tags().iter().any(|tag| wanted.contains(tag)),
        };
        tagged && (self.methods.is_empty() || self.methods.iter().any(|wanted| fits(wanted, tool)))
    }
}

fn fits(wanted: &str, tool: &Tool) -> bool {
    let method = tool.method();
    match wanted {
        "read" => matches!(method, "list" | "get"),
        "write" => matches!(method, "create" | "update" | "delete"),
        "custom" => !matches!(method, "list" | "get" | "create" | "update" | "delete"),
        name => name == method || name == tool.name(),
    }
}

/// In the words of whoever made it.
impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |names: &[String]| if names.is_empty() { "any".to_owned() } else { names.join(", ") };
        let tags = if self.tags.is_empty() { native::TAG.to_owned() } else { shown(&self.tags) };
        write!(f, "methods {}, tags {tags}", shown(&self.methods))
    }
}
