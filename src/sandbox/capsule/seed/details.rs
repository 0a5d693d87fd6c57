//! What the seeded parties have: tags and custom fields, and the rows by which they are reached.

use super::super::account::Account;
use super::super::fields::FieldKind;
use super::super::party::{Address, EmailAddress, Party, PhoneNumber, Website};
use super::super::record::Vocabulary;
use super::count;
use super::marks::{Marker, fields, tags};
use super::organisations::Organisation;
use super::people::Contact;
use super::places::Place;
use crate::sandbox::table::Table;

const FIRST_TAG: i64 = 1_912_004;
const FIRST_FIELD: i64 = 871_330;
const FIRST_FILTER: i64 = 50_881;

const SECTORS: [&str; 6] = ["Café", "Hotel", "Restaurant", "Retail", "Office", "Supplier"];
const INTERESTS: [&str; 4] = ["Espresso", "Filter", "Tea", "Training"];
const WHOLESALE_ACCOUNT: i64 = FIRST_TAG + 7;
const EQUIPMENT_LEASE: i64 = FIRST_TAG + 8;

/// Tags and custom fields of parties.
pub(super) fn vocabulary() -> Vocabulary<Party> {
    let organisation = Some("organisation");
    Vocabulary {
        tags: tags(
            FIRST_TAG,
            &[
                ("Customer", Some("Has ordered in the last two years"), false),
                ("Prospect", None, false),
                ("Supplier", None, false),
                ("VIP", Some("Call back the same day"), false),
                ("Newsletter", None, false),
                ("Trade show 2025", None, false),
                ("Decision maker", None, false),
                ("Wholesale account", Some("Buys beans by the sack"), true),
                ("Equipment lease", None, true),
            ],
        ),
        fields: fields(
            FIRST_FIELD,
            &[
                ("Sector", FieldKind::List, &SECTORS, organisation, None),
                ("Seats", FieldKind::Number, &[], organisation, None),
                ("Contract folder", FieldKind::Link, &[], organisation, None),
                ("Birthday", FieldKind::Date, &[], Some("person"), None),
                ("Newsletter opt-in", FieldKind::Boolean, &[], Some("person"), None),
                ("Interests", FieldKind::MultiSelectList, &INTERESTS, None, None),
                ("Referred by", FieldKind::Text, &[], None, None),
                ("Weekly kilos", FieldKind::Number, &[], organisation, Some(WHOLESALE_ACCOUNT)),
                ("Lease ends", FieldKind::Date, &[], organisation, Some(EQUIPMENT_LEASE)),
            ],
        ),
        filters: Table::starting_at(FIRST_FILTER),
    }
}

pub(super) fn mark_organisation(
    account: &mut Account,
    party: &mut Party,
    number: usize,
    organisation: &Organisation,
) {
    let supplies = organisation.sector == "Supplier";
    let buys = !supplies && number.is_multiple_of(2);
    let mut marks = Marker { account, record: party };
    marks.tag(buys, "Customer");
    marks.tag(!supplies && !buys, "Prospect");
    marks.tag(supplies, "Supplier");
    marks.tag(number % 9 == 4, "VIP");
    marks.tag(buys && number.is_multiple_of(4), "Wholesale account");
    marks.tag(number % 5 == 3, "Equipment lease");
    marks.field(number % 10 != 9, "Sector", organisation.sector);
    marks.field(number % 2 == 1, "Seats", (12 + number * 4).to_string());
    let folder = format!("https://files.fernhill.example/contracts/{}", organisation.domain);
    marks.field(number % 6 == 2, "Contract folder", folder);
    marks.field(number % 7 == 5, "Interests", "Espresso;Filter");
    marks.field(number % 11 == 6, "Referred by", "Trade press");
    let kilos = format!("{}.5", 3 + number % 20);
    marks.field(buys && number.is_multiple_of(4), "Weekly kilos", kilos);
    let lease_ends = format!("2027-{:02}-01", 1 + number % 12);
    marks.field(number % 5 == 3, "Lease ends", lease_ends);
}

pub(super) fn mark_person(account: &mut Account, party: &mut Party, number: usize) {
    let mut marks = Marker { account, record: party };
    marks.tag(number % 20 == 11, "VIP");
    marks.tag(number.is_multiple_of(3), "Newsletter");
    marks.tag(number % 7 == 2, "Trade show 2025");
    marks.tag(number % 5 == 1, "Decision maker");
    let birthday = format!("19{}-{:02}-{:02}", 60 + number % 40, 1 + number % 12, 1 + number % 28);
    marks.field(number % 6 == 1, "Birthday", birthday);
    marks.field(number.is_multiple_of(3), "Newsletter opt-in", true);
    marks.field(number % 4 == 2, "Interests", INTERESTS[number / 4 % 3..].join(";"));
    marks.field(number % 9 == 3, "Referred by", "Amelia Hartley");
}

pub(super) fn about(number: usize) -> Option<String> {
    let text = match number % 6 {
        0 => "Opens at six. Deliveries through the back gate before seven, please.",
        2 => "Two sites, a third planned.\n\nAsk for the group price list.",
        4 => "Met at the trade show. Wants a machine on trial & a training day for <12 people.",
        _ => return None,
    };
    Some(text.to_owned())
}

