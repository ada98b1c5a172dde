//! The words of a text: folded, so that case and accents make no difference, and stemmed, so that «communities» finds
//! «community». What is indexed, what is searched for and what is highlighted are all taken apart here, the same way
//! for both databases.

use std::iter::{Enumerate, Peekable};
use std::str::CharIndices;

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Letters of a word that count; whatever comes after them makes no difference.
const LONGEST: usize = 64;

/// A word of a text, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Folded and stemmed: what is compared.
    pub text: String,
    /// Folded only: what a beginning is compared with.
    pub plain: String,
    /// Its first character, counted from 0 in Unicode characters of the text.
    pub start: usize,
    /// The character after its last.
    pub end: usize,
}

/// The words of a text, in its order. Characters of scripts that are written without spaces are words of their own.
pub fn words(text: &str) -> impl Iterator<Item = Word> {
    tokens(text).map(|Token { plain, start, end }| Word { text: stem(&plain), plain, start, end })
}

/// A word that has not been stemmed, which takes most of the time.
pub(super) struct Token {
    pub(super) plain: String,
    pub(super) start: usize,
    pub(super) end: usize,
}

pub(super) struct Tokens<'t> {
    text: &'t str,
    letters: Peekable<Enumerate<CharIndices<'t>>>,
}

pub(super) fn tokens(text: &str) -> Tokens<'_> {
    Tokens { text, letters: text.char_indices().enumerate().peekable() }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let (start, (from, first)) = self.letters.find(|(_, (_, letter))| begins(*letter))?;
            let is_alone = is_ideograph(first);
            let goes_on = |letter: char| {
                let is_inner = is_ignored(letter) || (begins(letter) && !is_ideograph(letter));
                is_combining_mark(letter) || (is_inner && !is_alone)
            };
            let (mut end, mut until) = (start + 1, from + first.len_utf8());
            while let Some((place, (byte, letter))) = self.letters.next_if(|(_, (_, letter))| goes_on(*letter)) {
                if !is_ignored(letter) {
                    (end, until) = (place + 1, byte + letter.len_utf8());
                }
            }
            let plain = folded(self.text.get(from..until).unwrap_or_default());
            if !plain.is_empty() {
                return Some(Token { plain, start, end });
            }
        }
    }
}

fn begins(letter: char) -> bool {
    letter.is_alphanumeric() && !is_combining_mark(letter)
}

/// Chinese characters and kana.
pub(super) fn is_ideograph(letter: char) -> bool {
    matches!(letter,
        '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
}

/// What stands within words and is not seen: soft hyphens, joiners, marks of direction. The zero-width space separates.
fn is_ignored(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}'
        | '\u{feff}')
}

/// Lower case, without accents; nothing is left but letters and digits, so that it can stand between quotes anywhere.
fn folded(word: &str) -> String {
    if word.is_ascii() {
        return word.chars().take(LONGEST).map(|letter| letter.to_ascii_lowercase()).collect();
    }
    let mut plain = String::with_capacity(word.len());
    let letters = word.nfkd().flat_map(char::to_lowercase);
    for letter in letters.filter(|letter| begins(*letter)).take(LONGEST) {
        // what Unicode does not take apart
        match letter {
            'ß' => plain.push_str("ss"),
            'æ' => plain.push_str("ae"),
            'œ' => plain.push_str("oe"),
            'ø' => plain.push('o'),
            'đ' => plain.push('d'),
            'ł' => plain.push('l'),
            'ı' => plain.push('i'),
            'ς' => plain.push('σ'),
            other => plain.push(other),
        }
    }
    if let Some((end, _)) = plain.char_indices().nth(LONGEST) {
        plain.truncate(end);
    }
    plain
}

/// The stem of a folded word.
pub(super) fn stem(plain: &str) -> String {
    if plain.is_ascii() { Stemmer::create(Algorithm::English).stem(plain).into_owned() } else { plain.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Vec<String> {
        words(text).map(|word| word.plain).collect()
    }

    #[test]
    fn case_and_accents_make_no_difference() {
        for (text, folded) in [
            ("Café", "cafe"),
            ("cafe\u{301}", "cafe"),
            ("ÉTÉ", "ete"),
            ("İstanbul", "istanbul"),
            ("ıstanbul", "istanbul"),
            ("Straße", "strasse"),
            ("STRASSE", "strasse"),
            ("Ⅷ", "viii"),
            ("ﬁne", "fine"),
            ("Łódź", "lodz"),
            ("ΟΔΟΣ", "οδοσ"),
            ("οδος", "οδοσ"),
            ("ｆｕｌｌ", "full"),
            ("𝐇ello", "hello"),
            ("19th", "19th"),
        ] {
            assert_eq!(plain(text), [folded], "{text}");
        }
        assert_eq!(plain("ß".repeat(100).as_str())[0].chars().count(), LONGEST);
        assert_eq!(plain("x".repeat(100).as_str()), ["x".repeat(LONGEST)]);
        for nothing in ["", " ", "\u{301}", "***", "\u{200b}\u{200e}\u{202e}", "…—«»"] {
            assert_eq!(plain(nothing), [""; 0], "{nothing:?}");
        }
    }

    #[test]
    fn words_of_one_stem_are_one() {
        let stem = |text: &str| words(text).map(|word| word.text).collect::<Vec<_>>();
        assert_eq!(stem("communities"), stem("Community"));
        assert_eq!(stem("running runs run"), ["run", "run", "run"]);
        assert_ne!(stem("caring"), stem("cart"));
        // what has other letters is not stemmed
        assert_eq!(stem("Häuser"), ["hauser"]);
        assert_eq!(stem("Ψυχές"), ["ψυχεσ"]);
    }

    #[test]
    fn words_say_where_they_stand_in_characters_of_the_text() {
        let places = |text: &str| words(text).map(|word| (word.plain, word.start, word.end)).collect::<Vec<_>>();
        let at = |word: &str, start, end| (word.to_owned(), start, end);
        assert_eq!(places("Ärzte, e\u{301}te\u{301}!"), [at("arzte", 0, 5), at("ete", 7, 12)]);
        assert_eq!(places("🙂 gar\u{ad}den\u{200f} x"), [at("garden", 2, 9), at("x", 11, 12)]);
        assert_eq!(places("\u{202e}abc\u{202c}"), [at("abc", 1, 4)]);
        assert_eq!(places("a\u{200b}b"), [at("a", 0, 1), at("b", 2, 3)]);
        assert_eq!(places("peer-support's"), [at("peer", 0, 4), at("support", 5, 12), at("s", 13, 14)]);
    }

    #[test]
    fn scripts_without_spaces_are_taken_apart() {
        assert_eq!(plain("東京都x1"), ["東", "京", "都", "x1"]);
        assert_eq!(plain("が\u{304b}\u{3099}"), ["か", "か"]);
        assert_eq!(plain("한국 사람").len(), 2);
    }
}
