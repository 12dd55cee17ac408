use std::sync::LazyLock;

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jeton_domain::{Code, Coded as _, Secret};
use proptest::prelude::*;

use super::{
    AppKey, AppKeyError,
    der::{Pkcs8, open_pkcs8},
    read_key_bytes,
};

/// One RSA key for all tests, in PKCS#8: making one takes a moment.
static PKCS8: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    der.as_ref().to_vec()
});

fn pkcs1() -> &'static [u8] {
    match open_pkcs8(&PKCS8) {
        Some(Pkcs8::Rsa(inner)) => inner,
        _ => panic!("the generated key is RSA"),
    }
}

fn pem_with(label: &str, der: &[u8], end_of_line: &str) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----{end_of_line}{}{end_of_line}-----END {label}-----{end_of_line}",
        lines.join(end_of_line)
    )
}

fn private(kind: &str) -> String {
    format!("{kind}PRIVATE KEY")
}

fn pkcs1_pem() -> String {
    pem_with(&private("RSA "), pkcs1(), "\n")
}

fn pkcs8_pem() -> String {
    pem_with(&private(""), &PKCS8, "\n")
}

fn parse(text: &str) -> Result<AppKey, AppKeyError> {
    AppKey::parse(&Secret::new(text))
}

fn error(text: &str) -> AppKeyError {
    parse(text).unwrap_err()
}

#[test]
fn every_shape_of_one_key_is_the_same_key() {
    let expected = parse(&pkcs8_pem()).unwrap().fingerprint().clone();
    for pem in [pkcs1_pem(), pkcs8_pem()] {
        let once_more = STANDARD.encode(&pem);
        let shapes = [
            pem.clone(),
            pem.trim_end().to_owned(),
            format!("\n \t{pem}\n\n "),
            format!("\u{feff}{pem}"),
            pem.replace('\n', "\r\n"),
            pem.replace('\n', "\r"),
            pem.replace('\n', "\\n"),
            pem.replace('\n', "\\r\\n"),
            pem.replace('\n', "\\\\n"),
            pem.replace('\n', "\\\n"),
            pem.replace('\n', " "),
            pem.replace('\n', ""),
            format!("\"{}\"", pem.replace('\n', "\\n")),
            format!("'{pem}'"),
            format!("Bag Attributes\n    friendlyName: app\n{pem}"),
            pem.replace('=', ""),
            once_more.clone(),
            once_more.replace('=', ""),
            format!("\"{once_more}\"\n"),
            once_more
                .as_bytes()
                .chunks(76)
                .map(|l| String::from_utf8_lossy(l).into_owned())
                .collect::<Vec<_>>()
                .join("\n"),
            STANDARD.encode(pem.replace('\n', "\\n")),
            format!("{}{pem}", pem_with("PUBLIC KEY", b"any", "\n")),
        ];
        for (index, shape) in shapes.iter().enumerate() {
            let key = parse(shape).unwrap_or_else(|error| panic!("shape {index}: {error}"));
            assert_eq!(key.fingerprint(), &expected, "shape {index}");
        }
    }
}

#[test]
fn the_fingerprint_is_that_of_the_public_key() {
    let pair = RsaKeyPair::from_pkcs8(&PKCS8).unwrap();
    // SubjectPublicKeyInfo of RSA: SEQUENCE { SEQUENCE { OID rsaEncryption, NULL }, BIT STRING { RSAPublicKey } }
    let inner = pair.public_key().as_ref();
    let algorithm = [
        0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ];
    let mut content = algorithm.to_vec();
    content.extend([0x03, 0x82]);
    content.extend(u16::try_from(inner.len() + 1).unwrap().to_be_bytes());
    content.push(0);
    content.extend(inner);
    let mut info = vec![0x30, 0x82];
    info.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
    info.extend(content);
    let expected = jeton_domain::Fingerprint::of_bytes(&info);
    assert_eq!(parse(&pkcs1_pem()).unwrap().fingerprint(), &expected);
}

#[test]
fn debug_shows_the_fingerprint_alone() {
    let key = parse(&pkcs1_pem()).unwrap();
    assert_eq!(format!("{key:?}"), format!("AppKey({})", key.fingerprint()));
}

