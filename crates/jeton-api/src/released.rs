use jeton_domain::Secret;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}
