//! The guide to the API as a page: what holds for all operations, with a place for each heading.

use comrak::{Options, markdown_to_html};

/// `docs/API.md` as a page of HTML.
#[must_use]
pub fn page() -> String {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.header_id_prefix = Some(String::new());
    // the repository's own links lead to what the server has
    let text = include_str!("../../docs/API.md").replace("../openapi/openapi.json", "/openapi.json");
    let body = markdown_to_html(&text, &options);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Praxis: the API</title>\n<style>{STYLE}</style>\n\
         </head>\n<body>\n{body}</body>\n</html>\n"
    )
}

const STYLE: &str = "body{font:16px/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}\
                     table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.2rem .5rem;text-align:left}\
                     pre{overflow:auto;background:#f4f4f4;padding:1rem}";