#[test]
fn keys_of_other_kinds_are_named() {
    let ec = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).unwrap();
    let ed = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    assert_eq!(error(&pem_with(&private(""), ec.as_ref(), "\n")), AppKeyError::NotRsa);
    assert_eq!(error(&pem_with(&private(""), ed.as_ref(), "\n")), AppKeyError::NotRsa);
    assert_eq!(
        error(&pem_with(&private("EC "), ec.as_ref(), "\n")),
        AppKeyError::NotRsa
    );
    assert_eq!(error(&pem_with(&private("DSA "), b"any", "\n")), AppKeyError::NotRsa);
    assert_eq!(error(&pem_with("PUBLIC KEY", b"any", "\n")), AppKeyError::PublicKey);
    assert_eq!(error(&pem_with("RSA PUBLIC KEY", b"any", "\n")), AppKeyError::PublicKey);
    assert_eq!(
        error(&format!("ssh-rsa {} me@home", "AAAA".repeat(80))),
        AppKeyError::PublicKey
    );
    assert_eq!(error(&pem_with("CERTIFICATE", b"any", "\n")), AppKeyError::Certificate);
    assert_eq!(
        error(&pem_with("CERTIFICATE REQUEST", b"any", "\n")),
        AppKeyError::Certificate
    );
    let openssh = |algorithm: &str| {
        pem_with(
            &private("OPENSSH "),
            format!("openssh-key-v1\0...{algorithm}").as_bytes(),
            "\n",
        )
    };
    assert_eq!(error(&openssh("ssh-rsa")), AppKeyError::OpenSsh { rsa: true });
    assert_eq!(error(&openssh("ssh-ed25519")), AppKeyError::OpenSsh { rsa: false });
    assert_eq!(
        error(&pem_with(&private("ENCRYPTED "), b"any", "\n")),
        AppKeyError::Encrypted
    );
    let header = "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n";
    let legacy = pkcs1_pem().replacen("-----\n", header, 1);
    assert_eq!(error(&legacy), AppKeyError::Encrypted);
    assert_eq!(error(&pem_with("PGP MESSAGE", b"any", "\n")), AppKeyError::NotPem);
}

#[test]
fn small_and_huge_keys_are_refused_with_their_size() {
    let of_bits = |bits: usize| {
        let mut modulus = vec![0, 0x80];
        modulus.resize(bits / 8 + 1, 1);
        let mut content = vec![0x02, 0x01, 0x00, 0x02, 0x82];
        content.extend(u16::try_from(modulus.len()).unwrap().to_be_bytes());
        content.extend(modulus);
        let mut der = vec![0x30, 0x82];
        der.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
        der.extend(content);
        error(&pem_with(&private("RSA "), &der, "\n"))
    };
    assert_eq!(of_bits(512), AppKeyError::TooSmall(512));
    assert_eq!(of_bits(1024), AppKeyError::TooSmall(1024));
    assert_eq!(of_bits(2040), AppKeyError::TooSmall(2040));
    assert_eq!(of_bits(16384), AppKeyError::TooLarge(16384));
    // the right size, and nothing behind the modulus
    assert!(matches!(of_bits(2048), AppKeyError::Cut { .. }));
}

#[test]
fn cut_and_damaged_keys_are_named() {
    for pem in [pkcs1_pem(), pkcs8_pem()] {
        let half = &pem[..pem.len() / 2];
        assert_eq!(error(half), AppKeyError::Cut { what: "the END line" });
        assert_eq!(error(&pem[40..]), AppKeyError::Cut { what: "the BEGIN line" });
        assert_eq!(
            error("-----BEGIN RSA PRIVATE"),
            AppKeyError::Cut { what: "the BEGIN line" }
        );
        let star = pem.replacen("\nM", "\n*", 1);
        assert_eq!(
            error(&star),
            AppKeyError::Cut {
                what: "the base64 text"
            }
        );
        let lines: Vec<&str> = pem.lines().collect();
        let missing: Vec<&str> = lines
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != 5)
            .map(|(_, line)| *line)
            .collect();
        assert!(matches!(error(&missing.join("\n")), AppKeyError::Cut { .. }));
        let empty = format!("{}\n{}", lines[0], lines[lines.len() - 1]);
        assert!(matches!(error(&empty), AppKeyError::Cut { .. }));
        let bare = lines[1..lines.len() - 1].concat();
        assert_eq!(
            error(&bare),
            AppKeyError::Cut {
                what: "the BEGIN and END lines"
            }
        );
    }
    assert_eq!(error(&format!("{}{}", pkcs1_pem(), pkcs8_pem())), AppKeyError::TwoKeys);
}

