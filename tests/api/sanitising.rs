//! Hostile Markdown, stored as posts and comments, comes back as harmless HTML: by its structure, and in a real
//! browser, where nothing runs and nothing is fetched. `xss_vectors.json` holds what is stored and what is refused.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::json;

use crate::support::browser::{self, Shown};
use crate::support::world::group;
use crate::support::{App, Case, plain, served};

pub fn cases() -> Vec<Case> {
    let mut cases =
        plain![what_does_harm_is_found, what_is_harmless_is_not_found, the_check_of_the_structure_finds_what_it_should];
    cases.extend(served![
        hostile_words_run_nothing_and_fetch_nothing,
        control_characters_are_refused_in_hostile_words,
        changed_words_are_rendered_again,
    ]);
    cases
}

/// Texts that would do harm in HTML, by whatever way is known. Their hosts are all `*.example`.
#[derive(Deserialize)]
struct Vectors {
    stored: Vec<String>,
    /// With control characters in them.
    refused: Vec<String>,
}

static VECTORS: LazyLock<Vectors> = LazyLock::new(|| serde_json::from_str(include_str!("xss_vectors.json")).unwrap());

const LINKS: &str = "nofollow ugc noopener";
const EMPTY_TAGS: [&str; 2] = ["br", "hr"];
const TAGS: &str = "a blockquote br code del em h1 h2 h3 h4 h5 h6 hr li ol p pre strong table tbody td th thead tr ul";

struct Tag<'a> {
    name: &'a str,
    closes: bool,
    attributes: Vec<(&'a str, &'a str)>,
}

/// Reads what follows a `<`, in the one way in which it may be written, and gives the rest.
fn tag(text: &str) -> Option<(Tag<'_>, &str)> {
    let (closes, text) = text.strip_prefix('/').map_or((false, text), |text| (true, text));
    let (name, mut rest) = text.split_at(text.find(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit())?);
    let mut attributes = Vec::new();
    while let Some(attribute) = rest.strip_prefix(' ') {
        let (name, value) = attribute.split_once("=\"")?;
        let (value, after) = value.split_once('"')?;
        attributes.push((name, value));
        rest = after;
    }
    Some((Tag { name, closes, attributes }, rest.strip_prefix('>')?))
}

/// Whether a tag may have these attributes.
fn is_allowed(tag: &Tag<'_>) -> bool {
    let has_href = tag.attributes.iter().any(|(name, _)| *name == "href");
    let has_rel = tag.attributes.iter().any(|(name, _)| *name == "rel");
    let attributes_are = tag.attributes.iter().all(|(name, value)| match (tag.name, *name) {
        ("a", "href") => leads_out(value),
        ("a", "rel") => *value == LINKS,
        ("a", "title") => true,
        ("ol", "start") => value.bytes().all(|byte| byte.is_ascii_digit()),
        ("td" | "th", "align") => matches!(*value, "left" | "center" | "right"),
        _ => false,
    });
    TAGS.split(' ').any(|name| name == tag.name) && attributes_are && (has_rel || !has_href) && !(tag.closes && has_rel)
}

/// Whether a link begins with a scheme that may be followed, so that nothing of the page's own address comes into it.
fn leads_out(href: &str) -> bool {
    let href = href.to_ascii_lowercase();
    ["http://", "https://", "mailto:"].iter().any(|scheme| href.starts_with(scheme))
}

/// What is wrong with a body: tags and attributes that are not allowed, or tags that do not close in order.
fn fault(html: &str) -> Option<String> {
    let (mut open, mut rest) = (Vec::new(), html);
    while let Some((_, after)) = rest.split_once('<') {
        let Some((tag, next)) = tag(after) else {
            return Some(format!("no tag: <{after}"));
        };
        if !is_allowed(&tag) {
            return Some(format!("not allowed: <{}", after.strip_suffix(next).unwrap_or(after)));
        }
        if tag.closes {
            if open.pop() != Some(tag.name) {
                return Some(format!("closes what is not open: {}", tag.name));
            }
        } else if !EMPTY_TAGS.contains(&tag.name) {
            open.push(tag.name);
        }
        rest = next;
    }
    (!open.is_empty()).then(|| format!("not closed: {open:?}"))
}

