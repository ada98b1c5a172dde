//! Markdown to HTML that is safe to put into a page: by CommonMark with tables, strikethrough and bare links; then whatever
//! could run, load or look like the page itself is taken out.

use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use comrak::nodes::{Node, NodeValue};
use comrak::{Arena, Options};

/// How links in members' words are marked: no search engine credits them, and no page that they open reaches back.
const LINKS: &str = "nofollow ugc noopener";

/// Only what Markdown can say, and nothing that loads by itself.
static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .add_tags(["a", "blockquote", "br", "code", "del", "em", "hr", "li", "ol", "p", "pre", "strong", "ul"])
        .add_tags(["h1", "h2", "h3", "h4", "h5", "h6", "table", "tbody", "td", "th", "thead", "tr"])
        .add_tag_attributes("a", ["href", "title"])
        .add_tag_attributes("ol", ["start"])
        .add_tag_attributes("td", ["align"])
        .add_tag_attributes("th", ["align"])
        .url_schemes(["http", "https", "mailto"].into())
        .url_relative(UrlRelative::Deny)
        .link_rel(Some(LINKS))
        .attribute_filter(|_, name, value| (name != "href" || leads_out(value)).then_some(value.into()));
    builder
});

/// Whether a link names another site or an address: `https:x` has a scheme, and can still be a path of the page's own.
fn leads_out(href: &str) -> bool {
    let begins = |scheme: &str| href.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme));
    begins("http://") || begins("https://") || begins("mailto:")
}

/// The longest HTML that a text of so many characters becomes, in characters: a few marks can mean much more, such as a row of
/// hundreds of empty cells.
#[must_use]
pub const fn longest_html(markdown: usize) -> usize {
    markdown * 10 + 10_000
}

/// The HTML of a text; HTML in the text is shown as it was typed, and a picture by the words for it. What would be
/// longer than [`longest_html`] is shown as it was typed. Takes time in proportion to the length, some milliseconds for
/// 50,000 characters: call it on a thread that may block.
#[must_use]
pub fn to_html(markdown: &str) -> String {
    let mut options = Options::default();
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.render.escape = true;
    let arena = Arena::new();
    let root = comrak::parse_document(&arena, markdown, &options);
    let is_picture = |node: &Node<'_>| matches!(node.data.borrow().value, NodeValue::Image(_));
    let pictures: Vec<Node<'_>> = root.descendants().filter(is_picture).collect();
    for picture in pictures {
        while let Some(word) = picture.first_child() {
            picture.insert_before(word);
        }
        picture.detach();
    }
    let mut html = String::with_capacity(markdown.len() * 2);
    let clean = comrak::format_html(root, &options, &mut html).ok().map(|()| SANITISER.clean(&html).to_string());
    let most = longest_html(markdown.chars().count());
    clean.filter(|html| html.chars().count() <= most).unwrap_or_else(|| ammonia::clean_text(markdown))
}

/// How a text begins, without marks: up to so many characters, cut at a word.
#[must_use]
pub fn excerpt(markdown: &str, characters: usize) -> String {
    let arena = Arena::new();
    // what is far behind does not begin the text
    let head: String = markdown.chars().take(characters * 10).collect();
    let root = comrak::parse_document(&arena, &head, &Options::default());
    let mut text = String::new();
    for node in root.descendants() {
        match &node.data.borrow().value {
            NodeValue::Text(words) => text.push_str(words),
            NodeValue::Code(code) => text.push_str(&code.literal),
            NodeValue::HtmlInline(html) => text.push_str(html),
            NodeValue::CodeBlock(block) => text.push_str(&block.literal),
            NodeValue::HtmlBlock(block) => text.push_str(&block.literal),
            NodeValue::Emph | NodeValue::Strong | NodeValue::Link(_) | NodeValue::Strikethrough => {}
            _ => text.push(' '),
        }
    }
    let words: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((end, _)) = words.char_indices().nth(characters) else { return words };
    let cut = words.get(..end).unwrap_or_default();
    let whole = cut.rfind(' ').and_then(|space| cut.get(..space)).unwrap_or(cut);
    format!("{whole}…")
}

/// People whom one text mentions, at most.
const MENTIONS: usize = 20;