#[test]
fn what_people_paste_instead_is_named() {
    for blank in ["", "  \n", "\"\"", "''"] {
        assert_eq!(error(blank), AppKeyError::Empty, "{blank:?}");
    }
    for path in [
        "/etc/jeton/app.pem",
        "~/Downloads/app.2026-01-01.private-key.pem",
        "./key",
        "C:\\keys\\new\\app.pem",
        "app.private-key.pem",
        "$HOME/app.pem",
        "secrets/app",
        "file:///run/key",
    ] {
        assert_eq!(error(path), AppKeyError::APath, "{path}");
    }
    let body = "a1B2".repeat(9);
    for token in [
        format!("ghp_{body}"),
        format!("ghs_{body}"),
        format!("github_pat_{body}"),
        format!("glpat-{body}"),
        "0123456789abcdef0123456789abcdef01234567".to_owned(),
        "eyJhbGciOiJSUzI1NiJ9.e30.c2ln".to_owned(),
    ] {
        assert_eq!(error(&token), AppKeyError::AToken, "{token}");
    }
    for other in [
        "hello",
        "123456",
        "{\"key\": 1}",
        "MIIB",
        "-----BEGIN",
        &"x".repeat(1 << 20),
    ] {
        assert_eq!(error(other), AppKeyError::NotPem, "{}", &other[..other.len().min(40)]);
    }
}

#[test]
fn files_that_are_no_text_are_guessed() {
    let looks_like = |bytes: &[u8]| match read_key_bytes(bytes) {
        Err(AppKeyError::NotText { looks_like }) => looks_like,
        other => panic!("{other:?}"),
    };
    assert_eq!(looks_like(b"\xff\xd8\xff\xe0JFIF"), "a JPEG image");
    assert_eq!(looks_like(b"\x89PNG\r\n\x1a\n"), "a PNG image");
    assert_eq!(looks_like(b"%PDF-1.7"), "a PDF");
    assert!(looks_like(&PKCS8).starts_with("DER"));
    assert!(looks_like(pkcs1()).starts_with("DER"));
    assert!(looks_like(&[0x30, 0x82, 0x09, 0xff, 0x02, 0x01, 0x03, 0xff]).starts_with("a PKCS#12"));
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(pkcs1_pem().encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    assert_eq!(looks_like(&utf16), "UTF-16 text");
    assert_eq!(looks_like(b"\xc3\x28"), "binary data");
    assert_eq!(looks_like(b"a\0b"), "binary data");
    let read = read_key_bytes(pkcs1_pem().as_bytes()).unwrap();
    assert!(AppKey::parse(&read).is_ok());
}

#[test]
fn every_error_says_how_to_get_the_right_key() {
    let all = [
        AppKeyError::Empty,
        AppKeyError::PublicKey,
        AppKeyError::Certificate,
        AppKeyError::OpenSsh { rsa: true },
        AppKeyError::OpenSsh { rsa: false },
        AppKeyError::Encrypted,
        AppKeyError::NotRsa,
        AppKeyError::TooSmall(1024),
        AppKeyError::TooLarge(16384),
        AppKeyError::NotText { looks_like: "a PDF" },
        AppKeyError::Cut { what: "the END line" },
        AppKeyError::TwoKeys,
        AppKeyError::APath,
        AppKeyError::AToken,
        AppKeyError::NotPem,
    ];
    for error in all {
        assert_eq!(error.code(), Code::AppKeyInvalid);
        assert!(error.remedy().unwrap().contains("Generate a private key"), "{error}");
    }
    let remedy = |error: AppKeyError| error.remedy().unwrap();
    assert!(remedy(AppKeyError::OpenSsh { rsa: true }).contains("ssh-keygen -p -m PEM -f FILE"));
    assert!(!remedy(AppKeyError::OpenSsh { rsa: false }).contains("ssh-keygen"));
    assert!(remedy(AppKeyError::Encrypted).contains("openssl rsa -in"));
    assert!(remedy(AppKeyError::APath).contains("_file"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}", at in 0_usize..2000, cut in 0_usize..2000) {
        let _ = parse(&text);
        let pem = pkcs1_pem();
        let (at, cut) = (at.min(pem.len()), cut.min(pem.len()));
        let (from, to) = (at.min(cut), at.max(cut));
        let _ = parse(&format!("{}{text}{}", &pem[..from], &pem[to..]));
    }

    #[test]
    fn no_der_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), at in 0_usize..1300) {
        let mut der = pkcs1().to_vec();
        let at = at.min(der.len());
        let end = (at + bytes.len()).min(der.len());
        der[at..end].copy_from_slice(&bytes[..end - at]);
        let _ = parse(&pem_with(&private("RSA "), &der, "\n"));
        let _ = parse(&pem_with(&private(""), &bytes, "\n"));
    }
}
