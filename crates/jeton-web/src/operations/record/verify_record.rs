use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_access::AccessError;
use jeton_api::{RecordArchive, RecordFinding, RecordVerdict, VerifyRecordRequest};
use jeton_domain::Code;
use jeton_ledger::{ArchiveVerdict, Ledger, LedgerFilter, Verdict, VerifyOptions};

use super::render;
use crate::{
    auth::{Permitted, rights::RecordRead},
    extract::{JsonBody, NoParams, Params},
    failure::Failure,
    state::{Shared, WebState},
};

/// An entry of which somebody has kept the hash elsewhere.
#[derive(Debug, PartialEq, Eq)]
struct Expected {
    seq: u64,
    hash: String,
}

/// Walks through the whole record and says what was changed, removed or moved. What is wrong is in the findings, not in
/// the status. Keep `last` and `head` of a good answer elsewhere, and send them next time as `expect`.
#[utoipa::path(
    post,
    path = "/v1/record/verify",
    operation_id = "verifyRecord",
    tag = "record",
    request_body(content = VerifyRecordRequest, example = json!({"archives": true})),
    responses((status = 200, description = "What was found", body = RecordVerdict, example = json!({
        "ok": true,
        "first": 1,
        "last": 1042,
        "entries": 1042,
        "head": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "findings": []
    })))
)]
pub(crate) async fn verify_record(
    _: Permitted<RecordRead>,
    State(state): State<Shared>,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<VerifyRecordRequest>,
) -> Result<Response, Failure> {
    Ok(render::private(StatusCode::OK, verify(&state, &asked).await?))
}

/// Walks through the whole record. It takes long: seconds for a million entries.
pub(crate) async fn verify(state: &WebState, asked: &VerifyRecordRequest) -> Result<RecordVerdict, Failure> {
    let expected = asked.expect.as_deref().map(read_expected).transpose()?;
    let archives = if asked.archives.unwrap_or(false) {
        let dir = state.settings.record_archive.clone();
        Some(dir.ok_or_else(|| {
            Failure::new(Code::RequestInvalid, "this server has no archive of its record")
                .with_remedy("Leave `archives` out, or have the operator set record.archive_dir.")
        })?)
    } else {
        None
    };
    let ledger = state.access.settled_ledger().await;
    let verdict = ledger
        .verify(VerifyOptions { archives })
        .await
        .map_err(AccessError::from)?;
    let mut body = render_verdict(verdict);
    if let Some(expected) = expected
        && let Some(finding) = compare(ledger, &expected).await?
    {
        body.ok = false;
        body.findings.push(finding);
    }
    Ok(body)
}

const NOT_EXPECTED: &str = "expect is not written as SEQ:HASH";

/// Whether a failure says that what was expected cannot be read.
pub(crate) fn is_about_expected(failure: &Failure) -> bool {
    failure.code() == Code::RequestInvalid && failure.detail() == NOT_EXPECTED
}

fn read_expected(text: &str) -> Result<Expected, Failure> {
    let parts = text.trim().split_once(':');
    let parts = parts.and_then(|(seq, hash)| Some((seq.parse::<u64>().ok()?, hash.to_ascii_lowercase())));
    let is_hash = |hash: &str| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    match parts {
        Some((seq, hash)) if is_hash(&hash) && seq > 0 && i64::try_from(seq).is_ok() => Ok(Expected { seq, hash }),
        _ => Err(Failure::new(Code::RequestInvalid, NOT_EXPECTED).with_remedy(
            "Write the number of the entry, a colon, and its hash of 64 hex digits: `last` and `head` of an earlier \
                 verification.",
        )),
    }
}

/// Whether the entry that somebody remembers is still there, and the same.
async fn compare(ledger: &Ledger, expected: &Expected) -> Result<Option<RecordFinding>, Failure> {
    let Expected { seq, hash } = expected;
    let page = ledger
        .scan(&LedgerFilter::default(), seq - 1, 1)
        .await
        .map_err(AccessError::from)?;
    let found = page.entries.first();
    let words = match found.filter(|entry| entry.seq == *seq) {
        Some(entry) if hex::encode(entry.hash) == *hash => return Ok(None),
        Some(_) => format!("entry {seq} is another one than the one that was expected"),
        None if found.is_some() => {
            format!("entry {seq} is not in the database: it was archived meanwhile, or removed")
        }
        None => format!("entry {seq} is not there any more, nor any after it"),
    };
    Ok(Some(RecordFinding {
        seq: Some(*seq),
        kind: "not_as_expected".to_owned(),
        detail: words,
    }))
}

fn render_verdict(verdict: Verdict) -> RecordVerdict {
    let ok = verdict.is_whole();
    let in_database = verdict.findings.into_iter().map(|finding| RecordFinding {
        seq: Some(finding.seq),
        kind: finding.kind.as_str().to_owned(),
        detail: finding.words,
    });
    let mut findings: Vec<RecordFinding> = in_database.collect();
    let archives = verdict.archives.map(|archives| {
        findings.extend(archives.findings.iter().map(|one| RecordFinding {
            seq: Some(one.finding.seq),
            kind: one.finding.kind.as_str().to_owned(),
            detail: match &one.file {
                Some(file) => format!("{}: {}", file.display(), one.finding.words),
                None => one.finding.words.clone(),
            },
        }));
        files(&archives)
    });
    RecordVerdict {
        ok,
        first: verdict.first,
        last: verdict.last,
        entries: verdict.entries,
        head: verdict.head_hash,
        findings,
        archives,
    }
}

/// Each file's entries are in its name: `record-<first>-<last>.jsonl`.
fn files(verdict: &ArchiveVerdict) -> Vec<RecordArchive> {
    let files = verdict.files.iter().map(|path| {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let numbers = file
            .strip_prefix("record-")
            .and_then(|rest| rest.strip_suffix(".jsonl"));
        let numbers = numbers.and_then(|numbers| numbers.split_once('-'));
        let number = |text: Option<&str>| text.and_then(|text| text.parse().ok()).unwrap_or(0);
        let is_whole = verdict
            .findings
            .iter()
            .all(|finding| finding.file.as_ref() != Some(path));
        RecordArchive {
            first: number(numbers.map(|(first, _)| first)),
            last: number(numbers.map(|(_, last)| last)),
            ok: is_whole,
            file,
        }
    });
    files.collect()
}

#[cfg(test)]
mod tests {
    use super::{Expected, read_expected};

    #[test]
    fn what_is_expected_is_a_number_and_a_hash() {
        let hash = "ab".repeat(32);
        let read = read_expected(&format!("7:{}", hash.to_ascii_uppercase())).unwrap();
        assert_eq!(
            read,
            Expected {
                seq: 7,
                hash: hash.clone()
            }
        );
        for bad in [
            String::new(),
            "7".to_owned(),
            format!("0:{hash}"),
            format!("-1:{hash}"),
            format!("7:{}", &hash[1..]),
            format!("7:{}", "g".repeat(64)),
            format!("99999999999999999999:{hash}"),
            format!("18446744073709551615:{hash}"),
        ] {
            assert!(read_expected(&bad).is_err(), "{bad}");
        }
    }
}
