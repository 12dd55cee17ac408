use proptest::{collection::vec, prelude::*, sample::Index};

use super::{facts, naive, now, plain};
use crate::text::Scanner;

/// Text with what is hard about text: characters of every length, all that some take for a line end, marks and NULs.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => Just("\n".to_owned()),
        3 => Just("\r\n".to_owned()),
        1 => Just("\r".to_owned()),
        1 => prop::sample::select(vec!["\u{2028}", "\u{85}", "\u{c}", "\u{feff}", "\0"]).prop_map(str::to_owned),
        3 => prop::sample::select(vec!["é", "€", "𝄞", "e\u{301}", "👩‍👩‍👧"]).prop_map(str::to_owned),
        4 => "[a-z ]{0,12}",
        1 => (1_usize..3000).prop_map(|count| "x".repeat(count)),
        1 => (1_usize..600).prop_map(|count| "y\n".repeat(count)),
    ];
    vec(part, 0..60).prop_map(|parts| parts.concat())
}

/// A file: text, or text with bytes that are none.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let spoilt = (text(), vec((any::<Index>(), any::<u8>()), 1..4)).prop_map(|(text, bytes)| {
        let mut file = text.into_bytes();
        for (at, byte) in bytes {
            file.insert(at.index(file.len() + 1), byte);
        }
        file
    });
    let marked = (
        prop::sample::select(vec![&b"\xff\xfe"[..], b"\xfe\xff", b"\xff\xfe\0\0", b"\xef\xbb\xbf"]),
        text(),
    )
        .prop_map(|(mark, text)| [mark, text.as_bytes()].concat());
    prop_oneof![5 => text().prop_map(String::into_bytes), 3 => spoilt, 1 => marked, 1 => vec(any::<u8>(), 0..9000)]
}

/// A file, and the same in pieces.
fn pieces() -> impl Strategy<Value = (Vec<u8>, Vec<Vec<u8>>)> {
    (file(), vec(any::<Index>(), 0..40)).prop_map(|(file, cuts)| {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(file.len() + 1)).collect();
        cuts.sort_unstable();
        let mut rest = file.as_slice();
        let mut pieces = Vec::new();
        for cut in cuts {
            let (piece, after) = rest.split_at(cut - (file.len() - rest.len()));
            pieces.push(piece.to_vec());
            rest = after;
        }
        pieces.push(rest.to_vec());
        (file, pieces)
    })
}

proptest! {
    #[test]
    fn facts_are_those_of_the_whole_file_however_it_is_cut((file, pieces) in pieces()) {
        let mut scanner = Scanner::new();
        for piece in &pieces {
            scanner.feed(piece);
        }
        let found = scanner.finish();
        prop_assert_eq!(&found, &facts(&file));
        prop_assert_eq!(found.size, file.len() as u64);
        prop_assert_eq!(found.lines, naive::lines(&file).len() as u64);
        prop_assert_eq!(found.endings, naive::endings(&file));
        prop_assert_eq!(found.encoding, naive::encoding(&file));
        prop_assert_eq!(found.final_newline, file.ends_with(b"\n"));
    }

    #[test]
    fn facts_of_single_bytes_are_those_of_the_whole_file(file in file()) {
        let mut scanner = Scanner::new();
        for byte in &file {
            scanner.feed(std::slice::from_ref(byte));
        }
        prop_assert_eq!(scanner.finish(), facts(&file));
    }

    #[test]
    fn any_lines_are_those_of_the_whole_file(file in file(), from in any::<Index>(), to in any::<Index>()) {
        let (facts, expected) = (facts(&file), naive::lines(&file));
        let (from, to) = (from.index(expected.len() + 1), to.index(expected.len() + 1));
        let (from, to) = (from.min(to), from.max(to));
        let lines = now(facts.lines(&plain(&file), from as u64..to as u64)).unwrap();
        let found: Vec<Vec<u8>> = lines.iter().map(<[u8]>::to_vec).collect();
        prop_assert_eq!(&found, &expected[from..to]);
        prop_assert_eq!(&lines.text[..], &file[usize::try_from(lines.bytes.start).unwrap()..usize::try_from(lines.bytes.end).unwrap()]);
        if let Ok(text) = std::str::from_utf8(&lines.text) {
            let strs: Vec<&str> = lines.strs().unwrap().collect();
            prop_assert_eq!(strs.join("\n").into_bytes(), found.join(&b'\n'), "{:?}", text);
        }
    }

    #[test]
    fn lines_read_in_turn_are_the_whole_file(file in file(), step in 1_u64..40) {
        let (facts, source) = (facts(&file), plain(&file));
        let mut whole = Vec::new();
        let mut from = 0;
        while from < facts.lines {
            let lines = now(facts.lines(&source, from..from + step)).unwrap();
            prop_assert_eq!(lines.bytes.start, whole.len() as u64);
            prop_assert_eq!(lines.range.clone(), from..(from + step).min(facts.lines));
            whole.extend_from_slice(&lines.text);
            from = lines.range.end;
        }
        prop_assert_eq!(whole, file);
    }

    #[test]
    fn lines_within_a_size_are_as_many_as_fit(file in file(), from in any::<Index>(), most in 0_u64..5000) {
        let (facts, source) = (facts(&file), plain(&file));
        prop_assume!(facts.lines > 0);
        let from = from.index(usize::try_from(facts.lines).unwrap()) as u64;
        let next = now(facts.locate(&source, from..from + 1)).unwrap();
        match now(facts.lines_within(&source, from..u64::MAX, most)) {
            Ok(lines) => {
                prop_assert!(lines.text.len() as u64 <= most);
                let end = lines.range.end;
                prop_assert!(end > from);
                let more = now(facts.locate(&source, from..end + 1)).unwrap();
                prop_assert!(end == facts.lines || more.end - more.start > most);
            }
            Err(_) => prop_assert!(next.end - next.start > most),
        }
    }

    #[test]
    fn chunks_are_the_whole_file_and_split_no_character(file in file(), wanted in 1_u64..300) {
        let (facts, source) = (facts(&file), plain(&file));
        let mut whole = Vec::new();
        while (whole.len() as u64) < facts.size {
            let chunk = now(facts.chunk(&source, whole.len() as u64, wanted)).unwrap();
            prop_assert!(!chunk.is_empty(), "each chunk is a step ahead");
            if facts.encoding.is_utf8() {
                let text = std::str::from_utf8(&chunk).unwrap();
                prop_assert!(chunk.len() as u64 <= wanted || text.chars().count() == 1, "{}", text);
                prop_assert!(chunk.len() as u64 + 3 >= wanted.min(facts.size - whole.len() as u64));
            } else {
                prop_assert_eq!(chunk.len() as u64, wanted.min(facts.size - whole.len() as u64));
            }
            whole.extend_from_slice(&chunk);
        }
        prop_assert_eq!(whole, file);
    }

    #[test]
    fn a_chunk_begins_only_at_a_character(text in text(), at in any::<Index>()) {
        let at = at.index(text.len() + 1);
        let facts = facts(text.as_bytes());
        prop_assume!(facts.encoding.is_utf8());
        let chunk = now(facts.chunk(&plain(text.as_bytes()), at as u64, 50));
        prop_assert_eq!(chunk.is_ok(), text.is_char_boundary(at));
    }
}
