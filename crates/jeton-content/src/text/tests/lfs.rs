use super::facts;
use crate::text::LfsPointer;

const OID: &str = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
const VERSION: &str = "version https://git-lfs.github.com/spec/v1";

fn pointer(rest: &str) -> Option<LfsPointer> {
    facts(format!("{VERSION}\n{rest}").as_bytes()).lfs
}

#[test]
fn a_pointer_is_recognised() {
    let found = pointer(&format!("oid sha256:{OID}\nsize 12345\n"));
    assert_eq!(
        found,
        Some(LfsPointer {
            oid: OID.to_owned(),
            size: 12345
        })
    );
    assert!(pointer(&format!("ext-0-foo sha256:{OID}\noid sha256:{OID}\nsize 0\n")).is_some());
}

#[test]
fn what_only_looks_like_a_pointer_is_a_file() {
    let short = &OID[1..];
    let upper = OID.to_uppercase();
    let filler = "z".repeat(1024);
    for bad in [
        String::new(),
        format!("oid sha256:{OID}\n"),
        "size 1\n".to_owned(),
        format!("oid sha256:{OID}\nsize 1"),
        format!("oid sha256:{OID}\nsize 1\n\n"),
        format!("size 1\noid sha256:{OID}\n"),
        format!("oid sha256:{OID}\noid sha256:{OID}\nsize 1\n"),
        format!("oid sha256:{short}\nsize 1\n"),
        format!("oid sha256:{upper}\nsize 1\n"),
        format!("oid sha256:{OID}\r\nsize 1\r\n"),
        format!("oid sha256:{OID}\nsize +1\n"),
        format!("oid sha256:{OID}\nsize -1\n"),
        format!("oid sha256:{OID}\nsize 99999999999999999999\n"),
        format!("oid sha256:{OID}\nsize 1\nz {filler}\n"),
    ] {
        assert_eq!(pointer(&bad), None, "{bad:?}");
    }
    assert_eq!(
        facts(format!("oid sha256:{OID}\nsize 1\n{VERSION}\n").as_bytes()).lfs,
        None
    );
}
