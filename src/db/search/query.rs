//! What somebody searches for: the one grammar, in the languages of both databases, and what of a text it matches.
//!
//! All words are needed. `"a phrase"` stands in quotes, `gard*` is how a word begins, `-word` and `-"a phrase"`
//! exclude. Everything else separates words.

use super::words::{Token, is_ideograph, stem, tokens, words};

/// Further terms are ignored.
const MAX_TERMS: usize = 16;
/// Letters before a star, which is ignored behind fewer.
const SHORTEST_PREFIX: usize = 2;
/// Ranges that are highlighted in one text.
pub const MAX_HIGHLIGHTS: usize = 50;

/// A parsed question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    terms: Vec<Term>,
}

/// Words in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    /// Stems, or the one beginning of a word.
    tokens: Vec<String>,
    is_prefix: bool,
    is_excluded: bool,
}

impl Query {
    /// Parses a question; `None` where there is no word to look for.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(is_quote).collect();
        let mut terms = Vec::new();
        let mut before: Vec<char> = Vec::new();
        for (place, part) in parts.iter().enumerate() {
            let letters: Vec<char> = part.chars().collect();
            // the last part is within quotes that nobody has closed
            let is_phrase = place % 2 == 1 && place + 1 < parts.len();
            if is_phrase {
                terms.extend(Term::phrase(part, follows_minus(&before, before.len())));
            } else {
                add_words(part, &letters, &mut terms);
            }
            before = letters;
        }
        terms.truncate(MAX_TERMS);
        terms.iter().any(|term| !term.is_excluded).then_some(Self { terms })
    }

    fn wanted(&self) -> impl Iterator<Item = &Term> {
        self.terms.iter().filter(|term| !term.is_excluded)
    }

    fn unwanted(&self) -> impl Iterator<Item = &Term> {
        self.terms.iter().filter(|term| term.is_excluded)
    }

    /// Whether it is one word or one beginning of words, and nothing else.
    #[must_use]
    pub fn is_one_word(&self) -> bool {
        matches!(self.terms.as_slice(), [term] if term.tokens.len() == 1)
    }

    /// The question as SQLite's FTS5 takes it.
    #[must_use]
    pub fn fts5(&self) -> String {
        let wanted = joined(self.wanted().map(Term::fts5), " AND ");
        let unwanted = joined(self.unwanted().map(Term::fts5), " OR ");
        // its NOT stands between two sides
        if unwanted.is_empty() { wanted } else { format!("({wanted}) NOT ({unwanted})") }
    }

    /// For FTS5: what has all that is wanted in its title.
    #[must_use]
    pub fn fts5_all_in_title(&self) -> String {
        format!("{{title}} : ({})", joined(self.wanted().map(Term::fts5), " AND "))
    }

    /// For FTS5: what has anything that is wanted in its title.
    #[must_use]
    pub fn fts5_any_in_title(&self) -> String {
        format!("{{title}} : ({})", joined(self.wanted().map(Term::fts5), " OR "))
    }

    /// The question as PostgreSQL's `tsquery` takes it.
    #[must_use]
    pub fn tsquery(&self) -> String {
        let unwanted = self.unwanted().map(|term| format!("!{}", term.tsquery()));
        joined(self.wanted().map(Term::tsquery).chain(unwanted), " & ")
    }

    /// The same without what is excluded, by which PostgreSQL cannot rank.
    #[must_use]
    pub fn tsquery_wanted(&self) -> String {
        joined(self.wanted().map(Term::tsquery), " & ")
    }

    /// What of a text it matches: up to 50 ranges of Unicode characters, in order, none touching another.
    #[must_use]
    pub fn highlights(&self, text: &str) -> Vec<(usize, usize)> {
        let mut merged: Vec<(usize, usize)> = Vec::new();
        for (mut start, end) in self.matches(text) {
            while let Some((before, _)) = merged.pop_if(|(_, before)| start <= *before) {
                start = start.min(before);
            }
            if merged.len() == MAX_HIGHLIGHTS {
                break;
            }
            merged.push((start, end));
        }
        merged
    }

    /// Up to `longest` characters of a text around the first match, else its beginning, cut between words, in one line;
    /// and what of that it matches.
    #[must_use]
    pub fn excerpt(&self, text: &str, longest: usize) -> (String, Vec<(usize, usize)>) {
        let is_space = |letter: char| letter.is_whitespace() || letter.is_control();
        let letters: Vec<char> = text.chars().map(|letter| if is_space(letter) { ' ' } else { letter }).collect();
        let (start, end) = self.matches(text).next().unwrap_or_default();
        let earliest = start.saturating_sub(longest / 4).min(letters.len().saturating_sub(longest));
        let from = (earliest..start).find(|place| is_border(&letters, *place)).unwrap_or(start);
        let latest = (from + longest).min(letters.len());
        let least = end.max(from + longest / 2).min(latest);
        let until = (least..=latest).rev().find(|place| is_border(&letters, *place)).unwrap_or(latest);
        let piece: String = letters.get(from..until).unwrap_or_default().iter().collect();
        let piece = piece.trim().to_owned();
        let highlights = self.highlights(&piece);
        (piece, highlights)
    }

    /// For each word with which a match ends, the longest that does.
    fn matches(&self, text: &str) -> impl Iterator<Item = (usize, usize)> {
        let mut seen: Vec<Token> = Vec::new();
        tokens(text).filter_map(move |token| {
            seen.push(token);
            self.wanted().filter_map(|term| term.ending(&seen)).min()
        })
    }
}

