use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, SeqAccess, Unexpected, Visitor},
};

/// Several of something, where one may stand alone: `client = "ci"` is `client = ["ci"]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneOrMany<T>(pub Vec<T>);

/// The values that a claim may have: text, a number or true/false, or a list of them. Kept as text, as they are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimSpec(pub Vec<String>);

impl<T> From<T> for OneOrMany<T> {
    fn from(one: T) -> Self {
        Self(vec![one])
    }
}

impl From<&str> for OneOrMany<String> {
    fn from(one: &str) -> Self {
        Self(vec![one.to_owned()])
    }
}

impl From<&str> for ClaimSpec {
    fn from(one: &str) -> Self {
        Self(vec![one.to_owned()])
    }
}

fn write<T: Serialize, S: Serializer>(values: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    match values {
        [one] => one.serialize(serializer),
        many => many.serialize(serializer),
    }
}

impl<T: Serialize> Serialize for OneOrMany<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write(&self.0, serializer)
    }
}

impl Serialize for ClaimSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write(&self.0, serializer)
    }
}

/// One word of a list, by the form in which it stands alone.
trait Word: Sized {
    const EXPECTED: &'static str;
    fn text<E: Error>(text: &str) -> Result<Self, E>;
    fn number<E: Error>(number: i128) -> Result<Self, E>;
    fn truth<E: Error>(truth: bool) -> Result<Self, E>;
}

/// Numbers are told from each other by their sign alone when they cannot be shown as what they are.
fn unexpected_number(number: i128) -> Unexpected<'static> {
    match u64::try_from(number) {
        Ok(number) => Unexpected::Unsigned(number),
        Err(_) => Unexpected::Signed(i64::try_from(number).unwrap_or(i64::MIN)),
    }
}

impl Word for String {
    const EXPECTED: &'static str = "a text, or a list of texts";

    fn text<E: Error>(text: &str) -> Result<Self, E> {
        Ok(text.to_owned())
    }

    fn number<E: Error>(number: i128) -> Result<Self, E> {
        Err(E::invalid_type(unexpected_number(number), &Self::EXPECTED))
    }

    fn truth<E: Error>(truth: bool) -> Result<Self, E> {
        Err(E::invalid_type(Unexpected::Bool(truth), &Self::EXPECTED))
    }
}

impl Word for u32 {
    const EXPECTED: &'static str = "a number from 0 to 4294967295, or a list of such numbers";

    fn text<E: Error>(text: &str) -> Result<Self, E> {
        Err(E::invalid_type(Unexpected::Str(text), &Self::EXPECTED))
    }

    fn number<E: Error>(number: i128) -> Result<Self, E> {
        Self::try_from(number).map_err(|_| E::invalid_value(unexpected_number(number), &Self::EXPECTED))
    }

    fn truth<E: Error>(truth: bool) -> Result<Self, E> {
        Err(E::invalid_type(Unexpected::Bool(truth), &Self::EXPECTED))
    }
}

/// A claim's value, as the text by which it is compared.
struct ClaimText(String);

impl Word for ClaimText {
    const EXPECTED: &'static str = "a text, a whole number or true/false, or a list of them";

    fn text<E: Error>(text: &str) -> Result<Self, E> {
        Ok(Self(text.to_owned()))
    }

    fn number<E: Error>(number: i128) -> Result<Self, E> {
        Ok(Self(number.to_string()))
    }

    fn truth<E: Error>(truth: bool) -> Result<Self, E> {
        Ok(Self(truth.to_string()))
    }
}

struct One<W>(W);

impl<'de, W: Word> Deserialize<'de> for One<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneVisitor(PhantomData)).map(Self)
    }
}

struct OneVisitor<W>(PhantomData<W>);
struct ManyVisitor<W>(PhantomData<W>);

impl<W: Word> Visitor<'_> for OneVisitor<W> {
    type Value = W;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(W::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<W, E> {
        W::text(text)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<W, E> {
        W::number(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<W, E> {
        W::number(number.into())
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<W, E> {
        W::truth(truth)
    }
}

impl<'de, W: Word> Visitor<'de> for ManyVisitor<W> {
    type Value = Vec<W>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(W::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<W>, E> {
        Ok(vec![W::text(text)?])
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Vec<W>, E> {
        Ok(vec![W::number(number.into())?])
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Vec<W>, E> {
        Ok(vec![W::number(number.into())?])
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Vec<W>, E> {
        Ok(vec![W::truth(truth)?])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<W>, A::Error> {
        let mut out = Vec::new();
        while let Some(One(word)) = seq.next_element()? {
            out.push(word);
        }
        Ok(out)
    }
}

impl<'de> Deserialize<'de> for OneOrMany<String> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ManyVisitor(PhantomData)).map(Self)
    }
}

impl<'de> Deserialize<'de> for OneOrMany<u32> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ManyVisitor(PhantomData)).map(Self)
    }
}

impl<'de> Deserialize<'de> for ClaimSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = deserializer.deserialize_any(ManyVisitor::<ClaimText>(PhantomData))?;
        Ok(Self(words.into_iter().map(|word| word.0).collect()))
    }
}

/// For plain lists of texts in which one may stand alone.
pub(crate) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    OneOrMany::deserialize(deserializer).map(|texts| texts.0)
}

/// As [`texts`], where absence means something else than an empty list.
pub(crate) fn maybe_texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    texts(deserializer).map(Some)
}
