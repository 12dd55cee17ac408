use http::HeaderMap;
use jeton_outbound::Answer;
use zeroize::Zeroizing;

use super::{check, words};
use crate::ci::JitAsk;

fn ask() -> JitAsk {
    JitAsk {
        name: "runner-1".to_owned(),
        runner_group_id: 1,
        labels: vec!["self-hosted".to_owned()],
        work_folder: None,
    }
}

#[test]
fn what_no_runner_can_be_like_is_not_asked_for() {
    assert_eq!(check(&ask()), Ok(()));
    let changed = |change: fn(&mut JitAsk)| {
        let mut ask = ask();
        change(&mut ask);
        check(&ask).map_err(|found| found.code.as_str())
    };
    let wrong = Err("runner.invalid");
    assert_eq!(changed(|ask| ask.name = " ".to_owned()), wrong);
    assert_eq!(changed(|ask| ask.name = "a\nb".to_owned()), wrong);
    assert_eq!(changed(|ask| ask.labels.clear()), wrong);
    assert_eq!(changed(|ask| ask.labels = vec!["x".to_owned(); 101]), wrong);
    assert_eq!(changed(|ask| ask.labels.push(String::new())), wrong);
    assert_eq!(changed(|ask| ask.work_folder = Some(String::new())), wrong);
    assert_eq!(changed(|ask| ask.labels = vec!["x".to_owned(); 100]), Ok(()));
}

#[test]
fn the_list_of_errors_belongs_to_githubs_words() {
    for (body, want) in [
        (r#"{"message": "Invalid request."}"#, "Invalid request."),
        (
            r#"{"message": "Validation Failed", "errors": ["name is too long", {"field": "labels", "code": "missing"}, 7]}"#,
            "Validation Failed: name is too long; labels missing",
        ),
        (r#"{"message": "Invalid", "errors": "no list"}"#, "Invalid"),
        ("<html>", "HTTP 422"),
    ] {
        let answer = Answer {
            status: 422,
            headers: HeaderMap::new(),
            body: Zeroizing::new(body.as_bytes().to_vec()),
        };
        assert_eq!(words(&answer), want);
    }
}
