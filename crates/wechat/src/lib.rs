//! The WeChat wire, pure: no socket, no clock, no randomness. Times, nonces and random prefixes come
//! as arguments, and the same arguments give the same bytes.
//!
//! # The way of one callback
//!
//! The platform opens a POST and waits five seconds. Ingress hands its query string and body down:
//!
//! 1. [`Query::parse`] takes the query apart. It never fails: what it cannot read, no signature covers.
//! 2. [`Account::open`] asks `encrypt_type` whether the body is clear or encrypted, and the account's
//!    [`Mode`] whether it takes such a body. A clear one is proved by `signature`, which covers the
//!    query only. An encrypted one is proved by `msg_signature`, which covers its ciphertext, and only
//!    then decrypted, with the current key or the one before. What cannot be authentic is a [`Refusal`]:
//!    answered with its status, not recorded. What is authentic and not to be decrypted is
//!    [`Unreadable`]: recorded as it came.
//! 3. [`Inbound::parse`] reads the plaintext XML in one bounded walk (256 KiB, 16 levels, 1,024
//!    elements, no DOCTYPE, no custom entities); a body as the platform usually writes it takes a short
//!    cut with the same result. A type nobody has heard of is a message like any
//!    other, and every element stands in [`Inbound::leaves`]. What is no message is a [`ParseError`]:
//!    recorded as it came, answered `success`.
//! 4. Somebody above decides on a [`Reply`]. [`Reply::render_for`] writes its plaintext, whose hash
//!    stands in the record, and refuses what would show the fan the outage notice.
//! 5. [`Account::seal`] wraps the plaintext as the delivery was wrapped, with the key that opened it.
//!    [`SUCCESS`] and the empty body stay in clear.
//!
//! The GET that verifies a URL goes through [`Account::verify_url`]. The other side of the wire, which
//! load generators and tests need, is [`Account::seal_request`] and [`parse_reply`].
//!
//! # Where the platform's reference is silent
//!
//! * Of an element or a query parameter given twice, the first stands; the leaves keep both.
//! * Characters that XML forbids, and references to them, are dropped; an unknown entity, a DOCTYPE,
//!   text outside of the fields, or markup inside a plain field make the body unreadable.
//! * Line ends are one LF, as XML has it; nothing else of a fan's text is touched.
//! * A FromUserName with blanks or control characters, or longer than 128 bytes, is none.
//! * `bizmsgmenuid` `0` is no menu item; a MsgId on an event is no MsgId.
//! * A text reply of nothing but blanks is as bad as an empty one.
//!
//! # What is absent on purpose
//!
//! No limit of freshness: a stale timestamp is a re-delivery, not an attack (I-6). No JSON: accounts of
//! this kind cannot choose it. No API calls: those are another crate's. No opinion about duplicates:
//! a delivery looks like its re-delivery, and identity is computed from the leaves elsewhere.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod account;
mod body;
mod client;
mod crypt;
mod envelope;
mod event;
mod event_reading;
mod inbound;
mod key;
mod leaves;
mod query;
mod refusal;
mod reply;
mod signature;
mod text;
mod usual;
mod xml;

pub use account::{Account, Mode, Opened, Seal, WhichKey};
pub use body::Body;
pub use client::{Answer, AnswerError, ReadReply, parse_reply};
pub use crypt::{decrypt, encrypt};
pub use event::{AuthorizationChange, Event, NoticeChoice, NoticeSent};
pub use inbound::{CREATE_TIME_MAX, FROM_BYTES_MAX, Inbound};
pub use key::{AesKey, KEY_TEXT_CHARS, KeyError};
pub use query::Query;
pub use refusal::{OpenError, Refusal, Unreadable};
pub use reply::{ARTICLES_MAX, Article, RenderError, Reply, TEXT_BYTES_MAX};
pub use signature::{sign, sign_encrypted};
pub use text::{clean, push_element, push_number};
pub use xml::{BODY_BYTES_MAX, DEPTH_MAX, ELEMENTS_MAX, NAME_BYTES_MAX, ParseError};

/// The answer that needs no reply: seven bytes, nothing before or after them.
pub const SUCCESS: &str = "success";
