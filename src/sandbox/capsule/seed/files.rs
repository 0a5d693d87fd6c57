//! What is attached to seeded entries: small files of common types, made here byte by byte, and one large enough to come
//! in several pieces.

use axum::body::Bytes;

use super::super::account::Account;
use super::super::attachments::{Attachment, File};

pub(super) const FIRST_ATTACHMENT: i64 = 82_140_903;

/// A picture of one grey dot.
const DOT: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0,
    0, 1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 0x0a, b'I', b'D', b'A', b'T', 0x78, 0xda, 0x63,
    0x68, 0, 0, 0, 0x82, 0, 0x81, 0x77, 0xcd, 0x72, 0xb6, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42,
    0x60, 0x82,
];

/// Attaches the file with this number; answers the attachment's id.
pub(super) fn attach(account: &mut Account, number: usize) -> i64 {
    let (name, content_type, content) = match number % 5 {
        0 => ("quote.pdf", "application/pdf", page("Quote for one Aurora 2G").into()),
        1 => ("price list.csv", "text/csv", price_list().into()),
        2 => ("Bar vorne – Maße.png", "image/png", Bytes::from_static(DOT)),
        3 => {
            ("minutes.txt", "text/plain; charset=utf-8", Bytes::from_static("Présents : tous.\n".as_bytes()))
        }
        _ => ("grinder-log.txt", "text/plain", log().into()),
    };
    let file = File { name: name.to_owned(), content_type: content_type.to_owned(), content };
    account.attachments.insert(|id| Attachment { id, file })
}

/// A PDF of one page with one line on it.
fn page(line: &str) -> String {
    let drawn = format!("BT /F1 18 Tf 72 720 Td ({line}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{drawn}\nendstream", drawn.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut pdf = "%PDF-1.4\n".to_owned();
    let mut places = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        places.push(format!("{:010} 00000 n \n", pdf.len()));
        pdf.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let table = pdf.len();
    let size = objects.len() + 1;
    pdf.push_str(&format!("xref\n0 {size}\n0000000000 65535 f \n{}", places.concat()));
    pdf.push_str(&format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"));
    pdf
}

fn price_list() -> String {
    let beans = ["House espresso", "Yirgacheffe", "Huila", "Sumatra", "Decaf"];
    let rows = beans.iter().zip(0..).map(|(bean, number)| format!("{bean},{}.50\n", 11 + 2 * number));
    format!("bean,price per kilo (GBP)\n{}", rows.collect::<String>())
}

/// About 300 kB.
fn log() -> String {
    (0..9_000).map(|line| format!("{line:05} grind 18.0 g in {}.{} s\n", 7 + line % 3, line % 10)).collect()
}
