use std::{
    collections::VecDeque,
    io,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use jeton_domain::{Code, Coded as _};
use jeton_outbound::{AddressError, AddressRules, HttpOptions, NameLookup, Outbound, OutboundError};

use crate::server::{Server, get, local};

/// Answers each look-up with the next list; the last one stays.
#[derive(Debug)]
struct Answers(Mutex<(VecDeque<Vec<IpAddr>>, usize)>);

impl Answers {
    fn new(lists: &[&[&str]]) -> Arc<Self> {
        let list = |texts: &&[&str]| texts.iter().map(|ip| ip.parse().unwrap()).collect();
        Arc::new(Self(Mutex::new((lists.iter().map(list).collect(), 0))))
    }

    fn lookups(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

#[async_trait]
impl NameLookup for Answers {
    async fn addresses(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let mut inner = self.0.lock().unwrap();
        inner.1 += 1;
        let last = inner.0.len() == 1;
        Ok(if last {
            inner.0[0].clone()
        } else {
            inner.0.pop_front().unwrap()
        })
    }
}

fn client(rules: AddressRules, answers: &Arc<Answers>) -> Outbound {
    let lookup: Arc<dyn NameLookup> = Arc::<Answers>::clone(answers);
    Outbound::with_lookup(HttpOptions::default(), rules, lookup).unwrap()
}

const OK: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

#[tokio::test]
async fn the_connection_goes_where_the_one_look_up_said() {
    // nobody but this look-up would lead `localhost` to 127.0.0.2
    let server = Server::at([127, 0, 0, 2].into(), OK.into(), None).await;
    let answers = Answers::new(&[&["127.0.0.2"]]);
    let url = format!("http://localhost:{}/", server.port);
    client(local(), &answers).send(get(&url)).await.unwrap();
    assert_eq!((answers.lookups(), server.hits()), (1, 1));
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_judged_again() {
    let server = Server::start(OK).await;
    let answers = Answers::new(&[&["127.0.0.1"], &["169.254.169.254"]]);
    let outbound = client(local(), &answers);
    let url = format!("http://localhost:{}/", server.port);
    outbound.send(get(&url)).await.unwrap();
    let error = outbound.send(get(&url)).await.unwrap_err();
    assert!(
        matches!(error, OutboundError::Address(AddressError::Never { .. })),
        "{error:?}"
    );
    assert_eq!((answers.lookups(), server.hits()), (2, 1));
}

#[tokio::test]
async fn one_bad_answer_among_good_ones_is_enough() {
    for bad in [
        "10.0.0.5",
        "127.0.0.1",
        "169.254.169.254",
        "::1",
        "fd00::1",
        "::ffff:192.168.0.1",
        "0.0.0.0",
    ] {
        for list in [[bad, "140.82.112.5"], ["140.82.112.5", bad]] {
            let answers = Answers::new(&[&list]);
            let error = client(AddressRules::default(), &answers)
                .send(get("https://git.example.com/"))
                .await
                .unwrap_err();
            assert!(
                matches!(error, OutboundError::Address(_)) && !error.was_sent(),
                "{bad}: {error:?}"
            );
            assert_eq!((error.code(), answers.lookups()), (Code::ForgeAddress, 1));
            assert!(error.to_string().contains("git.example.com"), "{error}");
        }
    }
}

#[tokio::test]
async fn localhost_stays_on_this_machine() {
    let answers = Answers::new(&[&["140.82.112.5"]]);
    let error = client(AddressRules::trusted(), &answers)
        .send(get("http://localhost:1/"))
        .await
        .unwrap_err();
    assert!(
        matches!(error, OutboundError::Address(AddressError::NotLocal { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_address_in_the_url_is_not_looked_up_and_not_called() {
    let server = Server::start(OK).await;
    let answers = Answers::new(&[&["140.82.112.5"]]);
    let outbound = client(AddressRules::default(), &answers);
    for url in [
        server.url(),
        format!("https://127.0.0.1:{}/", server.port),
        format!("https://2130706433:{}/", server.port),
        format!("https://[::ffff:127.0.0.1]:{}/", server.port),
        "https://10.0.0.5/".to_owned(),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
    ] {
        let error = outbound.send(get(&url)).await.unwrap_err();
        assert!(matches!(error, OutboundError::Address(_)), "{url}: {error:?}");
    }
    assert_eq!((answers.lookups(), server.hits()), (0, 0));
}

#[tokio::test]
async fn a_name_without_addresses_or_with_too_many_is_no_connection() {
    let many = vec!["140.82.112.5"; 33];
    for list in [&[][..], &many] {
        let answers = Answers::new(&[list]);
        let error = client(AddressRules::default(), &answers)
            .send(get("https://git.example.com/"))
            .await
            .unwrap_err();
        assert!(matches!(error, OutboundError::Unreachable(_)), "{error:?}");
    }
}
