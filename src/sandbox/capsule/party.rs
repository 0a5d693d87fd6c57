//! A party: a person or an organisation, with the rows that belong to it.

use time::OffsetDateTime;

use super::custody::Custody;
use super::record::Marks;

/// One entry of the address book.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Party {
    pub(super) id: i64,
    pub(super) identity: Identity,
    pub(super) about: Option<String>,
    pub(super) custody: Custody,
    pub(super) created_at: OffsetDateTime,
    pub(super) updated_at: OffsetDateTime,
    pub(super) last_contacted_at: Option<OffsetDateTime>,
    pub(super) phone_numbers: Vec<PhoneNumber>,
    pub(super) addresses: Vec<Address>,
    pub(super) email_addresses: Vec<EmailAddress>,
    pub(super) websites: Vec<Website>,
    pub(super) marks: Marks,
}

/// What tells people and organisations apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Identity {
    Person(Person),
    Organisation { name: String },
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Person {
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) job_title: Option<String>,
    /// The salutation.
    pub(super) title: Option<String>,
    pub(super) organisation: Option<i64>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct EmailAddress {
    pub(super) id: i64,
    pub(super) label: Option<String>,
    pub(super) address: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PhoneNumber {
    pub(super) id: i64,
    pub(super) label: Option<String>,
    pub(super) number: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Address {
    pub(super) id: i64,
    pub(super) label: Option<String>,
    /// Lines are separated by line feeds.
    pub(super) street: Option<String>,
    pub(super) city: Option<String>,
    pub(super) state: Option<String>,
    pub(super) country: Option<String>,
    pub(super) zip: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Website {
    pub(super) id: i64,
    pub(super) label: Option<String>,
    pub(super) service: String,
    pub(super) address: String,
}

impl Party {
    /// A party with nothing but what makes it one.
    pub(super) fn new(id: i64, identity: Identity, now: OffsetDateTime) -> Party {
        Party {
            id,
            identity,
            about: None,
            custody: Custody::default(),
            created_at: now,
            updated_at: now,
            last_contacted_at: None,
            phone_numbers: Vec::new(),
            addresses: Vec::new(),
            email_addresses: Vec::new(),
            websites: Vec::new(),
            marks: Marks::default(),
        }
    }

    /// `person` or `organisation`.
    pub(super) fn kind(&self) -> &'static str {
        match self.identity {
            Identity::Person(_) => "person",
            Identity::Organisation { .. } => "organisation",
        }
    }

    pub(super) fn person(&self) -> Option<&Person> {
        match &self.identity {
            Identity::Person(person) => Some(person),
            Identity::Organisation { .. } => None,
        }
    }

    /// The name as one string.
    pub(super) fn display_name(&self) -> String {
        match &self.identity {
            Identity::Organisation { name } => name.clone(),
            Identity::Person(person) => [&person.first_name, &person.last_name]
                .into_iter()
                .flatten()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(" "),
        }
    }

    /// The organisation a person belongs to.
    pub(super) fn organisation(&self) -> Option<i64> {
        self.person()?.organisation
    }

    /// Moves a person to an organisation or out of one. Organisations have none; they stay as they are.
    pub(super) fn set_organisation(&mut self, organisation: Option<i64>) {
        if let Identity::Person(person) = &mut self.identity {
            person.organisation = organisation;
        }
    }
}

impl Website {
    /// The address as a link. For most social services `address` is a handle.
    pub(super) fn url(&self) -> String {
        let address = self.address.as_str();
        if address.starts_with("http://") || address.starts_with("https://") {
            return address.to_owned();
        }
        let handle = address.trim_start_matches('@');
        match self.service.as_str() {
            "SKYPE" => format!("skype:{handle}?call"),
            "TWITTER" => format!("https://twitter.com/{handle}"),
            "LINKED_IN" => format!("https://www.linkedin.com/in/{handle}"),
            "FACEBOOK" => format!("https://www.facebook.com/{handle}"),
            "XING" => format!("https://www.xing.com/profile/{handle}"),
            "GOOGLE_PLUS" => format!("https://plus.google.com/{handle}"),
            "FLICKR" => format!("https://www.flickr.com/people/{handle}"),
            "GITHUB" => format!("https://github.com/{handle}"),
            "YOUTUBE" => format!("https://www.youtube.com/user/{handle}"),
            "INSTAGRAM" => format!("https://www.instagram.com/{handle}"),
            "PINTEREST" => format!("https://www.pinterest.com/{handle}"),
            "TIKTOK" => format!("https://www.tiktok.com/@{handle}"),
            "THREADS" => format!("https://www.threads.net/@{handle}"),
            "BLUESKY" => format!("https://bsky.app/profile/{handle}"),
            "SNAPCHAT" => format!("https://www.snapchat.com/add/{handle}"),
            _ => format!("http://{address}"),
        }
    }
}