/// Every text as a post and as a comment on it, and what was made of it.
async fn rendered(app: &App) -> Vec<(&'static str, String)> {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let mut bodies = Vec::new();
    for text in &VECTORS.stored {
        let new = json!({ "kind": "discussion", "title": "Words", "body": text });
        let post = format!("/posts/{}", ann.post(format!("/groups/{id}/posts"), new).await.expect(201).id());
        let new = json!({ "body": text });
        let comment = format!("/comments/{}", ann.post(format!("{post}/comments"), new).await.expect(201).id());
        for path in [post, comment] {
            let shown = ann.get(path).await.expect(200);
            assert_eq!(shown["body"], text.trim(), "the words are kept as they were written");
            bodies.push((text.as_str(), shown["body_html"].as_str().unwrap().to_owned()));
        }
    }
    bodies
}

async fn hostile_words_run_nothing_and_fetch_nothing(app: App) {
    let bodies = rendered(&app).await;
    assert!(bodies.len() >= 2 * 150);
    let faults: Vec<String> = bodies
        .iter()
        .filter_map(|(text, html)| fault(html).map(|fault| format!("{text:?} became {html:?}: {fault}")))
        .collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    let shown = browser::show(&bodies.iter().map(|(_, html)| html.as_str()).collect::<Vec<_>>());
    let Shown { hits, odd, blocked, requests, .. } = &shown;
    let is_harmless = [hits, odd, blocked, requests].iter().all(|list| list.is_empty());
    let named = |word: &String| word.split(':').next().and_then(|number| bodies.get(number.parse::<usize>().ok()?));
    assert!(is_harmless, "{shown:?} {:?}", odd.iter().filter_map(named).collect::<Vec<_>>());
    assert_eq!(shown.bodies, bodies.len());
    assert!(shown.links > 100, "the page was not read: {shown:?}");
}

async fn control_characters_are_refused_in_hostile_words(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let new = json!({ "kind": "discussion", "title": "Words", "body": "Words." });
    let post = ann.post(format!("/groups/{id}/posts"), new).await.expect(201).id();
    assert!(!VECTORS.refused.is_empty());
    for text in &VECTORS.refused {
        let new = json!({ "kind": "discussion", "title": "Words", "body": text });
        ann.post(format!("/groups/{id}/posts"), new).await.expect_field(422, "/body", "control_character");
        for call in [
            ann.post(format!("/posts/{post}/comments"), json!({ "body": text })),
            ann.patch(format!("/posts/{post}"), json!({ "body": text })),
        ] {
            call.await.expect_field(422, "/body", "control_character");
        }
    }
}

async fn changed_words_are_rendered_again(app: App) {
    let ann = app.user("ann");
    let id = group(&ann, "Circle", json!({})).await;
    let new = json!({ "kind": "discussion", "title": "Words", "body": "**Kind**" });
    let post = ann.post(format!("/groups/{id}/posts"), new).await.expect(201);
    assert_eq!(post["body_html"], "<p><strong>Kind</strong></p>\n");
    let post = format!("/posts/{}", post.id());
    let comment = ann.post(format!("{post}/comments"), json!({ "body": "_Kind_" })).await.expect(201);
    assert_eq!(comment["body_html"], "<p><em>Kind</em></p>\n");
    for path in [post, format!("/comments/{}", comment.id())] {
        let patch = json!({ "body": "Words: <script>alert(1)</script> [x](javascript:alert(1))" });
        let html = "<p>Words: &lt;script&gt;alert(1)&lt;/script&gt; <a rel=\"nofollow ugc noopener\">x</a></p>\n";
        assert_eq!(ann.patch(&path, patch).await.expect(200)["body_html"], html);
        assert_eq!(ann.get(&path).await.expect(200)["body_html"], html);
    }
}

