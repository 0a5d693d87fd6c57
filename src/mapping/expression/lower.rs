//! What becomes of a parsed expression before jsonata-core evaluates it.
//!
//! A function of ours gets the values of its arguments and nothing else, and some of the language is no function at all.
//! Four things are therefore written into the syntax tree, as calls of functions whose names hold a space, so that no
//! expression can say them:
//! - `x.toISO()`, the call of a method, on the objects that have them ([`objects`]), and `=` between those.
//! - `&`, which makes a text of bounded length and says dates as dates.
//! - `$each` and `$sift`, which take null for nothing; the built-ins that we replace, which still take the context value
//!   as a first argument that is left out; `$replace` with a function, which only the engine can call.
//! - Limits where the engine has none: the ends of a range, and what is put together from variables (see
//!   [`running::spend`](super::running::spend)).
//!
//! Nothing else about the meaning of an expression changes.

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};
use jsonata_core::value::with_stack;

use super::functions::omission::{self, Kind};
use super::functions::{HostFunction, inner, objects};
use super::source::{Spanned, is_bound, variable};

/// The variable that holds the engine's own `$replace`.
pub(super) const ENGINE_REPLACE: &str = "replace of the engine";

/// Rewrites `ast` in place. The answer is the functions that it now calls beside those it names.
pub(super) fn lower(ast: &mut AstNode, tokens: &[Spanned]) -> Vec<&'static HostFunction> {
    let makes_objects = objects::are_made(tokens.iter().filter_map(variable));
    let mut lowering = Lowering { tokens, makes_objects, used: Vec::new() };
    lowering.node(ast);
    lowering.used
}

struct Lowering<'t> {
    tokens: &'t [Spanned],
    makes_objects: bool,
    used: Vec<&'static HostFunction>,
}