impl Term {
    fn phrase(text: &str, is_excluded: bool) -> Option<Self> {
        let tokens: Vec<String> = words(text).map(|word| word.text).collect();
        (!tokens.is_empty()).then_some(Self { tokens, is_prefix: false, is_excluded })
    }

    fn fts5(&self) -> String {
        let star = if self.is_prefix { " *" } else { "" };
        format!("\"{}\"{star}", self.tokens.join(" ").replace('"', "\"\""))
    }

    fn tsquery(&self) -> String {
        let star = if self.is_prefix { ":*" } else { "" };
        let words = joined(self.tokens.iter().map(|token| format!("{}{star}", quoted(token))), " <-> ");
        if self.tokens.len() > 1 { format!("({words})") } else { words }
    }

    /// The range of the last words where they are these.
    fn ending(&self, seen: &[Token]) -> Option<(usize, usize)> {
        let from = seen.len().checked_sub(self.tokens.len())?;
        let (first, last) = (seen.get(from)?, seen.last()?);
        // the last word first, since it seldom fits
        let mut pairs = self.tokens.iter().zip(seen.get(from..)?).rev();
        pairs.all(|(token, word)| self.fits(token, &word.plain)).then_some((first.start, last.end))
    }

    fn fits(&self, token: &str, plain: &str) -> bool {
        if self.is_prefix {
            return plain.starts_with(token);
        }
        // a stem begins like its words: most need not be stemmed to know that they differ
        plain == token || (plain.chars().next() == token.chars().next() && stem(plain) == token)
    }
}

fn is_quote(letter: char) -> bool {
    matches!(letter, '"' | '“' | '”' | '„')
}

/// Whether a minus sign stands before this place, and no word directly before that.
fn follows_minus(letters: &[char], place: usize) -> bool {
    let before = |by: usize| place.checked_sub(by).and_then(|place| letters.get(place));
    before(1) == Some(&'-') && !before(2).is_some_and(|letter| letter.is_alphanumeric())
}

/// Each word is a term; those that touch, which only words of scripts without spaces do, are one.
fn add_words(part: &str, letters: &[char], terms: &mut Vec<Term>) {
    let mut end = None;
    for word in words(part) {
        if let Some(term) = terms.last_mut().filter(|_| end == Some(word.start)) {
            term.tokens.push(word.text);
        } else {
            let has_star = letters.get(word.end) == Some(&'*');
            let is_prefix = has_star && word.plain.chars().count() >= SHORTEST_PREFIX;
            let tokens = vec![if is_prefix { word.plain } else { word.text }];
            terms.push(Term { tokens, is_prefix, is_excluded: follows_minus(letters, word.start) });
        }
        end = Some(word.end);
    }
}

