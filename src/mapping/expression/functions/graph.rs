//! Lists whose items name one another: trees in their order, and graphs of dependencies.

use std::collections::{HashMap, HashSet};

use jsonata_core::value::{JMap, JValue, with_stack};

use super::super::{running, values};
use super::grouping::compare;
use super::lookup::field_at;
use super::objects::{self, Kind};
use super::{HostFunction, HostResult, Refusal, arg, coerce};

pub(super) const FUNCTIONS: &[HostFunction] = &[
    HostFunction::plain(
        "sortNodes",
        "array, id?, parent?, sequence?",
        "The items of a tree, each before its children, and children in order of their sequence. The fields are id, \
         parent_id and sequence unless named. An item whose parent is not in the list is a root.",
        sort_nodes,
    ),
    HostFunction::plain(
        "dependencyGraph",
        "array, parent, key",
        "A graph of the items by their key, each depending on the one that its field parent names. Its methods: \
         overallOrder(leavesOnly?), dependenciesOf(key), dependantsOf(key), hasNode(key), getNodeData(key), clone().",
        dependency_graph,
    )
    .core_only(),
];

pub(super) const METHODS: &[&str] =
    &["overallOrder", "dependenciesOf", "dependantsOf", "hasNode", "getNodeData", "clone"];

/// What identifies an item.
fn id(item: &JValue, field: &str) -> Option<String> {
    let value = field_at(item, field)?;
    coerce::is_truthy(value).then(|| coerce::joined_text(value))
}

fn name(args: &[JValue], index: usize, default: &str) -> String {
    match arg(args, index) {
        nothing if coerce::is_nothing(nothing) => default.to_owned(),
        name => coerce::joined_text(name),
    }
}

fn sort_nodes(args: &[JValue]) -> HostResult {
    if coerce::is_nothing(arg(args, 0)) {
        return Ok(JValue::Undefined);
    }
    let items = coerce::cast_array(arg(args, 0));
    let (id_field, parent_field) = (name(args, 1, "id"), name(args, 2, "parent_id"));
    let sequence_field = name(args, 3, "sequence");
    // Of items with the same id the last one is the parent.
    let places: HashMap<String, usize> =
        items.iter().enumerate().filter_map(|(at, item)| Some((id(item, &id_field)?, at))).collect();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); items.len()];
    let mut roots = Vec::new();
    for (at, item) in items.iter().enumerate() {
        match id(item, &parent_field).and_then(|parent| places.get(&parent)) {
            Some(parent) => children[*parent].push(at),
            None => roots.push(at),
        }
    }
    let sequence = |at: &usize| field_at(&items[*at], &sequence_field).unwrap_or(&JValue::Undefined);
    let by_sequence = |one: &usize, other: &usize| compare(sequence(one), sequence(other));
    roots.sort_by(by_sequence);
    children.iter_mut().for_each(|children| children.sort_by(by_sequence));
    let mut sorted = Vec::with_capacity(items.len());
    let mut waiting: Vec<usize> = roots.into_iter().rev().collect();
    while let Some(at) = waiting.pop() {
        sorted.push(items[at].clone());
        waiting.extend(children[at].iter().rev());
    }
    Ok(JValue::array(sorted))
}

/// The hidden fields of a graph: its items, and what each depends on.
const NODES: &str = "the nodes";
const EDGES: &str = "the edges";

fn dependency_graph(args: &[JValue]) -> HostResult {
    let (parent_field, key_field) = (name(args, 1, "parent"), name(args, 2, "key"));
    let items: &[JValue] =
        if coerce::is_nothing(arg(args, 0)) { &[] } else { coerce::cast_array(arg(args, 0)) };
    let keyed: HashMap<String, &JValue> =
        items.iter().filter_map(|item| Some((id(item, &key_field)?, item))).collect();
    let (mut nodes, mut edges) = (JMap::default(), JMap::default());
    for item in items {
        let Some(key) = id(item, &key_field) else {
            return Err(Refusal::argument(format!("$dependencyGraph: every item has a {key_field}")));
        };
        nodes.entry(key.clone()).or_insert_with(|| item.clone());
        let mut depends_on =
            edges.get(&key).map_or(Vec::new(), |known: &JValue| coerce::cast_array(known).to_vec());
        if let Some(parent) = id(item, &parent_field)
            && let Some(parent_item) = keyed.get(&parent)
        {
            nodes.entry(parent.clone()).or_insert_with(|| (*parent_item).clone());
            depends_on.push(JValue::string(parent));
        }
        edges.insert(key, JValue::array(depends_on));
    }
    let hidden = [(NODES.to_owned(), values::object(nodes)), (EDGES.to_owned(), values::object(edges))];
    Ok(objects::object(Kind::Graph, "", hidden))
}

struct Graph<'g> {
    nodes: &'g JValue,
    /// What each node depends on, or, turned round, what depends on it.
    edges: HashMap<&'g str, Vec<&'g str>>,
}

