//! The files of the connect pages, and the script with which other sites open them.

use axum::extract::State as Shared;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};

use crate::error::{Error, Result};
use crate::http::State;
use crate::http::extract::Segments;

/// `GET /connect-account/assets/{asset}`.
pub async fn of_pages(Shared(state): Shared<State>, path: Segments) -> Result<Response> {
    let [name] = path.take()?;
    match name.as_str() {
        "page.css" => {
            let colour = &state.0.brand.colour;
            let text = format!(
                ":root {{ --brand: {colour}; --on-brand: {}; }}\n{}",
                legible_on(colour),
                include_str!("page.css")
            );
            Ok(answer("text/css; charset=utf-8", text))
        }
        "page.js" => Ok(answer("text/javascript; charset=utf-8", include_str!("page.js").to_owned())),
        _ => Err(Error::not_found("The pages have no such file.")),
    }
}

/// `GET /connect.js`: for every site to load; what it can do there is the list of origins' business.
pub async fn sdk() -> Response {
    public(answer("text/javascript; charset=utf-8", include_str!("sdk.js").to_owned()))
}

/// `GET /connect.d.ts`: its types.
pub async fn sdk_types() -> Response {
    public(answer("text/plain; charset=utf-8", include_str!("sdk.d.ts").to_owned()))
}

fn public(mut response: Response) -> Response {
    let anybody = HeaderValue::from_static("*");
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, anybody.clone());
    response.headers_mut().insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
    response
}

fn answer(content_type: &'static str, text: String) -> Response {
    let headers = [
        (CONTENT_TYPE, content_type),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // They change with the binary and its settings.
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, text).into_response()
}

/// Black or white, whichever is easier to read on a colour (WCAG's relative luminance).
fn legible_on(colour: &str) -> &'static str {
    let channel = |at: usize| {
        let digits = colour.get(at..at + 2).unwrap_or("00");
        let value = f64::from(u8::from_str_radix(digits, 16).unwrap_or(0)) / 255.0;
        if value <= 0.039_28 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
    if luminance > 0.179 { "#000000" } else { "#ffffff" }
}

#[cfg(test)]
mod tests {
    use super::legible_on;

    #[test]
    fn a_buttons_text_can_be_read_on_any_brands_colour() {
        for (colour, text) in
            [("#ffffff", "#000000"), ("#000000", "#ffffff"), ("#2457d6", "#ffffff"), ("#ffd400", "#000000")]
        {
            assert_eq!(legible_on(colour), text, "{colour}");
        }
    }
}