fn joined(parts: impl Iterator<Item = String>, between: &str) -> String {
    parts.collect::<Vec<_>>().join(between)
}

/// A word between the quotes of PostgreSQL's text search. Words hold neither quotes nor backslashes; should they ever,
/// they still end where they end.
pub(super) fn quoted(token: &str) -> String {
    format!("'{}'", token.replace('\\', "\\\\").replace('\'', "''"))
}

/// Whether a text can be cut before this place without cutting a word.
fn is_border(letters: &[char], place: usize) -> bool {
    let is_inner = |letter: &char| !is_ideograph(*letter) && *letter != ' ' && !letter.is_ascii_punctuation();
    let before = place.checked_sub(1).and_then(|place| letters.get(place));
    !(before.is_some_and(is_inner) && letters.get(place).is_some_and(is_inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fts5(text: &str) -> Option<String> {
        Query::parse(text).map(|query| query.fts5())
    }

    fn tsquery(text: &str) -> Option<String> {
        Query::parse(text).map(|query| query.tsquery())
    }

    #[test]
    fn one_grammar_is_said_in_two_languages() {
        for (text, sqlite, postgres) in [
            ("Communities", "\"communiti\"", "'communiti'"),
            ("peer support", "\"peer\" AND \"support\"", "'peer' & 'support'"),
            ("peer-support", "\"peer\" AND \"support\"", "'peer' & 'support'"),
            ("\"peer support\" lab", "\"peer support\" AND \"lab\"", "('peer' <-> 'support') & 'lab'"),
            ("“Peer support”", "\"peer support\"", "('peer' <-> 'support')"),
            ("gard*", "\"gard\" *", "'gard':*"),
            ("Communities*", "\"communities\" *", "'communities':*"),
            ("g* a", "\"g\" AND \"a\"", "'g' & 'a'"),
            ("lab -cats", "(\"lab\") NOT (\"cat\")", "'lab' & !'cat'"),
            (
                "-\"big cats\" lab -dog bee",
                "(\"lab\" AND \"bee\") NOT (\"big cat\" OR \"dog\")",
                "'lab' & 'bee' & !('big' <-> 'cat') & !'dog'",
            ),
            ("東京 x", "\"東 京\" AND \"x\"", "('東' <-> '京') & 'x'"),
            ("NOT a OR (b)", "\"not\" AND \"a\" AND \"or\" AND \"b\"", "'not' & 'a' & 'or' & 'b'"),
        ] {
            assert_eq!(fts5(text).as_deref(), Some(sqlite), "{text}");
            assert_eq!(tsquery(text).as_deref(), Some(postgres), "{text}");
        }
    }

    #[test]
    fn what_ranks_is_what_is_wanted() {
        let query = Query::parse("gard* \"peer support\" -cat").unwrap();
        assert_eq!(query.tsquery_wanted(), "'gard':* & ('peer' <-> 'support')");
        assert_eq!(query.fts5_all_in_title(), "{title} : (\"gard\" * AND \"peer support\")");
        assert_eq!(query.fts5_any_in_title(), "{title} : (\"gard\" * OR \"peer support\")");
    }

    #[test]
    fn a_question_without_a_word_to_look_for_is_none() {
        for text in ["", " ", "\"", "\"\"", "*", "- * \"- \"", "-cat", "-\"cats\" -dog", "& | ! ( ) :", "\u{200f}"] {
            assert_eq!(Query::parse(text), None, "{text}");
        }
        assert_eq!(Query::parse(&"-".repeat(10_000)), None);
        assert_eq!(Query::parse(&"\"".repeat(10_000)), None);
        assert_eq!(fts5(&format!("{}cat dog", "-".repeat(10_000))).as_deref(), Some("(\"dog\") NOT (\"cat\")"));
    }

    #[test]
    fn quotes_that_are_not_closed_or_stand_within_words_only_separate() {
        for (text, sqlite) in [
            ("\"peer support", "\"peer\" AND \"support\""),
            ("gar\"den", "\"gar\" AND \"den\""),
            ("a\"b c\"d", "\"a\" AND \"b c\" AND \"d\""),
            ("\"a b\" \"c", "\"a b\" AND \"c\""),
            ("-\"cat dog", "\"cat\" AND \"dog\""),
            ("a-\"b c\"", "\"a\" AND \"b c\""),
            ("a*b", "\"a\" AND \"b\""),
        ] {
            assert_eq!(fts5(text).as_deref(), Some(sqlite), "{text}");
        }
    }

    #[test]
    fn nothing_breaks_out_of_its_quotes() {
        for hostile in ["a' | 'b", "a\\' & 'b", "a'; DROP TABLE a; --", "{title} : a", "a NEAR(b, 3)", "^a", "a:*A\0"] {
            let postgres = tsquery(hostile).unwrap();
            let outside: String = postgres.split('\'').step_by(2).collect();
            assert!(outside.chars().all(|letter| " &!()<->:*".contains(letter)), "{hostile}: {postgres}");
            let sqlite = fts5(hostile).unwrap();
            let outside: String = sqlite.split('"').step_by(2).collect();
            let left = outside.replace("AND", "").replace("NOT", "").replace("OR", "");
            assert!(left.chars().all(|letter| " ()*".contains(letter)), "{hostile}: {sqlite}");
        }
        assert_eq!(quoted("a'b\\"), "'a''b\\\\'");
        let many: Vec<String> = (0..100).map(|number| format!("w{number}")).collect();
        assert_eq!(Query::parse(&many.join(" ")).unwrap().terms.len(), MAX_TERMS);
    }

    #[test]
    fn what_matches_is_highlighted_by_characters() {
        let highlights = |query: &str, text: &str| Query::parse(query).unwrap().highlights(text);
        assert_eq!(highlights("cafe", "Ein Café, zwei CAFÉS"), [(4, 8), (15, 20)]);
        assert_eq!(highlights("community", "Öde. Communities, community"), [(5, 16), (18, 27)]);
        assert_eq!(highlights("gard*", "gardens, regard"), [(0, 7)]);
        assert_eq!(highlights("\"peer support\"", "support peer supports"), [(8, 21)]);
        assert_eq!(highlights("peer \"peer support\"", "a peer support"), [(2, 14)], "merged");
        assert_eq!(highlights("lab -cat", "cat lab"), [(4, 7)]);
        assert_eq!(highlights("京都", "東京都"), [(1, 3)]);
        assert_eq!(highlights("a", &"a ".repeat(500)).len(), MAX_HIGHLIGHTS);
        assert!(highlights("a", "").is_empty());
    }

    #[test]
    fn an_excerpt_is_cut_between_words_around_the_first_match() {
        let query = Query::parse("needle").unwrap();
        let hay = "hay and straw ".repeat(100);
        let (piece, found) = query.excerpt(&format!("{hay}\n\na needle {hay}"), 100);
        assert!(piece.chars().count() <= 100 && piece.contains("straw   a needle hay"), "{piece}");
        let [(start, end)] = found[..] else { panic!("{found:?}") };
        assert_eq!(piece.chars().skip(start).take(end - start).collect::<String>(), "needle");
        for word in piece.split_whitespace() {
            assert!(["hay", "and", "straw", "a", "needle"].contains(&word), "{word} of {piece}");
        }
        assert_eq!(query.excerpt("needle", 100), ("needle".to_owned(), vec![(0, 6)]));
        assert_eq!(query.excerpt("", 100), (String::new(), Vec::new()));
        let (piece, found) = query.excerpt(&hay, 20);
        assert_eq!((piece.as_str(), found.len()), ("hay and straw hay", 0), "the beginning where nothing matches");
        assert_eq!(query.excerpt(&"x".repeat(500), 20).0, "x".repeat(20));
        assert_eq!(query.excerpt(&format!("{}needle", "字".repeat(500)), 20).1.len(), 1);
        let at_the_end = query.excerpt(&format!("{hay}needle"), 40).0;
        assert!(at_the_end.ends_with("straw needle") && at_the_end.len() <= 40, "{at_the_end}");
    }
}