impl<'g> Graph<'g> {
    fn of(object: &'g JValue, is_turned: bool) -> Graph<'g> {
        let mut edges: HashMap<&str, Vec<&str>> = HashMap::new();
        let all = object.get(EDGES).and_then(JValue::as_object);
        for (from, to) in all.into_iter().flatten() {
            for to in coerce::cast_array(to).iter().filter_map(JValue::as_str) {
                let (from, to) = if is_turned { (to, from.as_str()) } else { (from.as_str(), to) };
                edges.entry(from).or_default().push(to);
            }
        }
        Graph { nodes: object.get(NODES).unwrap_or(&JValue::Undefined), edges }
    }

    fn targets(&self, node: &str) -> &[&'g str] {
        self.edges.get(node).map_or(&[], Vec::as_slice)
    }

    /// Adds the node after all that it leads to. `path` is how it was come to.
    fn visit(
        &self,
        node: &'g str,
        path: &mut Vec<&'g str>,
        seen: &mut HashSet<&'g str>,
        order: &mut Vec<&'g str>,
    ) -> Result<(), Refusal> {
        running::poll()?;
        if path.contains(&node) {
            let message = format!("dependency cycle: {} -> {node}", path.join(" -> "));
            return Err(Refusal { code: "D3141", message });
        }
        if !seen.insert(node) {
            return Ok(());
        }
        path.push(node);
        with_stack(|| self.targets(node).iter().try_for_each(|next| self.visit(next, path, seen, order)))?;
        path.pop();
        order.push(node);
        Ok(())
    }
}

/// Calls a method of a graph.
pub(super) fn call(object: &JValue, name: &str, args: &[JValue]) -> HostResult {
    let first = arg(args, 0);
    let key = coerce::joined_text(first);
    let texts = |keys: Vec<&str>| JValue::array(keys.into_iter().map(JValue::string).collect());
    let nodes = object.get(NODES).unwrap_or(&JValue::Undefined);
    match name {
        "overallOrder" => {
            let graph = Graph::of(object, false);
            let (mut seen, mut order) = (HashSet::new(), Vec::new());
            for node in nodes.as_object().into_iter().flat_map(|nodes| nodes.keys()) {
                graph.visit(node, &mut Vec::new(), &mut seen, &mut order)?;
            }
            if coerce::is_truthy(first) {
                order.retain(|node| graph.targets(node).is_empty());
            }
            Ok(texts(order))
        }
        "dependenciesOf" | "dependantsOf" => {
            let graph = Graph::of(object, name == "dependantsOf");
            let nodes = graph.nodes.as_object();
            let Some((node, _)) = nodes.and_then(|nodes| nodes.get_key_value(&key)) else {
                return Err(Refusal::argument(format!("{name}: the graph has no node {key:?}")));
            };
            let mut order = Vec::new();
            graph.visit(node, &mut Vec::new(), &mut HashSet::new(), &mut order)?;
            order.pop();
            Ok(texts(order))
        }
        "hasNode" => Ok(JValue::Bool(nodes.get(&key).is_some())),
        "getNodeData" => match nodes.get(&key) {
            Some(item) => Ok(item.clone()),
            None => Err(Refusal::argument(format!("getNodeData: the graph has no node {key:?}"))),
        },
        "clone" => Ok(object.clone()),
        other => Err(Refusal::argument(format!("a graph has no method {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::call;

    #[test]
    fn children_follow_their_parent_in_order_of_their_sequence() {
        let nodes = json!([
            {"id": "b", "parent_id": "a", "sequence": 2},
            {"id": "c", "parent_id": "a", "sequence": 1},
            {"id": "z", "parent_id": "gone", "sequence": 9},
            {"id": "a", "parent_id": null, "sequence": 5},
            {"id": "d", "parent_id": "c", "sequence": 1},
        ]);
        let sorted = call("sortNodes", &[Some(nodes)]).expect("a list");
        let ids: Vec<_> = sorted.as_array().into_iter().flatten().map(|node| node["id"].as_str()).collect();
        assert_eq!(ids, [Some("a"), Some("c"), Some("d"), Some("b"), Some("z")]);
        assert_eq!(sorted[0], json!({"id": "a", "parent_id": null, "sequence": 5}));
    }

    #[test]
    fn fields_of_nodes_may_have_other_names_and_a_circle_has_no_root() {
        let nodes =
            json!([{"k": 2, "up": 1, "n": 1}, {"k": 1, "n": 1}, {"k": 3, "up": 4}, {"k": 4, "up": 3}]);
        let names = [Some(nodes), Some(json!("k")), Some(json!("up")), Some(json!("n"))];
        assert_eq!(call("sortNodes", &names), Some(json!([{"k": 1, "n": 1}, {"k": 2, "up": 1, "n": 1}])));
        assert_eq!(call("sortNodes", &[None]), None);
    }
}