/// The handles that a text mentions: what follows an `@` that no letter or digit stands before; each once, in lower case, not
/// those in code, which is quoted and not said.
#[must_use]
pub fn mentions(markdown: &str) -> Vec<String> {
    let mut handles: Vec<String> = Vec::new();
    if !markdown.contains('@') {
        return handles;
    }
    let arena = Arena::new();
    let root = comrak::parse_document(&arena, markdown, &Options::default());
    for node in root.descendants() {
        let data = node.data.borrow();
        let NodeValue::Text(text) = &data.value else { continue };
        let mut before = ' ';
        for (at, character) in text.char_indices() {
            if character == '@' && !before.is_alphanumeric() {
                let rest = text.get(at + 1..).unwrap_or_default();
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len());
                let handle = rest.get(..end).unwrap_or_default().trim_end_matches('-').to_ascii_lowercase();
                if !handle.is_empty() && handles.len() < MENTIONS && !handles.contains(&handle) {
                    handles.push(handle);
                }
            }
            before = character;
        }
    }
    handles
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{excerpt, longest_html, mentions, to_html};

    #[test]
    fn an_excerpt_is_the_beginning_without_marks() {
        for (text, words) in [
            ("# Title\n\nSome **bold** words and a [link](https://example.org).", "Title Some bold words and a link."),
            ("- one\n- `two`\n\n> three", "one two three"),
            ("<b>typed</b>", "<b>typed</b>"),
            ("", ""),
        ] {
            assert_eq!(excerpt(text, 100), words);
        }
        assert_eq!(excerpt("one two three", 9), "one two…");
        assert_eq!(excerpt("onetwothree", 3), "one…");
    }

    #[test]
    fn a_text_mentions_whom_it_says() {
        for (text, handles) in [
            ("@ann, have you seen @Ben-2? (@eve)", vec!["ann", "ben-2", "eve"]),
            ("@ann @ANN **@ann**", vec!["ann"]),
            ("ann@example.org `@code` @", vec![]),
            ("```\n@block\n```\n> @quoted-", vec!["quoted"]),
            ("a@b @-", vec![]),
        ] {
            assert_eq!(mentions(text), handles, "{text}");
        }
        let many = (0..50).map(|number| format!("@person{number}")).collect::<Vec<_>>().join(" ");
        assert_eq!(mentions(&many).len(), 20);
    }

    #[test]
    fn what_markdown_says_is_there() {
        for (markdown, html) in [
            ("**Bold** and _leaning_", "<p><strong>Bold</strong> and <em>leaning</em></p>\n"),
            ("- one\n- ~~two~~", "<ul>\n<li>one</li>\n<li><del>two</del></li>\n</ul>\n"),
            ("3. three", "<ol start=\"3\">\n<li>three</li>\n</ol>\n"),
            (
                "https://example.org",
                "<p><a href=\"https://example.org\" rel=\"nofollow ugc noopener\">https://example.org</a></p>\n",
            ),
            ("![A cat](https://example.org/cat.png)", "<p>A cat</p>\n"),
            ("", ""),
        ] {
            assert_eq!(to_html(markdown), html);
        }
        assert!(to_html("a | b\n--|:-:\n1 | 2").contains("<td align=\"center\">2</td>"));
    }

    #[test]
    fn nothing_runs_loads_or_leads_elsewhere() {
        for hostile in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "[x](//example.org)",
            "[x](/api/v1/me)",
            "[x](http:/api/v1/me)",
            "[x](HTTPS:api/v1/me)",
            "![x](https://example.org/pixel.png)",
            "<a href=\"javascript:alert(1)\">x</a>",
            "<svg/onload=alert(1)>",
            "<https://example.org/\"onmouseover=\"alert(1)>",
            "[a](<https://example.org/\"onclick=alert(1)//>)",
            "<iframe src=\"https://example.org\"></iframe>",
            "<style>* { display: none }</style>",
            "```\" onmouseover=\"alert(1)\n```",
        ] {
            let html = to_html(hostile);
            let tags: Vec<&str> = html.split('<').skip(1).filter_map(|rest| rest.split('>').next()).collect();
            for tag in tags {
                let name = tag.trim_start_matches('/').split(' ').next().unwrap();
                assert!(["p", "a", "pre", "code"].contains(&name), "{hostile}: {html}");
                let quoted: String = tag.split('"').step_by(2).collect();
                assert!(!quoted.contains("on"), "{hostile}: {html}");
                let target = tag.split("href=\"").nth(1).unwrap_or("https://");
                assert!(target.starts_with("https://"), "{hostile}: {html}");
            }
        }
    }

    #[test]
    fn html_has_an_end() {
        let row = |cell: &str| format!("|{}\n", cell.repeat(500));
        let table = format!("{}{}{}", row("a|"), row("-|"), "|a\n".repeat(1000));
        let length = |text: &str| text.chars().count();
        for text in [&table[..], &"<".repeat(2000), &"\"".repeat(2000), &"> ".repeat(1000), &"a@b.c ".repeat(500)] {
            assert!(length(&to_html(text)) <= longest_html(length(text)), "{}", &text[..10]);
        }
        // it would have half a million cells
        assert!(to_html(&table).starts_with("|a|a|"));
        assert!(to_html(&table[..2010]).contains("<td>"));
    }

    #[test]
    fn hostile_text_takes_no_longer() {
        for part in ["[", "![", "> ", "- ", "*a_ ", "`", "<", "[a](", "\n\n> - ", "|-|\n", "\u{202e}\u{200b}"] {
            let text = part.repeat(20_000 / part.chars().count());
            let began = Instant::now();
            assert!(!to_html(&text).contains("<script"));
            // 100 ms in a release; unoptimised and beside other tests, it takes many times that
            assert!(began.elapsed() < Duration::from_secs(10), "{part:?} took {:?}", began.elapsed());
        }
    }
}
