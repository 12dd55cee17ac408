//! Names to addresses: looked up once, judged, and handed to the connection as they are.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::{AddressError, AddressRules};

/// The most addresses of one name that are tried; whoever sends thousands wants to keep us busy.
const MAX_ADDRESSES: usize = 32;

/// Looks names up.
#[async_trait]
pub trait NameLookup: Send + Sync + fmt::Debug {
    /// All addresses of a name.
    ///
    /// # Errors
    /// When the name has none or nobody could be asked.
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// As the machine resolves names: its hosts file, its DNS.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

#[async_trait]
impl NameLookup for SystemLookup {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0))
            .await?
            .map(|found| found.ip())
            .collect())
    }
}

/// The resolver of the connections: what it gives out is what they connect to.
pub(crate) struct Guard {
    pub(crate) lookup: Arc<dyn NameLookup>,
    pub(crate) rules: Arc<AddressRules>,
}

#[derive(Debug, thiserror::Error)]
enum LookupError {
    #[error("the name has no address")]
    None,
    #[error("the name has more than {MAX_ADDRESSES} addresses")]
    TooMany,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, rules) = (Arc::clone(&self.lookup), Arc::clone(&self.rules));
        Box::pin(async move {
            let host = name.as_str();
            let found = lookup.addresses(host).await?;
            if found.is_empty() {
                return Err(LookupError::None.into());
            }
            if found.len() > MAX_ADDRESSES {
                return Err(LookupError::TooMany.into());
            }
            judge(&rules, host, &found)?;
            // the port is the URL's; 0 lets reqwest fill it in
            Ok(Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs)
        })
    }
}

/// All of them must be allowed: a name with a good and a bad answer is one that changes its mind between two look-ups.
fn judge(rules: &AddressRules, host: &str, found: &[IpAddr]) -> Result<(), AddressError> {
    found.iter().try_for_each(|ip| rules.check(host, *ip))
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::{AddressError, AddressRules};

    #[test]
    fn one_bad_answer_condemns_the_name() {
        let found = ["140.82.112.5".parse().unwrap(), "10.0.0.5".parse().unwrap()];
        assert!(matches!(
            judge(&AddressRules::default(), "git.example.com", &found),
            Err(AddressError::Private { .. })
        ));
        assert_eq!(judge(&AddressRules::default(), "git.example.com", &found[..1]), Ok(()));
    }
}
