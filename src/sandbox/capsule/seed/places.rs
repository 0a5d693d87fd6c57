//! Where the seeded parties are. `#` in a street or telephone number is replaced by a number of the party's own.
//!
//! Telephone numbers lie in ranges set aside for fiction, where a country has one.

/// A city with one street in it.
pub(super) struct Place {
    pub(super) city: &'static str,
    pub(super) street: &'static str,
    pub(super) state: Option<&'static str>,
    pub(super) zip: &'static str,
    pub(super) country: &'static str,
    pub(super) phone: &'static str,
}

/// The place of that name, or the first.
pub(super) fn named(city: &str) -> &'static Place {
    PLACES.iter().find(|place| place.city == city).unwrap_or(&PLACES[0])
}

#[rustfmt::skip]
pub(super) static PLACES: [Place; 24] = [
    place("London", "# Tanner's Yard", None, "SE1 3PL", "United Kingdom", "+44 20 7946 0#"),
    place("Manchester", "# Cotton Street", None, "M4 5FT", "United Kingdom", "0161 496 0#"),
    place("Edinburgh", "# Shore Terrace", None, "EH6 6QU", "United Kingdom", "0131 496 0#"),
    place("Bristol", "# Mardyke Row", None, "BS1 6XN", "United Kingdom", "0117 496 0#"),
    place("Dublin", "# Smithfield Lane", Some("Co. Dublin"), "D07 XY21", "Ireland", "+353 1 555 0#"),
    place("New York", "# Bleecker Alley", Some("NY"), "10012", "United States", "212-555-0#"),
    place("Portland", "# SE Alder Court", Some("OR"), "97214", "United States", "(503) 555-0#"),
    place("Chicago", "# W Randolph Mews", Some("IL"), "60607", "United States", "+1 312 555 0#"),
    place("Toronto", "# Ossington Lane", Some("ON"), "M6J 2Z5", "Canada", "+1 416 555 0#"),
    place("Berlin", "Uferweg #", None, "10997", "Germany", "+49 30 23125 #"),
    place("München", "Kastanienhof #", Some("Bayern"), "80469", "Germany", "089 99998 #"),
    place("Paris", "# passage des Tilleuls", None, "75011", "France", "+33 1 99 00 0 #"),
    place("Lyon", "# montée des Ateliers", None, "69001", "France", "04 65 71 0 #"),
    place("Stockholm", "Hantverkargränd #", None, "116 45", "Sweden", "+46 8 465 004 #"),
    place("København", "Mælkevejen #", None, "1620", "Denmark", "+45 00 00 0 #"),
    place("Milano", "Vicolo del Forno #", Some("MI"), "20121", "Italy", "+39 02 0000 #"),
    place("Barcelona", "Carrer de la Torrada #", Some("Barcelona"), "08003", "Spain", "+34 930 000 #"),
    place("Praha", "Mlýnská #", None, "110 00", "Czechia", "+420 200 000 #"),
    place("Istanbul", "Kahveci Sokak No: #", None, "34421", "Turkey", "+90 212 000 0#"),
    place("Tel Aviv-Yafo", "רחוב הקלייה #", None, "6618001", "Israel", "+972 3 000 0#"),
    place("Dubai", "# Al Bunn Street", None, "", "United Arab Emirates", "+971 4 000 0#"),
    place("東京", "神田珈琲町#番地", Some("東京都"), "101-0051", "Japan", "+81 3-0000-0#"),
    place("Seoul", "Wondu-gil #", None, "04050", "South Korea", "+82 2-000-0#"),
    place("Melbourne", "# Degraves Arcade", Some("VIC"), "3000", "Australia", "(03) 5550 0#"),
];

const fn place(
    city: &'static str,
    street: &'static str,
    state: Option<&'static str>,
    zip: &'static str,
    country: &'static str,
    phone: &'static str,
) -> Place {
    Place { city, street, state, zip, country, phone }
}
