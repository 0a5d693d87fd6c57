//! Functions that mappings written for others may call, and that are not here.
//!
//! They work on files, documents and foreign markup, or call services. A mapping of CRM records has no use for them, and
//! each would bring a library, or the network, into the evaluation. Naming one is refused when the expression is compiled.

const FILES: &str = "a mapping here works on JSON, not on files and streams";
const MARKUP: &str =
    "of markup, mappings here know Markdown and HTML ($convertMarkdownToHtml, $convertHtmlToMarkdown)";
const FORMATS: &str = "a mapping here works on JSON, not on other formats";
const SERVICES: &str = "a mapping here calls no service";
const SECRETS: &str = "a mapping here has no key to sign with; $sign makes an HMAC";

/// Why there is no `$name` here, for the functions that others have.
pub(super) fn why(name: &str) -> Option<&'static str> {
    Some(match name {
        "base64ToBlob" | "blob" | "getArrayBuffer" | "getDataUri" | "getMimeType" | "bufferToString"
        | "teeStream" | "parseDocument" | "convertMdToPdf" => FILES,
        "convertMarkdownToNotion"
        | "convertNotionToMarkdown"
        | "convertNotionToMd"
        | "convertMarkdownToSlack"
        | "convertMarkdownToGoogleDocs"
        | "convertMarkdownToAdf" => MARKUP,
        "xmlToJs" | "jsToXml" | "jsonToCsv" | "jsonToParquet" => FORMATS,
        "generateEmbeddingsCohere" | "recursiveCharacterTextSplitter" => SERVICES,
        "signJwt" | "awsSigV4" => SECRETS,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::all;
    use super::*;

    #[test]
    fn what_is_absent_says_why_and_what_is_here_does_not() {
        assert!(why("getDataUri").is_some_and(|why| why.contains("files")));
        assert!(why("convertMarkdownToAdf").is_some_and(|why| why.contains("$convertMarkdownToHtml")));
        assert!(all().all(|function| why(function.name).is_none()));
    }
}
