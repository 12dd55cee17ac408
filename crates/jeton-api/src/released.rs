use std::fmt;

use jeton_domain::Secret;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

/// A secret on its way over the wire to the one who may have it. `Debug` shows nothing of it.
#[derive(Debug, Clone)]
pub struct Released(pub Secret);

impl Serialize for Released {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for Released {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Text)
    }
}

/// Reads a text. What is no text is refused without its value: serde's own words repeat it, and it may be a secret all the same, such as
/// a number.
struct Text;

fn no_text<T, E: de::Error>() -> Result<T, E> {
    Err(E::custom("expected a text in quotes, and something else is there"))
}

impl<'de> Visitor<'de> for Text {
    type Value = Released;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Released, E> {
        Ok(Released(Secret::new(text.to_owned())))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Released, E> {
        Ok(Released(Secret::new(text)))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Released, E> {
        no_text()
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Released, E> {
        no_text()
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Released, E> {
        no_text()
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Released, E> {
        no_text()
    }

    fn visit_bytes<E: de::Error>(self, _: &[u8]) -> Result<Released, E> {
        no_text()
    }

    fn visit_unit<E: de::Error>(self) -> Result<Released, E> {
        no_text()
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, _: A) -> Result<Released, A::Error> {
        no_text()
    }

    fn visit_map<A: de::MapAccess<'de>>(self, _: A) -> Result<Released, A::Error> {
        no_text()
    }
}