impl Lowering<'_> {
    fn node(&mut self, node: &mut AstNode) {
        with_stack(|| self.node_here(node));
    }

    fn node_here(&mut self, node: &mut AstNode) {
        match node {
            AstNode::Binary { op: BinaryOp::Concatenate, .. } => self.concatenation(node),
            AstNode::Binary { op: BinaryOp::Range, lhs, rhs } => {
                self.range_end(lhs);
                self.range_end(rhs);
            }
            AstNode::Binary { op: BinaryOp::ChainPipe, lhs, rhs } => {
                self.node(lhs);
                let repeats = matches!(called(rhs), Some(AstNode::Function { name, .. }) if name == "map" || name == "each");
                self.piped(lhs, rhs);
                if repeats {
                    self.wrap(node, inner::SPEND);
                }
            }
            AstNode::Binary { op: BinaryOp::ColonEqual, lhs: _, rhs } => {
                self.node(rhs);
                // What a variable already holds is not there twice for another name.
                if !matches!(**rhs, AstNode::Path { .. } | AstNode::Variable(_) | AstNode::ParentVariable(_))
                {
                    self.spent(rhs);
                }
            }
            AstNode::Binary { op: BinaryOp::Equal | BinaryOp::NotEqual, lhs, rhs } if self.makes_objects => {
                self.compared(lhs);
                self.compared(rhs);
            }
            AstNode::Binary { lhs, rhs, .. } => {
                self.node(lhs);
                self.node(rhs);
            }
            AstNode::Unary { operand, .. } => self.node(operand),
            AstNode::Path { steps } => self.path(steps),
            AstNode::Function { .. } => self.call(node, false),
            AstNode::Call { procedure, args } => {
                self.node(procedure);
                self.nodes(args);
            }
            AstNode::Lambda { body, .. } | AstNode::FunctionApplication(body) => self.node(body),
            AstNode::Array(items) | AstNode::ArrayGroup(items) => self.items(items),
            AstNode::Block(items) => self.nodes(items),
            AstNode::Object(pairs) => self.pairs(pairs),
            AstNode::ObjectTransform { input, pattern } => {
                self.node(input);
                self.pairs(pattern);
            }
            AstNode::Conditional { condition, then_branch, else_branch } => {
                self.node(condition);
                self.node(then_branch);
                if let Some(branch) = else_branch {
                    self.node(branch);
                }
            }
            AstNode::Sort { input, terms } => {
                self.node(input);
                terms.iter_mut().for_each(|(term, _)| self.node(term));
            }
            AstNode::Transform { location, update, delete } => {
                self.node(location);
                self.node(update);
                if let Some(delete) = delete {
                    self.node(delete);
                }
            }
            AstNode::String(_)
            | AstNode::Name(_)
            | AstNode::Number(_)
            | AstNode::Boolean(_)
            | AstNode::Null
            | AstNode::Undefined
            | AstNode::Placeholder
            | AstNode::Regex { .. }
            | AstNode::Variable(_)
            | AstNode::ParentVariable(_)
            | AstNode::Wildcard
            | AstNode::Descendant
            | AstNode::Parent(_) => {}
        }
    }

    fn nodes(&mut self, nodes: &mut [AstNode]) {
        nodes.iter_mut().for_each(|node| self.node(node));
    }

    fn items(&mut self, items: &mut [AstNode]) {
        for item in items {
            self.node(item);
            self.spent(item);
        }
    }

    fn pairs(&mut self, pairs: &mut [(AstNode, AstNode)]) {
        for (key, value) in pairs {
            self.node(key);
            self.node(value);
            self.spent(value);
        }
    }

    fn path(&mut self, steps: &mut [PathStep]) {
        let is_one = steps.len() == 1;
        for (index, step) in steps.iter_mut().enumerate() {
            self.node(&mut step.node);
            self.filters(&mut step.stages);
            // The engine looks at what these nodes are, or at more of their value than a function is given.
            let is_plain =
                step.focus.is_none() && step.index_var.is_none() && !step.is_tuple && !step.inner_tuple;
            let repeats = index > 0 || matches!(step.node, AstNode::Function { .. });
            if is_plain && repeats && !is_one && step.ancestor_label.is_none() {
                self.spent_step(&mut step.node);
            }
        }
    }

    fn filters(&mut self, stages: &mut [Stage]) {
        for stage in stages {
            if let Stage::Filter(filter) = stage {
                self.node(filter);
                // A list of positions is looked through for every item.
                self.spent_step(filter);
            }
        }
    }

    /// The call `node`; `is_piped` when `~>` gives it one more argument, in front.
    fn call(&mut self, node: &mut AstNode, is_piped: bool) {
        let AstNode::Function { name, args, is_builtin } = node else {
            return;
        };
        self.nodes(args);
        if !*is_builtin {
            if self.makes_objects && objects::is_method(name) && !is_piped {
                self.method(node);
            }
            return;
        }
        if is_bound(self.tokens, name) {
            return;
        }
        if !is_piped {
            self.left_out(name, args);
        }
        if name == "each" && args.len() == 2 {
            self.wrap(&mut args[0], inner::NULL_IS_NOTHING);
        }
        match name.as_str() {
            "sift" if args.len() == 2 => self.wrap(&mut args[0], inner::NULL_IS_NOTHING),
            "contains" if args.last().is_some_and(|pattern| matches!(pattern, AstNode::Regex { .. })) => {
                let function = self.use_function(inner::CONTAINS);
                function.clone_into(name);
            }
            "replace" => {
                let by = args.get(if is_piped { 1 } else { 2 });
                if by.is_some_and(|by| matches!(by, AstNode::Lambda { .. } | AstNode::Variable(_))) {
                    self.replacement(node, is_piped);
                }
            }
            // One value may come of every call.
            "map" | "each" if !is_piped && !args.iter().any(|arg| matches!(arg, AstNode::Placeholder)) => {
                self.wrap(node, inner::SPEND);
            }
            _ => {}
        }
    }

    /// Writes the context value where the first argument is left out, or, where only its arguments will tell whether it
    /// is, a call that looks at them.
    fn left_out(&mut self, name: &mut String, args: &mut Vec<AstNode>) {
        let kinds: Vec<Kind> = args.iter().map(kind_of).collect();
        match omission::leaves_out(name, &kinds) {
            Some(true) => args.insert(0, context()),
            Some(false) => {}
            // A placeholder stands for whatever is given later.
            None if args.iter().any(|arg| matches!(arg, AstNode::Placeholder)) => {}
            // What replaces is asked next whether it is a function.
            None if name == "replace" && matches!(args.last(), Some(AstNode::Variable(_))) => {}
            None => {
                let function = std::mem::replace(name, self.use_function(inner::WITH_CONTEXT).to_owned());
                args.splice(0..0, [AstNode::String(function), context()]);
            }
        }
    }

    /// `lhs ~> rhs`, with `lhs` done.
    fn piped(&mut self, lhs: &mut AstNode, rhs: &mut AstNode) {
        if called(rhs).is_none() {
            return self.node(rhs);
        }
        let call = match rhs {
            AstNode::Path { steps } => {
                self.filters(&mut steps[0].stages);
                &mut steps[0].node
            }
            other => other,
        };
        if let AstNode::Function { name, args, is_builtin: true } = &*call
            && matches!(name.as_str(), "each" | "sift")
            && args.len() == 1
            && !is_bound(self.tokens, name)
        {
            self.wrap(lhs, inner::NULL_IS_NOTHING);
        }
        self.call(call, true);
    }

    /// `x.f(a)` on an object of ours becomes a call of ours, and stays what it is on any other.
    fn method(&mut self, node: &mut AstNode) {
        let AstNode::Function { name, args, .. } = &*node else {
            return;
        };
        let method = AstNode::String(name.clone());
        let has = self.function(inner::HAS_METHOD, vec![method.clone(), context()]);
        let mut with_object = vec![method, context()];
        with_object.extend(args.iter().cloned());
        let call = self.function(inner::CALL_METHOD, with_object);
        let other = std::mem::replace(node, AstNode::Null);
        *node = AstNode::Conditional {
            condition: Box::new(has),
            then_branch: Box::new(call),
            else_branch: Some(Box::new(other)),
        };
    }

    /// `$replace` by what is, or may be, a function: the engine's if it is one, ours otherwise.
    fn replacement(&mut self, node: &mut AstNode, is_piped: bool) {
        let AstNode::Function { name, args, .. } = node else {
            return;
        };
        let by = args[if is_piped { 1 } else { 2 }].clone();
        if is_piped || matches!(by, AstNode::Lambda { .. }) {
            // Piped, the other branch would lose what is piped. A text in a variable is then the engine's to replace
            // by, too: one replacement at a time, between which it looks at its limits.
            ENGINE_REPLACE.clone_into(name);
            return;
        }
        let is_function = self.function(inner::IS_FUNCTION, vec![by]);
        let engines =
            AstNode::Function { name: ENGINE_REPLACE.to_owned(), args: args.clone(), is_builtin: true };
        let ours = std::mem::replace(node, AstNode::Null);
        *node = AstNode::Conditional {
            condition: Box::new(is_function),
            then_branch: Box::new(engines),
            else_branch: Some(Box::new(ours)),
        };
    }

    /// `a & b & c` as one call.
    fn concatenation(&mut self, node: &mut AstNode) {
        let mut operands = Vec::new();
        let mut rest = std::mem::replace(node, AstNode::Null);
        while let AstNode::Binary { op: BinaryOp::Concatenate, lhs, rhs } = rest {
            operands.push(*rhs);
            rest = *lhs;
        }
        operands.push(rest);
        operands.reverse();
        self.nodes(&mut operands);
        *node = self.function(inner::CONCATENATE, operands);
    }

    /// An end of a range beyond 2^53 would overflow the engine's count of its items.
    fn range_end(&mut self, node: &mut AstNode) {
        self.node(node);
        if !matches!(node, AstNode::Number(number) if number.abs() < 1e9) {
            self.wrap(node, inner::RANGE_END);
        }
    }

    /// A side of `=` or `!=`.
    fn compared(&mut self, node: &mut AstNode) {
        self.node(node);
        if !is_literal(node) {
            self.wrap(node, inner::COMPARABLE);
        }
    }

    /// An item of an array, a field of an object, or what is made for a variable to hold.
    fn spent(&mut self, node: &mut AstNode) {
        if !matches!(
            node,
            AstNode::Array(_) | AstNode::ArrayGroup(_) | AstNode::Object(_) | AstNode::Lambda { .. }
        ) && repeats(node)
        {
            self.wrap(node, inner::SPEND);
        }
    }

    /// A step of a path, or its filter, which is evaluated for every item of the one before.
    fn spent_step(&mut self, node: &mut AstNode) {
        let is_call =
            matches!(node, AstNode::Function { .. } | AstNode::Variable(_) | AstNode::ParentVariable(_));
        let is_context = matches!(node, AstNode::Variable(name) if name.is_empty());
        if is_call && !is_context && repeats(node) {
            self.wrap(node, inner::SPEND);
        }
    }

    fn wrap(&mut self, node: &mut AstNode, function: &'static HostFunction) {
        let inside = std::mem::replace(node, AstNode::Null);
        *node = self.function(function, vec![inside]);
    }

    fn function(&mut self, function: &'static HostFunction, args: Vec<AstNode>) -> AstNode {
        AstNode::Function { name: self.use_function(function).to_owned(), args, is_builtin: true }
    }

    fn use_function(&mut self, function: &'static HostFunction) -> &'static str {
        if !self.used.iter().any(|used| used.name == function.name) {
            self.used.push(function);
        }
        function.name
    }
}

