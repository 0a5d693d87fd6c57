//! `unicrm providers`: what each provider serves, as Markdown tables. The README's are made with it.

use std::path::Path;

use super::Outcome;
use super::serve::catalog;
use crate::config::Settings;
use crate::mapping::catalog::Support;
use crate::mapping::{Catalog, Provider};
use crate::model::Resource;

/// Prints the tables of a mappings folder.
pub fn run(folder: Option<&Path>, settings: &Settings) -> Outcome {
    let folder = folder.or(settings.mappings_dir.as_deref());
    let catalog = catalog(folder, settings)?;
    println!("{}\n\n{}\n\n{}", connecting(&catalog), unified(&catalog), proxied(&catalog));
    Ok(())
}

/// A table of rows; the first is its head.
fn table(rows: Vec<Vec<String>>) -> String {
    let line = |cells: &Vec<String>| format!("| {} |", cells.join(" | "));
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    let columns = rows.first().map_or(0, Vec::len);
    lines.insert(1.min(lines.len()), format!("|{}", "---|".repeat(columns)));
    lines.join("\n")
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

/// How accounts of each provider are connected.
fn connecting(catalog: &Catalog) -> String {
    let mut rows = vec![row(["provider", "`authentication_method`", "`context`"])];
    for provider in catalog.providers.values() {
        let label = &provider.manifest.label;
        if let Some(key) = &provider.manifest.auth.api_key {
            let members: Vec<String> = key
                .fields
                .iter()
                .filter(|field| !field.optional)
                .map(|field| format!("\"{}\": …", field.name))
                .collect();
            rows.push(row([label, "`api_key`", &format!("`{{{}}}`", members.join(", "))]));
        }
        if let Some(oauth) = &provider.manifest.auth.oauth2 {
            let kept: String = oauth.keep.iter().map(|name| format!(", \"{name}\": …")).collect();
            let token = "{\"access_token\": …, \"refresh_token\": …, \"expires_in\": …}";
            rows.push(row([label, "`oauth2`", &format!("`{{\"oauth\": {{\"token\": {token}}}{kept}}}`")]));
        }
    }
    table(rows)
}

/// Which methods of which unified resources each provider serves; resources that none serves are named below.
fn unified(catalog: &Catalog) -> String {
    let mut head = row(["unified resource"]);
    head.extend(catalog.providers.values().map(|provider| provider.manifest.label.clone()));
    let mut rows = vec![head];
    let mut unserved = Vec::new();
    for model in catalog.models.values() {
        for (name, resource) in &model.resources {
            let path = format!("`{}/{name}`", model.name);
            let mut cells: Vec<String> =
                catalog.providers.values().map(|it| served(it, &model.name, name, resource)).collect();
            if cells.iter().all(String::is_empty) {
                unserved.push(path);
            } else {
                cells.insert(0, path);
                rows.push(cells);
            }
        }
    }
    let table = table(rows);
    if unserved.is_empty() {
        return table;
    }
    format!("{table}\n\nServed by none yet: {}.", unserved.join(", "))
}

fn served(provider: &Provider, model: &str, name: &str, resource: &Resource) -> String {
    let methods = resource.methods.iter().copied();
    let methods =
        methods.filter(|method| matches!(provider.support(model, name, *method), Support::Served(_)));
    methods.map(|method| method.as_str()).collect::<Vec<_>>().join(", ")
}

/// The providers' own resources that the proxy reaches.
fn proxied(catalog: &Catalog) -> String {
    let mut rows = vec![row(["provider", "resources for `/proxy`"])];
    for provider in catalog.providers.values() {
        let names: Vec<String> = provider.manifest.resources.keys().map(|name| format!("`{name}`")).collect();
        rows.push(row([&provider.manifest.label, &names.join(", ")]));
    }
    table(rows)
}
