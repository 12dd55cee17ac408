use super::{facts, now, plain};
use crate::{
    ContentError,
    text::{Encoding, LineEndings, Scanner},
};

#[test]
fn an_empty_file_has_no_lines() {
    let facts = facts(b"");
    assert_eq!((facts.size, facts.lines, facts.final_newline), (0, 0, false));
    assert_eq!((facts.encoding, facts.endings), (Encoding::Utf8, LineEndings::None));
    let lines = now(facts.lines(&plain(b""), 0..10)).unwrap();
    assert_eq!(lines.iter().count(), 0);
    assert_eq!(lines.strs().unwrap().count(), 0);
}

#[test]
fn a_last_line_without_a_newline_is_a_line() {
    let file = b"one\ntwo\nthree";
    let facts = facts(file);
    assert_eq!((facts.lines, facts.final_newline), (3, false));
    let lines = now(facts.lines(&plain(file), 2..3)).unwrap();
    assert_eq!(lines.strs().unwrap().collect::<Vec<_>>(), ["three"]);
    assert_eq!(self::facts(b"one\n").lines, 1);
}

#[test]
fn only_lf_and_crlf_end_a_line() {
    let file = "a\u{2028}b\u{c}c\rd\u{85}e\u{b}f\r\r\ng\r";
    let facts = facts(file.as_bytes());
    assert_eq!(facts.lines, 2);
    assert_eq!(facts.endings, LineEndings::CrLf);
    let lines = now(facts.lines(&plain(file.as_bytes()), 0..2)).unwrap();
    let found: Vec<&str> = lines.strs().unwrap().collect();
    assert_eq!(found, ["a\u{2028}b\u{c}c\rd\u{85}e\u{b}f\r", "g\r"]);
}

#[test]
fn a_nul_counts_where_git_looks_for_it() {
    let at = |at: usize| {
        let mut file = vec![b'x'; 9000];
        file[at] = 0;
        facts(&file).encoding
    };
    assert_eq!(at(7999), Encoding::Binary);
    assert_eq!(at(8000), Encoding::Utf8);
}

#[test]
fn encodings_are_told_apart() {
    assert_eq!(facts("Grüße".as_bytes()).encoding, Encoding::Utf8);
    assert_eq!(facts("\u{feff}Grüße".as_bytes()).encoding, Encoding::Utf8Bom);
    assert_eq!(facts(b"Gr\xfc\xdfe").encoding, Encoding::EightBit);
    assert_eq!(facts(b"\xff\xfeG\0r\0").encoding, Encoding::Utf16);
    assert_eq!(facts(b"\xfe\xff\0G").encoding, Encoding::Utf16);
    assert_eq!(facts(b"\xff\xfe\0\0G\0\0\0").encoding, Encoding::Binary);
    // A surrogate, a number above U+10FFFF, an overlong form, and a character that the file's end breaks off.
    for bad in [&b"\xed\xa0\x80"[..], b"\xf4\x90\x80\x80", b"\xc0\x80", b"caf\xc3"] {
        assert_eq!(facts(bad).encoding, Encoding::EightBit, "{bad:?}");
    }
    assert_eq!(
        facts(b"Gr\xfc\xdfe").encoding.words(),
        "text in an encoding of 8 bits, such as Latin-1"
    );
}

#[test]
fn what_is_asked_beyond_the_file_is_an_error_or_left_out() {
    let file = b"one\ntwo\n";
    let (facts, source) = (facts(file), plain(file));
    assert_eq!(now(facts.lines(&source, 1..99)).unwrap().range, 1..2);
    assert_eq!(now(facts.lines(&source, 2..99)).unwrap().range, 2..2);
    #[expect(clippy::reversed_empty_ranges, reason = "that is what is refused")]
    for bad in [3..4, 2..1] {
        assert!(matches!(now(facts.lines(&source, bad)), Err(ContentError::Range(_))));
    }
    assert_eq!(now(facts.chunk(&source, 8, 10)).unwrap().len(), 0);
    assert!(matches!(now(facts.chunk(&source, 9, 10)), Err(ContentError::Range(_))));
}

#[test]
fn a_character_longer_than_what_is_wanted_comes_whole() {
    let file = "€b".as_bytes();
    for wanted in 0..=3 {
        assert_eq!(now(facts(file).chunk(&plain(file), 0, wanted)).unwrap(), "€");
    }
    assert_eq!(now(facts(file).chunk(&plain(file), 0, u64::MAX)).unwrap(), file);
}

#[test]
fn an_offset_inside_of_a_character_is_refused_with_where_it_begins() {
    let file = "a😀b".as_bytes();
    let (facts, source) = (facts(file), plain(file));
    for offset in 2..5 {
        let error = now(facts.chunk(&source, offset, 6)).unwrap_err();
        assert!(
            matches!(&error, ContentError::Range(told) if told.ends_with("begins at 1")),
            "{error}"
        );
    }
    assert_eq!(now(facts.chunk(&source, 5, 6)).unwrap(), "b");
    assert_eq!(now(facts.chunk(&source, 6, 6)).unwrap(), "");
}

#[test]
fn one_line_of_five_megabytes_is_one_line() {
    let mut file = vec![b'x'; 5_000_000];
    file.extend_from_slice(b"\r\nlast");
    let facts = facts(&file);
    assert_eq!(facts.lines, 2);
    let lines = now(facts.lines(&plain(&file), 0..1)).unwrap();
    assert_eq!(lines.iter().next().map(<[u8]>::len), Some(5_000_000));
    assert!(matches!(
        now(facts.lines_within(&plain(&file), 0..2, 1000)),
        Err(ContentError::Range(_))
    ));
    assert_eq!(now(facts.lines_within(&plain(&file), 1..2, 1000)).unwrap().text, "last");
}

#[test]
fn the_index_takes_little_however_short_the_lines_are() {
    let piece = vec![b'\n'; 1024 * 1024];
    let mut scanner = Scanner::new();
    for _ in 0..8 {
        scanner.feed(&piece);
    }
    let facts = scanner.finish();
    assert_eq!(facts.lines, 8 * 1024 * 1024);
    assert!(facts.weight() < 40 * 1024, "{}", facts.weight());
}
