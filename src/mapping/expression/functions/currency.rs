//! Amounts of money between a currency's unit and its smallest one.

use jsonata_core::value::JValue;

use super::{HostFunction, HostResult, arg, coerce};

pub(super) const FUNCTIONS: &[HostFunction] = &[
    HostFunction::plain(
        "convertCurrencyToSubunit",
        "amount, code",
        "The amount in the currency's smallest unit (19.99 of USD is 1999), rounded down; by the exponents of ISO 4217. An \
         unknown currency, or an amount that is no number, changes nothing.",
        to_subunit,
    ),
    HostFunction::plain(
        "convertCurrencyFromSubunit",
        "amount, code",
        "The amount, given in the currency's smallest unit, in the currency's unit (1999 of USD is 19.99). An unknown \
         currency, or an amount that is no number, changes nothing.",
        from_subunit,
    ),
];

/// ISO 4217's active codes, by the number of decimal places.
#[rustfmt::skip]
const CURRENCIES: [(u8, &[&str]); 4] = [
    (0, &["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF",
          "XPF"]),
    (2, &["AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BMD", "BND",
          "BOB", "BOV", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHE", "CHF", "CHW", "CNY", "COP", "COU",
          "CRC", "CUC", "CUP", "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL",
          "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD", "HNL", "HRK", "HTG", "HUF", "IDR", "ILS", "INR", "IRR", "JMD", "KES",
          "KGS", "KHR", "KPW", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT",
          "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MXV", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB",
          "PEN", "PGK", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP",
          "SLE", "SLL", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TOP", "TRY", "TTD", "TWD",
          "TZS", "UAH", "USD", "USN", "UYU", "UZS", "VED", "VES", "WST", "XCD", "YER", "ZAR", "ZMW", "ZWL"]),
    (3, &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]),
    (4, &["CLF", "UYW"]),
];

/// How many of the smallest unit make one; `None` for an unknown currency.
fn subunits(code: &JValue) -> Option<f64> {
    let code = code.as_str()?;
    let (places, _) = CURRENCIES.iter().find(|(_, codes)| codes.contains(&code))?;
    Some(10_f64.powi(i32::from(*places)))
}

fn converted(args: &[JValue], convert: impl FnOnce(f64, f64) -> f64) -> HostResult {
    let amount = arg(args, 0);
    if coerce::is_nothing(amount) {
        return Ok(amount.clone());
    }
    Ok(match (coerce::to_number(amount), subunits(arg(args, 1))) {
        (Some(number), Some(subunits)) => JValue::from_f64(convert(number, subunits)),
        _ => amount.clone(),
    })
}

fn to_subunit(args: &[JValue]) -> HostResult {
    // 19.99 * 100 is a little less than 1999, by what doubles cannot hold.
    converted(args, |amount, subunits| (amount * subunits + 1e-6).floor())
}

fn from_subunit(args: &[JValue]) -> HostResult {
    converted(args, |amount, subunits| amount / subunits)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::call;

    fn two(name: &str, amount: Value, code: &str) -> Option<Value> {
        call(name, &[Some(amount), Some(json!(code))])
    }

    #[test]
    fn amounts_are_converted_by_the_currencys_exponent() {
        for (amount, code, subunits) in [
            (json!(19.99), "USD", 1999),
            (json!("0.29"), "EUR", 29),
            (json!(500), "JPY", 500),
            (json!(1.2345), "KWD", 1234),
        ] {
            assert_eq!(two("convertCurrencyToSubunit", amount, code), Some(json!(subunits)), "{code}");
        }
        assert_eq!(two("convertCurrencyFromSubunit", json!(1999), "USD"), Some(json!(19.99)));
        assert_eq!(two("convertCurrencyFromSubunit", json!("1234"), "BHD"), Some(json!(1.234)));
        assert_eq!(two("convertCurrencyFromSubunit", json!(500), "JPY"), Some(json!(500)));
    }

    #[test]
    fn what_cannot_be_converted_stays_what_it_is() {
        assert_eq!(two("convertCurrencyToSubunit", json!(5), "XXX"), Some(json!(5)));
        assert_eq!(two("convertCurrencyToSubunit", json!("a lot"), "USD"), Some(json!("a lot")));
        assert_eq!(two("convertCurrencyToSubunit", json!(null), "USD"), Some(json!(null)));
        assert_eq!(call("convertCurrencyFromSubunit", &[None, Some(json!("USD"))]), None);
    }

    #[test]
    fn a_code_stands_in_one_list_only() {
        let mut all: Vec<&str> =
            super::CURRENCIES.iter().flat_map(|(_, codes)| codes.iter().copied()).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(all.iter().all(|code| code.len() == 3));
    }
}
