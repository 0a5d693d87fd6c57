//! Reference lists of the world: `/countries` and `/currencies`, neither of them paged.

use axum::Json;
use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use super::Shared;
use super::call::Call;
use super::countries::COUNTRIES;
use super::currencies::CURRENCIES;

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/countries", get(countries)).route("/currencies", get(currencies))
}

async fn countries(_: Call) -> Json<Value> {
    let view = |country: &super::countries::Country| {
        json!({
            "alpha2Code": country.alpha2,
            "alpha3Code": country.alpha3,
            "numericCode": country.numeric,
            "name": country.name,
            "dialCode": country.dial_code,
        })
    };
    let countries: Vec<Value> = COUNTRIES.iter().map(view).collect();
    Json(json!({ "countries": countries }))
}

async fn currencies(_: Call) -> Json<Value> {
    let view = |(code, symbol, name, plural): &(&str, &str, &str, &str)| json!({ "code": code, "symbol": symbol, "name": name, "pluralName": plural });
    let currencies: Vec<Value> = CURRENCIES.iter().map(view).collect();
    Json(json!({ "currencies": currencies }))
}