/// Everything in here does harm, so that the page and the listener show that they would have told.
const HARMFUL: &[&str] = &[
    "<img src=x: onerror=\"alert('handler')\">",
    "<script>alert('script')</script>",
    "<a href=\"javascript:alert('link')\">x</a>",
    "<p onmouseover=\"alert('pointer')\">x</p>",
    "<b tabindex=0 onfocus=\"alert('focus')\">x</b>",
    "<svg onload=\"alert('svg')\"></svg>",
    "<img src=\"/leak\">",
    "<img src=\"//leak.example/image\">",
    "<img src=\"https://leak.example/image\">",
    "<p style=\"background: url(/style)\">x</p>",
    "<iframe src=\"/frame\"></iframe>",
    "<link rel=stylesheet href=\"http://leak.example/sheet\">",
    "<a href=\"http:here\">x</a>",
    "</section><i>x</i><section>",
    // harmless when it is read first; what is written of it does harm when it is read again, and takes in what follows
    "<form><math><mtext></form><form><mglyph><style></math><img src=x: onerror=\"alert('again')\">",
];

fn what_does_harm_is_found() {
    let shown = browser::show(HARMFUL);
    let has = |list: &[String], wanted: &[&str]| {
        for word in wanted {
            assert!(list.iter().any(|known| known == word), "{word} was not found: {shown:?}");
        }
    };
    has(&shown.hits, &["handler", "script", "link", "pointer", "focus", "svg", "again"]);
    has(&shown.requests, &["/leak", "leak.example/image", "TLS", "/style", "/frame", "leak.example/sheet"]);
    has(&shown.blocked, &["script-src-attr", "script-src-elem", "style-src-attr", "img-src", "frame-src"]);
    has(&shown.odd, &["0:img", "0:onerror", "1:script", "3:onmouseover", "5:svg", "12:leads-here", "outside:i"]);
}

fn what_is_harmless_is_not_found() {
    let harmless = browser::show(&["<p><a href=\"https://fine.example/\" rel=\"nofollow\">x</a></p>"]);
    let Shown { bodies, links, hits, odd, blocked, requests } = harmless;
    assert_eq!((bodies, links), (1, 2));
    assert_eq!([hits, odd, blocked, requests], [const { Vec::<String>::new() }; 4]);
}

fn the_check_of_the_structure_finds_what_it_should() {
    for bad in [
        "<img src=\"x\">",
        "<p onclick=\"alert(1)\">x</p>",
        "<p title=\"x\">x</p>",
        "<p style=\"\">x</p>",
        "<P>x</P>",
        "<p>x",
        "<p>x</strong>",
        "</p>",
        "<p",
        "1 < 2",
        "<!-- x -->",
        "<a href=\"https://fine.example\">x</a>",
        "<a href=https://fine.example rel=\"nofollow ugc noopener\">x</a>",
        "<a href=\"https://fine.example\" rel=\"nofollow\">x</a>",
        "<a href=\"javascript:alert(1)\" rel=\"nofollow ugc noopener\">x</a>",
        "<a href=\"/x\" rel=\"nofollow ugc noopener\">x</a>",
        "<a href=\"https://fine.example\"onclick=\"\" rel=\"nofollow ugc noopener\">x</a>",
        "<a href=\"https://fine.example\" target=\"x\" rel=\"nofollow ugc noopener\">x</a>",
        "<ol start=\"1;\"><li>x</li></ol>",
    ] {
        assert!(fault(bad).is_some(), "{bad}");
    }
    let good = "<p>a &lt;b&gt; <a href=\"mailto:ann@fine.example\" title=\"<b>\" rel=\"nofollow ugc noopener\">x</a>\
                <br>\n</p>";
    assert_eq!(fault(good), None);
}
