/// The known word that an unknown one was probably meant to be.
fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    // A beginning of a word is meant to be that word, however much of it is missing.
    if unknown.len() > 2
        && let Some(word) = known.iter().find(|word| word.starts_with(unknown))
    {
        return Some(word);
    }
    // The distance is taken of the beginning alone, so that a page of text costs no more than a word.
    let beginning: String = unknown.chars().take(60).collect();
    let distance = |word: &str| strsim::damerau_levenshtein(word, &beginning);
    let best = known.iter().min_by_key(|word| distance(word))?;
    let near = distance(best) <= best.len().max(beginning.len()) / 3 + 1;
    (near && !unknown.is_empty()).then_some(best)
}

/// `Did you mean …?` where there is a near word, all of them otherwise.
pub(crate) fn did_you_mean(unknown: &str, known: &[&str]) -> String {
    match nearest(unknown, known) {
        Some(word) => format!("Did you mean `{word}`?"),
        None => format!("Known are: {}.", known.join(", ")),
    }
}

/// Text that somebody else wrote, cut and without control characters, for a message.
pub(crate) fn shown(text: &str) -> String {
    let mut out: String = text.chars().filter(|c| !c.is_control()).take(120).collect();
    if text.chars().count() > 120 {
        out.push('…');
    }
    out
}
