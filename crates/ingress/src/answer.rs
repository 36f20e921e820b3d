//! What goes back to the platform: valid reply XML, `success`, an echo, or a refusal with an empty body
//! . An ack opens to nothing but a proof of durability.

use crate::reply_memory::Claim;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use msglog::Durable;

/// The body of every answer: one piece of known length, so that Content-Length is always there.
pub(crate) type Body = Full<Bytes>;

/// An answer that is ready and must not be given yet. Dropping it takes back its claim to have
/// answered the fan.
pub(crate) struct Ack {
    body: Bytes,
    claim: Option<Claim>,
}

impl Ack {
    /// `success`: received, nothing to say.
    pub(crate) fn success() -> Self {
        Self {
            body: Bytes::from_static(wechat::SUCCESS.as_bytes()),
            claim: None,
        }
    }

    /// A reply in words, sealed as the delivery was.
    pub(crate) fn words(body: String, claim: Option<Claim>) -> Self {
        Self {
            body: Bytes::from(body),
            claim,
        }
    }

    /// The answer, for a record that is durable: the only way to one.
    pub(crate) fn release(self, _proof: Durable) -> Response<Body> {
        if let Some(claim) = self.claim {
            claim.keep();
        }
        let xml = self.body.first() == Some(&b'<');
        let content_type = if xml {
            "text/xml; charset=utf-8"
        } else {
            "text/plain"
        };
        with_type(self.body, content_type)
    }
}

/// The answer to a verification: `echostr` as it came.
pub(crate) fn echo(echostr: &str) -> Response<Body> {
    with_type(Bytes::copy_from_slice(echostr.as_bytes()), "text/plain")
}

/// A refusal: a status and nothing else. `last` closes the connection after it.
pub(crate) fn refusal(status: StatusCode, last: bool) -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = status;
    // hyper leaves it out of the answer to HEAD.
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    if last {
        close(&mut response);
    }
    response
}

/// Makes this the last answer of its connection.
pub(crate) fn close(response: &mut Response<Body>) {
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
}

fn with_type(body: Bytes, content_type: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::new(body));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
