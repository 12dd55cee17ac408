use std::time::Duration;

use jeton_domain::Code;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use crate::listen::polite_io::PoliteIo;

/// A refusal must not itself be held up.
const PATIENCE: Duration = Duration::from_secs(2);

/// Tells a caller for whom there is no place to come back, whatever it asks, and closes.
pub(crate) async fn overloaded<S: AsyncRead + AsyncWrite + Unpin>(stream: S) {
    let mut stream = PoliteIo::new(stream);
    let answer = answer();
    let told = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await
    };
    // The caller may be gone; then there is nobody to tell.
    let _ = tokio::time::timeout(PATIENCE, told).await;
}

/// The request is not read, so there is no id, and no telling which kind of body its route promises.
fn answer() -> String {
    let code = Code::Overloaded;
    let body = format!(
        "{{\"type\":\"/docs#error-{code}\",\"title\":\"Service Unavailable\",\"status\":503,\"detail\":\"the server has \
         as many connections as it may have\",\"code\":\"{code}\",\"remedy\":\"Come back in a second; close \
         connections that are not in use. The operator can raise the limit.\",\"request_id\":\"\"}}\n"
    );
    format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\nretry-after: \
         1\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::answer;

    #[test]
    fn the_refusal_is_a_whole_answer_and_a_whole_problem() {
        let text = answer();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        let problem: jeton_api::Problem = serde_json::from_str(body).unwrap();
        assert_eq!((problem.status, problem.code.as_str()), (503, "server.overloaded"));
    }
}