/// Adds rows with ids of their own.
struct Reach<'a> {
    account: &'a mut Account,
    party: &'a mut Party,
    number: usize,
    place: &'a Place,
}

impl Reach<'_> {
    fn email(&mut self, label: Option<&str>, address: String) {
        self.party.email_addresses.push(EmailAddress {
            id: self.account.row_ids.next(),
            label: label.map(str::to_owned),
            address,
        });
    }

    /// The `line`th number of this party.
    fn phone(&mut self, label: Option<&str>, line: usize) {
        let own = format!("{:02}", (self.number * 3 + line) % 100);
        self.party.phone_numbers.push(PhoneNumber {
            id: self.account.row_ids.next(),
            label: label.map(str::to_owned),
            number: self.place.phone.replace('#', &own),
        });
    }

    fn address(&mut self, label: Option<&str>, first_line: Option<&str>) {
        let own = (1 + count(self.number) * 7 % 180).to_string();
        let street = self.place.street.replace('#', &own);
        let lines: Vec<&str> = first_line.into_iter().chain([street.as_str()]).collect();
        self.party.addresses.push(Address {
            id: self.account.row_ids.next(),
            label: label.map(str::to_owned),
            street: Some(lines.join("\n")),
            city: Some(self.place.city.to_owned()),
            state: self.place.state.map(str::to_owned),
            country: Some(self.place.country.to_owned()),
            zip: (!self.place.zip.is_empty()).then(|| self.place.zip.to_owned()),
        });
    }

    fn website(&mut self, wanted: bool, label: Option<&str>, service: &str, address: &str) {
        if wanted {
            self.party.websites.push(Website {
                id: self.account.row_ids.next(),
                label: label.map(str::to_owned),
                service: service.to_owned(),
                address: address.to_owned(),
            });
        }
    }
}

pub(super) fn reach_organisation(
    account: &mut Account,
    party: &mut Party,
    number: usize,
    organisation: &Organisation,
    place: &Place,
) {
    let domain = organisation.domain;
    let handle = domain.trim_end_matches(".example");
    let mut reach = Reach { account, party, number, place };
    reach.email(None, format!("hello@{domain}"));
    if number % 4 == 1 {
        reach.email(Some("Work"), format!("accounts@{domain}"));
    }
    reach.phone(Some("Work"), 0);
    if number % 5 == 2 {
        reach.phone(Some("Fax"), 1);
    }
    let first_line = match number % 4 {
        0 => Some("Unit 4, The Old Mill"),
        3 => Some("Goods Entrance\nBuilding C"),
        _ => None,
    };
    reach.address(Some("Office"), first_line);
    match number % 6 {
        1 => reach.address(Some("Billing"), Some("Accounts Payable")),
        3 => reach.address(Some("Shipping"), Some("Loading Bay 2")),
        5 => reach.address(Some("Postal"), None),
        _ => {}
    }
    reach.website(true, None, "URL", domain);
    reach.website(number % 3 == 1, None, "TWITTER", &handle.replace('-', "_"));
    let company = format!("https://www.linkedin.com/company/{handle}");
    reach.website(number % 2 == 1, Some("Work"), "LINKED_IN", &company);
    let page = format!("https://www.facebook.com/{handle}");
    reach.website(number % 4 == 1, None, "FACEBOOK", &page);
    reach.website(number % 5 == 4, None, "INSTAGRAM", handle);
    reach.website(number % 12 == 7, None, "YOUTUBE", handle);
}

pub(super) fn reach_person(
    account: &mut Account,
    party: &mut Party,
    number: usize,
    contact: &Contact,
    domain: Option<&str>,
    place: &Place,
) {
    let mailbox = contact.mailbox;
    let mut reach = Reach { account, party, number, place };
    if let Some(domain) = domain.filter(|_| number % 8 != 7) {
        let label = match number % 5 {
            0 => None,
            _ => Some("Work"),
        };
        reach.email(label, format!("{mailbox}@{domain}"));
    }
    if domain.is_none() || number % 6 == 4 {
        reach.email(Some("Home"), format!("{mailbox}@post.example"));
    }
    let labels: &[Option<&str>] = match number % 6 {
        0 => &[],
        1 => &[Some("Mobile")],
        2 => &[Some("Work"), Some("Mobile")],
        3 => &[Some("Direct")],
        4 => &[Some("Home"), Some("Fax")],
        _ => &[None],
    };
    for (line, label) in labels.iter().enumerate() {
        reach.phone(*label, 40 + line);
    }
    match number % 8 {
        1 => reach.address(Some("Home"), None),
        5 => reach.address(None, Some("Flat 2b")),
        _ => {}
    }
    reach.website(number % 7 == 3, Some("Work"), "LINKED_IN", mailbox);
    reach.website(number % 11 == 5, None, "SKYPE", mailbox);
    reach.website(number % 13 == 6, Some("Home"), "BLUESKY", mailbox);
}