/// `$`
fn context() -> AstNode {
    AstNode::Variable(String::new())
}

/// Whether the value may be one that is there already, or hold it several times: it is read from a variable, or made
/// by a function that calls another for every item.
fn repeats(node: &AstNode) -> bool {
    with_stack(|| match node {
        AstNode::Variable(_) | AstNode::ParentVariable(_) | AstNode::Parent(_) => true,
        AstNode::Path { steps } => steps.iter().any(|step| repeats(&step.node)),
        AstNode::Function { name, args, .. } => {
            !inner::gives_a_scalar(name) && (args.iter().any(repeats) || !args.iter().all(is_literal))
        }
        AstNode::Call { .. } | AstNode::ObjectTransform { .. } | AstNode::Sort { .. } => true,
        AstNode::Block(items) => items.last().is_some_and(repeats),
        AstNode::FunctionApplication(inner) => repeats(inner),
        AstNode::Conditional { then_branch, else_branch, .. } => {
            repeats(then_branch) || else_branch.as_deref().is_some_and(repeats)
        }
        AstNode::Binary { op: BinaryOp::ChainPipe | BinaryOp::ColonEqual, .. } => true,
        AstNode::Binary { op: BinaryOp::Coalesce | BinaryOp::Default, lhs, rhs } => {
            repeats(lhs) || repeats(rhs)
        }
        AstNode::Array(items) | AstNode::ArrayGroup(items) => items.iter().any(repeats),
        AstNode::Object(pairs) => pairs.iter().any(|(_, value)| repeats(value)),
        _ => false,
    })
}

/// The call that stands behind `~>`, if one does.
fn called(node: &AstNode) -> Option<&AstNode> {
    match node {
        AstNode::Path { steps } if steps.len() == 1 => called(&steps[0].node),
        AstNode::Function { .. } => Some(node),
        _ => None,
    }
}

/// What the value will be, as far as the text tells.
fn kind_of(node: &AstNode) -> Kind {
    match node {
        AstNode::String(_) => Kind::Text,
        AstNode::Number(_) => Kind::Number,
        AstNode::Regex { .. } | AstNode::Lambda { .. } => Kind::Function,
        AstNode::Unary { operand, .. } if matches!(**operand, AstNode::Number(_)) => Kind::Number,
        AstNode::Function { name, .. } if *name == inner::CONCATENATE.name => Kind::Text,
        _ => Kind::Unknown,
    }
}

fn is_literal(node: &AstNode) -> bool {
    matches!(
        node,
        AstNode::String(_) | AstNode::Number(_) | AstNode::Boolean(_) | AstNode::Null | AstNode::Regex { .. }
    )
}
