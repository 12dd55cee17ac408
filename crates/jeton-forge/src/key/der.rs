//! Just enough DER to tell keys apart; the cryptographic library reads them for good.

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_ID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// `rsaEncryption`, 1.2.840.113549.1.1.1 (RFC 8017, appendix C).
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// What a PKCS#8 `PrivateKeyInfo` holds.
pub(super) enum Pkcs8<'d> {
    /// An RSA key, as PKCS#1.
    Rsa(&'d [u8]),
    /// A key for another algorithm.
    Other,
}

/// Opens PKCS#8; `None` when it is cut or something else.
pub(super) fn open_pkcs8(der: &[u8]) -> Option<Pkcs8<'_>> {
    let (info, _) = element(der, SEQUENCE)?;
    let (_version, rest) = element(info, INTEGER)?;
    let (algorithm, rest) = element(rest, SEQUENCE)?;
    let (name, _) = element(algorithm, OBJECT_ID)?;
    let (key, _) = element(rest, OCTET_STRING)?;
    Some(if name == RSA_ENCRYPTION {
        Pkcs8::Rsa(key)
    } else {
        Pkcs8::Other
    })
}

/// The size of a PKCS#1 key's modulus in bits; `None` when it is cut or something else.
pub(super) fn modulus_bits(pkcs1: &[u8]) -> Option<usize> {
    let (key, _) = element(pkcs1, SEQUENCE)?;
    let (_version, rest) = element(key, INTEGER)?;
    let (modulus, _) = element(rest, INTEGER)?;
    let start = modulus.iter().position(|byte| *byte != 0)?;
    let bytes = &modulus[start..];
    Some(bytes.len() * 8 - bytes[0].leading_zeros() as usize)
}

/// The content of the first element if it has this tag, and what follows it.
fn element(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = input.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        // more than four bytes of length would be no key
        let count = usize::from(first & 0x7f);
        let digits = rest.get(..count).filter(|_| (1..=4).contains(&count))?;
        let length = digits.iter().fold(0_usize, |sum, byte| (sum << 8) | usize::from(*byte));
        (length, &rest[count..])
    };
    (found == tag).then_some(())?;
    rest.split_at_checked(length)
}
